from odoo import SUPERUSER_ID, api, fields, models

from ..core import sla
from ..core.lifecycle import DONE_STATES, OPEN_STATES
from .psa_ticket_sla import TICKET_COLUMNS, aware, naive

# What policies go by; a change of any of these has the targets looked at again.
DECISIVE = frozenset({
    "desk_id", "client_id", "partner_id", "asset_ids", "priority_id", "severity_id", "type_id", "category_id", "subcategory_id",
})


class PsaTicket(models.Model):
    """What moves the clocks of a ticket: its creation, what is said to the client, its stage, and what its targets depend on.

    Creating tickets takes one statement for their clocks and one for the timers, any number of tickets, and none where no
    policy counts. Only the next threshold of a clock is a timer; when it fires, the one after it is scheduled.
    """

    _inherit = "psa.ticket"

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        tickets._sla_begin()
        return tickets

    def write(self, vals):
        result = super().write(vals)
        decisive = DECISIVE & vals.keys()
        if decisive and self:
            self._sla_reevaluate(lambda ticket: self.env._(
                "%s changed", ", ".join(ticket._attribute_label(fname) for fname in sorted(decisive))
            ))
        return result

    def _update_life_dates(self, before, keep=()):
        result = super()._update_life_dates(before, keep=keep)
        moved = self.filtered(lambda ticket: ticket.state != before[ticket])
        if moved:
            moved._sla_follow_states({ticket.id: before[ticket] for ticket in moved})
        return result

    @api.model
    def _record_rows(self, rows):
        entries = super()._record_rows(rows)
        self._sla_heard(rows)
        return entries

    # ------------------------------------------------------------------ creation

    def _sla_begin(self):
        """Start the clocks of new tickets."""
        if not self.env["psa.sla.policy"]._catalog():
            return
        fresh = self.sudo().filtered(lambda ticket: not ticket.sla_policy_id)
        plans = {ticket: plan for ticket, plan in fresh._sla_choose().items() if plan}
        if not plans:
            return
        hours = self._sla_hours(plans)
        rows, shown = [], {}
        for ticket, plan in plans.items():
            since = aware(ticket.state_since)
            stretches = [sla.Stretch(ticket.state, since, None)]
            clocks = []
            for kind in self._sla_kinds_at_first(plan):
                row, standing = self._sla_new_row(ticket, kind, plan, hours[ticket], stretches, since, since)
                rows.append(row)
                clocks.append((kind, standing, plan.budgets[kind]))
            shown[ticket.id] = self._sla_shown(plan, clocks)
        self._sla_insert(rows, shown)

    @api.model
    def _sla_kinds_at_first(self, plan):
        """Return the kinds of clocks that run from the beginning: updates are owed once there was a first answer."""
        kinds = [kind for kind in (sla.RESPONSE, sla.RESOLUTION) if kind in plan.budgets]
        if sla.UPDATE in plan.budgets and sla.RESPONSE not in plan.budgets:
            kinds.append(sla.UPDATE)
        return kinds

    @api.model
    def _sla_new_row(self, ticket, kind, plan, hours, stretches, since, now, turn=1, answered_at=None):
        """Return (the columns of a new clock, how it stands)."""
        Sla = self.env["psa.ticket.sla"]
        terms = sla.Terms(kind, plan.budgets[kind], plan.percents, plan.pausing)
        standing, problem = Sla._reckon(terms, stretches, since, self._sla_clock(plan.hours, *hours), now, answered_at=answered_at)
        values = Sla._values(standing, problem)
        row = {
            "ticket_id": ticket.id, "kind": kind, "turn": turn, "started_at": naive(since), "since": naive(since),
            "used_seconds": 0, "cycle": 1, "passed": 0, **self._sla_terms_of(plan, kind, hours), **values,
        }
        if values["ended_at"]:
            # What was over before it was promised is nothing to be told of.
            row["passed"] = sla.BREACH
            if values["state"] in (sla.MET, sla.MISSED):
                row.update(first_ended_at=values["ended_at"], first_state=values["state"])
        return row, standing

    @api.model
    def _sla_terms_of(self, plan, kind, hours):
        return {
            "policy_id": plan.policy_id, "target_id": plan.target_id, "budget_seconds": plan.budgets[kind],
            "percents": ", ".join(map(str, plan.percents)), "pausing": ",".join(sorted(plan.pausing)), "hours": plan.hours,
            "calendar_id": hours[0], "tz": hours[1],
        }

    def _sla_insert(self, rows, shown):
        """Store new clocks with what the tickets show of them, and schedule what they do next."""
        made = self.env["psa.ticket.sla"].sudo()._insert(rows, shown)
        self.browse(shown).invalidate_recordset(list(TICKET_COLUMNS), flush=False)
        self.browse(row["ticket_id"] for row in rows).invalidate_recordset(["sla_ids"], flush=False)
        self._sla_schedule([
            (row["ticket_id"], row_id, row["cycle"], row["next_percent"], row["next_at"])
            for row_id, row in zip(made._ids, rows, strict=True)
        ])
        return made

    @api.model
    def _sla_schedule(self, timers):
        """Have the next thresholds of clocks fire: (ticket id, clock id, cycle, percent, moment), without moment none."""
        rows = [
            {"ticket_id": ticket_id, "kind": "sla", "res_id": row_id, "cycle": cycle, "threshold": percent, "due_at": moment}
            for ticket_id, row_id, cycle, percent, moment in timers if moment
        ]
        if rows:
            self.env["psa.timer"].sudo()._schedule(rows)

    # ------------------------------------------------------------------ stages

    def _sla_follow_states(self, before):
        """Write down the states that ended, and have the clocks follow: {ticket id: the state before}."""
        tickets = self.sudo()
        now = fields.Datetime.now()
        ended = []
        for ticket in tickets:
            since = ticket.state_since or ticket.date_last_stage_update or ticket.create_date or now
            # A server's clock that was set back does not make a state end before it began.
            ended.append((ticket.id, before[ticket.id], since, max(since, now)))
        self.env["psa.ticket.state.interval"]._append(ended)
        for moment, ids in self._sla_grouped((end, ticket_id) for ticket_id, __, __, end in ended).items():
            tickets.browse(ids).write({"state_since": moment})
        reopened = tickets.filtered(lambda ticket: before[ticket.id] in DONE_STATES and ticket.state in OPEN_STATES)
        closed = tickets.filtered(
            lambda ticket: before[ticket.id] in OPEN_STATES and ticket.state in DONE_STATES and ticket._sla_is_asked_by_user()
        )
        tickets.filtered(lambda ticket: ticket.sla_policy_id or ticket.sla_is_missed)._sla_refresh(
            reopened_ids=set(reopened._ids), closed_ids=set(closed._ids))
        # What policies go by may have changed while the ticket was done.
        reopened._sla_reevaluate(self.env._("The ticket was reopened"))

    def _sla_is_asked_by_user(self):
        """Tell whether who acts is on the client's side of this ticket: a client, a visitor, or a colleague who asks for himself."""
        user = self.env.user
        return user.id != SUPERUSER_ID and (user.share or user.partner_id == self.partner_id)

    @api.model
    def _sla_grouped(self, pairs):
        grouped = {}
        for key, value in pairs:
            grouped.setdefault(key, []).append(value)
        return grouped

    # ------------------------------------------------------------------ what is said

    @api.model
    def _sla_heard(self, rows):
        """Stop the clocks of answers: what a colleague says so that the client reads it."""
        said = {
            row["ticket_id"]: row.get("author_id")
            for row in rows
            if row.get("author_id") and not row.get("is_internal") and not row.get("is_first") and row["kind"] != "description"
            and row.get("source") != "alert"  # a machine answers nobody
        }
        tickets = self.sudo().browse(said).filtered("sla_policy_id")
        if not tickets:
            return
        colleagues = self._sla_colleagues({said[ticket.id] for ticket in tickets})
        # Who asks is no colleague on his own ticket.
        answered = tickets.filtered(lambda ticket: said[ticket.id] in colleagues and said[ticket.id] != ticket.partner_id.id)
        if answered:
            answered._sla_answer()

    @api.model
    def _sla_colleagues(self, partner_ids):
        """Return the ids of those of these people who work here."""
        user = self.env.user
        known = {user.partner_id.id} if user._is_internal() and user.id != SUPERUSER_ID else set()
        unknown = partner_ids - known
        if not unknown:
            return known
        # What the system says by itself answers nobody; its user is not active.
        staff = self.env["res.users"].sudo().search_fetch([("partner_id", "in", list(unknown)), ("share", "=", False)], ["partner_id"])
        return known | set(staff.partner_id._ids)

    def _sla_answer(self):
        """Record that these tickets were answered just now."""
        now = fields.Datetime.now()
        waiting = self.env["psa.ticket.sla"].sudo().search([
            ("ticket_id", "in", self.ids), ("kind", "in", (sla.RESPONSE, sla.UPDATE)), ("answered_at", "=", False),
            ("is_withdrawn", "=", False),
        ])
        # What ended with the ticket, because it was resolved or cancelled, is not undone by a word afterwards.
        waiting.filtered(lambda row: not row.ended_at).write({"answered_at": now})
        self._sla_refresh()
        self._sla_next_updates(now)

    def _sla_next_updates(self, now):
        """Start the clock of the next update where updates are promised."""
        catalog = self.env["psa.sla.policy"]._catalog()
        plans = {}
        for ticket in self.filtered(lambda ticket: ticket.state in OPEN_STATES):
            __, known, __ = catalog.get(ticket.company_id.id, ((), {}, ()))
            plan = known.get((ticket.sla_policy_id.id, ticket.sla_target_id.id))
            if plan and sla.UPDATE in plan.budgets:
                plans[ticket] = plan
        if not plans:
            return
        Sla = self.env["psa.ticket.sla"].sudo()
        turns = dict(Sla._read_group(
            [("ticket_id", "in", [ticket.id for ticket in plans]), ("kind", "=", sla.UPDATE)], ["ticket_id"], ["turn:max"]
        ))
        hours = self._sla_hours(plans)
        stretches = self.browse(ticket.id for ticket in plans)._sla_stretches()
        rows = [
            self._sla_new_row(
                ticket, sla.UPDATE, plan, hours[ticket], stretches[ticket.id], aware(now), aware(now), turn=turns.get(ticket, 0) + 1
            )[0]
            for ticket, plan in plans.items()
        ]
        self._sla_insert(rows, {})
        self.browse(ticket.id for ticket in plans).sudo()._sla_refresh()

    # ------------------------------------------------------------------ how the clocks stand

    def _sla_refresh(self, reopened_ids=(), closed_ids=()):
        """Reckon anew how the clocks of these tickets stand, as the log of states says; schedule and tell what follows.

        :param reopened_ids: the tickets that were done until now
        :param closed_ids: the tickets the client has just closed himself
        """
        if not self:
            return
        tickets = self.sudo()
        Sla = self.env["psa.ticket.sla"].sudo()
        now = fields.Datetime.now()
        rows = Sla.search([("ticket_id", "in", self.ids), ("is_withdrawn", "=", False)], order="ticket_id, id")
        stretches = tickets._sla_stretches()
        timers, idle, moved, late = [], [], [], Sla
        clocks = {ticket: [] for ticket in tickets}
        for row in rows:
            if row.is_closed_by_client and row.ticket_id.id in reopened_ids:
                row.is_closed_by_client = False
            elif row.ticket_id.id in closed_ids and not row.ended_at and not row.first_ended_at:
                # Where a colleague had resolved it before, the client merely agrees.
                row.is_closed_by_client = True
            standing, problem = row._stand(stretches[row.ticket_id.id], aware(now))
            clocks[row.ticket_id].append((row.kind, standing, row.budget_seconds))
            values = Sla._values(standing, problem)
            if values["ended_at"] and not row.first_ended_at and values["state"] in (sla.MET, sla.MISSED):
                values.update(first_ended_at=values["ended_at"], first_state=values["state"])
            if values["missed_at"] and values["ended_at"] and row.passed < sla.BREACH:
                # It was over before the timer had its turn: it is told all the same.
                late |= row
            if row.ticket_id.id in reopened_ids and row.ended_at and not values["ended_at"]:
                values["cycle"] = row.cycle + 1
            if values["due_at"] != row.due_at and not values["ended_at"]:
                moved.append(row.ticket_id.id)
            changed = {fname: value for fname, value in values.items() if row[fname] != value}
            if changed:
                row.write(changed)
            if values["next_at"]:
                timers.append((row.ticket_id.id, row.id, row.cycle, values["next_percent"], values["next_at"]))
            else:
                idle.append(row.id)
        for ticket, of_ticket in clocks.items():
            plan = ticket.sla_policy_id.id, ticket.sla_target_id.id
            shown = self._sla_shown(plan, of_ticket)
            changed = {
                fname: value for fname, value in shown.items()
                if (ticket[fname].id if ticket._fields[fname].type == "many2one" else ticket[fname]) != value
            }
            if changed:
                ticket.write(changed)
        if idle:
            self.env["psa.timer"].sudo()._cancel("sla", res_ids=idle)
        self._sla_schedule(timers)
        if late:
            late.passed = sla.BREACH
            late._announce(sla.BREACH)
        if moved:
            tickets.browse(dict.fromkeys(moved))._psa_rules_event("sla_moved")
