from odoo import api, fields, models
from odoo.fields import Domain

from ..core import sla
from .psa_ticket_sla import KIND_SELECTION


class PsaTicket(models.Model):
    """Which targets of a ticket were missed, by their names: “Missed” alone says nothing about a ticket that is done."""

    _inherit = "psa.ticket"

    sla_missed_names = fields.Char("Missed Targets", compute="_compute_sla_missed_names", groups="base.group_user")

    @api.depends("sla_is_missed", "sla_ids.state", "sla_ids.is_withdrawn")
    @api.depends_context("lang")
    def _compute_sla_missed_names(self):
        # Most tickets have missed none: of those nothing is asked.
        missed = self.filtered("sla_is_missed")
        kinds = {}
        if missed.ids:
            rows = self.env["psa.ticket.sla"].sudo()._read_group(
                Domain("ticket_id", "in", missed.ids) & Domain("state", "=", sla.MISSED) & Domain("is_withdrawn", "=", False),
                ["ticket_id", "kind"],
            )
            for ticket, kind in rows:
                kinds.setdefault(ticket.id, set()).add(kind)
        labels = dict(self.env["psa.ticket.sla"]._fields["kind"]._description_selection(self.env))
        for ticket in self:
            of_ticket = kinds.get(ticket._origin.id, ())
            ticket.sla_missed_names = ", ".join(labels[kind] for kind, __ in KIND_SELECTION if kind in of_ticket) or False
