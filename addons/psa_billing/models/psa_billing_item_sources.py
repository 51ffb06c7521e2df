from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from .psa_billing_item import TIME_MODEL


class PsaBillingItem(models.Model):
    """How facts come into the ledger and leave it again."""

    _inherit = "psa.billing.item"

    @api.model
    def _psa_add_time(self, lines):
        """Put approved time entries in the ledger, each once, and return their rows."""
        lines = lines.sudo()
        clients, companies = lines.partner_id.commercial_partner_id, lines.company_id
        self._psa_rate(clients, companies, lines=lines)
        items = self.sudo().search([("source_model", "=", TIME_MODEL), ("source_id", "in", lines.ids)])
        items._psa_release_at_sign_off(clients, companies)
        return items

    @api.model
    def _psa_remove_time(self, lines):
        """Take entries whose approval was taken back out of the ledger; invoiced ones stay.

        What they had drawn is there for the client's other work again, which is priced anew.
        """
        corrected = self.env[TIME_MODEL].sudo().search(
            [("psa_corrects_id", "in", lines.ids), ("psa_approval_state", "=", "approved"), ("id", "not in", lines.ids)], limit=1
        )
        if corrected:
            raise UserError(
                self.env._(
                    "“%(entry)s” is corrected by an entry of %(date)s. Take the approval of the correction back first.",
                    entry=corrected.psa_corrects_id.display_name,
                    date=format_date(self.env, corrected.date),
                )
            )
        lines._psa_check_built_upon()
        return self._psa_remove([lines])

    @api.model
    def _psa_bill_sources(self, records):
        """Put records with ``psa.billable.mixin`` in the ledger, or bring their rows up to date; return their rows."""
        domain = records._psa_items_domain(records.ids)
        facts = records.sudo()._psa_price_facts()
        old = self.sudo().search(domain)
        Partner = self.env["res.partner"].sudo()
        Company = self.env["res.company"].sudo()
        clients = Partner.browse({fact.client_id for fact in facts if fact.client_id}) | old.client_id
        companies = Company.browse({fact.company_id for fact in facts}) | old.company_id
        self._psa_rate(clients, companies, sources=[records])
        items = self.sudo().search(domain)
        items._psa_release_at_sign_off(clients, companies)
        return items

    @api.model
    def _psa_unbill_sources(self, records):
        """Take the rows of records with ``psa.billable.mixin`` out of the ledger; invoiced ones stay.

        :raise UserError: if one of the rows is on an invoice
        """
        return self._psa_remove([records])

    @api.model
    def _psa_remove(self, sources):
        """Take the rows of these records out of the ledger, and price again what their clients have open."""
        items = self.sudo().browse()
        for records in sources:
            items |= items.search([("source_model", "=", records._name), ("source_id", "in", records.ids)])
        clients, companies = items.client_id, items.company_id
        items._psa_take_turn(clients, companies)
        free = items._locked(dict(self._fields["state"].selection).keys() - {"invoiced"})
        free = free.filtered(lambda item: not item.settled_on)
        if items - free:
            (items - free)[0]._refuse_to_leave()
        put_back = items._psa_put_back()
        items._delete_rows()
        self._psa_rate(clients, companies)
        self._psa_check_put_back(put_back)
        return True

    def _refuse_to_leave(self):
        """Say why the row cannot go from the ledger."""
        self.ensure_one()
        values = {"what": self.ticket_id.display_name or self.name.split("\n")[0], "date": format_date(self.env, self.date)}
        if self.state == "invoiced":
            raise UserError(
                self.env._(
                    "%(what)s of %(date)s is on invoice %(invoice)s. Cancel or credit the invoice first.",
                    invoice=self.move_id.display_name,
                    **values,
                )
            )
        raise UserError(
            self.env._(
                "%(what)s of %(date)s was settled with the period on %(day)s. Enter a correction instead.",
                day=format_date(self.env, self.settled_on),
                **values,
            )
        )
