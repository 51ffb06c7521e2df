from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from .common import BillingStage


@tagged("post_install", "-at_install")
class TestRules(BillingStage, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_the_stage(cls.env.company, cls.env["account.tax"])
        cls.env["psa.contract"].search([("client_id", "=", cls.client.id)]).active = True
        cls.contracts = cls.env["psa.contract"].search([("client_id", "=", cls.client.id)])
        cls.without = cls.env["res.partner"].create(
            {"name": "No Contract Ltd", "is_company": True, "psa_is_client": True}
        )

    def _acted_on(self, **values):
        """Return who of the two clients a rule with this condition acts for."""
        rule = self.env["psa.rule"].create(
            {
                "name": "By contract",
                "company_id": self.company.id,
                "action_ids": [Command.create({"kind": "note", "body": "x"})],
                **values,
            }
        )
        for client in (self.client, self.without):
            self.env["psa.ticket"].create({"name": "Printer", "client_id": client.id})
        return rule.log_ids.ticket_id.client_id

    def test_clients_with_and_without_a_contract(self):
        self.contracts.write({"state": "active", "date_start": date.today() - timedelta(days=9)})

        self.assertEqual(self._acted_on(contract_cover="with"), self.client)
        self.assertEqual(self._acted_on(contract_cover="without"), self.without)
        self.assertEqual(self._acted_on(contract_ids=[Command.set(self.contracts.ids)]), self.client)
        self.assertEqual(self._acted_on(), self.client | self.without)

    def test_a_contract_that_has_ended_is_none(self):
        self.contracts.write(
            {
                "state": "active",
                "date_start": date.today() - timedelta(days=9),
                "date_end": date.today() - timedelta(days=1),
            }
        )

        self.assertFalse(self._acted_on(contract_cover="with"))
        self.assertFalse(self._acted_on(contract_ids=[Command.set(self.contracts.ids)]))

    def test_a_copy_is_about_the_same_contracts_for_whoever_makes_it(self):
        desk = self._new_desk(self.company, "Front Desk")
        desk.admin_ids = self.technician
        rule = self.env["psa.rule"].create(
            {
                "name": "By contract",
                "company_id": self.company.id,
                "desk_id": desk.id,
                "contract_ids": [Command.set(self.contracts.ids)],
            }
        )

        copied = rule.with_env(self.env(user=self.technician, su=False)).copy()

        self.assertEqual(copied.sudo().contract_ids, self.contracts)

    def test_approved_and_refused_time(self):
        rules = self.env["psa.rule"].create(
            [
                {"name": decision, "company_id": self.company.id, "event": "approval", "approval": decision}
                for decision in ("approved", "refused")
            ]
        )
        approved, refused = self._log(), self._log()

        approved.with_user(self.billing).action_psa_approve()
        refused.with_user(self.billing)._psa_refuse("Which site?")
        self.env.cr.flush()

        for rule in rules:
            self.assertEqual(rule.log_ids.ticket_id, self.ticket, rule.name)
            self.assertEqual(len(rule.log_ids), 1)
