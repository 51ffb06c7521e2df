from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..core import expense_policy, terms
from ..tools import to_decimal
from .hr_expense import APPROVED_STATES
from .psa_billing_item_review import BACK

# What the client pays depends on these.
BILLED_FIELDS = {
    "approval_state",
    "state",
    "account_move_id",
    "psa_is_rebilled",
    "psa_client_id",
    "psa_contract_id",
    "psa_ticket_id",
    "psa_invoice_text",
    "name",
    "date",
    "product_id",
    "quantity",
    "total_amount",
    "total_amount_currency",
    "tax_ids",
    "currency_id",
}


class HrExpense(models.Model):
    """Approved expenses of clients are facts of the billing ledger, each once, whichever button approved them.

    An expense that is refused or reset takes its open row back. If it is invoiced already, or changed since, the
    difference is a row of its own on the next invoice.
    """

    _name = "hr.expense"
    _inherit = ["hr.expense", "psa.billable.mixin"]

    _psa_item_kind = "expense"
    _psa_contract_field = "psa_contract_id"

    @api.model_create_multi
    def create(self, vals_list):
        expenses = super().create(vals_list)
        expenses._psa_sync_ledger()
        return expenses

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & BILLED_FIELDS:
            self._psa_sync_ledger()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_invoiced(self):
        items = self.sudo()._psa_items().filtered(_stands)
        if items:
            expense = self.browse(items[0].source_id)
            raise UserError(
                self.env._("“%s” is on an invoice of the client. Refuse the expense instead of deleting it.", expense.name)
            )

    def _psa_charged(self):
        """Return ``{expense: Charged}``, in a constant number of queries."""
        expenses = self.sudo()
        deltas = self.env["psa.expense.delta"].sudo().search([("expense_id", "in", expenses.ids)])
        rows = {}
        for item in (expenses._psa_items() | (deltas._psa_items() if deltas else deltas.env["psa.billing.item"])).sorted("id"):
            rows.setdefault((item.source_model, item.source_id), []).append(item)
        of_expense = deltas.grouped("expense_id")
        return {
            expense: Charged(
                rows.get((expense._name, expense.id), []),
                {delta: rows.get((delta._name, delta.id), []) for delta in of_expense.get(expense, ())},
                to_decimal(expense.company_currency_id.rounding),
            )
            for expense in expenses
        }

    def _psa_sync_ledger(self):
        """Make the ledger say what these expenses say, in a constant number of queries for those that are not invoiced yet."""
        expenses = self.sudo()
        to_bill = to_unbill = expenses.browse()
        loose, changed = self.env["psa.expense.delta"].sudo(), self.env["psa.billing.item"].sudo()
        for expense, charged in expenses._psa_charged().items():
            if charged.stands:
                expense._psa_sync_deltas(charged)
                continue
            # The expense's own row says everything again.
            loose = loose.union(*charged.open_deltas)
            amount = expense._psa_own_amount(charged, charged.of_standing_deltas)
            if amount is None:
                to_unbill |= expense if charged.own else expenses.browse()
                continue
            # What was released at another amount goes through the review again.
            if charged.is_released and charged.base != amount:
                changed = changed.union(*charged.own)
            to_bill |= expense
        if loose:
            loose._psa_unbill()
            loose.unlink()
        if to_unbill:
            to_unbill._psa_unbill()
        changed._reviewed("back", {**BACK, "is_adjusted": False, "adjust_reason": False}, self.env.uid)
        if to_bill:
            to_bill._psa_bill()

    def _psa_sync_deltas(self, charged):
        """Charge or credit the difference to what was invoiced of an expense, by the one delta that is still open."""
        due = self._psa_due(charged.rebill_terms) if self._psa_is_due() else to_decimal(0)
        rest = expense_policy.to_charge(due, [*charged.of_own, *charged.of_standing_deltas])
        still_open = self.env["psa.expense.delta"].sudo().union(*charged.open_deltas)
        if still_open and (rest is None or to_decimal(still_open[0].amount) != rest):
            still_open._psa_unbill()
            still_open.unlink()
            still_open = still_open.browse()
        if rest is not None and not still_open:
            self.env["psa.expense.delta"].sudo().create({"expense_id": self.id, "amount": float(rest)})._psa_bill()

    def _psa_is_due(self):
        return self.state in APPROVED_STATES and self.psa_is_rebilled and bool(self.psa_client_id)

    def _psa_own_amount(self, charged, by_deltas):
        """Return what the expense's own row is to say besides what its corrections charge; None if there is to be none."""
        due = self._psa_due(charged.rebill_terms) if self._psa_is_due() else to_decimal(0)
        if by_deltas:
            return expense_policy.to_charge(due, by_deltas)
        return due if self._psa_is_due() else None

    def _psa_price_facts(self):
        amounts = [
            (expense, charged, expense._psa_own_amount(charged, charged.of_deltas))
            for expense, charged in self._psa_charged().items()
        ]
        return [
            expense._psa_price_fact(self._name, expense.id, amount, charged)
            for expense, charged, amount in amounts
            if amount is not None
        ]

    def _psa_price_fact(self, source_model, source_id, amount, charged):
        """Return an amount to be paid for this expense as a fact, in the currency of the contract it names."""
        base, company_currency = amount, self.company_currency_id
        currency = self.psa_contract_id.currency_id or company_currency
        if currency != company_currency:
            currency._psa_check_rate(self.company_id, self.date, self.name)
            amount = to_decimal(company_currency._convert(float(amount), currency, self.company_id, self.date))
        rule, markup = charged.rebill_terms or self._psa_rebill_terms()
        default = self.env.ref("psa_billing.product_charge_expense", raise_if_not_found=False)
        return terms.PriceFact(
            source_model=source_model,
            source_id=source_id,
            part="price",
            company_id=self.company_id.id,
            currency=terms.Currency(currency.id, to_decimal(currency.rounding)),
            date=self.date,
            quantity=to_decimal(1),
            price_unit=amount,
            product_id=self._psa_product(default or self.env["product.product"]).id or None,
            client_id=self.psa_client_id.commercial_partner_id.id or None,
            contract_id=self.psa_contract_id.id or None,
            derivation={
                "expense": {
                    "total": str(to_decimal(self.total_amount_currency)),
                    "currency": self.currency_id.name,
                    "rate": str(self.currency_rate),
                    "cost": str(to_decimal(self.untaxed_amount)),
                    "rule": rule,
                    "markup": str(to_decimal(markup)),
                    "due": str(amount),
                    "base": str(base),
                }
            },
        )

    def _psa_product(self, default):
        """Return the product of the invoice line: the category, if it is sold, else the one for re-billed expenses."""
        return self.product_id if self.product_id.sale_ok else default

    def _psa_item_vals(self, row):
        self.ensure_one()
        expense = self.sudo()
        lang = expense.psa_client_id.lang or self.env.lang
        head = " · ".join(
            filter(
                None,
                [
                    format_date(self.env, expense.date, lang_code=lang),
                    expense.employee_id.name,
                    f"{expense.psa_ticket_id.number} {expense.psa_ticket_id.name}" if expense.psa_ticket_id else None,
                ],
            )
        )
        text = expense.psa_invoice_text or expense.name
        return {
            "name": f"{head}\n{text}",
            "kind": self._psa_item_kind,
            "ticket_id": expense.psa_ticket_id.id,
            "user_id": expense.employee_id.user_id.id,
            "employee_id": expense.employee_id.id,
            "cost": expense.untaxed_amount,
        }


