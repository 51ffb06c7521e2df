from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_date


class HrExpense(models.Model):
    """What was charged of an expense is put right where it was charged: with the same client, and in the same currency."""

    _inherit = "hr.expense"

    @api.depends("psa_ticket_id.client_id", "psa_contract_id")
    def _compute_psa_client_id(self):
        # Nor does moving a ticket move what was invoiced and went back to draft since.
        charged = self._origin._psa_standing()
        others = self.filtered(lambda expense: expense._origin not in charged)
        return super(HrExpense, others)._compute_psa_client_id()

    @api.constrains("psa_ticket_id", "psa_client_id")
    def _check_psa_client_id(self):
        return super(HrExpense, self - self._psa_standing())._check_psa_client_id()

    @api.constrains("psa_client_id", "psa_contract_id", "date")
    def _check_psa_charged(self):
        for expense, known in self.sudo()._psa_charged().items():
            for row in known.standing_rows:
                if fault := expense._psa_charged_fault(row):
                    raise ValidationError(fault)

    def _psa_charged_fault(self, row):
        """Return what of this expense is not as it was charged any more, with what to do about it; None if all is."""
        currency = self.psa_contract_id.currency_id or self.company_currency_id
        if row.client_id != self.psa_client_id.commercial_partner_id:
            return self.env._(
                "“%(expense)s” was charged to %(client)s, so the Client stays. Cancel or credit that invoice, or take "
                "the ledger row “Back to Review”, to charge somebody else. Clear “Re-bill to Client” to charge nobody.",
                expense=self.name,
                client=row.client_id.name,
            )
        if row.currency_id != currency:
            return self.env._(
                "“%(expense)s” was charged in %(currency)s, so it stays with a Contract in that currency. Cancel or "
                "credit that invoice, or take the ledger row “Back to Review”, to charge it in %(other)s.",
                expense=self.name,
                currency=row.currency_id.name,
                other=currency.name,
            )
        if row.date != self.date:
            return self.env._(
                "“%(expense)s” was charged as of %(day)s, so the Expense Date stays. Cancel or credit that invoice, or "
                "take the ledger row “Back to Review”, to change it.",
                expense=self.name,
                day=format_date(self.env, row.date),
            )
        return None

    def _psa_standing(self):
        """Return the expenses of which something is past changing: on an invoice, given up, or settled with its period."""
        charged = self.sudo()._psa_charged()
        return self.browse(expense.id for expense, known in charged.items() if known.standing_rows)
