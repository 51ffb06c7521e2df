def uninstall_hook(env):
    """Take away what was not loaded as data: the ticket numbers of all companies, and who has access to which desk."""
    env["ir.sequence"].with_context(active_test=False).search([("code", "=", "psa.ticket.turn")]).unlink()
    env["psa.access"].search([("kind", "=", "desk")]).unlink()
    env["ir.sequence"].with_context(active_test=False).search([("code", "=", "psa.ticket")]).unlink()
