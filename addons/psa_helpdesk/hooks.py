def uninstall_hook(env):
    """Take away what was not loaded as data: the ticket numbers and turns of all companies, and who has access to which desk."""
    env["psa.access"].search([("kind", "=", "desk")]).unlink()
    env["ir.sequence"].with_context(active_test=False).search([("code", "in", ("psa.ticket", "psa.ticket.turn"))]).unlink()
