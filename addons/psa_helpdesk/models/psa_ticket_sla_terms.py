from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..core import sla
from ..core.lifecycle import OPEN_STATES
from .psa_ticket_sla import KIND_SELECTION, aware


class PsaTicket(models.Model):
    """Other targets for a ticket that has some: its priority, client or contract changed.

    Time already used counts. A miss that was recorded stays with the terms under which it was missed, and so does what was
    done. History says what changed and why.
    """

    _inherit = "psa.ticket"

    def _sla_reevaluate(self, reason, thorough=False):
        """Look again which targets these tickets have; return those whose targets changed.

        :param reason: what history says why, or what returns it for a ticket, in the words of its desk
        :param thorough: whether changes inside a policy are taken over, too: the tickets of a policy keep what was promised
            when it became theirs
        """
        tickets = self.sudo().filtered(lambda ticket: ticket.state in OPEN_STATES)
        if not tickets or not (self.env["psa.sla.policy"]._catalog() or any(ticket.sla_policy_id for ticket in tickets)):
            return tickets.browse()
        plans = tickets._sla_choose()
        plans = {ticket: plan for ticket, plan in plans.items() if thorough or ticket._sla_may_differ(plan)}
        if not plans:
            return tickets.browse()
        tickets = tickets.browse(ticket.id for ticket in plans)
        now = fields.Datetime.now()
        hours = self._sla_hours(plans)
        stretches = tickets._sla_stretches()
        present, kept, new_rows, changed = tickets._sla_present_rows(), {}, [], tickets.browse()
        answers = tickets._sla_first_answers() if any(plan and sla.RESPONSE in plan.budgets for plan in plans.values()) else {}
        for ticket, plan in plans.items():
            is_same = (ticket.sla_policy_id.id, ticket.sla_target_id.id) == ((plan.policy_id, plan.target_id) if plan else (False, False))
            only_hours, is_changed = is_same and not thorough, not is_same
            for kind in sla.KINDS:
                row = present.get((ticket.id, kind))
                if row and row._is_settled():
                    if row.missed_at:
                        kept.setdefault(ticket, []).append(kind)
                elif row:
                    is_changed |= row._change_terms(plan, hours[ticket], stretches[ticket.id], now, only_hours)
                elif not only_hours and plan and kind in plan.budgets and (
                    kind != sla.UPDATE or ticket.id in answers or sla.RESPONSE not in plan.budgets
                ):
                    # What was promised from the beginning counts from there; the next update from now on.
                    since = aware(now) if kind == sla.UPDATE else stretches[ticket.id][0].start
                    answered_at = aware(answers.get(ticket.id)) if kind == sla.RESPONSE else None
                    values, __ = self._sla_new_row(
                        ticket, kind, plan, hours[ticket], stretches[ticket.id], since, aware(now), answered_at=answered_at)
                    new_rows.append({**values, "answered_at": answers.get(ticket.id) if answered_at else False})
                    is_changed = True
            if is_changed:
                changed |= ticket
        if not changed:
            return changed
        self._sla_insert(new_rows, {})
        self._sla_log_terms(changed, plans, kept, reason)
        for (policy_id, target_id), ids in self._sla_grouped(
            ((plans[ticket].policy_id, plans[ticket].target_id) if plans[ticket] else (False, False), ticket.id) for ticket in changed
        ).items():
            tickets.browse(ids).write({"sla_policy_id": policy_id, "sla_target_id": target_id})
        changed._sla_refresh()
        return changed

    def _sla_may_differ(self, plan):
        """Tell whether a ticket may have other terms now; where places decide about hours, these are looked up."""
        if plan is None:
            return bool(self.sla_policy_id)
        key = (self.sla_policy_id.id, self.sla_target_id.id)
        return key != (plan.policy_id, plan.target_id) or plan.hours in ("client", "desk")

    def _sla_present_rows(self):
        """Return {(ticket id, kind): its latest clock}."""
        rows = self.env["psa.ticket.sla"].sudo().search([("ticket_id", "in", self.ids)], order="ticket_id, id")
        return {(row.ticket_id.id, row.kind): row for row in rows}

    def _sla_first_answers(self):
        """Return {ticket id: when a colleague first said something that the client reads}."""
        return {ticket_id: moments[0] for ticket_id, moments in self._sla_answers().items()}

    def _sla_answers(self):
        """Return {ticket id: each time a colleague said something that the client reads}."""
        self.env["psa.ticket"].flush_model(["partner_id"])
        self.env["psa.ticket.entry"].flush_model()
        return dict(self.env.execute_query(SQL(
            """
            SELECT entry.ticket_id, array_agg(entry.date ORDER BY entry.date)
              FROM psa_ticket_entry entry
              JOIN psa_ticket ticket ON ticket.id = entry.ticket_id
             WHERE entry.ticket_id = ANY(%s) AND entry.is_internal IS NOT TRUE AND entry.kind != 'description'
                   AND entry.source != 'alert'
                   AND entry.author_id IS DISTINCT FROM ticket.partner_id
                   AND EXISTS (
                       SELECT FROM res_users account
                        WHERE account.partner_id = entry.author_id AND account.share IS NOT TRUE AND account.id != %s
                   )
             GROUP BY entry.ticket_id
            """,
            list(self._ids), SUPERUSER_ID,
        )))

    @api.model
    def _sla_log_terms(self, tickets, plans, kept, reason):
        """Write into the history which targets changed, and why."""
        labels = dict(self.env["psa.ticket.sla"]._fields["kind"]._description_selection(self.env)) or dict(KIND_SELECTION)
        groups = {}
        for ticket in tickets:
            plan = plans[ticket]
            key = (
                (ticket.sla_policy_id.id, ticket.sla_target_id.id), (plan.policy_id, plan.target_id) if plan else (False, False),
                tuple(kept.get(ticket, ())), reason(ticket) if callable(reason) else reason,
            )
            groups.setdefault(key, []).append(ticket.id)
        for (old, new, stay, why), ids in groups.items():
            parts = [why + "."]
            if any(old):
                parts.append(self.env._("Time already used counts."))
            parts += [self.env._("%s stays missed.", labels[kind]) for kind in stay]
            tickets.browse(ids)._log_history(
                "rule", field_name="sla_policy_id", old=self._sla_plan_label(*old), new=self._sla_plan_label(*new),
                description=" ".join(parts),
            )
