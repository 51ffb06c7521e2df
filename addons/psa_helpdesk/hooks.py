from odoo.tools import SQL

from .core import search_sql


def uninstall_hook(env):
    """Take away what was not loaded as data: the ticket numbers of all companies, who has access to which desk, and how
    files of tickets are packed."""
    env["ir.attachment"]._psa_unpack_all()
    env["ir.sequence"].with_context(active_test=False).search([("code", "=", "psa.ticket.turn")]).unlink()
    env["psa.access"].search([("kind", "=", "desk")]).unlink()
    env["ir.sequence"].with_context(active_test=False).search([("code", "=", "psa.ticket")]).unlink()
    # What is kept in Odoo's own tables would be offered, or sent, without the ticket it was for.
    env["mail.canned.response"].search([("psa_scope", "!=", False)]).unlink()
    env["mail.scheduled.message"].search([("model", "=", "psa.ticket")]).unlink()
    # What points at rows that were loaded as data and may not lose them; these tables go with their models.
    for table in ("psa_rule_action", "psa_notification", "psa_ticket_sla"):
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    # With its triggers; the table goes with its model.
    env.cr.execute("DROP FUNCTION IF EXISTS psa_ticket_history_guard CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS psa_ticket_state_interval_guard CASCADE")
    env.cr.execute(search_sql.removal())
