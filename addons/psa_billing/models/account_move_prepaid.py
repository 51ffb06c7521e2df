from odoo import models


class AccountMove(models.Model):
    """Prepaid hours that wait for their invoice or its payment can be used as soon as that is there."""

    _inherit = "account.move"

    def _post(self, soft=True):
        posted = super()._post(soft)
        posted._psa_open_prepaid("invoiced")
        return posted

    def _invoice_paid_hook(self):
        result = super()._invoice_paid_hook()
        self._psa_open_prepaid("paid")
        return result

    def _psa_open_prepaid(self, usable):
        """Rate the work of clients again whose purchases are on these invoices."""
        items = self.env["psa.billing.item"].sudo().search_fetch(
            [("move_id", "in", self.ids), ("kind", "=", "prepaid"), ("source_model", "=", "psa.contract.due")], ["source_id"]
        )
        dues = self.env["psa.contract.due"].sudo().browse(items.mapped("source_id")).exists()
        dues.prepaid_id.filtered(lambda block: block.usable == usable)._psa_rate_clients()
