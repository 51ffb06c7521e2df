"""Which time and which tickets the prices of a contract are for: nothing is charged twice, and nothing is free."""

from datetime import date

from odoo.tests import freeze_time, tagged

from .managed_common import ManagedContractCommon


@tagged("post_install", "-at_install")
class TestContractCover(ManagedContractCommon):
    usual_steps = (("2026-01-01", 1, 30),)

    # A project's price pays for the project

    def test_a_milestone_of_a_project_leaves_support_to_be_charged_by_the_hour(self):
        project = self.env["project.project"].create(
            {"name": "Move", "company_id": self.company.id, "allow_milestones": True, "allow_timesheets": True,
             "partner_id": self.client.id}
        )
        component = self._add("milestone", steps=(), project_id=project.id)
        self.managed.action_activate()
        (flat,) = self.managed._psa_terms()[0].flat_terms
        self.assertEqual((flat.id, flat.project_id), (component.id, project.id))

        support = self._approve(self._log(60, date="2026-03-10"))
        moving = self._approve(self._log(60, date="2026-03-10", psa_ticket_id=False, project_id=project.id))

        self.assertEqual((support.funding, support.amount), ("rate", 100))
        self.assertEqual((moving.funding, moving.amount, moving.component_id), ("fixed_price", 0, component))
        self.assertIn("The fixed price of the project “Move” pays for it", moving.explanation)

    def test_a_component_says_which_time_its_price_pays_for(self):
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id})
        component = self._add("fixed_price")
        self.assertIn("all time under the contract", component.cover_note)
        component.project_id = project
        self.assertIn("on the project “Move” only", component.cover_note)
        component.is_time_covered = False
        self.assertIn("pays for no time", component.cover_note)
        self.assertFalse(self._add("recurring").cover_note)
        self.assertIn("on the tickets it is charged for", self._add("per_ticket").cover_note)

    def test_the_fixed_price_of_a_project_that_stays_behind_pays_for_no_time_elsewhere(self):
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id})
        elsewhere = self.env["res.company"].create({"name": "Kestrel"})
        self._add("fixed_price", project_id=project.id, date_from="2026-02-01")

        (vals,) = self.managed.component_ids._psa_moved_vals(elsewhere)

        self.assertEqual((vals["project_id"], vals["is_time_covered"]), (False, False))

    # One ticket, one contract

    def _second(self, name="Hourly", **values):
        return self._new_contract(self.client, [(self.role_engineer, False, 120.0)], name=name, date_start="2026-01-01", **values)

    def _close(self, day="2026-03-20"):
        with freeze_time(f"{day} 12:00:00"):
            self.ticket.action_close()

    def _charged(self):
        """Return what the ticket costs, by contract."""
        rows = self.env["psa.billing.item"].search([("ticket_id", "=", self.ticket.id)])
        return {(row.contract_id.name, row.kind, row.funding): row.amount for row in rows}

    def test_no_price_by_the_ticket_is_due_where_its_time_is_charged_by_the_hour_under_another_contract(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self._second(priority=1)
        self._approve(self._log(60, date="2026-03-10"))
        self._close()

        self.assertFalse(self._bill("2026-03-31"))

        self.assertEqual(self._charged(), {("Hourly", "time", "rate"): 120})

    def test_the_price_is_due_under_the_contract_that_comes_first_and_pays_for_the_time(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.priority = 1
        self._second()
        self._approve(self._log(60, date="2026-03-10"))
        self._close()
        self._bill("2026-03-31")

        self.assertEqual(self._charged(), {("Managed", "time", "per_ticket"): 0, ("Managed", "per_ticket", "price"): 40})

    def test_of_two_contracts_with_a_price_by_the_ticket_one_charges(self):
        other = self._second("Managed, too", priority=1)
        for contract, price in ((self.managed, 40), (other, 30)):
            self._add("per_ticket", contract, steps=[("2026-01-01", 1, price)])
        self.managed.action_activate()
        self._approve(self._log(60, date="2026-03-10"))
        self._close()

        (self.managed | other)._psa_bill_due(date(2026, 3, 31))

        paid = {("Managed, too", "time", "per_ticket"): 0, ("Managed, too", "per_ticket", "price"): 30}
        self.assertEqual(self._charged(), paid)
        # Whatever comes first later: what was released stays, and nobody charges the ticket once more.
        self._rows(other.due_ids).with_user(self.billing).action_approve()
        self.managed.priority = 0
        (self.managed | other)._psa_bill_due(date(2026, 4, 30))
        self.assertEqual((self.managed | other).due_ids.mapped("amount"), [30])

    def test_a_price_nobody_released_goes_where_the_time_goes(self):
        hourly = self._second()
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.priority = 1
        self.managed.action_activate()
        self._approve(self._log(60, date="2026-03-10") | self._log(60, date="2026-03-11", psa_contract_id=self.managed.id))
        self._close()
        due = self._bill("2026-03-31")
        self.assertEqual(sum(self._charged().values()), 40)

        hourly.priority = 0
        self.assertFalse(self._bill("2026-04-01"))

        self.assertFalse(due.exists())
        self.assertEqual(self._charged(), {("Hourly", "time", "rate"): 120, ("Managed", "time", "rate"): 100})

    def test_a_contract_that_all_entries_of_a_ticket_name_charges_it(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.action_activate()
        self._second(priority=1)
        first = self._log(60, date="2026-03-10", psa_contract_id=self.managed.id)
        self._approve(first)
        self._close()
        self._bill("2026-03-31")

        self.assertEqual(self._charged(), {("Managed", "time", "per_ticket"): 0, ("Managed", "per_ticket", "price"): 40})

    def test_a_ticket_of_which_one_entry_only_names_a_contract_is_charged_by_the_hour_there(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.action_activate()
        self._second(priority=1)
        self._approve(self._log(60, date="2026-03-10", psa_contract_id=self.managed.id) | self._log(60, date="2026-03-10"))
        self._close()

        self.assertFalse(self._bill("2026-03-31"))

        self.assertEqual(self._charged(), {("Hourly", "time", "rate"): 120, ("Managed", "time", "rate"): 100})

    def test_a_ticket_worked_on_before_the_contract_changed_is_charged_by_that_of_the_day_it_was_closed(self):
        before = self._second(priority=1, date_end="2026-02-28")
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self._approve(self._log(60, date="2026-02-20"))
        self._close()

        (self.managed | before).filtered(lambda contract: contract.state == "draft").action_activate()
        self._bill("2026-03-31")

        self.assertEqual(self._charged(), {("Hourly", "time", "rate"): 120, ("Managed", "per_ticket", "price"): 40})
