from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import charges
from .psa_expense_policy import REBILL_RULES


class PsaContract(models.Model):
    """What a contract says of expenses made for the client."""

    _inherit = "psa.contract"

    expense_rule = fields.Selection(
        [("policy", "As the expense policy has it"), *REBILL_RULES],
        "Expenses",
        required=True,
        default="policy",
        help="Whether and with which mark-up the client pays expenses that were made for him.",
    )
    expense_markup = fields.Float("Mark-up", help="Percent, or an amount in the currency of the company.")

    @api.constrains("expense_rule", "expense_markup")
    def _check_expense_markup(self):
        for contract in self:
            if contract.expense_rule in (charges.PERCENT, charges.FIXED) and contract.expense_markup < 0:
                raise ValidationError(
                    self.env._("%s: the mark-up on expenses cannot be negative.", contract.display_name)
                )
