from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestClientMove(PsaBillingCommon):
    """Harbour Dental moves from Brightwater to the new company of Ingrid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.company_id = cls.company
        cls.pro = new_test_user(
            cls.env, "ingrid", groups="base.group_user", email="ingrid@fjord-it.test", name="Ingrid Dahl"
        )
        cls.fjord = cls.env["res.company"]._psa_create_service_company({"name": "Fjord IT"}, cls.pro)

    def _move(self):
        self.client._psa_move_to_company(self.fjord, self.pro)

    def test_the_owner_of_a_new_company_has_an_employee_and_logs_time_at_once(self):
        env = self.env(user=self.pro, su=False, context={"allowed_company_ids": self.fjord.ids})
        ticket = env["psa.ticket"].create({"name": "First job"})
        line = env["account.analytic.line"].create(
            {"psa_ticket_id": ticket.id, "unit_amount": 1, "name": "Work"}
        )

        self.assertEqual(line.employee_id.user_id, self.pro)
        self.assertEqual(line.company_id, self.fjord)
        self.assertTrue(line.psa_work_type_id)

    def test_everybody_who_joins_gets_an_employee(self):
        member = self.env["psa.staff"].create(
            {"name": "Noah", "email": "noah@fjord-it.test", "role": "billing", "company_id": self.fjord.id}
        )

        user = member._psa_accept_new("Noah Berg", "a-good-password")

        employee = self.env["hr.employee"].search([("user_id", "=", user.id)])
        self.assertRecordValues(employee, [{"company_id": self.fjord.id, "name": "Noah Berg"}])

    def test_open_work_is_in_the_way_until_it_is_billed(self):
        line = self._log()
        timer = self.env["psa.work.timer"].with_user(self.technician).create({"ticket_id": self.ticket.id})
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            self._move()
        self.assertIn("1 timers", caught.exception.args[0])
        self.assertIn("1 time entries that are not approved", caught.exception.args[0])
        timer.unlink()

        items = self._release(line)
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            self._move()
        self.assertIn("1 ledger rows to invoice", caught.exception.args[0])
        self.assertEqual(self.client.company_id, self.company)

        items._write_row({"state": "written_off", "write_off_reason": "Moved"})
        self._move()
        self.assertEqual(self.ticket.company_id, self.fjord)
        self.assertEqual(items.company_id, self.company)
        self.assertEqual(line.company_id, self.company)

    def test_a_contract_nothing_was_billed_under_moves(self):
        role = self.env["psa.role"].create({"name": "Local", "company_id": self.company.id})
        contract = self._new_contract(self.client, [(role, False, 90.0)], date_start="2025-01-01", date_end="2025-12-31")

        self._move()

        self.assertEqual(contract.company_id, self.fjord)
        self.assertEqual(contract.rate_ids.company_id, self.fjord)
        self.assertEqual(contract.rate_ids.role_id.company_id, self.fjord)
        self.assertEqual(contract.rate_ids.role_id.name, "Local")

    def test_a_contract_with_billed_work_ends_and_goes_on_as_a_new_one(self):
        items = self._release(self._log())
        self.assertEqual(items.contract_id, self.contract)
        items._write_row({"state": "written_off", "write_off_reason": "Moved"})

        self._move()

        self.assertEqual(self.contract.company_id, self.company)
        self.assertEqual(self.contract.state, "ended")
        new = self.env["psa.contract"].search([("company_id", "=", self.fjord.id)])
        self.assertRecordValues(
            new, [{"client_id": self.client.id, "state": "active", "user_id": self.pro.id, "name": self.contract.name}]
        )
        self.assertGreater(new.date_start, fields.Date.today())
        self.assertEqual(new.rate_ids.mapped("hourly_rate"), [100.0])

    def test_a_portal_account_of_the_client_follows(self):
        self.contact.psa_portal_role = "employee"

        self._move()

        self.assertEqual(self.contact.user_ids.company_ids, self.fjord)
        self.assertIn(Command.link(self.company.id)[1], self.client.psa_former_company_ids.ids)
