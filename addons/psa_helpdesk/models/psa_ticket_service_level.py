from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..core import clock, sla
from .psa_ticket_sla import KIND_SELECTION, TICKET_COLUMNS, aware, naive

# Written by the clocks; nobody else says how they stand.
MEASURED = frozenset({*TICKET_COLUMNS, "state_since"})


class PsaTicket(models.Model):
    """The service levels of a ticket: which targets it has and why, and what it shows of its clocks.

    The clock that presses most is copied to the ticket, so that boards and lists sort and filter by it. What moves the
    clocks is in ``psa_ticket_sla_events.py``.
    """

    _inherit = "psa.ticket"

    _sla_due_idx = models.Index("(company_id, sla_due_at) WHERE sla_due_at IS NOT NULL AND state IN ('new', 'open', 'waiting', 'on_hold')")
    _sla_policy_idx = models.Index("(sla_policy_id, state) WHERE sla_policy_id IS NOT NULL")
    _sla_target_idx = models.Index("(sla_target_id) WHERE sla_target_id IS NOT NULL")
    _sla_missed_idx = models.Index("(company_id, id DESC) WHERE sla_is_missed IS TRUE")

    state_since = fields.Datetime("In This State since", readonly=True, copy=False, groups="base.group_user", export_string_translation=False)
    sla_policy_id = fields.Many2one(
        "psa.sla.policy", "SLA Policy", readonly=True, copy=False, ondelete="restrict", groups="base.group_user",
        help="The policy that counts for the ticket.",
    )
    sla_target_id = fields.Many2one(
        "psa.sla.target", "SLA Target", readonly=True, copy=False, ondelete="set null", groups="base.group_user",
    )
    sla_state = fields.Selection(
        [(sla.RUNNING, "Running"), (sla.PAUSED, "Paused"), (sla.MISSED, "Missed"), (sla.MET, "Met")], "SLA State",
        readonly=True, copy=False, groups="base.group_user", help="How the clock stands that presses most.",
    )
    sla_kind = fields.Selection(KIND_SELECTION, "Next Target", readonly=True, copy=False, groups="base.group_user")
    sla_due_at = fields.Datetime("SLA Due", readonly=True, copy=False, groups="base.group_user", help="When the next target is due. Empty while its clock is paused.")
    sla_warn_at = fields.Datetime("SLA Warning", readonly=True, copy=False, groups="base.group_user")
    sla_remaining_seconds = fields.Integer("SLA Left (s)", readonly=True, copy=False, groups="base.group_user", aggregator=None)
    sla_is_missed = fields.Boolean("SLA Missed", readonly=True, copy=False, groups="base.group_user", help="One of the targets was missed, whatever came after.")
    sla_ids = fields.One2many("psa.ticket.sla", "ticket_id", "Service Levels", readonly=True, groups="base.group_user")
    state_interval_ids = fields.One2many("psa.ticket.state.interval", "ticket_id", "Past States", readonly=True, groups="base.group_user")

    def _complete_create_vals(self, vals_list):
        result = super()._complete_create_vals(vals_list)
        now = fields.Datetime.now()
        for vals in vals_list:
            for fname in TICKET_COLUMNS:
                vals.pop(fname, None)
            vals["state_since"] = now
        return result

    def write(self, vals):
        if not self.env.su and not MEASURED.isdisjoint(vals):
            raise AccessError(self.env._(
                "Service levels are measured, not written. Change the ticket's priority, client or stage, or the policy."
            ))
        return super().write(vals)

    def action_explain_sla(self):
        """Open why this ticket has the targets it has."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_sla_explanation")
        return {**action, "context": {"default_ticket_id": self.id}}

    def _sla_facts(self, used):
        """Return {ticket: {criterion: ids}} of what policies go by.

        :param used: names of the criteria some policy uses; others need not be looked up
        """
        facts = {}
        for ticket in self:
            facts[ticket] = {
                "client": ticket.client_id._ids,
                "client_class": ticket.client_id.psa_client_class_id._ids if "client_class" in used else (),
                "desk": ticket.desk_id._ids,
                "asset_type": ticket.asset_ids.type_id._ids if "asset_type" in used else (),
                **{
                    fname.removesuffix("_id"): ticket[fname]._ids
                    for fname in ("subcategory_id", "category_id", "type_id", "severity_id", "priority_id")
                },
            }
        return facts

    def _sla_choose(self):
        """Return {ticket: its Plan, or None}; reads whatever the caller may see, for a promise does not depend on who looks."""
        catalog = self.env["psa.sla.policy"]._catalog()
        chosen = {}
        for company, tickets in self.sudo().grouped("company_id").items():
            candidates, plans, used = catalog.get(company.id, ((), {}, frozenset()))
            facts = tickets._sla_facts(used) if candidates else {}
            for ticket in tickets:
                candidate = sla.choose(candidates, facts[ticket]) if candidates else None
                chosen[ticket] = plans[candidate.key] if candidate else None
        return chosen

    @api.model
    def _sla_hours(self, plans):
        """Return {ticket: (id of the calendar or False, time zone)} for tickets and their plans."""
        Desk = self.env["psa.desk"]
        asked = self.browse(ticket.id for ticket, plan in plans.items() if plan and plan.hours == "client").sudo()
        people = {ticket: ticket.partner_id or ticket.client_id for ticket in asked}
        partners = self.env["res.partner"].sudo().union(*people.values()) if people else self.env["res.partner"]
        of_partner = partners._psa_calendar_and_tz() if partners else {}
        hours = {}
        for ticket, plan in plans.items():
            if not plan or plan.hours == "always":
                hours[ticket] = (False, False)
                continue
            found = None
            if plan.hours == "own":
                found = (plan.calendar_id, False)
            elif plan.hours == "client" and people.get(ticket):
                calendar, tz = of_partner[people[ticket]]
                found = (calendar.id, tz) if calendar else None
            hours[ticket] = found or (Desk._sla_calendar_by_desk().get(ticket.desk_id.id) or False, False)
        return hours

    @api.model
    def _sla_clock(self, hours, calendar_id, tz):
        """Return the hours of a clock as the core takes them."""
        if hours == "always" or not calendar_id:
            return clock.ALWAYS
        return self.env["resource.calendar"].sudo().browse(calendar_id)._psa_clock(tz or None)

    def _sla_stretches(self):
        """Return {ticket id: the log of its states, the present one last}."""
        past = {}
        for ticket_id, state, start, end in self.env.execute_query(self.env["psa.ticket.state.interval"]._log_query(self.ids)):
            past.setdefault(ticket_id, []).append(sla.Stretch(state, aware(start), aware(end)))
        stretches = {}
        for ticket in self.sudo():
            log = past.get(ticket.id, [])
            since = ticket.state_since or ticket.date_last_stage_update or ticket.create_date or fields.Datetime.now()
            if not log and not ticket.state_since and ticket.create_date and ticket.create_date < since:
                # Tickets older than the log: all that is known is that they were open before.
                log = [sla.Stretch("open", aware(ticket.create_date), aware(since))]
            begun = max(aware(since), log[-1].end) if log else aware(since)
            stretches[ticket.id] = [*log, sla.Stretch(ticket.state, begun, None)]
        return stretches

    def _sla_shown(self, plan, clocks):
        """Return the values of TICKET_COLUMNS from the clocks of a ticket.

        :param clocks: ``[(kind, standing, budget in seconds)]`` without those that are withdrawn
        """
        index = sla.foremost([(kind, standing) for kind, standing, __ in clocks])
        shown = {
            "sla_policy_id": plan[0] if plan else False, "sla_target_id": plan[1] if plan else False,
            "sla_is_missed": any(standing.state == sla.MISSED for __, standing, __ in clocks),
            "sla_state": False, "sla_kind": False, "sla_due_at": False, "sla_warn_at": False, "sla_remaining_seconds": 0,
        }
        if index is not None:
            kind, standing, budget = clocks[index]
            shown.update(
                sla_state=standing.state, sla_kind=kind if standing.is_open else False,
                sla_due_at=naive(standing.due_at) if standing.is_open else False,
                sla_warn_at=naive(standing.warn_at) if standing.is_open else False,
                sla_remaining_seconds=budget - standing.elapsed,
            )
        return shown

    def _sla_due(self):
        """Return {ticket id: {kind: when it is due, None while it is paused}} of what is still to be done."""
        due = {ticket_id: {} for ticket_id in self._ids}
        for row in self.env["psa.ticket.sla"].sudo().search([
            ("ticket_id", "in", self.ids), ("ended_at", "=", False), ("is_withdrawn", "=", False),
        ]):
            due[row.ticket_id.id][row.kind] = row.due_at or None
        return due

    def _sla_plan_label(self, policy_id, target_id):
        """Return what history calls a row of a policy."""
        policy = self.env["psa.sla.policy"].sudo().browse(policy_id or ()).exists()
        target = self.env["psa.sla.target"].sudo().browse(target_id or ()).exists()
        if not policy:
            return self.env._("no policy")
        return f"{policy.name}, {target.display_name}" if target else policy.name
