from odoo import models


class PsaTicket(models.Model):
    """Nothing is promised about a ticket that was put away: its open clocks are taken back, and nobody is told of them.

    What was met or missed before stays. Taken out of the archive, it has its targets again; the time it lay there does not count.
    """

    _inherit = "psa.ticket"

    def write(self, vals):
        if "active" not in vals:
            return super().write(vals)
        changed = self.sudo().filtered(lambda ticket: ticket.active != bool(vals["active"]))
        result = super().write(vals)
        if changed:
            changed._sla_reevaluate(self.env._("Taken out of the archive") if vals["active"] else self.env._("Archived"))
        return result

    def _sla_choose(self):
        there = self.filtered("active")
        chosen = super(PsaTicket, there)._sla_choose() if there else {}
        return {**dict.fromkeys(self - there), **chosen}
