from odoo import api, fields, models


class PsaTicket(models.Model):
    """Time and merged tickets, parents and children.

    Time that is not approved moves with its ticket. What is approved is locked and stays where it is, with its ledger rows and
    invoice; the survivor counts it in its total. Time worked for another client stays, too: it is that client's to pay.
    """

    _inherit = "psa.ticket"

    psa_family_worked_hours = fields.Float(
        "Worked with Parts",
        compute="_compute_psa_family_hours",
        groups="base.group_user",
        help="Time on this ticket, its parts and the tickets merged into them.",
    )
    psa_family_billable_hours = fields.Float(
        "Billable with Parts", compute="_compute_psa_family_hours", groups="base.group_user"
    )
    psa_has_family_time = fields.Boolean(compute="_compute_psa_family_hours", groups="base.group_user")

    @api.depends("psa_time_ids.unit_amount", "psa_time_ids.psa_billable_minutes", "child_ids")
    def _compute_psa_family_hours(self):
        families = self._family_ids()
        ticket_ids = {ticket_id for family in families.values() for ticket_id in family}
        totals = {
            ticket.id: (worked, billable)
            for ticket, worked, billable in self.env["account.analytic.line"]
            .sudo()
            ._read_group(
                [("psa_ticket_id", "in", sorted(ticket_ids))],
                ["psa_ticket_id"],
                ["unit_amount:sum", "psa_billable_hours:sum"],
            )
        }
        for ticket in self:
            family = families.get(ticket._origin.id, [])
            hours = [totals.get(ticket_id, (0.0, 0.0)) for ticket_id in family]
            ticket.psa_family_worked_hours = sum(worked for worked, __ in hours)
            ticket.psa_family_billable_hours = sum(billable for __, billable in hours)
            ticket.psa_has_family_time = len(family) > 1

    def _merge_into(self, survivor):
        moved = super()._merge_into(survivor)
        if self._is_stranger_to(survivor):
            return moved
        lines = self.env["account.analytic.line"].sudo().search([("psa_ticket_id", "=", self.id)])
        lines = self._merge_movable(lines)
        if lines:
            lines.write({"psa_ticket_id": survivor.id})
            moved.append((lines._name, "psa_ticket_id", lines.ids))
            (self | survivor)._log_history(
                "time",
                description=self.env._(
                    "%(count)s time entries moved from %(merged)s to %(survivor)s",
                    count=len(lines),
                    merged=self.number,
                    survivor=survivor.number,
                ),
            )
        self._psa_merge_timers(survivor)
        return moved

    def _merge_moves(self):
        tasks = ("project.task", "psa_ticket_ref_id", [("psa_ticket_ref_id", "=", self.id)])
        return [*super()._merge_moves(), tasks]

    @api.model
    def _merge_movable(self, records):
        records = super()._merge_movable(records)
        if records._name != "account.analytic.line":
            return records
        # A correction stays with the approved entry it corrects.
        return records.filtered(lambda line: line.psa_approval_state != "approved" and not line.psa_corrects_id)

    def _psa_merge_timers(self, survivor):
        """Let the timers go on with the survivor; who has one there already keeps the time of both in it."""
        Timer = self.env["psa.work.timer"].sudo()
        timers = Timer.search([("ticket_id", "in", (self | survivor).ids)])
        there = {timer.user_id: timer for timer in timers if timer.ticket_id == survivor}
        now = Timer._now()
        for timer in timers.filtered(lambda timer: timer.ticket_id == self):
            kept = there.get(timer.user_id)
            if not kept:
                timer.ticket_id = survivor
                continue
            was_running = timer.is_running
            timer._pause(now)
            seconds, runs = timer.seconds_before, timer.runs or []
            timer.unlink()
            kept.seconds_before += seconds
            kept.runs = sorted([*(kept.runs or []), *runs])
            if was_running:
                kept.action_start()
