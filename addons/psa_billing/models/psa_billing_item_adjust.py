from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import float_compare, float_round

from ..core import rating, terms
from ..tools import to_decimal
from .psa_billing_item import TIME_MODEL

ADJUSTABLE = ("error", "pending", "approved")


class PsaBillingItem(models.Model):
    """Adjusting a row in the review: another quantity, price or text than rating gives, with a reason and a history."""

    _inherit = "psa.billing.item"

    def action_undo_adjustment(self):
        """Give rows back to rating: they are priced by the contract again."""
        self._check_billing()
        items = self.sudo()
        items._psa_take_turn(items.client_id, items.company_id)
        items = items._locked(ADJUSTABLE).filtered("is_adjusted")
        items._psa_open_corrections()
        for item in items:
            item._log("undo", old=item._money_text(item._money_values()), reason=item.adjust_reason, uid=self.env.uid)
        undone = {"is_adjusted": False, "adjust_reason": False, "state": "pending", "run_line_ids": [Command.clear()]}
        items._write_row({**undone, **self._review_stamp(self.env.uid)})
        items._psa_rate_again()
        return True

    def _adjust(self, reason, quantity=None, price_unit=None, name=None):
        """Charge something else than rating says; the row is not priced again until the adjustment is undone.

        :param quantity: in the row's unit
        :param price_unit: for one of that unit
        """
        self.ensure_one()
        self._check_billing()
        item = self.sudo()
        item._psa_take_turn(item.client_id, item.company_id)
        if not item._locked(ADJUSTABLE):
            raise UserError(
                self.env._(
                    "Only rows that are to be paid and not invoiced yet can be adjusted. What is covered by a contract costs "
                    "nothing; what is invoiced is corrected by a correction of the entry."
                )
            )
        if name and name != item.name:
            item._log("text", old=item.name, new=name, reason=reason, uid=self.env.uid)
            item._write_row({"name": name, "has_own_text": True})
        old = item._money_values()
        new = {
            **old,
            "quantity": self._invoiced_quantity(quantity, old["quantity"]),
            "price_unit": old["price_unit"] if price_unit is None else price_unit,
        }
        if new == old:
            return
        item._check_adjusted(old, new)
        item._psa_open_corrections()
        vals = item._adjusted_vals(new)
        item._log("adjust", old=self._money_text(old), new=self._money_text({**new, **vals}), reason=reason, uid=self.env.uid)
        item._write_row({**vals, "adjust_reason": reason, **self._review_stamp(self.env.uid)})
        # A problem that is put right by hand, or a part whose entry is kept now, may leave more for the others.
        item._psa_rate_again()

    def _check_adjusted(self, old, new):
        """Refuse to make a credit of what is charged, or the other way round: there would be nothing that it takes back."""
        for name in ("quantity", "price_unit"):
            if new[name] * old[name] < 0 or (not old[name] and new[name] < 0):
                raise UserError(
                    self.env._(
                        "“%s” would be turned from a charge into a credit, or from a credit into a charge. Enter “New Quantity” and "
                        "“New Unit Price” as they should have been, 0 for nothing; more is given back by a correction of the entry.",
                        self.name.split("\n")[0],
                    )
                )

    @api.model
    def _invoiced_quantity(self, quantity, old):
        """Return a quantity with the decimals that invoice lines keep; the old one if it is that, or none was entered."""
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        if quantity is None or not float_compare(quantity, old, precision_digits=digits):
            return old
        return float_round(quantity, precision_digits=digits)

    def _money_values(self):
        self.ensure_one()
        return {
            "quantity": self.quantity,
            "price_unit": self.price_unit,
            "amount": self.amount,
            "uom_id": self.uom_id.id,
            "currency_id": self.currency_id.id,
        }

    def _adjusted_vals(self, new):
        """Return what a row says with another quantity and price."""
        self.ensure_one()
        if not self.product_id:
            raise UserError(
                self.env._("“%s” has no product to invoice. Set one on its work type first.", self.name.split("\n")[0])
            )
        amount = rating.round_money(
            to_decimal(new["quantity"]) * to_decimal(new["price_unit"]), to_decimal(self.currency_id.rounding)
        )
        vals = {
            "quantity": new["quantity"],
            "price_unit": new["price_unit"],
            "amount": float(amount),
            "value": float(amount),
            "is_adjusted": True,
            "state": "pending",
            "error": False,
            "run_line_ids": [Command.clear()],
        }
        if self.funding == terms.BY_NOBODY:
            vals["funding"] = terms.BY_RATE if self.source_model == TIME_MODEL else terms.BY_PRICE
        if self.source_model == TIME_MODEL:
            size = self._seconds_each()
            vals["seconds"] = round(new["quantity"] * size)
            vals["hourly_rate"] = new["price_unit"] * terms.SECONDS_PER_HOUR / size
        told = {name: vals.get(name, self[name]) for name in ("state", "cost", "date", "value", "amount")}
        told.update(company_id=self.company_id.id, currency_id=self.currency_id.id)
        vals["is_below_cost"] = self._is_below_cost(told, {"conversions": {}})
        return vals

    def _seconds_each(self):
        """Return the seconds of one unit of the row."""
        return {
            self.env.ref("uom.product_uom_hour"): terms.SECONDS_PER_HOUR,
            self.env.ref("uom.product_uom_minute"): terms.SECONDS_PER_MINUTE,
        }.get(self.uom_id, 1)
