from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from .res_company_ledger import RELEASED_BY


class PsaBillingItem(models.Model):
    """Who releases rows: the group billing, and whom the company lets release what is his own.

    The account manager's are the rows of the contracts he is responsible for, and of his clients where nobody is; the
    service manager's those of the tickets in his queues and on his desks, the project manager's those of his projects.
    """

    _inherit = "psa.billing.item"

    is_mine_to_release = fields.Boolean(
        compute="_compute_is_mine_to_release", search="_search_is_mine_to_release", export_string_translation=False
    )
    releaser_id = fields.Many2one(
        "res.users", "Released By", compute="_compute_releaser_id", help="Who is asked to release the row."
    )

    @api.depends("company_id", "contract_id", "client_id", "ticket_id", "project_id")
    @api.depends_context("uid")
    def _compute_is_mine_to_release(self):
        for item in self:
            item.is_mine_to_release = item.sudo()._psa_releaser() == self.env.user

    @api.depends("company_id", "contract_id", "client_id", "ticket_id", "project_id")
    def _compute_releaser_id(self):
        for item in self:
            item.releaser_id = item.sudo()._psa_releaser()

    @api.model
    def _search_is_mine_to_release(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self._mine_to_release_domain()
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return Domain.TRUE if wanted else Domain.FALSE
        return domain if wanted.pop() else ~domain

    @api.model
    def _mine_to_release_domain(self):
        """Return the domain of the rows that are the current user's to release, as his companies have it."""
        user = self.env.user
        companies = (user.company_ids & self.env.companies).sudo()
        domains = [
            Domain("company_id", "in", of_kind.ids) & self._releaser_domain(kind, user)
            for kind, of_kind in companies.grouped("psa_released_by").items()
            if kind in RELEASED_BY
        ]
        return Domain.OR(domains)

    @api.model
    def _releaser_domain(self, kind, user):
        """Return the domain of the rows this user is the account, service or project manager of."""
        if kind == "account_manager":
            contracts = self.env["psa.contract"].sudo().with_context(active_test=False)._search([("user_id", "=", user.id)])
            clients = self.env["res.partner"].sudo()._search(
                [("psa_is_client", "=", True), ("psa_account_manager_id", "=", user.id)]
            )
            nobodys = self.env["psa.contract"].sudo().with_context(active_test=False)._search([("user_id", "=", False)])
            return Domain("contract_id", "in", contracts) | (
                (Domain("contract_id", "=", False) | Domain("contract_id", "in", nobodys)) & Domain("client_id", "in", clients)
            )
        if kind == "service_manager":
            Ticket = self.env["psa.ticket"].sudo().with_context(active_test=False)
            nobodys = Domain("queue_id", "=", False) | Domain("queue_id.service_manager_id", "=", False)
            tickets = Ticket._search(
                Domain("queue_id.service_manager_id", "=", user.id) | (nobodys & Domain("desk_id.service_manager_id", "=", user.id))
            )
            return Domain("ticket_id", "in", tickets)
        if kind == "project_manager":
            projects = self.env["project.project"].sudo().with_context(active_test=False)._search([("user_id", "=", user.id)])
            return Domain("project_id", "in", projects)
        return Domain.FALSE

    def _psa_releaser(self):
        """Return who releases this row beside the group billing; nobody if that group does it alone."""
        self.ensure_one()
        kind = self.company_id.psa_released_by
        if kind == "account_manager":
            user = self.contract_id.user_id or self.client_id.psa_account_manager_id
        elif kind == "service_manager":
            user = self.ticket_id.queue_id.service_manager_id or self.ticket_id.desk_id.service_manager_id
        elif kind == "project_manager":
            user = self.project_id.user_id
        else:
            user = self.env["res.users"]
        return user

    def _check_may_release(self):
        """Refuse to release what is somebody else's."""
        if self.env.su or self.env.user.has_group("psa_crm.group_billing"):
            self.check_access("write")
            return
        self.check_access("read")
        if self.filtered(lambda item: not item.is_mine_to_release):
            raise AccessError(
                self.env._(
                    "You release the rows under “Rows I Approve” only. The others are for the group “PSA / Billing”."
                )
            )
