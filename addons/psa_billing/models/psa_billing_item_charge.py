from odoo import fields, models


class PsaBillingItem(models.Model):
    """Ledger rows of charges and expenses: what type they are, and how their price came about."""

    _inherit = "psa.billing.item"

    billable_type_id = fields.Many2one(
        "psa.billable.type", readonly=True, index="btree_not_null", ondelete="restrict", help="The type of the charge."
    )

    def _explain_inside(self):
        return [*super()._explain_inside(), *self._explain_charge(), *self._explain_expense()]

    def _explain_charge(self):
        charge = (self.derivation or {}).get("charge")
        if not charge:
            return []
        rule = {
            "by_hand": self.env._("The price was set by hand."),
            "fixed": self.env._("The price is the fixed one of the type “%s”.", charge["type"]),
            "product": self.env._("The price is that of the client's price list."),
            "markup": self.env._("The price is the cost and the mark-up of the type “%s”.", charge["type"]),
        }[charge["rule"]]
        reason = [self.env._("It corrects a charge: %s", charge["reason"])] if charge.get("reason") else []
        return [rule, *reason]

    def _explain_expense(self):
        expense = (self.derivation or {}).get("expense")
        # What was laid out, and what we put on it, is for billing alone.
        if not expense or not self.env.user.has_group("psa_crm.group_billing"):
            return []
        values = {"cost": expense["cost"], "markup": expense["markup"], "total": expense["total"], "currency": expense["currency"]}
        laid_out = self.env._("%(total)s %(currency)s were laid out; without taxes that is %(cost)s.", **values)
        rule = {
            "cost": self.env._("The client pays the cost."),
            "percent": self.env._("The client pays the cost and %(markup)s %%.", **values),
            "fixed": self.env._("The client pays the cost and %(markup)s more.", **values),
            "none": self.env._("The client pays nothing of it."),
        }[expense["rule"]]
        exchange = expense.get("exchange")
        exchanged = [self.env._("It was exchanged at the rate of %(rate)s %(to)s for 1 %(from)s.", **exchange)] if exchange else []
        return [laid_out, rule, *exchanged]
