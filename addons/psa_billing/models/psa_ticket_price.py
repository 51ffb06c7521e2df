from odoo import models
from odoo.fields import Domain

from ..core import ledger
from .psa_billing_item import TIME_MODEL

# What decides whether a price by the ticket is charged.
DECISIVE = {"stage_id", "desk_id", "merged_ref_id", "date_closed"}


class PsaTicket(models.Model):
    """A ticket that ends otherwise than it seemed has its time priced again: a cancelled one is not charged by the ticket."""

    _inherit = "psa.ticket"

    def write(self, vals):
        if not DECISIVE & vals.keys():
            return super().write(vals)
        before = {ticket: ticket._psa_end_of_ticket() for ticket in self.sudo()}
        result = super().write(vals)
        changed = self.sudo().filtered(lambda ticket: ticket._psa_end_of_ticket() != before[ticket])
        if changed:
            changed._psa_price_again()
        return result

    def _psa_end_of_ticket(self):
        """Return how the ticket ended, as far as its price goes by it; False while it is open."""
        if self.merged_ref_id or self.state == "cancelled":
            return "no price"
        return self.state == "closed" and self.date_closed

    def _psa_price_again(self):
        """Take back prices of tickets that are not charged after all, and price the time on the tickets again."""
        uncharged = self.filtered(lambda ticket: ticket._psa_end_of_ticket() == "no price")
        dues = self.env["psa.contract.due"].sudo().search(
            [("kind", "=", "per_ticket"), ("ticket_id", "in", uncharged.ids)]
        ) if uncharged else self.env["psa.contract.due"].sudo()
        dues -= dues._psa_frozen() if dues else dues
        if dues:
            dues._psa_take_back()
        rows = self.env["psa.billing.item"].sudo().search_fetch(
            Domain("ticket_id", "in", self.ids)
            & Domain("source_model", "=", TIME_MODEL)
            & Domain("state", "in", ledger.OPEN_STATES)
            & Domain("contract_id.component_ids", "any", [("kind", "=", "per_ticket"), ("is_time_covered", "=", True)]),
            ["client_id", "company_id"],
        )
        for company, of_company in rows.grouped("company_id").items():
            of_company._psa_rate(of_company.client_id, company)
