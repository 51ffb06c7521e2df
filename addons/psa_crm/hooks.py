def uninstall_hook(env):
    """Leave Odoo as it was before: its company rule of contacts works again, and no setting of ours stays."""
    env['ir.rule'].browse(env['ir.model.data']._xmlid_to_res_id('base.res_partner_rule')).active = True
    # Made by administrators in the settings, so they are no records of the addon's data.
    env['ir.config_parameter'].search([('key', '=like', 'psa\\_crm.%')]).unlink()
