from odoo import models

from ..core import sla
from .psa_ticket_sla import aware


class PsaTicketSla(models.Model):
    """A promise under other terms, or taken back."""

    _inherit = "psa.ticket.sla"

    def _is_settled(self):
        """Tell whether nothing changes this clock any more but the end of its ticket: it was missed, or done."""
        return bool(self.missed_at or (self.ended_at and not self.is_withdrawn))

    def _change_terms(self, plan, hours, stretches, now, only_hours):
        """Put an open clock under other terms; return whether they are other ones. Time used so far counts.

        :param only_hours: the promise is the same; only the place whose hours count may be another
        """
        self.ensure_one()
        if only_hours:
            terms = {"calendar_id": hours[0], "tz": hours[1]} if plan and self.hours == plan.hours and not self.is_withdrawn else {}
        elif plan and self.kind in plan.budgets:
            terms = self.env["psa.ticket"]._sla_terms_of(plan, self.kind, hours)
        else:
            return self._withdraw(stretches, now)
        differing = [
            fname for fname, value in terms.items()
            if (self[fname].id if fname.endswith("_id") else self[fname] or False) != (value or False)
        ]
        if not differing and (only_hours or not self.is_withdrawn):
            return False
        used = self.used_seconds if self.is_withdrawn else self._stand(stretches, aware(now))[0].elapsed
        self.env["psa.timer"].sudo()._cancel("sla", res_ids=self.ids)
        self.write({
            **terms, "used_seconds": used, "since": now, "cycle": self.cycle + 1, "passed": 0, "is_withdrawn": False,
            "ended_at": False, "due_at": False,
        })
        return True

    def _withdraw(self, stretches, now):
        """Take an open promise back; return whether it was there."""
        if self.is_withdrawn:
            return False
        used = self._stand(stretches, aware(now))[0].elapsed
        self.write({
            "is_withdrawn": True, "state": sla.CANCELLED, "used_seconds": used, "elapsed_seconds": used, "ended_at": now,
            "due_at": False, "warn_at": False, "next_percent": 0, "next_at": False,
        })
        self.env["psa.timer"].sudo()._cancel("sla", res_ids=self.ids)
        return True
