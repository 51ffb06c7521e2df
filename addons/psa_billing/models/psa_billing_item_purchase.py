from odoo import models
from odoo.exceptions import UserError

# Less than what quantities are shown with.
SAME_QUANTITY = 0.005


class PsaBillingItem(models.Model):
    """Rows that charge for hours or money paid ahead: what is decided about them decides what can be drawn."""

    _inherit = "psa.billing.item"

    def action_back_to_review(self):
        """Take the release or the write-off back; what was bought can be drawn again."""
        result = super().action_back_to_review()
        self._psa_purchased()._psa_rate_clients()
        return result

    def _write_off(self, reason):
        """Give rows up; work is not paid any more from what nobody pays for."""
        result = super()._write_off(reason)
        self._psa_purchased()._psa_rate_clients()
        return result

    def _adjust(self, reason, quantity=None, price_unit=None, name=None):
        """Refuse another quantity of what was bought: so much of it can be drawn."""
        if quantity is not None and abs(quantity - self.quantity) > SAME_QUANTITY and self._psa_purchased():
            raise UserError(
                self.env._(
                    "“%s” was sold with this quantity, and so much can be drawn from it. Change the price alone, or write the row "
                    "off and buy as much as was meant with “Buy” on the component.",
                    self.name.split("\n")[0],
                )
            )
        return super()._adjust(reason, quantity, price_unit, name)

    def _psa_purchased(self):
        """Return the blocks and retainers these rows charge for."""
        rows = self.sudo().exists().filtered(lambda item: item.kind == "prepaid" and item.source_model == "psa.contract.due")
        return self.env["psa.contract.due"].sudo().browse(rows.mapped("source_id")).exists().prepaid_id
