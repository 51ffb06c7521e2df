def uninstall_hook(env):
    """Give Odoo's own company rule of contacts back what ours stood in for."""
    env['ir.rule'].browse(env['ir.model.data']._xmlid_to_res_id('base.res_partner_rule')).active = True
