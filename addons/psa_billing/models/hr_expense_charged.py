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
            client = expense.psa_client_id.commercial_partner_id
            currency = expense.psa_contract_id.currency_id or expense.company_currency_id
            for row in known.standing_rows:
                if row.client_id != client:
                    raise ValidationError(
                        self.env._(
                            "“%(expense)s” was charged to %(client)s, so the Client stays. Cancel or credit that invoice, or take "
                            "the ledger row “Back to Review”, to charge somebody else. Clear “Re-bill to Client” to charge nobody.",
                            expense=expense.name,
                            client=row.client_id.name,
                        )
                    )
                if row.currency_id != currency:
                    raise ValidationError(
                        self.env._(
                            "“%(expense)s” was charged in %(currency)s, so it stays with a Contract in that currency. Cancel or "
                            "credit that invoice, or take the ledger row “Back to Review”, to charge it in %(other)s.",
                            expense=expense.name,
                            currency=row.currency_id.name,
                            other=currency.name,
                        )
                    )
                if row.date != expense.date:
                    raise ValidationError(
                        self.env._(
                            "“%(expense)s” was charged as of %(day)s, so the Expense Date stays. Cancel or credit that invoice, or "
                            "take the ledger row “Back to Review”, to change it.",
                            expense=expense.name,
                            day=format_date(self.env, row.date),
                        )
                    )

    def _psa_standing(self):
        """Return the expenses of which something is past changing: on an invoice, given up, or settled with its period."""
        charged = self.sudo()._psa_charged()
        return self.browse(expense.id for expense, known in charged.items() if known.standing_rows)
