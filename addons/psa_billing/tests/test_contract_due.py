"""What falls due under contracts: each thing once, at the price of its day, and put right by signed rows."""

from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.addons.psa_crm import tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from psycopg2.errors import SerializationFailure

from .managed_common import ManagedContractCommon


@tagged("post_install", "-at_install")
class TestContractDue(ManagedContractCommon):
    # Periods

    def test_each_month_falls_due_once_and_is_in_the_ledger(self):
        self._add("recurring")

        dues = self._bill("2026-03-15")

        self.assertEqual([str(due.date) for due in dues], ["2026-01-01", "2026-02-01", "2026-03-01"])
        self.assertRecordValues(
            dues[0], [{"kind": "recurring", "quantity": 10, "price_unit": 30, "amount": 300, "item_state": "pending"}]
        )
        row = self._rows(dues[0])
        self.assertRecordValues(
            row,
            [{"kind": "recurring", "amount": 300, "quantity": 10, "price_unit": 30, "contract_id": self.managed.id,
              "client_id": self.client.id, "component_id": dues.component_id.id, "period_from": date(2026, 1, 1)}],
        )
        self.assertIn("01/01/2026", row.name)
        self.assertFalse(self._bill("2026-03-15"), "billed twice")
        self.assertFalse(self._bill("2026-03-31"))
        self.assertEqual(len(self._bill("2026-04-01")), 1)

    def test_in_arrears_a_period_is_due_on_its_last_day(self):
        self.managed.billing_timing = "arrears"
        self._add("recurring")

        self.assertEqual([str(due.date) for due in self._bill("2026-03-30")], ["2026-01-31", "2026-02-28"])
        self.assertEqual([str(due.date) for due in self._bill("2026-03-31")], ["2026-03-31"])

    def test_anniversary_quarters_and_a_contract_that_ends_in_the_middle(self):
        self.managed.write(
            {"date_start": "2026-01-31", "date_end": "2026-05-15", "billing_cycle": "quarterly", "cycle_start": "anniversary"}
        )
        self._add("recurring", steps=[("2026-01-31", 1, 920)])

        dues = self._bill("2026-12-31")

        self.assertEqual(self.managed._psa_cycle(date(2026, 5, 1)), (date(2026, 4, 30), date(2026, 7, 31)))
        # 16 of the 92 days from 30 April.
        self.assertEqual(dues.mapped("amount"), [920, 160])
        self.assertRecordValues(dues[1], [{"period_to": date(2026, 5, 15), "quantity": 1, "price_unit": 160}])
        self.assertIn("for 16 of 92 days", dues[1].name)

    def test_a_component_without_a_day_in_the_contract_never_falls_due(self):
        self.managed.date_end = "2026-03-31"
        self._add("recurring", date_from="2026-04-01", date_to="2026-04-01")

        self.assertFalse(self._bill("2027-01-01"))

    def test_what_was_billed_elsewhere_does_not_fall_due(self):
        self.managed.bill_from = "2026-03-01"
        self._add("recurring")
        self._add("setup_fee")

        self.assertEqual([str(due.date) for due in self._bill("2026-03-31")], ["2026-03-01"])

    def test_steps_and_dates_that_make_no_sense_are_refused(self):
        service = self._add("recurring")
        with self.assertRaisesRegex(ValidationError, "before it starts"):
            service.write({"date_from": "2026-05-01", "date_to": "2026-04-30"})
        with self.assertRaisesRegex(ValidationError, "whole numbers"):
            service.notice_percents = "half"
        with self.assertRaisesRegex(ValidationError, "own fields only|record itself only"):
            service.count_domain = "[('client_id.company_id.name', '=', 'x')]"
        with self.assertRaisesRegex(ValidationError, "no filter"):
            service.count_domain = "everything"

    # True-ups

    def test_a_change_within_a_billed_period_is_charged_by_days(self):
        service = self._add("recurring")
        june = self._bill("2026-06-01")[-1]
        self._freeze(june)

        service.step_ids = [Command.create({"date_from": "2026-06-16", "quantity": 12, "price_unit": 30})]
        later = self._bill("2026-07-01")

        true_up = later.filtered(lambda due: due.kind == "correction")
        self.assertRecordValues(
            true_up, [{"amount": 30, "quantity": 1, "period_from": date(2026, 6, 1), "cycle_from": date(2026, 6, 1)}]
        )
        self.assertEqual(self._rows(true_up).kind, "correction")
        self.assertIn("12 ×", true_up.name)
        self.assertEqual(later.filtered(lambda due: due.cycle_from == date(2026, 7, 1)).amount, 360)
        self.assertEqual(june.amount, 300, "what was billed stays")
        self.assertFalse(self._bill("2026-07-02"), "trued up twice")

    def test_less_is_credited_only_if_that_was_agreed(self):
        fair, strict, never = (
            self._add("recurring", name=policy, true_up=policy) for policy in ("both", "up", "none")
        )
        self._freeze(self._bill("2026-06-01"))
        for service, quantity in ((fair, 4), (strict, 4), (never, 40)):
            service.step_ids = [Command.create({"date_from": "2026-06-16", "quantity": quantity, "price_unit": 30})]

        true_ups = self._bill("2026-06-30")

        self.assertEqual(true_ups.component_id, fair)
        self.assertRecordValues(true_ups, [{"amount": -90, "quantity": -1, "price_unit": 90}])
        self.assertEqual(self._rows(true_ups).amount, -90)

    def test_a_typing_mistake_is_put_right_as_long_as_nothing_was_released(self):
        service = self._add("recurring", steps=[("2026-01-01", 10, 300)])
        wrong = self._bill("2026-01-31")
        self.assertEqual(wrong.amount, 3000)

        service.step_ids.price_unit = 30
        right = self._bill("2026-01-31")

        self.assertEqual((right.kind, right.amount), ("recurring", 300))
        self.assertFalse(wrong.exists())

        self._freeze(right)
        with self.assertRaisesRegex(UserError, "Add a line with the new price"):
            service.step_ids.price_unit = 31
        with self.assertRaisesRegex(UserError, "its kind and start stay"):
            service.kind = "per_ticket"
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            service.unlink()
        with self.assertRaisesRegex(UserError, "billing cycle stays"):
            self.managed.billing_cycle = "yearly"

    def test_a_price_typed_on_a_billed_component_counts_from_today(self):
        service = self._add("recurring")
        self._freeze(self._bill("2026-02-01"))

        with freeze_time("2026-02-10 12:00:00"):
            service.invalidate_recordset()
            service.price_unit = 40

        self.assertEqual(service.step_ids.mapped(lambda step: (str(step.date_from), step.price_unit)),
                         [("2026-01-01", 30), ("2026-02-10", 40)])

    def test_true_ups_are_numbered_on_where_one_in_the_middle_was_taken_back(self):
        service = self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        service.step_ids = [Command.create({"date_from": "2026-06-16", "quantity": 12, "price_unit": 30})]
        waiting = self._bill("2026-06-20")
        # Held in the review, while what came later was released.
        rows = self._rows(waiting).with_user(self.billing)
        rows._hold("Is asked about")
        later = waiting.sudo().copy({"key": "true_up:2026-06-01:2", "amount": 5, "price_unit": 5})
        later._psa_bill()
        self._freeze(later)

        service.name = "Renamed"
        again = self._bill("2026-06-30")

        self.assertEqual((again.key, again.amount), ("true_up:2026-06-01:3", 25))
        self.assertFalse(waiting.exists())

    def test_no_part_of_a_period_is_lost_when_another_part_was_released(self):
        service = self._add(
            "recurring", true_up="none", steps=[("2026-06-01", 10, 30), ("2026-06-16", 10, 60)], date_from="2026-06-01"
        )
        first, second = self._bill("2026-06-01")
        self._freeze(first)

        service.name = "Renamed"
        self._bill("2026-06-02")

        self.assertTrue(second.exists())
        self.assertEqual(sum(service.due_ids.mapped("amount")), 150 + 300)

    def test_ending_a_contract_billed_in_advance_credits_the_rest(self):
        self.managed.billing_cycle = "yearly"
        self._add("recurring", steps=[("2026-01-01", 1, 365)])
        self._freeze(self._bill("2026-01-01"))

        with freeze_time("2026-01-31 12:00:00"):
            self.managed.action_end()
        credit = self._bill("2026-03-01")

        self.assertEqual((credit.amount, str(credit.date)), (-334, "2026-01-31"))

    def test_a_contract_called_off_before_it_begins_bills_nothing(self):
        self.managed.write({"date_start": "2026-07-01", "date_end": "2027-06-30"})
        self._add("recurring")
        self._add("setup_fee")
        self._add("block")
        self._add("fixed_price", instalment_ids=[Command.create({"name": "1", "date_due": "2026-08-01", "amount": 5})])
        self.managed.action_activate()

        with freeze_time("2026-06-01 12:00:00"):
            self.managed.action_end()

        self.assertFalse(self._bill("2027-12-31"))

    def test_a_suspended_contract_rests_and_goes_on(self):
        self._add("recurring", steps=[("2026-01-01", 10, 30), ("2026-06-21", 10, 60)])
        self._freeze(self._bill("2026-06-01"))

        with freeze_time("2026-06-16 12:00:00"):
            self.managed.action_suspend()
        self.assertEqual(self.managed.state, "suspended")
        credit = self.managed.due_ids.filtered(lambda due: due.kind == "correction")
        self.assertEqual(credit.amount, -250)
        self.assertFalse(self.managed._psa_bill_due(date(2026, 6, 30)))
        with freeze_time("2026-06-26 12:00:00"):
            self.managed.action_resume()
        self._bill("2026-06-30")

        june = self.managed.due_ids.filtered(lambda due: due.cycle_from == date(2026, 6, 1)).sorted("id")
        # 20 days at 300 and 10 at 600 were billed; then 15 days at 300 and the last five at 600 count.
        self.assertEqual(june[:2].mapped("amount"), [200, 200])
        self.assertEqual(sum(june.mapped("amount")), 150 + 100)
        self.assertEqual(self._bill("2026-07-01").amount, 600)

    # Counting

    def test_devices_are_counted_and_the_count_is_frozen_in_the_period(self):
        Asset = self.env["psa.asset"]
        for number in range(3):
            Asset.create({"name": f"PC {number}", "client_id": self.client.id, "company_id": self.company.id})
        Asset.create({"name": "Printer", "client_id": self.client.id, "company_id": self.company.id})
        Asset.create({"name": "Stranger", "company_id": self.company.id})
        service = self._add(
            "recurring", steps=[("2026-01-01", 1, 30)], count_source="assets", count_domain="[('name', 'like', 'PC')]"
        )

        with freeze_time("2026-01-01 12:00:00"):
            self.managed.action_activate()
        self.assertEqual(service.step_ids.mapped("quantity"), [3])
        self._freeze(self._bill("2026-02-01"))

        Asset.create({"name": "PC 9", "client_id": self.client.id, "company_id": self.company.id})
        with freeze_time("2026-02-15 12:00:00"):
            self.env["psa.contract.component"]._cron_count()
            self.env["psa.contract.component"]._cron_count()
        self.assertEqual([(str(s.date_from), s.quantity, s.origin) for s in service.step_ids],
                         [("2026-01-01", 3, "count"), ("2026-02-15", 4, "count")])
        # A device more for half of February.
        self.assertEqual(self._bill("2026-02-28").amount, 15)

    def test_people_are_counted(self):
        service = self._add("recurring", count_source="employees")

        service.action_count()

        self.assertEqual(service.quantity, 1, "Pia Patient")

    def test_counting_takes_a_query_for_each_way_of_counting_not_for_each_component(self):
        for number in range(4):
            self._add("recurring", name=str(number), count_source="assets")
        counted = self.managed.component_ids
        counted._psa_numbers()
        with self.assertQueryCount(1):
            counted._psa_numbers()

    # Once-only

    def test_set_up_fee_fixed_price_and_instalments(self):
        fee = self._add("setup_fee", steps=[("2026-01-01", 1, 250)])
        project = self._add(
            "fixed_price",
            instalment_ids=[
                Command.create({"name": "Start", "date_due": "2026-01-15", "amount": 1000}),
                Command.create({"name": "End", "date_due": "2026-03-15", "amount": 2000}),
            ],
        )
        whole = self._add("fixed_price", steps=[("2026-01-01", 1, 700)], is_time_covered=False)

        self.assertEqual([part.price_total for part in (fee, project, whole)], [250, 3000, 700], "instalments are one price")

        dues = self._bill("2026-02-01")

        self.assertEqual({due.component_id: (due.kind, due.amount) for due in dues},
                         {fee: ("setup", 250), project: ("fixed_price", 1000), whole: ("fixed_price", 700)})
        self._freeze(dues)
        with self.assertRaisesRegex(UserError, "was billed, so it stays"):
            project.instalment_ids[0].amount = 1
        project.instalment_ids[1].amount = 2500
        self.assertEqual(self._bill("2026-04-01").mapped("amount"), [2500])
        (term,) = self.managed._psa_terms()
        self.assertEqual([(flat.id, flat.kind) for flat in term.flat_terms], [(project.id, "fixed_price")])

    def test_instalments_entered_later_take_the_place_of_the_whole_price(self):
        late, billed = (self._add("fixed_price", name=name, steps=[("2026-01-01", 1, 700)]) for name in ("Late", "Billed"))
        dues = self._bill("2026-01-01")
        self.assertEqual(dues.mapped("amount"), [700, 700])
        self._freeze(dues.filtered(lambda due: due.component_id == billed))

        late.instalment_ids = [
            Command.create({"name": str(month), "date_due": f"2026-0{month}-01", "amount": 350}) for month in (1, 2)
        ]
        with self.assertRaisesRegex(UserError, "billed as a whole"), self.env.cr.savepoint():
            billed.instalment_ids = [Command.create({"name": "1", "date_due": "2026-02-01", "amount": 700})]
        self._bill("2026-03-01")

        self.assertEqual(late.due_ids.mapped("amount"), [350, 350])
        self.assertEqual(billed.due_ids.mapped("amount"), [700])

    def test_a_milestone_is_charged_when_it_was_reached_and_signed_off(self):
        component = self._add("milestone", steps=())
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "allow_milestones": True})
        milestone = self.env["project.milestone"].create(
            {"name": "Server room", "project_id": project.id, "psa_component_id": component.id, "psa_amount": 4000}
        )
        milestone = milestone.with_user(self.billing)
        self.assertEqual(component.price_total, 4000)
        self.assertFalse(self._bill("2026-12-31"))

        with self.assertRaisesRegex(UserError, "not reached"):
            milestone.action_psa_sign_off()
        milestone.sudo().is_reached = True
        self.assertFalse(self._bill("2026-12-31"), "charged before the sign-off")
        milestone.psa_signed_off_by = "Ms Rossi"
        with freeze_time("2026-05-05 12:00:00"):
            milestone.action_psa_sign_off()
            milestone.action_psa_sign_off_undo()
            milestone.action_psa_sign_off()
        due = self._bill("2026-12-31")

        self.assertEqual((due.amount, str(due.date), self._rows(due).kind), (4000, "2026-05-05", "milestone"))
        self.assertIn("Ms Rossi", due.name)
        self._freeze(due)
        with self.assertRaisesRegex(UserError, "was billed"):
            milestone.action_psa_sign_off_undo()

    def test_a_sign_off_by_mistake_is_taken_back_as_long_as_nothing_was_released(self):
        component = self._add("milestone", steps=())
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "allow_milestones": True})
        milestone = self.env["project.milestone"].create(
            {"name": "Server room", "project_id": project.id, "psa_component_id": component.id, "psa_amount": 4000,
             "is_reached": True}
        ).with_user(self.billing)
        with freeze_time("2026-05-05 12:00:00"):
            milestone.action_psa_sign_off()
        wrong = self._bill("2026-05-05")
        self.assertEqual(wrong.item_state, "pending")

        with self.assertRaisesRegex(UserError, "Press “Take Back” first"), self.env.cr.savepoint():
            milestone.sudo().is_reached = False
        milestone.action_psa_sign_off_undo()
        self.assertFalse(wrong.exists())
        self.assertFalse(self._rows(wrong))
        self.assertFalse(self._bill("2026-05-06"))

        # The amount was wrong, too: it is put right before and after the next sign-off.
        milestone.psa_amount = 400
        with freeze_time("2026-05-07 12:00:00"):
            milestone.action_psa_sign_off()
        self.assertEqual(self._bill("2026-05-07").amount, 400)
        milestone.psa_amount = 500
        right = self._bill("2026-05-08")
        self.assertEqual((right.amount, component.due_ids), (500, right))
        self._freeze(right)
        for change in (lambda: milestone.write({"psa_amount": 600}), milestone.action_psa_sign_off_undo):
            with self.assertRaisesRegex(UserError, "Back to Review"), self.env.cr.savepoint():
                change()
        self._rows(right).with_user(self.billing).action_back_to_review()
        milestone.action_psa_sign_off_undo()
        self.assertFalse(component.due_ids)

    def test_a_milestone_accepted_after_the_last_day_is_charged_all_the_same(self):
        component = self._add("milestone", steps=())
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "allow_milestones": True})
        milestone = self.env["project.milestone"].create(
            {"name": "Server room", "project_id": project.id, "psa_component_id": component.id, "psa_amount": 4000,
             "is_reached": True}
        ).with_user(self.billing)
        self.managed.action_activate()
        with freeze_time("2026-05-31 12:00:00"):
            self.managed.action_end()
        with freeze_time("2026-06-01 12:00:00"):
            self.env["psa.contract"]._cron_bill_due()
        self.assertFalse(component.due_ids)

        with freeze_time("2026-06-05 12:00:00"):
            milestone.action_psa_sign_off()
            self.env["psa.contract"]._cron_bill_due()

        self.assertEqual(component.due_ids.amount, 4000)

    def test_milestones_a_project_has_already_are_sold_under_a_component(self):
        component = self._add("milestone", steps=())
        project = self.env["project.project"].create(
            {"name": "Move", "company_id": self.company.id, "allow_milestones": True, "partner_id": self.client.id}
        )
        planned = self.env["project.milestone"].create({"name": "Server room", "project_id": project.id})
        with Form(component.with_user(self.billing), view="psa_billing.view_psa_contract_component_form") as form:
            form.milestone_ids.add(planned)

        self.assertEqual(planned.psa_component_id, component)
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        theirs = project.copy({"name": "Theirs", "partner_id": other.id})
        milestone = self.env["project.milestone"].create({"name": "Theirs", "project_id": theirs.id})
        with self.assertRaisesRegex(ValidationError, "is a contract of"):
            component.milestone_ids = [Command.link(milestone.id)]
        with self.assertRaisesRegex(ValidationError, "does not sell milestones"):
            self._add("setup_fee").milestone_ids = [Command.link(milestone.id)]

    def test_a_milestone_is_signed_off_with_the_button_only(self):
        component = self._add("milestone", steps=())
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "allow_milestones": True})
        Milestone = self.env(user=self.billing, su=False)["project.milestone"]
        vals = {"name": "Cabling", "project_id": project.id, "psa_component_id": component.id, "psa_amount": 500}

        with self.assertRaises(AccessError):
            Milestone.create({**vals, "psa_signed_off_on": "2026-05-05"})
        milestone = Milestone.with_context(default_psa_signed_off_on="2026-05-05").create(vals)
        self.assertFalse(milestone.psa_signed_off_on)
        for stolen in ({"psa_signed_off_on": "2026-05-05"}, {"psa_signed_off_user_id": self.technician.id}):
            with self.subTest(stolen), self.assertRaises(AccessError):
                milestone.write(stolen)

    def test_terms_go_to_no_contract_that_is_not_one_s_own(self):
        elsewhere = self.env["res.company"].create({"name": "Kestrel"})
        client = self.env["res.partner"].create({"name": "Theirs", "psa_is_client": True, "company_id": elsewhere.id})
        theirs = self._new_contract(client, [], activate=False, company_id=elsewhere.id, date_start="2026-01-01")
        their_component = self._add("fixed_price", theirs, steps=())
        component = self._add("fixed_price", steps=[("2026-05-01", 1, 40)])
        instalment = self.env["psa.contract.instalment"].create(
            {"component_id": component.id, "name": "Half", "date_due": "2027-01-01", "amount": 20}
        )
        project = self.env["project.project"].create({"name": "Move", "company_id": self.company.id, "allow_milestones": True})
        milestone = self.env["project.milestone"].create({"name": "Cabling", "project_id": project.id})
        Milestone = self.env(user=self.billing, su=False)["project.milestone"]

        for attempt in (
            lambda: component.with_user(self.billing).write({"contract_id": theirs.id}),
            lambda: component.step_ids.with_user(self.billing).write({"component_id": their_component.id}),
            lambda: instalment.with_user(self.billing).write({"component_id": their_component.id}),
            lambda: self.managed.rate_ids.with_user(self.billing).write({"version_id": theirs.version_id.id}),
            lambda: milestone.with_user(self.billing).write({"psa_component_id": their_component.id}),
            lambda: Milestone.create({"name": "x", "project_id": project.id, "psa_component_id": their_component.id}),
        ):
            self.env.invalidate_all()
            with self.assertRaises(AccessError), self.cr.savepoint():
                attempt()

    def test_each_closed_ticket_is_charged_once(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        with freeze_time("2026-02-10 12:00:00"):
            self.ticket.action_close()
        other = self._new_ticket("Still open")

        due = self._bill("2026-02-28")

        self.assertEqual((due.ticket_id, due.amount, str(due.date)), (self.ticket, 40, "2026-02-10"))
        self.assertEqual(self._rows(due).ticket_id, self.ticket)
        self.ticket.action_reopen()
        with freeze_time("2026-02-20 12:00:00"):
            self.ticket.action_close()
        self.assertFalse(self._bill("2026-03-31"), "reopened and closed again")
        self.assertNotEqual(other.state, "closed")

    def test_time_on_tickets_a_price_by_the_ticket_is_not_for_is_charged_by_the_hour(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)], ticket_domain="[('name', 'like', 'Printer')]")
        self.managed.action_activate()
        change = self._new_ticket("New firewall")

        rows = self._approve(self._log(60, date="2026-03-10") | self._log(60, date="2026-03-10", ticket=change))

        self.assertEqual(
            {row.ticket_id: (row.funding, row.amount) for row in rows},
            {self.ticket: ("per_ticket", 0), change: ("rate", 100)},
        )

    def test_time_on_a_cancelled_ticket_is_charged_by_the_hour_since_its_price_is_not(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.action_activate()
        row = self._approve(self._log(60, date="2026-03-10"))
        self.assertEqual((row.funding, row.amount), ("per_ticket", 0))

        self.ticket.action_cancel()

        row = self.env["psa.billing.item"].search([("ticket_id", "=", self.ticket.id)])
        self.assertEqual((row.funding, row.amount, row.state), ("rate", 100, "pending"))
        self.assertFalse(self._bill("2026-03-31"))
        self.ticket.action_reopen()
        row = self.env["psa.billing.item"].search([("ticket_id", "=", self.ticket.id)])
        self.assertEqual((row.funding, row.amount), ("per_ticket", 0))

    def test_a_price_that_fell_due_is_taken_back_when_the_ticket_is_cancelled_unless_it_was_released(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        released = self._new_ticket("Released")
        with freeze_time("2026-02-10 12:00:00"):
            (self.ticket | released).action_close()
            dues = self._bill("2026-02-28")
        self._approve(self._log(60, date="2026-02-05") | self._log(60, date="2026-02-05", ticket=released))
        due = dues.filtered(lambda due: due.ticket_id == released)
        self._rows(due).action_approve()

        (self.ticket | released).action_reopen()
        (self.ticket | released).action_cancel()

        self.assertEqual(dues.exists(), due)
        rows = self.env["psa.billing.item"].search([("kind", "=", "time")])
        self.assertEqual(
            {row.ticket_id: (row.funding, row.amount) for row in rows},
            {self.ticket: ("rate", 100), released: ("per_ticket", 0)},
        )

    def test_time_on_a_ticket_merged_into_another_one_is_charged_by_the_hour(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.action_activate()
        survivor = self._new_ticket("The same again")
        self._approve(self._log(60, date="2026-03-10"))

        self.ticket._merge(survivor)

        row = self.env["psa.billing.item"].search([("ticket_id", "=", self.ticket.id)])
        self.assertEqual((row.funding, row.amount), ("rate", 100))

    def test_a_price_of_nothing_pays_for_nothing(self):
        self._add("per_ticket", steps=[("2026-01-01", 1, 0), ("2026-04-01", 1, 40)])
        self.managed.action_activate()
        with freeze_time("2026-03-20 12:00:00"):
            self.ticket.action_close()
            row = self._approve(self._log(60, date="2026-03-10"))
            self.assertEqual((row.funding, row.amount), ("rate", 100))
            still_open = self._new_ticket("Still open")
            row = self._approve(self._log(60, date="2026-03-10", ticket=still_open))
            self.assertEqual((row.funding, row.amount), ("per_ticket", 0), "it may be closed in April")

    # What goes wrong

    def test_what_fell_due_is_not_moved_to_another_contract(self):
        self._add("recurring")
        row = self._rows(self._bill("2026-01-15")).with_user(self.billing)
        other = self._new_contract(self.client, [(self.role_engineer, False, 90.0)], date_start="2026-01-01", name="Other")

        for attempt in (lambda: row._preview_move(other), lambda: row._move_to(other, "Wrong")):
            with self.assertRaisesRegex(UserError, "belongs to its component"):
                attempt()
        self.assertRecordValues(row, [{"contract_id": self.managed.id, "amount": 300.0}])

    def test_one_contract_that_fails_does_not_stop_the_others(self):
        self._add("recurring")
        other = self._new_contract(self.client, [], activate=False, name="Broken", date_start="2026-01-01")
        broken = self._add("recurring", contract=other)
        broken.product_id = self.env["product.product"].create({"name": "Old", "type": "service"})
        broken.product_id.active = False
        both = self.managed | other
        both.action_activate()

        dues = both._psa_bill_due(date(2026, 1, 31))

        self.assertEqual(dues.contract_id, self.managed)
        self.assertIn("archived", other.billing_error)
        self.assertTrue(other.activity_ids)
        self.assertFalse(self.managed.billing_error)
        both._psa_bill_due(date(2026, 1, 31))
        self.assertEqual(len(other.activity_ids), 1, "told twice")
        broken.product_id.active = True
        self.assertEqual(both._psa_bill_due(date(2026, 1, 31)).contract_id, other)
        self.assertFalse(other.billing_error)

    def test_the_nightly_run_commits_batches_and_doubles_nothing(self):
        self._add("recurring")
        self.managed.action_activate()
        progress = self.env["ir.cron"]._commit_progress
        progress.reset_mock()
        with freeze_time("2026-02-15 12:00:00"):
            self.env["psa.contract"]._cron_bill_due()
            self.env["psa.contract"]._cron_bill_due()

        self.assertEqual(len(self.managed.due_ids), 2)
        self.assertEqual(str(self.managed.billed_until), "2026-02-15")
        self.assertTrue(progress.called)

    def test_a_nightly_run_that_loses_a_race_is_done_once_more(self):
        self._add("recurring")
        self.managed.action_activate()
        bill, races = type(self.managed)._psa_bill_due, []

        def collide(contracts, day):
            races.append(contracts)
            result = bill(contracts, day)
            if len(races) == 1:
                raise SerializationFailure
            return result

        with (
            freeze_time("2026-02-15 12:00:00"),
            patch.object(type(self.managed), "_psa_bill_due", collide),
            patch.object(self.env.cr, "rollback") as rollback,
            patch.object(tools.time, "sleep"),
        ):
            self.env["psa.contract"]._cron_bill_due()

        self.assertEqual(len(self.managed.due_ids), 2)
        self.assertFalse(self.managed.billing_error)
        rollback.assert_called_once()

    def test_the_nightly_runs_go_by_the_day_it_is_at_the_company(self):
        self.company.resource_calendar_id.tz = "America/New_York"
        self._add("recurring")
        self._add("per_ticket", steps=[("2026-01-01", 1, 40)])
        self.managed.date_end = "2026-03-31"
        self.managed.action_activate()

        with freeze_time("2026-03-01 03:00:00"):
            self.ticket.action_close()
            self.env["psa.contract"]._cron_bill_due()
        self.assertEqual(str(self.managed.billed_until), "2026-02-28", "22 o'clock there")
        self.assertEqual(str(self.managed.due_ids.filtered("ticket_id").date), "2026-02-28")
        with freeze_time("2026-04-01 03:00:00"):
            self.env["psa.contract"]._cron_end_contracts()
            self.assertEqual(self.managed.state, "active")
        with freeze_time("2026-04-01 05:00:00"):
            self.env["psa.contract"]._cron_end_contracts()
            self.assertEqual(self.managed.state, "ended")

    def test_billing_many_contracts_takes_few_queries(self):
        contracts = self.env["psa.contract"]
        for number in range(6):
            contract = self._new_contract(self.client, [], activate=False, name=str(number), date_start="2026-01-01")
            for _component in range(3):
                self._add("recurring", contract=contract)
            contracts |= contract
        contracts.action_activate()
        contracts[:1]._psa_bill_due(date(2026, 1, 1))
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        contracts[1:3]._psa_bill_due(date(2026, 1, 1))
        self.env.flush_all()
        two = self.env.cr.sql_log_count - before
        before = self.env.cr.sql_log_count
        contracts[3:]._psa_bill_due(date(2026, 1, 1))
        self.env.flush_all()
        three = self.env.cr.sql_log_count - before

        self.assertEqual(len(contracts.due_ids), 18)
        self.assertLessEqual(three - two, 12, "queries for each contract")

    def test_deleting_and_resetting_with_rows(self):
        self._add("recurring")
        self._bill("2026-01-31")

        with self.assertRaisesRegex(UserError, "cannot be a draft again"):
            self.managed.action_draft()
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            self.managed.unlink()
        with self.assertRaisesRegex(UserError, "not deleted by hand"):
            self.managed.due_ids.with_user(self.company_admin).check_access("read") or self.managed.due_ids.with_env(
                self.env(user=self.company_admin, su=False)
            )._unlink_except_taken_back()

    def test_the_value_of_a_month(self):
        self.managed.billing_cycle = "quarterly"
        self._add("recurring", steps=[("2026-01-01", 10, 30)])
        self._add("setup_fee", steps=[("2026-01-01", 1, 1000)])

        self.assertEqual(self.managed.monthly_value, 100)
        self.assertEqual(self.managed.billing_type, "recurring")
        self._add("block", steps=[("2026-01-01", 10, 90)])
        self.assertEqual(self.managed.billing_type, "mixed")

    def test_a_contract_is_written_in_the_form(self):
        form = Form(self.env["psa.contract"].with_user(self.billing).with_company(self.company))
        form.name = "By form"
        form.client_id = self.client
        with form.component_ids.new() as line:
            line.name = "Workplaces"
            line.quantity = 5
            line.price_unit = 20
        contract = form.save()

        self.assertEqual((contract.component_ids.step_ids.quantity, contract.monthly_value), (5, 100))
        self.assertEqual(contract.version_ids, contract.version_id)
        self.assertEqual(contract.component_ids.product_id, self.env.ref("psa_billing.product_managed_service"))
