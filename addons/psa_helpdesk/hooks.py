def uninstall_hook(env):
    """Take the ticket numbers of all companies away; they were made for each company, not loaded as data."""
    env["ir.sequence"].with_context(active_test=False).search([("code", "=", "psa.ticket")]).unlink()
