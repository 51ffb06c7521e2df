def uninstall_hook(env):
    """Leave Odoo as it was before."""
    # Odoo's own company rule of contacts, which ours stood in for.
    env['ir.rule'].browse(env['ir.model.data']._xmlid_to_res_id('base.res_partner_rule')).active = True
    # As plain activity plans, the templates of checklists would stay behind without their roles.
    env['mail.activity.plan'].with_context(active_test=False).search([('psa_is_checklist', '=', True)]).unlink()
    # Made by administrators in the settings, so they are no records of the addon's data.
    env['ir.config_parameter'].search([('key', '=like', 'psa\\_crm.%')]).unlink()
