from odoo import fields, models
from odoo.tools.misc import format_date


class PsaBillingRunLine(models.Model):
    """What keeps an invoice from being made, and what an accountant should know of it, in his words."""

    _inherit = "psa.billing.run.line"

    def _psa_find_problem(self):
        """Return why this invoice cannot be made, or None."""
        self.ensure_one()
        return self._psa_find_po_problem() or self._psa_find_date_problem() or self._psa_find_currency_problem()

    def _psa_find_po_problem(self):
        missing = self.contract_ids.filtered(lambda contract: contract.po_required and not contract.po_number)
        if missing:
            return self.env._(
                "%s requires a purchase order number. Enter it on the contract as “Purchase Order”, then try again.",
                missing[0].display_name,
            )
        return None

    def _psa_find_date_problem(self):
        day = self.run_id.invoice_date
        locks = day and self.company_id._get_violated_lock_dates(day, True, self._psa_journal())
        if locks:
            return self.env._(
                "The invoice date %(date)s is in a closed period (%(locks)s). Cancel the run and make a new one with "
                "a later invoice date, or open the period.",
                date=format_date(self.env, day),
                locks=self.env["res.company"]._format_lock_dates(locks),
            )
        return None

    def _psa_find_currency_problem(self):
        currency, company = self.currency_id, self.company_id
        if not currency.active:
            return self.env._(
                "The currency %s is archived. Activate it under Accounting / Configuration / Currencies, then try "
                "again.",
                currency.name,
            )
        day = self.run_id.invoice_date or fields.Date.context_today(self)
        if currency == company.currency_id:
            return None
        rates = self.env["res.currency.rate"].search_count(
            [
                ("currency_id", "=", currency.id),
                ("company_id", "in", (False, company.root_id.id)),
                ("name", "<=", day),
            ],
            limit=1,
        )
        if not rates:
            return self.env._(
                "There is no exchange rate for %(currency)s on %(date)s. Enter one under Accounting / Configuration / "
                "Currencies, then try again.",
                currency=currency.name,
                date=format_date(self.env, day),
            )
        return None

    def _psa_journal(self):
        """Return the journal Odoo puts the company's invoices in."""
        return self.env["account.journal"].search(
            [*self.env["account.journal"]._check_company_domain(self.company_id), ("type", "=", "sale")], limit=1
        )

    def _psa_remarks(self, rows):
        """Return what the accountant should look at before he posts the invoice."""
        products = self.env["product.product"].browse({row.product_id for row in rows if row.product_id})
        remarks = []
        archived = products.filtered(lambda product: not product.active)
        if archived:
            remarks.append(
                self.env._(
                    "Archived since the work was priced: %s. The invoice still takes account and taxes from it.",
                    ", ".join(archived.mapped("display_name")),
                )
            )
        if self.company_id.account_sale_tax_id:
            untaxed = products.filtered(
                lambda product: not product.taxes_id._filter_taxes_by_company(self.company_id)
            )
            if untaxed:
                remarks.append(
                    self.env._(
                        "No customer tax on: %s. Was it deleted? Check the taxes before you post.",
                        ", ".join(untaxed.mapped("display_name")),
                    )
                )
        return "\n".join(remarks) or False
