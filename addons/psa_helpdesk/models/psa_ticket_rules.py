from odoo import api, fields, models
from odoo.tools.mail import html_to_inner_content

from ..core import rules
from .psa_rule_queue import RuleQueue
from .psa_ticket_history_text import _json


class PsaTicket(models.Model):
    """What happens to tickets sets off rules, see ``psa.rule``.

    Every way to change a ticket is a step, and where no rule is about it, it costs nothing. Changes are those the history writes
    down, so a rule sees all of them, whoever makes them and by whichever way.
    """

    _inherit = "psa.ticket"

    @api.model_create_multi
    def create(self, vals_list):
        with RuleQueue.of(self.env.cr).step(self.env):
            tickets = super().create(vals_list)
            tickets._psa_rules_event("created")
            tickets.sudo().filtered(lambda ticket: ticket.source == rules.FROM_MONITORING)._psa_rules_event("alert")
        return tickets

    def write(self, vals):
        queue = RuleQueue.of(self.env.cr)
        with queue.step(self.env):
            result = super().write(vals)
            Rule = self.env["psa.rule"]
            if Rule._catalog() and any(Rule._wants("updated", ticket.desk_id.id) for ticket in self.sudo()):
                queue.has_changes = True
        return result

    def message_post(self, **kwargs):
        with RuleQueue.of(self.env.cr).step(self.env):
            return super().message_post(**kwargs)

    def _comment_all(self, body, is_internal):
        with RuleQueue.of(self.env.cr).step(self.env):
            return super()._comment_all(body, is_internal)

    def _psa_rules_event(self, event, **details):
        """Note that something happened to these tickets; the rules about it run once, at the end of the step.

        Outside of a step they run before the transaction is committed.

        :param event: one of the events of ``psa.rule``, or "sla_moved" where the time a service level is due has changed
        :param details: what a rule may ask about the event, such as ``percent`` and ``target`` of a service level
        """
        Rule = self.env["psa.rule"]
        if not Rule._catalog():
            return
        queue = RuleQueue.of(self.env.cr)
        for ticket in self.sudo():
            if Rule._wants(event, ticket.desk_id.id):
                queue.add(self.env, event, ticket.id, details)

    def _log_changes(self, changes, desks, names=None):
        result = super()._log_changes(changes, desks, names)
        if changes and self.env["psa.rule"]._catalog():
            self._note_changes(changes, desks)
        return result

    @api.model
    def _psa_rules_value(self, fname, value):
        """Return a column value as rules compare it, read or about to be written: a moment, a text without its formatting."""
        kind = self._fields[fname].type
        if kind == "datetime":
            return fields.Datetime.to_datetime(value)
        return html_to_inner_content(value) if kind == "html" and value else value

    @api.model
    def _note_changes(self, changes, desks):
        """Note changes for the rules about them: tuples (ticket id, field name, old and new column value)."""
        Rule, queue = self.env["psa.rule"], RuleQueue.of(self.env.cr)
        states = self.env["psa.ticket.stage"]._state_by_stage()
        noted = {}
        for ticket_id, fname, old, new in changes:
            if not Rule._wants("updated", desks[ticket_id][1]):
                continue
            if fname == "properties":
                before, after = _json(old), _json(new)
                noted.setdefault(ticket_id, []).extend(
                    (f"properties.{name}", before.get(name), after.get(name)) for name in {**before, **after}
                )
                continue
            noted.setdefault(ticket_id, []).append((fname, *(self._psa_rules_value(fname, value) for value in (old, new))))
            if fname == "stage_id":
                noted[ticket_id].append(("state", states.get(old), states.get(new)))
        for ticket_id, of_ticket in noted.items():
            queue.add(self.env, "updated", ticket_id, {"changes": of_ticket})
