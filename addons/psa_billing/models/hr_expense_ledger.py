from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..core import expense_policy, terms
from ..tools import to_decimal
from .hr_expense import APPROVED_STATES

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

    def _psa_sync_ledger(self):
        """Make the ledger say what these expenses say, in a constant number of queries for those that are not invoiced yet."""
        expenses = self.sudo()
        deltas = self.env["psa.expense.delta"].sudo().search([("expense_id", "in", expenses.ids)])
        rows, of_deltas = {}, {}
        for item in expenses._psa_items():
            rows.setdefault(item.source_id, []).append(item)
        for item in deltas._psa_items() if deltas else ():
            of_deltas.setdefault(item.source_id, []).append(item)
        to_bill = to_unbill = self.sudo().browse()
        for expense in expenses:
            own = rows.get(expense.id, ())
            if any(_stands(row) for row in own):
                own_deltas = deltas.filtered(lambda delta, expense=expense: delta.expense_id == expense)
                expense._psa_sync_deltas(own, own_deltas, of_deltas)
            elif not expense._psa_is_due():
                to_unbill |= expense if own else self.browse()
            else:
                # What was released at another amount goes through the review again.
                if any(row.state == "approved" for row in own) and sum(to_decimal(row.value) for row in own) != expense._psa_due():
                    to_unbill |= expense
                to_bill |= expense
        if to_unbill:
            to_unbill._psa_unbill()
        if to_bill:
            to_bill._psa_bill()

    def _psa_sync_deltas(self, own, deltas, of_deltas):
        """Charge or credit the difference to what was invoiced of an expense, by the one delta that is still open."""
        billed, still_open = [], deltas.browse()
        for rows in (own, *(of_deltas.get(delta.id, ()) for delta in deltas)):
            billed += [part for row in rows if _stands(row) for part in _billed(row)]
        for delta in deltas:
            if not any(_stands(row) for row in of_deltas.get(delta.id, ())):
                still_open |= delta
        due = self._psa_due() if self._psa_is_due() else to_decimal(0)
        rest = expense_policy.to_charge(due, billed)
        if still_open and (rest is None or to_decimal(still_open[0].amount) != rest):
            still_open._psa_unbill()
            still_open.unlink()
            still_open = deltas.browse()
        if rest is not None and not still_open:
            self.env["psa.expense.delta"].sudo().create({"expense_id": self.id, "amount": float(rest)})._psa_bill()

    def _psa_is_due(self):
        return self.state in APPROVED_STATES and self.psa_is_rebilled and bool(self.psa_client_id)

    def _psa_price_facts(self):
        expenses = self.sudo()
        return [
            expense._psa_price_fact(self._name, expense.id, expense._psa_due())
            for expense in expenses
            if expense._psa_is_due()
        ]

    def _psa_price_fact(self, source_model, source_id, amount):
        """Return an amount to be paid for this expense as a fact, in the currency of the contract it names."""
        company_currency = self.company_currency_id
        currency = self.psa_contract_id.currency_id or company_currency
        if currency != company_currency:
            currency._psa_check_rate(self.company_id, self.date, self.name)
            amount = to_decimal(company_currency._convert(float(amount), currency, self.company_id, self.date))
        rule, markup = self._psa_rebill_terms()
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


def _stands(row):
    """Tell whether a ledger row is past changing: on an invoice, given up, or settled with its period."""
    return row.state in ("invoiced", "written_off") or bool(row.settled_on)


def _billed(row):
    """Return a row that stands as the core reads it; what the review took off or put on is a part given up."""
    amount = to_decimal(row.value or row.amount)
    if row.state == "written_off":
        return [expense_policy.Billed(amount, is_given_up=True)]
    parts = [expense_policy.Billed(amount)]
    due = (row.derivation or {}).get("expense", {}).get("due")
    if row.is_adjusted and due:
        parts.append(expense_policy.Billed(Decimal(due) - amount, is_given_up=True))
    return parts
