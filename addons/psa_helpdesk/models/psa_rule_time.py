from datetime import datetime, timezone
from functools import partial

from odoo import SUPERUSER_ID, api, models
from odoo.tools import SQL

from ..core import clock, rules
from .psa_rule import TURNS

CYCLE_ORIGIN = datetime(2020, 1, 1, tzinfo=timezone.utc)
ARMING_BATCH = 1000
FINISHED = ("closed", "cancelled")
SLA_TARGETS = {"sla_first_response": "first_response", "sla_resolution": "resolution"}


class PsaRule(models.Model):
    """The moments of rules about time. Each is a timer: one for each ticket, rule and moment it counts from.

    Whatever happens to a ticket moves its timers only. A ticket whose moment has passed while it did not meet the condition
    is acted on as soon as it does. A rule that is new or was changed takes the open tickets on whose moment is still to
    come, and leaves those alone whose moment has passed.
    """

    _inherit = "psa.rule"

    def _forget_moments(self):
        """Take back the timers of these rules."""
        if self.ids:
            self.env["psa.timer"].sudo()._cancel("rule", res_ids=self.ids)

    def _arm(self):
        """Have the moments of open tickets set for these rules, by the scheduled action: there may be many."""
        if self:
            self.sudo().write({"is_arming": True, "armed_upto": 0})
            self.env.ref("psa_helpdesk.ir_cron_arm_rules").sudo()._trigger()

    @api.model
    def _cron_arm(self):
        """Set the moments of the open tickets for rules that are new or were changed."""
        cron = self.env["ir.cron"]
        while True:
            rule = self.sudo().search([("is_arming", "=", True)], order="id", limit=1)
            if not rule:
                break
            count = rule._as_system()._arm_batch()
            if not cron._commit_progress(count, remaining=self.sudo().search_count([("is_arming", "=", True)])):
                break

    def _arm_batch(self):
        """Set the moments of the next open tickets; return how many there were."""
        self.ensure_one()
        if not self.active or self.event != "time":
            self.is_arming = False
            return 0
        domain = [
            ("company_id", "=", self.company_id.id), ("state", "not in", FINISHED), ("id", ">", self.armed_upto),
            *([("desk_id", "=", self.desk_id.id)] if self.desk_id else ()),
        ]
        tickets = self.env["psa.ticket"].search(domain, order="id", limit=ARMING_BATCH)
        self._schedule_moments({self: tickets})
        self.write({"armed_upto": tickets[-1:].id or self.armed_upto, "is_arming": len(tickets) == ARMING_BATCH})
        return len(tickets)

    def _timer_row(self, ticket, cycle, turn, due):
        return {
            "ticket_id": ticket.id, "company_id": ticket.company_id.id, "kind": "rule", "res_id": self.id, "cycle": cycle,
            "threshold": self._turn_key(turn), "due_at": rules.naive(due),
        }

    def _turn_key(self, turn):
        return self.generation * TURNS + turn

    @api.model
    def _cycle(self, moment):
        """Return the number by which a moment is told from others of the same ticket."""
        return int((moment - CYCLE_ORIGIN).total_seconds()) if moment else None

    def _due(self, timing, basis, ticket):
        return self._safely(timing.due, ticket, basis) if basis else None

    def _safely(self, ask, ticket, *arguments):
        """Return a moment; where the calendar has no working time there is none, and the log says so."""
        try:
            return ask(*arguments)
        except clock.NoWorkingTime as error:
            self._note_failure(self.env._("There is no working time in the calendar: %s", error), ticket)
            return None

    def _timings(self, tickets):
        """Return {ticket id: Timing}, by the hours that count for each."""
        self.ensure_one()
        hours = self._hours_of(tickets)
        return {ticket.id: self._timing(*hours.get(ticket.id, (None, 1440))) for ticket in tickets}

    def _timing(self, calendar, day):
        shift = partial(self._shift, calendar) if calendar else rules.around_the_clock
        amount = rules.minutes(self.time_amount, self.time_unit, day)
        return rules.Timing(
            basis=self.time_basis, minutes=-amount if self.time_side == "before" else amount,
            repeat_minutes=rules.minutes(self.repeat_amount, self.repeat_unit, day), repeat_max=self.repeat_max, shift=shift,
        )

    @api.model
    def _shift(self, calendar, moment, amount):
        return clock.shifted(moment, amount, calendar)

    def _hours_of(self, tickets):
        """Return {ticket id: (core calendar, minutes of a day)} where not all hours count."""
        if self.time_hours == "calendar":
            return {}
        if self.time_hours == "company":
            calendar = self.company_id.resource_calendar_id
            # In the time zone of the calendar itself, as deadlines and service levels count by it.
            found = {ticket.id: (calendar, None) for ticket in tickets}
        else:
            clients = {ticket.id: ticket.partner_id or ticket.client_id or self.company_id.partner_id for ticket in tickets}
            people = self.env["res.partner"].union(*clients.values())
            known = people._psa_calendar_and_tz()
            found = {ticket_id: known[person] for ticket_id, person in clients.items()}
        return {
            ticket_id: (calendar._psa_clock(tz), (calendar.hours_per_day or 24) * 60)
            for ticket_id, (calendar, tz) in found.items() if calendar
        }

    @api.model
    def _bases(self, tickets_by_rule, before=None):
        """Return {(ticket id, basis): moment} that these rules count from: a query for those that are not on the ticket.

        :param before: as it was at this moment
        """
        wanted = {}
        for rule, tickets in tickets_by_rule.items():
            wanted[rule.time_basis] = wanted.get(rule.time_basis, tickets.browse()) | tickets
        found = {}
        for basis, tickets in wanted.items():
            moments = getattr(self, f"_basis_{basis}", None)
            values = moments(tickets, before) if moments else self._basis_sla(tickets, SLA_TARGETS[basis])
            found.update({(ticket_id, basis): rules.aware(moment) for ticket_id, moment in values.items() if moment})
        return found

    @api.model
    def _basis_created(self, tickets, before=None):
        return {ticket.id: ticket.create_date for ticket in tickets}

    @api.model
    def _basis_deadline(self, tickets, before=None):
        return {ticket.id: ticket.date_deadline for ticket in tickets}

    @api.model
    def _basis_stage(self, tickets, before=None):
        entered = self._last_rows(tickets, SQL("kind = 'change' AND field_name = 'stage_id'"), before)
        return {ticket.id: entered.get(ticket.id) or ticket.create_date for ticket in tickets}

    @api.model
    def _basis_client_entry(self, tickets, before=None):
        return self._last_words(tickets, SQL("NOT COALESCE(entry.is_internal, FALSE) AND %s", self._is_clients()), before)

    @api.model
    def _basis_staff_entry(self, tickets, before=None):
        return self._last_words(tickets, SQL("NOT COALESCE(entry.is_internal, FALSE) AND %s", self._is_staffs()), before)

    @api.model
    def _basis_activity(self, tickets, before=None):
        """What anybody says or does counts; what rules and the system do by themselves leaves a ticket as idle as it was."""
        said = self._last_words(tickets, SQL("(%s OR %s)", self._is_clients(), self._is_staffs()), before)
        changed = self._last_rows(tickets, SQL(
            "kind NOT IN ('create', 'entry', 'rule', 'access', 'delete') AND user_id IS DISTINCT FROM %s", SUPERUSER_ID
        ), before)
        return {
            ticket.id: max(moment for moment in (ticket.create_date, said.get(ticket.id), changed.get(ticket.id)) if moment)
            for ticket in tickets
        }

    @api.model
    def _is_clients(self):
        """Return what ``core.rules.speaker`` calls a word of the client, as a condition of a query."""
        return SQL(
            """(NOT COALESCE(entry.is_internal, FALSE) AND entry.source <> %s AND entry.author_id IS DISTINCT FROM %s AND (
                entry.author_id IS NOT NULL AND author.partner_share
                AND entry.author_id NOT IN (SELECT partner_id FROM res_company WHERE res_company.id = entry.company_id)
                OR entry.author_id IS NULL AND entry.source = ANY(%s)))""",
            rules.FROM_MONITORING, self._robot_id(), list(rules.FROM_OUTSIDE),
        )

    @api.model
    def _is_staffs(self):
        return SQL(
            "(entry.source <> %s AND entry.author_id <> %s AND author.partner_share IS NOT TRUE)", rules.FROM_MONITORING, self._robot_id()
        )

    @api.model
    def _basis_sla(self, tickets, target):
        """Return {ticket id: when the service level is due}; one that is paused, met or withdrawn is not due."""
        self.env["psa.ticket.sla"].flush_model()
        return dict(self.env.execute_query(SQL(
            """
            SELECT DISTINCT ON (ticket_id) ticket_id, due_at FROM psa_ticket_sla
            WHERE ticket_id = ANY(%s) AND kind = %s AND state IN ('running', 'missed') AND ended_at IS NULL AND is_withdrawn IS NOT TRUE
            ORDER BY ticket_id, id DESC
            """,
            tickets.ids, target,
        )))

    @api.model
    def _robot_id(self):
        return self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")

    @api.model
    def _last_rows(self, tickets, condition, before=None):
        """Return {ticket id: date of the last row of its history that meets a condition}."""
        return dict(self.env.execute_query(SQL(
            """
            SELECT ticket.id, (
                SELECT date FROM psa_ticket_history WHERE ticket_id = ticket.id AND %s%s ORDER BY id DESC LIMIT 1
            ) FROM unnest(%s::int[]) AS ticket (id)
            """,
            condition, SQL(" AND date <= %s", before) if before else SQL(), tickets.ids,
        )))

    @api.model
    def _last_words(self, tickets, condition, before=None):
        """Return {ticket id: date of its last entry that meets a condition}."""
        return dict(self.env.execute_query(SQL(
            """
            SELECT ticket.id, (
                SELECT entry.date FROM psa_ticket_entry entry LEFT JOIN res_partner author ON author.id = entry.author_id
                WHERE entry.ticket_id = ticket.id AND %s%s ORDER BY entry.id DESC LIMIT 1
            ) FROM unnest(%s::int[]) AS ticket (id)
            """,
            condition, SQL(" AND entry.date <= %s", before) if before else SQL(), tickets.ids,
        )))

    def _time_text(self):
        """Return when a rule about time acts, in words."""
        labels = {
            fname: dict(self._fields[fname]._description_selection(self.env))
            for fname in ("time_unit", "time_side", "time_basis", "time_hours")
        }
        text = self.env._(
            "%(amount)s %(unit)s %(side)s: %(basis)s", amount=self.time_amount, unit=labels["time_unit"].get(self.time_unit, "").lower(),
            side=labels["time_side"].get(self.time_side), basis=labels["time_basis"].get(self.time_basis),
        )
        return text if self.time_hours == "calendar" else f"{text} ({labels['time_hours'][self.time_hours]})"
