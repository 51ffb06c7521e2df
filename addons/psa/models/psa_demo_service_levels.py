from datetime import timedelta, timezone
from itertools import pairwise

from odoo import api, fields, models
from odoo.addons.psa_helpdesk.core import sla

UTC = timezone.utc

OPENING = ("open", "waiting", "on_hold")


class PsaDemoStory(models.AbstractModel):
    _inherit = "psa.demo.story"

    @api.model
    def _load_service_levels(self):
        """Measure the tickets of the story by the policies of the story, as if these had been there from the beginning."""
        company = self.env.ref("base.main_company")
        # The hours are as old as the story; their making is no change of hours.
        self.env["psa.calendar.version"].sudo().search([("company_id", "=", company.id)]).unlink()
        self.env.registry.clear_cache()
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False).search([
            ("company_id", "=", company.id), ("sla_policy_id", "=", False), ("source", "!=", False),
        ])
        self._tell_past_states(tickets)
        plans = {ticket: plan for ticket, plan in tickets._sla_choose().items() if plan}
        if not plans:
            return
        tickets = tickets.browse(ticket.id for ticket in plans)
        hours, stretches, answers = tickets._sla_hours(plans), tickets._sla_stretches(), tickets._sla_first_answers()
        now = fields.Datetime.now().replace(tzinfo=UTC)
        rows, shown = [], {}
        for ticket, plan in plans.items():
            log, clocks = stretches[ticket.id], []
            answered_at = answers.get(ticket.id)
            for kind in tickets._sla_kinds_at_first(plan):
                row, standing = tickets._sla_new_row(
                    ticket, kind, plan, hours[ticket], log, log[0].start, now,
                    answered_at=answered_at.replace(tzinfo=UTC) if answered_at and kind == sla.RESPONSE else None,
                )
                row["answered_at"] = answered_at if kind == sla.RESPONSE else False
                # Nobody is told now of what is past: only what is still to come is a timer.
                while row["next_at"] and row["next_at"] <= fields.Datetime.now():
                    row["passed"] = row["next_percent"]
                    row.update(self._next_threshold(ticket, kind, plan, hours[ticket], log, now, row["passed"]))
                rows.append(row)
                clocks.append((kind, standing, plan.budgets[kind]))
            shown[ticket.id] = tickets._sla_shown(plan, clocks)
        tickets._sla_insert(rows, shown)

    def _next_threshold(self, ticket, kind, plan, hours, log, now, passed):
        terms = sla.Terms(kind, plan.budgets[kind], plan.percents, plan.pausing)
        calendar = ticket._sla_clock(plan.hours, *hours)
        standing, __ = self.env["psa.ticket.sla"]._reckon(terms, log, log[0].start, calendar, now, passed=passed)
        return {
            "next_percent": standing.next_percent or 0,
            "next_at": standing.next_at.replace(tzinfo=None) if standing.next_at else False,
        }

    def _tell_past_states(self, tickets):
        """Write the log of states from the dates the story gives its tickets."""
        log = []
        self.env.flush_all()
        for ticket in tickets.filtered(lambda ticket: not ticket.state_interval_ids):
            moments = [("new", ticket.create_date)]
            if ticket.date_open and ticket.date_open > ticket.create_date and ticket.state != "new":
                moments.append(("open", ticket.date_open))
            done = ticket.date_resolved or ticket.date_closed
            if done and done > moments[-1][1]:
                moments.append(("resolved" if ticket.date_resolved else ticket.state, done))
            if ticket.date_closed and ticket.date_resolved and ticket.date_closed > ticket.date_resolved:
                moments.append(("closed", ticket.date_closed))
            if ticket.state in OPENING[1:]:
                moments.append((ticket.state, moments[-1][1] + timedelta(hours=1)))
            log += [(ticket.id, state, start, following[1]) for (state, start), following in pairwise(moments)]
            self.env.cr.execute("UPDATE psa_ticket SET state_since = %s WHERE id = %s", (moments[-1][1], ticket.id))
        tickets.invalidate_recordset(["state_since"])
        self.env["psa.ticket.state.interval"]._append(log)
