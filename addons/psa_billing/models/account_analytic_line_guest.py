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
        vals_list = [dict(vals) for vals in vals_list]
        companies = tickets.company_id - self.env.user.company_ids
        Ticket.browse(ticket_ids).check_access("write")
        guests = {company: self.env.user._psa_guest_employee(company).id for company in companies}
        for vals in vals_list:
            ticket = tickets.browse(vals.setdefault("psa_ticket_id", self.env.context.get("default_psa_ticket_id")))
            if ticket.company_id not in companies:
                continue
            if vals.get("user_id", self.env.uid) != self.env.uid or vals.get("employee_id"):
                raise AccessError(self.env._(
                    "On “%s”, a ticket of a client lent to you, you log your own time only. Leave User and Employee empty.",
                    ticket.display_name,
                ))
            vals["employee_id"] = guests[ticket.company_id]
        # The company rule of Odoo knows nothing of what is lent; what it guards has been checked.
        inside = self.sudo().with_context(allowed_company_ids=(companies | self.env.companies).ids)
        lines = super(AccountAnalyticLine, inside).create(vals_list)
        for line in lines.filtered(lambda line: line.employee_id.psa_guest_user_id):
            line.user_id = line.employee_id.psa_guest_user_id
        return lines.with_env(self.env)
