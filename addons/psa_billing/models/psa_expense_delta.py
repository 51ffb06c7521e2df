from dataclasses import replace

from odoo import fields, models
from odoo.addons.psa_crm.core import access

from ..tools import to_decimal
from .psa_billing_item_overdrawn import Overdrawn


class PsaExpenseDelta(models.Model):
    """What a client pays more or gets back for an expense that changed, or was refused, after it was invoiced.

    Made by the expense itself; at most one of an expense is not invoiced yet.
    """

    _name = "psa.expense.delta"
    _description = "Correction of a Re-billed Expense"
    _inherit = ["psa.billable.mixin", "psa.access.mixin"]
    _order = "id"
    _rec_name = "expense_id"

    _psa_item_kind = "correction"
    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    _client_idx = models.Index("(client_id, id)")

    expense_id = fields.Many2one("hr.expense", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="expense_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="expense_id.psa_client_id", store=True)
    currency_id = fields.Many2one(
        "res.currency", required=True, readonly=True, ondelete="restrict", help="That in which the expense was invoiced."
    )
    amount = fields.Monetary(readonly=True)

    def _psa_price_facts(self):
        charged = self.sudo().expense_id._psa_charged()
        return [
            replace(
                delta.expense_id._psa_price_fact(self._name, delta.id, to_decimal(delta.amount), charged[delta.expense_id]),
                corrects_id=delta.expense_id.id,
                corrects_model=delta.expense_id._name,
            )
            for delta in self.sudo()
        ]

    def _psa_item_vals(self, row):
        self.ensure_one()
        vals = self.expense_id._psa_item_vals(row)
        head, __, text = vals["name"].partition("\n")
        lang = self.sudo().expense_id.psa_client_id.lang or self.env.lang
        # It costs nothing new: what was laid out stands with the first row.
        return {
            **vals,
            "name": f"{head}\n{self.with_context(lang=lang).env._('Correction: %s', text)}",
            "kind": self._psa_item_kind,
            "cost": 0.0,
        }

    def _psa_take_away(self):
        """Take deltas away, with their rows, as if they had never been; say whether that was possible.

        Those whose money, put back into a retainer, has paid for something else since are settled instead: they stand.
        """
        try:
            with self.env.cr.savepoint():
                self._psa_unbill()
                self.unlink()
        except Overdrawn:
            covered = self._psa_items().filtered(lambda item: item.state == "covered")
            covered._psa_settle(dict.fromkeys(covered.ids))
            return False
        return True
