from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import rules
from ..models.psa_rule_condition import BrokenCondition
from ..models.psa_rule_past import NOT_RECORDED, TICKETS
from ..models.psa_rule_time import SLA_TARGETS

LINES = 500


class PsaRuleTrial(models.TransientModel):
    """Tries a rule on what happened lately and lists what it would have done, when and to whom. Nothing is changed or sent."""

    _name = "psa.rule.trial"
    _description = "Try a Rule on History"

    rule_id = fields.Many2one("psa.rule", required=True, ondelete="cascade", readonly=True)
    days = fields.Integer(default=30, required=True)
    line_ids = fields.One2many("psa.rule.trial.line", "trial_id", "What It Would Have Done", readonly=True)
    count = fields.Integer("Times", readonly=True)
    ticket_count = fields.Integer("Tickets", readonly=True)
    has_run = fields.Boolean(readonly=True)
    note = fields.Text(readonly=True)

    @api.depends("rule_id")
    def _compute_display_name(self):
        for trial in self:
            trial.display_name = self.env._("Try “%s”", trial.rule_id.name or "")

    def action_try(self):
        """List what the rule would have done in these days."""
        self.ensure_one()
        self.rule_id.check_access("write")
        if not 0 < self.days <= 366:
            raise UserError(self.env._("Choose between 1 and 366 Days."))
        rule, notes = self.rule_id, []
        if rule.event in NOT_RECORDED:
            raise UserError(self.env._(
                "The history of tickets does not keep this kind of event (%s), so the rule cannot be tried on it.", self.rule_id._reason(())
            ))
        acted, is_cut, doubts, pasts = rule._replay(self.days)
        if is_cut:
            notes.append(self.env._("Only the latest %s tickets were looked at.", TICKETS))
        if len(acted) > LINES:
            notes.append(self.env._("Only the first %(shown)s of %(all)s times are listed.", shown=LINES, all=len(acted)))
        if rule.event == "time" and rule.time_basis == "deadline":
            notes.append(self.env._("Counted from the deadlines tickets have now, or had in the end."))
        if rule.event == "time" and rule.time_basis in SLA_TARGETS:
            notes.append(self.env._("Service levels are reckoned with the pauses of that time, under the terms they have now."))
        notes += self._doubtful(doubts)
        self.line_ids.unlink()
        self.write({
            "line_ids": [fields.Command.create(vals) for vals in self._prepare_lines(acted[:LINES], pasts)],
            "count": len(acted),
            "ticket_count": len({ticket.id for ticket, __ in acted}),
            "has_run": True,
            "note": "\n".join(notes),
        })
        return {
            "type": "ir.actions.act_window", "name": self.display_name, "res_model": self._name, "res_id": self.id,
            "views": [(False, "form")], "target": "new", "context": {"dialog_size": "extra-large"},
        }

    def _doubtful(self, doubts):
        """Return what of the condition could not be asked of the past, so that nobody takes the list for more than it is."""
        rule, notes = self.rule_id, []
        with suppress(BrokenCondition):
            if today := rule._judged_by_today():
                notes.append(self.env._("Judged by what it is today, as the history of tickets does not keep it: %s.", ", ".join(today)))
            if rule._asks_the_clock(rule.sudo()._condition()):
                notes.append(self.env._("“Now” and “today” in the Condition are taken as of this moment."))
        if doubts:
            tickets = self.env["psa.ticket"].browse({ticket.id for of_field in doubts.values() for ticket in of_field})
            notes.append(self.env._(
                "%(count)s tickets have moments that are not listed, because it hangs on values that cannot be told any more from their "
                "history: %(fields)s.",
                count=len(tickets), fields=", ".join(sorted({
                    rule._path_label(fname, of_field[0].sudo()) for fname, of_field in doubts.items()
                })),
            ))
        return notes

    def _prepare_lines(self, acted, pasts):
        """Return the values of the lines: what the actions say they would do, and whom they would have told then."""
        rule = self.rule_id._as_system()
        tickets = rule.env["psa.ticket"].browse(dict.fromkeys(ticket.id for ticket, __ in acted))
        firing = rules.Firing(rule.id, rule.event, rule._reason((), tickets.browse()), rules.aware(fields.Datetime.now()))
        # Read by whoever tries it: names of those he does not know are left out.
        described = [(action, action._describe(tickets, firing)) for action in self.rule_id.action_ids] if tickets else []
        for ticket, done in acted:
            then, outcomes = pasts[ticket.id].as_of(done.at), []
            for action, of_action in described:
                # Who had the ticket then would have been told, not who has it now.
                is_rewound = action.kind == "notify" and then != ticket
                outcomes += action._describe(then, firing)[then.id] if is_rewound else of_action.get(ticket.id, ())
            yield {
                "date": rules.naive(done.at), "ticket_id": ticket.id, "repetition": done.turn,
                "reason": self.rule_id._reason(done.fields, changes=done.changes),
                "actions": "\n".join(outcome.text for outcome in outcomes),
                "recipients": ", ".join(dict.fromkeys(name for outcome in outcomes for name in outcome.recipients)),
            }