class Charged:
    """What the ledger says of one expense: its own rows, and those of its corrections."""

    def __init__(self, own, of_delta, rounding):
        self.own = own
        self.of_delta = of_delta  # {delta: rows}
        self.rounding = rounding

    @property
    def stands(self):
        """Whether a row of its own is past changing; then all of them keep what they say."""
        return any(map(_stands, self.own))

    @property
    def is_released(self):
        """Whether a row of its own waits for its invoice."""
        return any(row.state == "approved" for row in self.own)

    @property
    def base(self):
        """What its own rows were made for, in the currency of the company."""
        return _told(self.own)[1]

    @property
    def rebill_terms(self):
        """Rule and mark-up it was invoiced by: what is agreed later is no reason to charge it again. None: not invoiced."""
        for rows in (self.own, *self.of_delta.values()):
            told = rows[0].derivation.get("expense") if rows and any(map(_stands, rows)) else None
            if told:
                return told["rule"], Decimal(told["markup"])
        return None

    @property
    def open_deltas(self):
        return [delta for delta, rows in self.of_delta.items() if not any(map(_stands, rows))]

    @property
    def of_own(self):
        """What its own rows charge, as the core reads it."""
        return _billed(self.own, self.rounding)

    @property
    def of_standing_deltas(self):
        """What corrections charge that are past changing."""
        return [part for rows in self.of_delta.values() if any(map(_stands, rows)) for part in _billed(rows, self.rounding)]

    @property
    def of_deltas(self):
        """What all corrections charge."""
        still_open = [expense_policy.Billed(to_decimal(delta.amount)) for delta in self.open_deltas]
        return [*self.of_standing_deltas, *still_open]


def _stands(row):
    """Tell whether a ledger row is past changing: on an invoice, given up, or settled with its period."""
    return row.state in ("invoiced", "written_off") or bool(row.settled_on)


def _told(rows):
    """Return what rows of one source were made for: in their own currency, and in that of the company."""
    told = (rows[0].derivation or {}).get("expense", {})
    return Decimal(told.get("due", 0)), Decimal(told.get("base", 0))


def _billed(rows, rounding):
    """Return what the rows of one source charge, as the core reads it."""
    return expense_policy.billed(
        [
            expense_policy.Row(to_decimal(row.value or row.amount), row.is_adjusted, row.state == "written_off")
            for row in rows
        ],
        *_told(rows),
        rounding,
    )
