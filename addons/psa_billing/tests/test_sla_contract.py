from odoo.exceptions import UserError
from odoo.fields import Command, Date
from odoo.tests import freeze_time, tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestSlaContract(PsaBillingCommon):
    """A contract outweighs what is promised to its client otherwise."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

        def policy(name, hours, **values):
            return cls.env["psa.sla.policy"].create(
                {
                    "name": name,
                    "company_id": cls.company.id,
                    "hours": "always",
                    "target_ids": [Command.create({"resolution_hours": hours})],
                    **values,
                }
            )

        cls.usual = policy("Usual", 24, client_ids=[Command.set(cls.client.ids)])
        cls.agreed = policy("Agreed", 8, contract_ids=[Command.set(cls.contract.ids)])

    def test_a_running_contract_counts_before_the_client(self):
        ticket = self._new_ticket("Screen black")

        self.assertEqual(ticket.sla_policy_id, self.agreed)
        self.assertEqual(self.agreed.specificity > self.usual.specificity, True)

    def test_the_end_of_the_contract_changes_open_tickets_and_history_says_why(self):
        ticket = self._new_ticket("Screen black")

        self.contract.action_end()
        self.contract.flush_recordset()

        self.assertEqual(ticket.sla_policy_id, self.usual)
        row = ticket.history_ids.filtered(lambda row: row.field_name == "sla_policy_id")
        self.assertIn("A contract of the client changed.", row.description)
        self.assertEqual((row.old_value, row.new_value), ("Agreed, Every priority", "Usual, Every priority"))

    def test_contracts_begin_as_drafts_and_count_for_open_tickets_once_they_are_confirmed(self):
        other = self.env["res.partner"].create(
            {"name": "Mill", "is_company": True, "psa_is_client": True}
        )
        contract = self._new_contract(
            other,
            [(self.role_engineer, False, 100.0)],
            activate=False,
            date_start="2026-01-01",
            state="active",
        )
        self.agreed.contract_ids |= contract
        ticket = self._new_ticket("Screen black", client=other)
        self.assertEqual((contract.state, ticket.sla_policy_id.id), ("draft", False))

        contract.action_activate()
        contract.flush_recordset()

        self.assertEqual(ticket.sla_policy_id, self.agreed)
        with self.assertRaisesRegex(UserError, "Only a draft contract can be deleted"):
            contract.unlink()

    def test_a_contract_counts_from_its_first_day_on(self):
        self.contract.date_start = Date.add(Date.today(), days=3)
        ticket = self._new_ticket("Screen black")
        self.assertEqual(ticket.sla_policy_id, self.usual)

        with freeze_time(Date.add(Date.today(), days=3)):
            self.env["psa.contract"]._cron_end_contracts()

        self.assertEqual(ticket.sla_policy_id, self.agreed)

    def test_technicians_see_policies_without_the_contracts(self):
        policies = (self.usual | self.agreed).with_user(self.technician)

        self.assertEqual(policies.mapped("criteria_summary"), ["Clients: Harbour Dental", "Contracts: …"])
        self.assertIn("Contracts", self.agreed.with_user(self.billing).criteria_summary)
