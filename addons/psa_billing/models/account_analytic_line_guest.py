from odoo import api, models
from odoo.exceptions import AccessError


class AccountAnalyticLine(models.Model):
    """Time of somebody whom a client is lent to: it belongs to the company of the ticket, whose client pays for it.

    Odoo keeps time by the employees of a company, so who works there on loan has an employee record of that company
    without an account (``hr.employee.psa_guest_user_id``). His own entries are all he sees there; who approves and
    invoices them is for the company of the ticket.
    """

    _inherit = "account.analytic.line"

    @api.depends("employee_id.psa_guest_user_id")
    def _compute_user_id(self):
        guests = self.filtered(lambda line: line.employee_id.sudo().psa_guest_user_id)
        result = super(AccountAnalyticLine, self - guests)._compute_user_id()
        for line in guests:
            line.user_id = line.employee_id.sudo().psa_guest_user_id
        return result

    @api.model_create_multi
    def create(self, vals_list):
        Ticket = self.env["psa.ticket"]
        ticket_ids = {
            vals.get("psa_ticket_id") or self.env.context.get("default_psa_ticket_id") for vals in vals_list
        } - {None, False}
        tickets = Ticket.browse(ticket_ids).sudo()
        if self.env.su or not ticket_ids or tickets.company_id <= self.env.user.company_ids:
            return super().create(vals_list)
        companies = tickets.company_id - self.env.user.company_ids
        tickets.filtered(lambda ticket: ticket.company_id in companies).sudo(False).check_access("write")
        guests = {company: self.env.user._psa_guest_employee(company).id for company in companies}
        lent, own = {}, {}
        for index, vals in enumerate(vals_list):
            ticket = tickets.browse(vals.get("psa_ticket_id", self.env.context.get("default_psa_ticket_id")))
            if ticket.company_id in companies:
                lent[index] = self._psa_guest_vals(vals, ticket, guests[ticket.company_id])
            else:
                own[index] = vals
        # The company rule of Odoo knows nothing of what is lent; what it guards has been checked. All else goes its usual way.
        inside = self.sudo().with_context(allowed_company_ids=(companies | self.env.companies).ids)
        lines = super(AccountAnalyticLine, inside).create(list(lent.values()))
        for line in lines.filtered(lambda line: line.employee_id.psa_guest_user_id):
            line.user_id = line.employee_id.psa_guest_user_id
        made = dict(zip(lent, lines.with_env(self.env), strict=True))
        if own:
            made.update(zip(own, super().create(list(own.values())), strict=True))
        return self.browse(made[index].id for index in range(len(vals_list)))

    def _psa_guest_vals(self, vals, ticket, employee_id):
        """Return the values of a guest's own time: on the ticket, and on nothing else of its company."""
        if vals.get("user_id", self.env.uid) != self.env.uid or vals.get("employee_id"):
            raise AccessError(self.env._(
                "On “%s”, a ticket of a client lent to you, you log your own time only. Leave User and Employee empty.",
                ticket.display_name,
            ))
        elsewhere = dict.fromkeys(("project_id", "task_id", "psa_contract_id"), False)
        return {**vals, **elsewhere, "psa_ticket_id": ticket.id, "employee_id": employee_id}
