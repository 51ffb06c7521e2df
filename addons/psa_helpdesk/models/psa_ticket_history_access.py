from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.fields import Domain
from odoo.tools import SQL


class PsaTicketHistory(models.Model):
    """Who reads history: whoever reads the ticket, also one that was lent; of deleted tickets the company's administrators."""

    _inherit = "psa.ticket.history"

    ticket_is_readable = fields.Boolean(
        "Visible to Me", compute="_compute_ticket_is_readable", search="_search_ticket_is_readable", export_string_translation=False
    )

    @api.depends("ticket_id", "company_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_ticket_is_readable(self):
        companies = self._readable_companies_of_deleted()
        is_staff = self.env.user._is_superuser() or self.env.user._is_internal()
        for row in self:
            ticket = row.sudo().ticket_id
            row.ticket_is_readable = is_staff and ticket.psa_can_read if ticket else row.sudo().company_id.id in companies

    @api.model
    def _search_ticket_is_readable(self, operator, value):
        if operator != "in" or set(value) != {True}:
            return NotImplemented

        def to_sql(model, alias, query):
            if not (self.env.user._is_superuser() or self.env.user._is_internal()):
                return SQL("FALSE")  # nothing of it is for clients
            # Asked of each row that is about to be shown: a list of all tickets one may read would be long.
            tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)._search(
                self.env["psa.ticket"]._psa_access_domain(access.READ)
            )
            if tickets.is_empty():
                return SQL("FALSE")
            tickets.add_where(SQL("%s = %s", SQL.identifier(tickets.table, "id"), SQL.identifier(alias, "ticket_id")))
            tickets.order = None
            return SQL("EXISTS (%s)", tickets.select(SQL("1")))

        def predicate(row):
            return bool(row.sudo().ticket_id) and row.ticket_is_readable

        readable = Domain.custom(to_sql=to_sql, predicate=predicate)
        companies = self._readable_companies_of_deleted()
        if not companies:
            return readable
        return readable | (Domain("ticket_id", "=", False) & Domain("company_id", "in", sorted(companies)))

    @api.model
    def _readable_companies_of_deleted(self):
        """Return the ids of the companies of whose deleted tickets the user reads the history."""
        effective = self.env["psa.access"]._psa_effective()
        if effective is None:
            return set(self.env.companies.ids) if self.env.user._is_superuser() else set()
        if not self.env.user.has_group("psa_crm.group_company_admin"):
            return set()
        return effective.companies & set(self.env.companies.ids)
