from odoo import fields, models

from ..core import sla
from .psa_ticket_sla import aware, naive


class PsaTimer(models.Model):
    """The timers of service levels: each is the next threshold of one clock."""

    _inherit = "psa.timer"

    def _fire_sla(self):
        """Tell what thresholds were passed, record misses, and schedule the threshold after each."""
        rows = {row.id: row for row in self.env["psa.ticket.sla"].sudo().browse(self.mapped("res_id")).exists()}
        stretches = self.env["psa.ticket.sla"].browse(rows).sudo().ticket_id._sla_stretches()
        now = aware(fields.Datetime.now())
        told = {}
        for timer in self:
            row = rows.get(timer.res_id)
            if not row or row.ended_at or row.is_withdrawn or row.cycle != timer.cycle or row.passed >= timer.threshold:
                continue
            standing, __ = row._stand(stretches[row.ticket_id.id], now)
            if standing.next_percent != timer.threshold or not standing.next_at:
                # The clock stands still or has no hours just now: cancelled, the timer is revived when it goes on.
                timer.write({"state": "cancelled", "fired_at": False, "is_late": False})
                continue
            if standing.next_at > now:
                # The hours were changed, and nobody has reckoned this clock anew yet.
                timer._postpone(naive(standing.next_at))
                continue
            told.setdefault(timer.threshold, []).append(row.id)
            row.passed = timer.threshold
        for percent in sorted(told):
            passed = self.env["psa.ticket.sla"].sudo().browse(told[percent])
            passed._announce(percent)
        self.env["psa.ticket.sla"].sudo().browse(rows).ticket_id._sla_refresh()

    def _describe_sla(self):
        """Return {timer: what a person is shown of it}."""
        rows = {row.id: row for row in self.env["psa.ticket.sla"].sudo().browse(self.mapped("res_id")).exists()}
        labels = dict(self.env["psa.ticket.sla"]._fields["kind"]._description_selection(self.env))
        return {
            timer: self.env._("%(target)s missed", target=labels[rows[timer.res_id].kind]) if timer.threshold == sla.BREACH
            else self.env._("%(target)s at %(percent)s%%", target=labels[rows[timer.res_id].kind], percent=timer.threshold)
            for timer in self if timer.res_id in rows
        }
