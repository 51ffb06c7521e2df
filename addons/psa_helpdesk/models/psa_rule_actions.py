from odoo import api, models
from odoo.exceptions import AccessError

from .psa_rule_action import GUARDED_KINDS
from .psa_rule_told import Told

# Whoever keeps the rules of a desk may take any of them out of service.
HARMLESS = {"active", "sequence", "description"}


class PsaRule(models.Model):
    """What a rule and its actions owe each other."""

    _inherit = "psa.rule"

    @api.constrains("active", "event")
    def _check_actions(self):
        running = self.filtered("active")
        running.action_ids._refuse_incomplete_actions()
        running.change_ids._refuse_incomplete_changes()

    def write(self, vals):
        if not self.env.su and (vals.keys() - HARMLESS or vals.get("active")):
            self._check_guarded_actions()
        return super().write(vals)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "active" not in (default or {}):
            for vals in vals_list:
                # Two of the same would do everything twice.
                vals["active"] = False
        return vals_list

    def _do(self, queue, tickets, firing):
        """Show what could only be done in part like what could not be done at all."""
        with Told(queue) as told:
            done = super()._do(queue, tickets, firing)
            told.tell_assigned()
        for of_ticket in done.values():
            of_ticket.errors += [
                outcome.error for outcome in of_ticket.outcomes if outcome.error and outcome.error not in of_ticket.errors
            ]
        return done

    def _do_apart(self, queue, action, tickets, firing, done):
        Told.start_apart(queue)
        return super()._do_apart(queue, action, tickets, firing, done)

    def _check_guarded_actions(self):
        """Refuse to change on which tickets code runs, or clients are lent, to whoever may not set that up himself."""
        for action in self.sudo().action_ids.filtered(lambda action: action.kind in GUARDED_KINDS):
            if not self.env.user.has_group(GUARDED_KINDS[action.kind]):
                raise AccessError(self.env._(
                    "Rule “%(rule)s” does “%(kind)s”; only people of %(group)s change it. You can archive it.",
                    rule=action.rule_id.name, kind=dict(action._fields["kind"]._description_selection(self.env))[action.kind],
                    group=self.env.ref(GUARDED_KINDS[action.kind]).sudo().full_name,
                ))

    def action_preview(self):
        """Show what the rule would do on a ticket, and what people would read."""
        self.ensure_one()
        self.check_access("read")
        domain = [("company_id", "=", self.company_id.id), *([("desk_id", "=", self.desk_id.id)] if self.desk_id else [])]
        ticket = self.env["psa.ticket"].search(domain, limit=1)
        return {
            "type": "ir.actions.act_window", "name": self.env._("Preview of %s", self.name), "res_model": "psa.rule.preview",
            "view_mode": "form", "target": "new", "context": {"default_rule_id": self.id, "default_ticket_id": ticket.id},
        }
