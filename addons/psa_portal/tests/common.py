from odoo.fields import Command
from odoo.http import Request
from odoo.tests import HttpCase


class TestTicketPortalCommon(HttpCase):
    """Two clients with their people: an administrator and an employee here, an administrator there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Kestrel Managed IT"})
        cls.desk = cls.env["psa.desk"].create({"name": "Kestrel Help Desk", "company_id": cls.company.id})
        cls.client, cls.other_client = cls.env["res.partner"].create([
            {"name": "Linden Clinic", "is_company": True, "psa_is_client": True, "company_id": cls.company.id},
            {"name": "Quarry Foods", "is_company": True, "psa_is_client": True, "company_id": cls.company.id},
        ])
        employee, admin = "psa_crm.group_client_employee", "psa_crm.group_client_admin"
        cls.employee = cls._portal_user("linden_employee", cls.client, employee)
        cls.colleague = cls._portal_user("linden_colleague", cls.client, employee)
        cls.administrator = cls._portal_user("linden_admin", cls.client, admin)
        cls.stranger = cls._portal_user("quarry_admin", cls.other_client, admin)
        cls.technician = cls.env["res.users"].create({
            "name": "Tessa Technician",
            "login": "kestrel_technician",
            "email": "tessa@kestrel.example",
            "company_id": cls.company.id,
            "company_ids": [Command.set(cls.company.ids)],
            "group_ids": [Command.set([cls.env.ref("psa_crm.group_technician").id])],
        })
        cls.ticket = cls._ticket(cls.employee, "Mail does not arrive")
        cls.colleagues_ticket = cls._ticket(cls.colleague, "Door chip lost")
        cls.strangers_ticket = cls._ticket(cls.stranger, "Cold store alarm")

    @classmethod
    def _portal_user(cls, login, client, group):
        partner = cls.env["res.partner"].create({
            "name": login.replace("_", " ").title(),
            "email": f"{login}@example.com",
            "parent_id": client.id,
            "company_id": cls.company.id,
        })
        return cls.env["res.users"].with_context(no_reset_password=True).create({
            "partner_id": partner.id,
            "login": login,
            "password": login,
            "company_id": cls.company.id,
            "company_ids": [Command.set(cls.company.ids)],
            "group_ids": [Command.set([cls.env.ref(group).id])],
        })

    @classmethod
    def _ticket(cls, user, name, **vals):
        return cls.env["psa.ticket"].create({
            "name": name,
            "description": f"<p>{name}</p>",
            "desk_id": cls.desk.id,
            "partner_id": user.partner_id.id,
            **vals,
        })

    def _sign_in(self, user):
        """Sign in on the portal as this user; no user means a visitor."""
        if user:
            self.authenticate(user.login, user.login)
        else:
            self.authenticate(None, None)

    def _post(self, url, **kwargs):
        """Post a form of the portal as the browser does, with the session's token."""
        data = {"csrf_token": Request.csrf_token(self), **kwargs.pop("data", {})}
        return self.url_open(url, data=data, **kwargs)

    def _messages(self, ticket):
        return self.env["mail.message"].search([("model", "=", "psa.ticket"), ("res_id", "=", ticket.id)])
