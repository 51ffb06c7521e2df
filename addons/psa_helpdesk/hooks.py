from .core import search_sql


def uninstall_hook(env):
    """Take away what was not loaded as data: the ticket numbers of all companies, and who has access to which desk."""
    env["psa.access"].search([("kind", "=", "desk")]).unlink()
    env["ir.sequence"].with_context(active_test=False).search([("code", "=", "psa.ticket")]).unlink()
    # With its triggers; the table goes with its model.
    env.cr.execute("DROP FUNCTION IF EXISTS psa_ticket_history_guard CASCADE")
    env.cr.execute(search_sql.removal())
