from datetime import date

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

DAY = date(2026, 3, 10)


class BillingStage:
    """A service company, a client with a contract, a ticket, and people of every group."""

    @classmethod
    def _set_the_stage(cls, company, taxes):
        cls.company = company
        cls.env = cls.env(
            su=True,
            context=dict(
                cls.env.context,
                allowed_company_ids=company.ids,
                tracking_disable=True,
                mail_create_nolog=True,
            ),
        )
        company = cls.company = company.with_env(cls.env)
        cls.technician = cls._new_user("tina.technician", "psa_crm.group_technician")
        cls.colleague = cls._new_user("carl.colleague", "psa_crm.group_technician")
        cls.dispatcher = cls._new_user("dora.dispatcher", "psa_crm.group_dispatcher")
        cls.billing = cls._new_user("bill.billing", "psa_crm.group_billing")
        cls.company_admin = cls._new_user("anna.admin", "psa_crm.group_company_admin")

        cls.role_engineer = cls.env["psa.role"].create(
            {"name": "Network Engineer", "currency_id": cls.company.currency_id.id}
        )
        cls.product = cls.env["product.product"].create(
            {
                "name": "Service hour",
                "type": "service",
                "taxes_id": [Command.set(taxes.ids)],
                "uom_id": cls.env.ref("uom.product_uom_hour").id,
            }
        )
        cls.work_type = cls.env["psa.work.type"].create(
            {
                "name": "Remote",
                "company_id": cls.company.id,
                "sequence": 0,
                "product_id": cls.product.id,
                "minimum_minutes": 15,
                "increment_minutes": 15,
            }
        )
        cls.work_internal = cls.env["psa.work.type"].create(
            {"name": "In-house", "is_billable": False, "product_id": False}
        )
        for user in cls.technician | cls.colleague | cls.dispatcher | cls.billing:
            user.with_company(cls.company).psa_role_id = cls.role_engineer

        cls.client = cls.env["res.partner"].create(
            {"name": "Harbour Dental", "is_company": True, "psa_is_client": True}
        )
        cls.contact = cls.env["res.partner"].create(
            {"name": "Pia Patient", "parent_id": cls.client.id, "email": "pia@harbour.example"}
        )
        cls.contract = cls._new_contract(
            cls.client, [(cls.role_engineer, False, 100.0)], date_start="2026-01-01"
        )
        cls.desk = cls._new_desk(cls.company, "Service Desk")
        cls.ticket = cls._new_ticket("Printer jams")

    @classmethod
    def _new_user(cls, login, group, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login=login,
            name=login.replace(".", " ").title(),
            groups=group,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
            context={"no_reset_password": True},
        )

    @classmethod
    def _new_desk(cls, company, name):
        return (
            cls.env["psa.desk"]
            .with_company(company)
            .create({"name": name, "company_id": company.id})
        )

    @classmethod
    def _new_ticket(cls, name, client=None, desk=None):
        client = client or cls.client
        desk = desk or cls.desk
        return (
            cls.env["psa.ticket"]
            .with_company(desk.company_id)
            .create(
                {
                    "name": name,
                    "desk_id": desk.id,
                    "partner_id": cls.contact.id if client == cls.client else client.id,
                    "client_id": client.id,
                }
            )
        )

    @classmethod
    def _new_contract(cls, client, rates, activate=True, **values):
        contract = cls.env["psa.contract"].create(
            {
                "name": "Support by the hour",
                "client_id": client.id,
                "company_id": cls.company.id,
                "rate_ids": [
                    Command.create(
                        {
                            "role_id": role.id,
                            "work_type_id": work_type and work_type.id,
                            "hourly_rate": hourly_rate,
                        }
                    )
                    for role, work_type, hourly_rate in rates
                ],
                **values,
            }
        )
        if activate:
            contract.action_activate()
        return contract

    @classmethod
    def _log(cls, minutes=40, user=None, ticket=None, **values):
        """Log time as the technician does it."""
        user = user or cls.technician
        return (
            cls.env(user=user, su=False)["account.analytic.line"]
            .with_company(cls.company)
            .create(
                {
                    "psa_ticket_id": (ticket or cls.ticket).id,
                    "date": DAY,
                    "unit_amount": minutes / 60,
                    "name": "Cleared the rollers",
                    **values,
                }
            )
        )

    @classmethod
    def _approve(cls, lines):
        """Approve as billing does it, and return the ledger rows."""
        lines.with_user(cls.billing).action_psa_approve()
        return cls._items_of(lines)

    @classmethod
    def _items_of(cls, lines):
        return cls.env["psa.billing.item"].search(
            [("source_model", "=", "account.analytic.line"), ("source_id", "in", lines.ids)],
            order="id",
        )

    @classmethod
    def _release(cls, lines):
        """Approve the time and release its rows."""
        items = cls._approve(lines)
        items.with_user(cls.billing).action_approve()
        return items

    @classmethod
    def _prepare(cls, user=None, **values):
        """Prepare invoices as billing does it, and return them."""
        before = cls.env["account.move"].search([])
        wizard = (
            cls.env(user=user or cls.billing, su=False)["psa.prepare.invoices"]
            .with_company(cls.company)
            .create({"date_until": "2026-03-31", "company_id": cls.company.id, **values})
        )
        wizard.action_prepare()
        return cls.env["account.move"].search([]) - before


class PsaBillingCommon(BillingStage, TransactionCase):
    """The stage without books: quick to set, enough until an invoice is made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env["res.company"].create({"name": "Brightwater"})
        cls._set_the_stage(company, cls.env["account.tax"])


class PsaInvoicingCommon(BillingStage, AccountTestInvoicingCommon):
    """The stage with a chart of accounts, journals and taxes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_the_stage(cls.env.company, cls.tax_sale_a)


class HardwareCommon(PsaInvoicingCommon):
    """The stage with books, where hardware is sold on tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kind = cls.env["psa.billable.type"].create(
            {"name": "Hardware", "company_id": cls.company.id, "sequence": 0, "product_id": cls.product.id}
        )

    @classmethod
    def _charge(cls, quantity=1, price=200.0, **values):
        """Charge hardware, approved as billing does it."""
        charge = cls.env["psa.charge"].create(
            {
                "ticket_id": cls.ticket.id, "billable_type_id": cls.kind.id, "name": "Docking station", "date": DAY,
                "quantity": quantity, "price_unit": price, **values,
            }
        )  # fmt: skip
        charge.with_user(cls.billing).action_approve()
        return charge

    def _check_nightly(self):
        """The nightly check finds nothing."""
        self.env["psa.billing.problem"]._check_ledgers([(self.client.id, self.company.id)])
        problems = self.env["psa.billing.problem"].search([("client_id", "=", self.client.id), ("state", "=", "open")])
        self.assertEqual(problems.mapped("message"), [])
