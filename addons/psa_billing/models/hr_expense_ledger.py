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
            )
            for expense in expenses
        }

    def _psa_sync_ledger(self):
        """Make the ledger say what these expenses say, in a constant number of queries for those that are not invoiced yet."""
        expenses = self.sudo()
        to_bill = to_unbill = expenses.browse()
        loose, changed = self.env["psa.expense.delta"].sudo(), self.env["psa.billing.item"].sudo()
        for expense, charged in expenses._psa_charged().items():
            # What was only ever given up goes with the expense: there is nothing to credit.
            is_gone = charged.is_given_up and not expense._psa_is_due()
            if charged.stands and not is_gone:
                expense._psa_sync_deltas(charged)
                continue
            # The expense's own row says everything again.
            loose = loose.union(*(charged.of_delta if is_gone else charged.open_deltas))
            amount = None if is_gone else expense._psa_own_amount(charged, charged.of_standing_deltas)
            if amount is None:
                to_unbill |= expense if charged.own else expenses.browse()
                continue
            # What was released at another amount, for another client or another day goes through the review again.
            if charged.is_released and charged.told != expense._psa_told(charged, amount):
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
        currency, due = self._psa_due_now(charged)
        rest = expense_policy.to_charge(due, [*charged.of_own, *charged.of_standing_deltas])
        still_open = self.env["psa.expense.delta"].sudo().union(*charged.open_deltas)
        if still_open and (rest is None or to_decimal(still_open[0].amount) != rest):
            if not still_open._psa_take_away():
                # It stands by now, and what is due is charged beside it.
                self._psa_sync_deltas(self._psa_charged()[self])
                return
            still_open = still_open.browse()
        if rest is not None and not still_open:
            delta_vals = {"expense_id": self.id, "currency_id": currency.id, "amount": float(rest)}
            self.env["psa.expense.delta"].sudo().create(delta_vals)._psa_bill()

    def _psa_is_due(self):
        return self.state in APPROVED_STATES and self.psa_is_rebilled and bool(self.psa_client_id)

    def _psa_due_now(self, charged):
        """Return the currency of the expense's invoice, and what the client is to pay for it by now in that currency."""
        currency, rate = self._psa_exchange(charged)
        if not self._psa_is_due():
            return currency, to_decimal(0)
        return currency, expense_policy.exchanged(self._psa_due(charged.rebill_terms), rate, to_decimal(currency.rounding))

    def _psa_exchange(self, charged):
        """Return the currency of the expense's invoice, and how much of it is one of the company's.

        What was invoiced is put right in the same currency at the same rate, whatever was found out about the rate since.
        """
        told = charged.exchange
        currency = self.env["res.currency"].browse(told[0]) if told else self.psa_contract_id.currency_id or self.company_currency_id
        if currency == self.company_currency_id:
            return currency, to_decimal(1)
        if told and told[1]:
            return currency, told[1]
        currency._psa_check_rate(self.company_id, self.date, self.name)
        rate = currency._get_conversion_rate(self.company_currency_id, currency, self.company_id, self.date)
        return currency, Decimal(str(rate))

    def _psa_own_amount(self, charged, by_deltas):
        """Return what the expense's own row is to say besides what its corrections charge; None if there is to be none."""
        if by_deltas:
            return expense_policy.to_charge(self._psa_due_now(charged)[1], by_deltas)
        return self._psa_due_now(charged)[1] if self._psa_is_due() else None

    def _psa_told(self, charged, amount):
        """Return what a row of the expense itself is to say; see ``Charged.told``."""
        return amount, self._psa_exchange(charged)[0], self.psa_client_id.commercial_partner_id, self.date

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
        """Return an amount to be paid for this expense as a fact, in the currency of its invoice."""
        currency, rate = self._psa_exchange(charged)
        rule, markup = charged.rebill_terms or self._psa_rebill_terms()
        default = self.env.ref("psa_billing.product_charge_expense", raise_if_not_found=False)
        about = {
            "total": str(to_decimal(self.total_amount_currency)),
            "currency": self.currency_id.name,
            "rate": str(self.currency_rate),
            "cost": str(to_decimal(self.untaxed_amount)),
            "rule": rule,
            "markup": str(to_decimal(markup)),
            "due": str(amount),
        }
        if currency != self.company_currency_id:
            about["exchange"] = {"from": self.company_currency_id.name, "to": currency.name, "rate": str(rate)}
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
            derivation={"expense": about},
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

    def __init__(self, own, of_delta):
        self.own = own
        self.of_delta = of_delta  # {delta: rows}

    @property
    def stands(self):
        """Whether a row of its own is past changing; then all of them keep what they say."""
        return any(map(_stands, self.own))

    @property
    def is_given_up(self):
        """Whether nothing is past changing but what was given up."""
        return all(row.state == "written_off" for row in self.standing_rows)

    @property
    def is_released(self):
        """Whether a row of its own waits for its invoice."""
        return any(row.state == "approved" for row in self.own)

    @property
    def told(self):
        """What its own rows were made for: how much, in which currency, for whom, and as of which day."""
        row = self.own[0]
        return _told_due(self.own), row.currency_id, row.client_id, row.date

    @property
    def rebill_terms(self):
        """Rule and mark-up it was invoiced by: what is agreed later is no reason to charge it again. None: not invoiced."""
        for told, _rows in self._standing:
            return told["rule"], Decimal(told["markup"])
        return None

    @property
    def exchange(self):
        """Id of the currency it was invoiced in, and the rate by which; None: not invoiced."""
        for told, rows in self._standing:
            return rows[0].currency_id.id, Decimal(told.get("exchange", {}).get("rate", 0))
        return None

    @property
    def standing_rows(self):
        """Rows past changing: the expense was charged to their client, in their currency."""
        return [row for rows in (self.own, *self.of_delta.values()) for row in rows if _stands(row)]

    @property
    def open_deltas(self):
        return [delta for delta, rows in self.of_delta.items() if not any(map(_stands, rows))]

    @property
    def of_own(self):
        """What its own rows charge, as the core reads it."""
        return _billed(self.own)

    @property
    def of_standing_deltas(self):
        """What corrections charge that are past changing."""
        return [part for rows in self.of_delta.values() if any(map(_stands, rows)) for part in _billed(rows)]

    @property
    def of_deltas(self):
        """What all corrections charge."""
        still_open = [expense_policy.Billed(to_decimal(delta.amount)) for delta in self.open_deltas]
        return [*self.of_standing_deltas, *still_open]

    @property
    def _standing(self):
        """What rows past changing tell of the expense, and these rows."""
        for rows in (self.own, *self.of_delta.values()):
            told = (rows[0].derivation or {}).get("expense") if rows and any(map(_stands, rows)) else None
            if told:
                yield told, rows


def _stands(row):
    """Tell whether a ledger row is past changing: on an invoice, given up, or settled with its period."""
    return row.state in ("invoiced", "written_off") or bool(row.settled_on)


def _told_due(rows):
    """Return what rows of one source were made for."""
    return Decimal((rows[0].derivation or {}).get("expense", {}).get("due", 0))


def _billed(rows):
    """Return what the rows of one source charge, as the core reads it."""
    return expense_policy.billed(
        [
            expense_policy.Row(to_decimal(row.value or row.amount), row.is_adjusted, row.state == "written_off")
            for row in rows
        ],
        _told_due(rows),
    )
