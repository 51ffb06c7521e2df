from odoo import models
from odoo.tools import formatLang

from ..core import terms


class PsaBillingItem(models.Model):
    """Ledger rows as the client reads them: no cost, no internal note, no name of who decided what."""

    _inherit = "psa.billing.item"

    def _psa_portal_rows(self):
        """Return rows for the portal, each with its text, its amounts and the reason in plain words."""
        return [item._prepare_portal_row() for item in self]

    def _prepare_portal_row(self):
        self.ensure_one()
        head, _sep, text = self.name.partition("\n")
        return {
            "date": self.date,
            "ticket": f"{self.ticket_id.number} {self.ticket_id.name}" if self.ticket_id else "",
            "head": head,
            "text": text or head,
            "hours": self._time_text(self.seconds) if self.seconds else "",
            "amount": formatLang(self.env, self.amount, currency_obj=self.currency_id),
            "paid_by": self._psa_paid_by(),
            "why": self._explain(for_client=True),
        }

    def _psa_paid_by(self):
        """Return what pays for a covered row, in a few words."""
        if self.prepaid_id:
            return self.prepaid_id.name
        if self.funding == terms.BY_INCLUDED:
            return self.env._("Included hours")
        return dict(self._fields["funding"]._description_selection(self.env)).get(self.funding, "")
