from markupsafe import Markup
from odoo import api, fields, models

from ..core import sla


class PsaSlaExplanation(models.TransientModel):
    """Why a ticket has the targets it has: every row of every policy, in the order in which they are asked."""

    _name = "psa.sla.explanation"
    _description = "Explanation of a Service Level"

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade", readonly=True)
    summary = fields.Char(compute="_compute_explanation")
    explanation = fields.Html(compute="_compute_explanation", sanitize=False)

    @api.depends("ticket_id")
    def _compute_explanation(self):
        for wizard in self:
            wizard.ticket_id.check_access("read")
            wizard.summary, wizard.explanation = wizard._explain(wizard.ticket_id.sudo())

    def _explain(self, ticket):
        Policy = self.env["psa.sla.policy"].sudo()
        candidates, __, used = Policy._catalog().get(ticket.company_id.id, ((), {}, frozenset()))
        verdicts = sla.explain(candidates, ticket._sla_facts(used)[ticket])
        present = (ticket.sla_policy_id.id, ticket.sla_target_id.id)
        chosen = next((verdict.candidate.key for verdict in verdicts if verdict.chosen), (False, False))
        if any(present):
            summary = self.env._("%s counts for this ticket.", ticket._sla_plan_label(*present))
        else:
            summary = self.env._("No policy counts for this ticket.")
        if chosen != present:
            summary += " " + self.env._(
                "A ticket created now would get %s: policies were changed since. They count for open tickets when an administrator "
                "applies them there.", ticket._sla_plan_label(*chosen),
            )
        labels = self._criterion_labels()
        rows = Markup().join(self._row(number, verdict, labels) for number, verdict in enumerate(verdicts, start=1))
        table = Markup(
            "<table class='table table-sm'><thead><tr><th>#</th><th>{policy}</th><th>{asks}</th><th>{why}</th></tr></thead><tbody>{rows}</tbody></table>"
        ).format(
            policy=self.env._("Policy and Target"), asks=self.env._("Counts for"), why=self.env._("For This Ticket"), rows=rows,
        ) if verdicts else Markup()
        order = Policy.browse()._order_text()
        return summary, table + Markup("<p class='text-muted small'>{}</p>").format(order)

    def _row(self, number, verdict, labels):
        policy = self.env["psa.sla.policy"].sudo().browse(verdict.candidate.key[0])
        target = self.env["psa.sla.target"].sudo().browse(verdict.candidate.key[1] or ())
        if verdict.chosen:
            why, style = self.env._("Counts: the first that fits"), "table-success fw-bold"
        elif verdict.unmet:
            why, style = self.env._("Does not fit: %s", ", ".join(labels[name] for name in verdict.unmet)), "text-muted"
        else:
            why, style = self.env._("Fits, too, but is less specific"), ""
        asks = [
            f"{labels[name]}: {', '.join(record[fname].mapped('display_name'))}"
            for record, criteria in ((policy, policy._criteria()), (target, target._criteria())) for name, fname in criteria
            if record and record[fname]
        ]
        name = policy.name + (f" · {target.display_name}" if target else f" ({self.env._('no SLA')})")
        return Markup("<tr class='{}'><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
            style, number, name, " · ".join(asks) or self.env._("Every ticket"), why,
        )

    def _criterion_labels(self):
        return {
            name: self.env[model]._fields[fname]._description_string(self.env)
            for model in ("psa.sla.policy", "psa.sla.target") for name, fname in self.env[model]._criteria()
        }
