from odoo import fields, models

from ..core import charges, expense_policy
from ..tools import to_decimal

REBILL_RULES = [
    (charges.NOT_REBILLED, "Not re-billed"),
    (charges.AT_COST, "At cost"),
    (charges.PERCENT, "Cost and a percentage"),
    (charges.FIXED, "Cost and a fixed amount"),
]


class PsaExpensePolicy(models.Model):
    """How much people may lay out without asking, when a receipt is needed, and what clients pay of it.

    For one expense category, or for all that have no policy of their own. Contracts may say otherwise of what clients pay.
    """

    _name = "psa.expense.policy"
    _description = "Expense Policy"
    _order = "sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(sequence, id)")
    _category_uniq = models.UniqueIndex(
        "(company_id, COALESCE(product_id, 0)) WHERE active IS TRUE",
        "This category already has a policy in this company. Change that one.",
    )
    _limits_not_negative = models.Constraint(
        "CHECK(limit_amount >= 0 AND day_limit >= 0 AND receipt_from >= 0)", "A limit cannot be negative. 0 sets no limit."
    )
    _markup_not_negative = models.Constraint("CHECK(rebill_markup >= 0)", "A mark-up on expenses cannot be negative.")

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_id = fields.Many2one(
        "product.product",
        "Category",
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
        domain="[('can_be_expensed', '=', True)]",
        help="Empty: every category without a policy of its own.",
    )
    limit_amount = fields.Monetary("Limit per Expense", aggregator=None, help="With taxes. 0: no limit.")
    day_limit = fields.Monetary(
        "Limit per Day", aggregator=None, help="For one person and this category on one day, with taxes. 0: no limit."
    )
    needs_receipt = fields.Boolean("Receipt Required")
    receipt_from = fields.Monetary("Receipt from", aggregator=None, help="Smaller expenses need no receipt. 0: all do.")
    over_limit = fields.Selection(
        [
            (expense_policy.BY_REASON, "Needs a reason and is flagged"),
            (expense_policy.BY_REFUSAL, "Is refused"),
        ],
        "What Is Over the Limit",
        required=True,
        default=expense_policy.BY_REASON,
    )
    rebill_rule = fields.Selection(
        REBILL_RULES,
        "Clients Pay",
        required=True,
        default=charges.AT_COST,
        help="For expenses made for a client, unless his contract says otherwise.",
    )
    rebill_markup = fields.Float("Mark-up", aggregator=None, help="Percent, or an amount in the currency of the company.")
    note = fields.Text("What People Read", help="Shown to whoever hands in an expense that breaks the policy.")

    def _psa_fact(self):
        """Return the policy as the core reads it."""
        self.ensure_one()
        return expense_policy.Policy(
            id=self.id,
            sequence=self.sequence,
            product_id=self.product_id.id or None,
            limit=to_decimal(self.limit_amount),
            day_limit=to_decimal(self.day_limit),
            needs_receipt=self.needs_receipt,
            receipt_from=to_decimal(self.receipt_from),
            over_limit=self.over_limit,
        )
