from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestClientOverview(PsaBillingCommon):

    def _keys(self, user):
        self.env.invalidate_all()
        return [section["key"] for section in self.client.with_user(user).psa_overview["sections"]]

    def test_money_shows_to_those_who_bill_only(self):
        for user in (self.billing, self.company_admin):
            keys = self._keys(user)
            self.assertIn("contracts", keys)
            self.assertIn("invoices", keys)
        keys = self._keys(self.technician)
        self.assertFalse({"contracts", "work", "invoices"} & set(keys))

    def test_projects_are_shown(self):
        self.env["project.project"].create({"name": "Move to the new office", "partner_id": self.client.id})

        sections = self.client.with_user(self.billing).psa_overview["sections"]

        titles = [row["title"] for section in sections for row in section["rows"] if section["key"] == "projects"]
        readable = self.env["project.project"].with_user(self.billing).has_access("read")
        self.assertEqual(titles, ["Move to the new office"] if readable else [])

    def test_contracts_in_force_are_shown(self):
        sections = self.client.with_user(self.billing).psa_overview["sections"]

        rows = next(section["rows"] for section in sections if section["key"] == "contracts")
        running = self.env["psa.contract"].search([("client_id", "=", self.client.id), ("state", "=", "active")])
        self.assertEqual({row["id"] for row in rows}, set(running.ids[:5]))

    def test_beside_a_ticket_a_technician_sees_that_there_is_a_contract_and_no_price(self):
        self.client.with_user(self.technician).check_access("read")
        beside = {
            user: {section["key"]: section for section in self.env["psa.ticket"].with_user(user).client_context(self.client.id)}
            for user in (self.technician, self.billing)
        }

        seen = beside[self.technician]["contracts"]
        self.assertEqual([row["title"] for row in seen["rows"]], [self.contract.name])
        self.assertEqual(seen["rows"][0].keys(), {"title", "detail"}, "there is nothing to open")
        self.assertEqual(beside[self.billing]["contracts"]["rows"][0]["id"], self.contract.id)
