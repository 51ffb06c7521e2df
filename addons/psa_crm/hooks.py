def uninstall_hook(env):
    """Take away the settings that an administrator has made; they are not records of the addon's data."""
    env['ir.config_parameter'].search([('key', '=like', 'psa\\_crm.%')]).unlink()
