from datetime import timedelta
from itertools import chain

from markupsafe import Markup
from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..core import sla
from ..models.psa_ticket_sla import aware, naive

# Tickets that are looked at, the latest first, and that are listed.
MOST_TICKETS = 20000
MOST_LINES = 500
BATCH = 500


class PsaSlaTrial(models.TransientModel):
    """What a policy would have meant for the tickets of the last days: which it had counted for, and which it had kept.

    Nothing is changed and nobody is told. The log of states and the answers of that time are taken as they were; priority,
    client and what else decides as they are now.
    """

    _name = "psa.sla.trial"
    _description = "Trial of an SLA Policy"

    policy_id = fields.Many2one("psa.sla.policy", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="policy_id.company_id")
    days = fields.Integer("Days Back", default=30, required=True)
    is_done = fields.Boolean()
    seen_count = fields.Integer("Tickets Looked at", readonly=True)
    covered_count = fields.Integer("Tickets of This Policy", readonly=True)
    summary = fields.Html(readonly=True, sanitize=False)
    line_ids = fields.One2many("psa.sla.trial.line", "trial_id", readonly=True)

    def action_run(self):
        """Reckon and show the result."""
        self.ensure_one()
        self.policy_id.check_access("write")
        if not 0 < self.days <= 1100:
            raise ValidationError(self.env._("Try between one day and three years: correct Days Back."))
        seen, outcomes, is_cut = self._replay()
        self.write({
            "is_done": True,
            "seen_count": seen,
            "covered_count": len(outcomes),
            "summary": self._notices(outcomes, is_cut) + self._summarise(outcomes),
            "line_ids": [Command.clear(), *(Command.create(self._prepare_line_vals(*outcome)) for outcome in self._listed(outcomes))],
        })
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id, "view_mode": "form", "target": "new",
            "name": self.env._("Try “%s” on History", self.policy_id.name),
        }

    def _replay(self):
        """Try the tickets of these days.

        :return: how many tickets were looked at; [(ticket, plan, {kind: standings})] of those the policy had counted for, where
            each update that was owed has a standing of its own; whether there were more tickets than are looked at
        """
        policy = self.policy_id.sudo().with_context(active_test=False)
        Policy = self.env["psa.sla.policy"]
        others, __, __ = Policy._catalog().get(policy.company_id.id, ((), {}, ()))
        mine = policy._candidates()
        plans = {candidate.key: plan for candidate, plan in mine}
        ordered = sla.in_order(
            [*(candidate for candidate in others if candidate.key[0] != policy.id), *(candidate for candidate, __ in mine)],
            Policy._precedence(),
        )
        used = frozenset(name for candidate in ordered for name, __ in candidate.criteria)
        now = fields.Datetime.now()
        tickets = self.env["psa.ticket"].with_context(active_test=False).search([
            ("company_id", "=", policy.company_id.id), ("create_date", ">=", now - timedelta(days=self.days)),
        ], order="id desc", limit=MOST_TICKETS + 1)
        is_cut = len(tickets) > MOST_TICKETS
        tickets = tickets[:MOST_TICKETS]
        outcomes = []
        for start in range(0, len(tickets), BATCH):
            outcomes += self._replay_batch(tickets[start:start + BATCH].sudo(), ordered, plans, used, aware(now))
        return len(tickets), outcomes, is_cut

    def _replay_batch(self, tickets, ordered, plans, used, now):
        chosen = {}
        for ticket, facts in tickets._sla_facts(used).items():
            candidate = sla.choose(ordered, facts)
            if candidate and candidate.key in plans:
                chosen[ticket] = plans[candidate.key]
        if not chosen:
            return []
        tickets = tickets.browse(ticket.id for ticket in chosen)
        hours, stretches, answers = tickets._sla_hours(chosen), tickets._sla_stretches(), tickets._sla_answers()
        Sla = self.env["psa.ticket.sla"].sudo()
        closed_by_client = Sla.search([("ticket_id", "in", tickets.ids), ("is_closed_by_client", "=", True)]).ticket_id
        outcomes = []
        for ticket, plan in chosen.items():
            log = stretches[ticket.id]
            calendar = tickets._sla_clock(plan.hours, *hours[ticket])
            answered = [aware(moment) for moment in answers.get(ticket.id, ())]
            spans = {
                sla.RESPONSE: [(log[0].start, answered[0] if answered else None)],
                sla.RESOLUTION: [(log[0].start, None)],
                sla.UPDATE: sla.updates_owed(log, answered, begins_at_once=sla.RESPONSE not in plan.budgets),
            }
            standings = {
                kind: [
                    Sla._reckon(
                        sla.Terms(kind, plan.budgets[kind], plan.percents, plan.pausing), log, start, calendar, now,
                        answered_at=answered_at, is_closed_by_client=ticket in closed_by_client,
                    )[0]
                    for start, answered_at in spans[kind]
                ]
                for kind in sla.KINDS if kind in plan.budgets
            }
            outcomes.append((ticket, plan, standings))
        return outcomes

    def _listed(self, outcomes):
        """Return the outcomes that are listed: what had been missed first."""
        def urgency(outcome):
            return (not any(standing.state == sla.MISSED for standing in chain(*outcome[2].values())), -outcome[0].id)

        return sorted(outcomes, key=urgency)[:MOST_LINES]

    def _prepare_line_vals(self, ticket, plan, standings):
        vals = {"ticket_id": ticket.id, "target_id": plan.target_id}
        for kind, prefix in ((sla.RESPONSE, "response"), (sla.RESOLUTION, "resolution")):
            if kind in standings:
                standing = standings[kind][0]
                vals.update({
                    f"{prefix}_state": standing.state, f"{prefix}_hours": standing.elapsed / 3600,
                    f"{prefix}_due_at": naive(standing.due_at),
                })
        updates = [standing.state for standing in standings.get(sla.UPDATE, ())]
        return {**vals, "update_count": len(updates), "update_missed_count": updates.count(sla.MISSED)}

    def _notices(self, outcomes, is_cut):
        """Say what is not shown."""
        notices = []
        if is_cut:
            notices.append(self.env._(
                "There are more tickets in these days: only the latest %s were looked at. Try fewer Days Back to leave none out.",
                f"{MOST_TICKETS:,}",
            ))
        if len(outcomes) > MOST_LINES:
            notices.append(self.env._(
                "The figures are of all tickets of the policy; the list shows %s of them, what had been missed first.", MOST_LINES
            ))
        return Markup().join(Markup("<p class='alert alert-warning'>{}</p>").format(notice) for notice in notices)

    def _summarise(self, outcomes):
        """Return a table of hit rates, with those that were measured at the time."""
        labels = dict(self.env["psa.ticket.sla"]._fields["kind"]._description_selection(self.env))
        recorded = self._recorded([ticket.id for ticket, __, __ in outcomes])
        rows = Markup()
        for kind in sla.KINDS:
            states = [standing.state for __, __, standings in outcomes for standing in standings.get(kind, ())]
            if not states:
                continue
            met, missed = states.count(sla.MET), states.count(sla.MISSED)
            was_met, was_missed = recorded.get(kind, (0, 0))
            rows += Markup("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><b>{}</b></td><td>{}</td></tr>").format(
                labels[kind], met, missed, len(states) - met - missed, self._rate(met, missed), self._rate(was_met, was_missed),
            )
        if not rows:
            return Markup("<p>{}</p>").format(self.env._("The policy had counted for none of these tickets, or had promised nothing."))
        heads = (
            self.env._("Target"), self.env._("Kept"), self.env._("Missed"), self.env._("Undecided"), self.env._("Hit Rate"),
            self.env._("Measured Then"),
        )
        head = Markup().join(Markup("<th>{}</th>").format(text) for text in heads)
        return Markup("<table class='table table-sm'><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, rows)

    def _rate(self, met, missed):
        return f"{100 * met / (met + missed):.1f} %" if met + missed else "–"

    def _recorded(self, ticket_ids):
        """Return {kind: (kept, missed)} as it was measured at the time, under whatever policy counted then."""
        counts = {}
        for kind, state, count in self.env["psa.ticket.sla"].sudo()._read_group(
            [("ticket_id", "in", ticket_ids), ("state", "in", (sla.MET, sla.MISSED))], ["kind", "state"], ["__count"]
        ):
            met, missed = counts.get(kind, (0, 0))
            counts[kind] = (met + count, missed) if state == sla.MET else (met, missed + count)
        return counts
