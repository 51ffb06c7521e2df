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
        items = self.sudo()._psa_items()
        if items:
            expense = self.browse(items[0].source_id)
            raise UserError(
                self.env._("“%s” is on an invoice of the client. Refuse the expense instead of deleting it.", expense.name)
            )

    def _psa_sync_ledger(self):
        """Make the ledger say what these expenses say."""
        expenses = self.sudo()
        items = expenses._psa_items()
        known = {item.source_id for item in items}
        standing = {item.source_id for item in items if item.state in ("invoiced", "written_off") or item.settled_on}
        due = expenses.filtered(lambda expense: expense._psa_is_due())
        to_bill = due | expenses.filtered(lambda expense: expense.id in standing)
        to_unbill = expenses.filtered(lambda expense: expense.id in known) - to_bill
        if to_unbill:
            to_unbill._psa_unbill()
        if to_bill:
            to_bill._psa_bill()

    def _psa_is_due(self):
        return self.state in APPROVED_STATES and self.psa_is_rebilled and bool(self.psa_client_id)

    def _psa_price_facts(self):
        expenses = self.sudo()
        standing = {}
        for item in expenses._psa_items():
            if item.state in ("invoiced", "written_off") or item.settled_on:
                standing.setdefault(item.source_id, []).append(item)
        default_product = self.env.ref("psa_billing.product_charge_expense", raise_if_not_found=False) or self.env["product.product"]
        facts = []
        for expense in expenses:
            rows = standing.get(expense.id, ())
            due = expense._psa_due() if expense._psa_is_due() else to_decimal(0)
            rest = expense_policy.to_charge(due, [expense._psa_billed(row) for row in rows])
            if rest is None:
                continue
            currency = expense.company_currency_id
            facts.append(
                terms.PriceFact(
                    source_model=self._name,
                    source_id=expense.id,
                    part=f"delta:{len(rows)}" if rows else "price",
                    company_id=expense.company_id.id,
                    currency=terms.Currency(currency.id, to_decimal(currency.rounding)),
                    date=expense.date,
                    quantity=to_decimal(1),
                    price_unit=rest,
                    product_id=expense._psa_product(default_product).id or None,
                    client_id=expense.psa_client_id.commercial_partner_id.id or None,
                    contract_id=expense.psa_contract_id.id or None,
                    derivation=expense._psa_derivation(due, rows),
                )
            )
        return facts

    @api.model
    def _psa_billed(self, row):
        """Return a ledger row that stands as the core reads it."""
        return expense_policy.Billed(to_decimal(row.value or row.amount), row.state == "written_off")

    def _psa_product(self, default):
        """Return the product of the invoice line: the category, if it is sold, else the one for re-billed expenses."""
        return self.product_id if self.product_id.sale_ok else default

    def _psa_derivation(self, due, rows):
        rule, markup = self._psa_rebill_terms()
        return {
            "expense": {
                "total": str(to_decimal(self.total_amount_currency)),
                "currency": self.currency_id.name,
                "rate": str(self.currency_rate),
                "cost": str(to_decimal(self.untaxed_amount)),
                "rule": rule,
                "markup": str(to_decimal(markup)),
                "due": str(due),
                "billed_before": [row.id for row in rows],
            }
        }

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
        if row.part != "price":
            text = expense.with_context(lang=lang).env._("Correction: %s", text)
        # A delta costs nothing new: what was laid out stands with the first row.
        cost = expense.untaxed_amount if row.part == "price" else 0.0
        return {
            "name": f"{head}\n{text}",
            "kind": self._psa_item_kind,
            "ticket_id": expense.psa_ticket_id.id,
            "user_id": expense.employee_id.user_id.id,
            "employee_id": expense.employee_id.id,
            "cost": cost,
        }
