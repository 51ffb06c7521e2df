from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestLedgerRating(PsaBillingCommon):
    """Harbour Dental has bought prepaid hours; what is over them costs 150 an hour."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.component = cls.env["psa.contract.component"].create(
            {
                "contract_id": cls.contract.id, "kind": "block", "name": "Prepaid hours", "product_id": cls.product.id,
                "purchase": "manual", "overage": "fixed", "overage_rate": 150.0,
            }
        )
        cls.block = cls._buy(10)

    @classmethod
    def _buy(cls, hours, **values):
        return cls.env["psa.contract.prepaid"].create(
            {
                "name": f"{hours} hours", "contract_id": cls.contract.id, "component_id": cls.component.id, "kind": "hours",
                "hours": hours, "price": 90.0, "amount": 90.0 * hours, "date_from": "2026-01-01", "purchased_on": "2026-01-01",
                **values,
            }
        )

    def _by_part(self, items):
        return {item.part.split(":")[0]: item for item in items}

    def _correct(self, line, worked, charged):
        """Correct an entry by so many minutes, and return the correction."""
        return self.env["account.analytic.line"].create(
            {
                "psa_corrects_id": line.id, "psa_ticket_id": line.psa_ticket_id.id, "date": line.date, "name": "Correction",
                "unit_amount": worked / 60, "psa_billable_minutes": charged, "user_id": line.user_id.id,
            }
        )

    def _assert_sound(self):
        """The nightly check finds nothing."""
        self.env["psa.billing.problem"]._check_ledgers([(self.client.id, self.company.id)])
        problems = self.env["psa.billing.problem"].search([("client_id", "=", self.client.id), ("state", "=", "open")])
        self.assertEqual(problems.mapped("message"), [])

    def test_prepaid_hours_pay_and_what_is_over_them_costs_the_overage_rate(self):
        items = self._approve(self._log(11 * 60))

        covered, over = self._by_part(items)["block"], self._by_part(items)["overage"]
        self.assertRecordValues(covered, [{"state": "covered", "seconds": 36000, "drawn_seconds": 36000, "amount": 0, "value": 900}])
        self.assertEqual(covered.prepaid_id, self.block)
        self.assertEqual(covered.component_id, self.component)
        self.assertRecordValues(over, [{"state": "pending", "seconds": 3600, "amount": 150, "funding": "overage"}])
        self.assertEqual(sum(items.mapped("worked_seconds")), 11 * 3600)
        self.assertEqual(self.block.remaining_hours, 0)
        self.assertIn("are taken from the prepaid hours “10 hours”", covered.explanation)
        self.assertIn("The prepaid hours were used up", over.explanation)
        self.assertIn("as agreed under “Prepaid hours”", over.explanation)

    def test_included_hours_added_later_do_not_change_what_hours_beyond_the_block_cost(self):
        included = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "included_hours", "name": "Included", "overage": "fixed", "overage_rate": 99,
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 0})],
            }
        )

        parts = self._by_part(self._approve(self._log(12 * 60)))

        self.assertEqual(
            {part: (item.seconds, item.amount) for part, item in parts.items()},
            {"included": (3600, 0), "block": (36000, 0), "overage": (3600, 150)},
        )
        self.assertEqual(parts["included"].component_id, included)
        self.assertIn("as agreed under “Prepaid hours”", parts["overage"].explanation)

    def test_a_stop_of_the_block_holds_time_back_whatever_included_hours_say(self):
        self.component.overage = "stop"
        self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "included_hours", "name": "Included",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 0})],
            }
        )

        parts = self._by_part(self._approve(self._log(12 * 60)))

        self.assertEqual((parts["time"].state, parts["time"].error, parts["time"].seconds), ("error", "blocks_exhausted", 3600))

    def test_a_block_that_goes_below_zero_does_so_beside_included_hours_and_says_it(self):
        self.component.overage = "negative"
        self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "included_hours", "name": "Included",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 0})],
            }
        )

        parts = self._by_part(self._approve(self._log(12 * 60)))

        self.assertEqual((parts["block"].seconds, self.block.remaining_hours), (11 * 3600, -1))
        self.assertIn("lets them go below zero", parts["block"].explanation)

    def test_the_order_of_approval_does_not_matter(self):
        late = self._log(6 * 60, date="2026-03-20")
        early = self._log(6 * 60, date="2026-03-02")

        first = self._approve(late)
        self.assertEqual(first.mapped("funding"), ["block"])
        self._approve(early)

        self.assertEqual(self._items_of(early).mapped("funding"), ["block"])
        rows = self._by_part(self._items_of(late))
        self.assertEqual((rows["block"].seconds, rows["overage"].seconds), (4 * 3600, 2 * 3600))

    def test_what_is_released_keeps_its_price_and_its_draw(self):
        late = self._log(11 * 60, date="2026-03-20")
        items = self._approve(late)
        items.with_user(self.billing).action_approve()
        rows = self._by_part(items)
        self.assertEqual((rows["overage"].state, rows["block"].state), ("approved", "covered"))

        early = self._approve(self._log(60, date="2026-03-02"))

        self.assertEqual(early.mapped("funding"), ["overage"], "the ten hours are taken, also by the part that is only covered")
        self.assertEqual(rows["block"].drawn_seconds, 36000)
        self.assertEqual(self.block.remaining_hours, 0)

    def test_taking_an_approval_back_frees_its_hours_for_the_others(self):
        early = self._log(8 * 60, date="2026-03-02")
        late = self._log(8 * 60, date="2026-03-20")
        self._approve(early | late)
        self.assertEqual(set(self._items_of(late).mapped("funding")), {"block", "overage"})

        early.with_user(self.billing).action_psa_unapprove()

        self.assertFalse(self._items_of(early))
        self.assertEqual(self._items_of(late).mapped("funding"), ["block"])

    def test_a_row_keeps_its_id_when_its_entry_is_paid_another_way(self):
        self.block.hours = 0
        item = self._approve(self._log(60))
        self.assertEqual(item.funding, "overage")

        self.block.hours = 10
        item.with_user(self.billing).action_rate_again()

        self.assertEqual((item.exists(), item.funding, item.state), (item, "block", "covered"))

    def test_less_time_after_invoicing_gives_back_first_what_was_charged_then_the_block(self):
        line = self._log(12 * 60)
        items = self._release(line)
        items._write_row({"settled_on": "2026-03-31"})
        rows = self._by_part(items)
        self.assertEqual((rows["overage"].amount, rows["block"].drawn_seconds), (300.0, 36000))

        delta = self._correct(line, -180, -180)
        back = self._by_part(self._approve(delta))

        self.assertRecordValues(back["overage"], [{"seconds": -7200, "amount": -300.0, "kind": "correction", "state": "pending"}])
        self.assertRecordValues(back["block"], [{"seconds": -3600, "drawn_seconds": -3600, "amount": 0, "state": "covered"}])
        self.assertEqual(self.block.remaining_hours, 1)
        self.assertEqual(rows["overage"].amount, 300.0, "what was invoiced is not touched")
        self.assertIn("2:00 h of an earlier entry back", back["overage"].explanation)

        again = self._approve(self._log(60, date="2026-03-25"))
        self.assertEqual(again.mapped("funding"), ["block"], "the hour given back can be used")

    def test_more_time_after_invoicing_is_charged_as_time_of_that_day(self):
        line = self._log(10 * 60)
        self._release(line)._write_row({"settled_on": "2026-03-31"})

        delta = self._correct(line, 30, 30)
        item = self._approve(delta)

        self.assertRecordValues(item, [{"funding": "overage", "seconds": 1800, "amount": 75.0, "kind": "correction"}])

    def test_a_correction_and_what_it_corrects_may_come_together(self):
        line = self._log(11 * 60)
        self._approve(line)
        delta = self._correct(line, -120, -120)
        self._approve(delta)

        items = self._items_of(line | delta)
        self.assertEqual(sum(items.mapped("worked_seconds")), 9 * 3600)
        self.assertEqual(sum(items.mapped("amount")), 0)
        self.assertEqual(self.block.remaining_hours, 1)

    def test_hours_of_an_open_entry_that_were_too_many_are_there_for_the_next_one(self):
        """Both are still open: the hours the correction puts back pay for what was done later, as if they had never been drawn."""
        line, later = self._log(10 * 60, date="2026-03-10"), self._log(120, date="2026-03-11")
        self._approve(line | later)
        self.assertEqual(self._items_of(later).mapped("amount"), [300.0])

        delta = self._correct(line, -90, -90)
        self._approve(delta)

        items = self._by_part(self._items_of(later))
        self.assertRecordValues(items["block"], [{"state": "covered", "seconds": 5400, "amount": 0}])
        self.assertRecordValues(items["overage"], [{"state": "pending", "seconds": 1800, "amount": 75.0}])
        self.assertEqual(self.block.remaining_hours, 0)
        self._assert_sound()
        delta.with_user(self.billing).action_psa_unapprove()
        self.assertEqual(self._items_of(later).mapped(lambda item: (item.funding, item.amount)), [("overage", 300.0)])
        self._assert_sound()

    def test_time_added_to_an_entry_draws_where_that_entry_does(self):
        line, noon = (
            self._log(5 * 60, psa_start=f"2026-03-10 {start}:00", psa_end=f"2026-03-10 {end}:00")
            for start, end in (("06:00", "11:00"), ("12:00", "17:00"))
        )
        self._approve(line | noon)

        added = self._approve(self._correct(line, 60, 60))

        self.assertEqual(added.mapped("funding"), ["block"])
        of_noon = self._items_of(noon).mapped(lambda item: (item.funding, item.seconds))
        self.assertEqual(sorted(of_noon), [("block", 14400), ("overage", 3600)])
        self._assert_sound()

    def test_what_is_given_up_takes_its_correction_along_and_back(self):
        self.block.hours = 0
        for release in (False, True):
            with self.subTest(is_released=release):
                line = self._log(120)
                item = self._approve(line).with_user(self.billing)
                delta = self._correct(line, -60, -60)
                back = self._approve(delta).with_user(self.billing)
                self.assertEqual((item.amount, back.amount), (300.0, -150.0))
                if release:
                    (item | back).action_approve()

                item._write_off("Goodwill")

                self.assertRecordValues(
                    item | back, [{"state": "written_off", "write_off_reason": "Goodwill"}] * 2
                )
                item.action_back_to_review()
                self.assertRecordValues(
                    item | back, [{"state": "pending", "amount": 300.0}, {"state": "pending", "amount": -150.0}]
                )

    def test_a_correction_follows_an_adjustment_and_stands_once_invoiced(self):
        self.block.hours = 0
        line = self._log(120)
        item = self._approve(line).with_user(self.billing)
        back = self._approve(self._correct(line, -60, -60)).with_user(self.billing)
        (item | back).action_approve()

        item._adjust("Agreed", price_unit=100)
        self.assertEqual((item.amount, back.amount, back.state), (200.0, -100.0, "pending"))
        item.action_undo_adjustment()
        self.assertEqual((item.amount, back.amount), (300.0, -150.0))

        back.sudo()._write_row({"state": "invoiced"})
        for attempt in (lambda: item._write_off("Goodwill"), lambda: item._adjust("Agreed", price_unit=100)):
            with self.assertRaisesRegex(UserError, "takes part of it back"), self.env.cr.savepoint():
                attempt()

    def test_an_entry_and_its_corrections_move_together(self):
        self.block.hours = 0
        other = self._new_contract(self.client, [(self.role_engineer, False, 200.0)], date_start="2025-01-01", name="Project")
        line = self._log(120)
        item = self._approve(line).with_user(self.billing)
        delta, waiting = self._correct(line, -60, -60), self._correct(line, 30, 30)
        back = self._approve(delta).with_user(self.billing)
        (item | back).action_approve()

        preview = item._preview_move(other)
        self.assertEqual([(row["is_moved"], row["new_amount"]) for row in preview], [(True, 400.0), (True, -200.0)])
        back._move_to(other, "Belongs to the project")

        self.assertRecordValues(
            item | back,
            [
                {"contract_id": other.id, "amount": 400.0, "state": "pending"},
                {"contract_id": other.id, "amount": -200.0, "state": "pending"},
            ],
        )
        self.assertEqual((line | delta | waiting).psa_contract_id, other)

    def test_time_that_is_corrected_stays_until_the_correction_goes(self):
        line = self._log(60)
        self._approve(line)
        delta = self._correct(line, -15, -15)
        self._approve(delta)

        with self.assertRaises(UserError):
            self.env["psa.billing.item"]._psa_remove_time(line)
        self.env["psa.billing.item"]._psa_remove_time(delta)

    def test_settled_rows_cannot_be_taken_back(self):
        line = self._log(60)
        self._approve(line)._write_row({"settled_on": "2026-03-31"})

        with self.assertRaisesRegex(UserError, "was settled with the period"):
            line.with_user(self.billing).action_psa_unapprove()

    def test_an_entry_costs_what_its_hours_cost_and_its_parts_share_that(self):
        line = self._log(11 * 60)
        line.sudo().employee_id.hourly_cost = 40
        line.with_user(self.technician).unit_amount = 12
        items = self._approve(line)

        self.assertEqual(sum(items.mapped("cost")), 480.0)
        self.assertFalse(any(items.mapped("is_below_cost")))
        dear = self._log(60, date="2026-03-11")
        dear.sudo().employee_id.hourly_cost = 400
        dear.with_user(self.technician).unit_amount = 2
        item = self._approve(dear)
        self.assertTrue(item.is_below_cost)
        self.assertIn(item, self.env["psa.billing.item"].search([("is_below_cost", "=", True)]))

    def test_seconds_are_charged_to_the_cent(self):
        self.block.hours = 0
        self.work_type.write({"minimum_minutes": 0, "increment_minutes": 0})
        line = self._log(60)
        line.unit_amount = 1234 / 3600
        item = self._approve(line)

        self.assertEqual(item.seconds, 1234)
        self.assertEqual(item.amount, 51.42)
        self.assertEqual(item.uom_id, self.env.ref("psa_billing.uom_second"))
        self.assertAlmostEqual(item.quantity * item.price_unit, 51.4166667, 5)

    def test_released_with_the_approval_of_the_time_if_company_or_contract_say_so(self):
        self.block.hours = 0
        self.contract.release = "sign_off"
        item = self._approve(self._log(60))
        self.assertRecordValues(item, [{"state": "approved", "reviewed_by_id": self.billing.id}])

        self.contract.release = "company"
        self.assertEqual(self._approve(self._log(60)).state, "pending")
        self.company.psa_released_at_sign_off = True
        self.assertEqual(self._approve(self._log(60)).state, "approved")
        self.contract.release = "review"
        self.assertEqual(self._approve(self._log(60)).state, "pending")

    def test_what_the_client_reads_names_neither_reasons_nor_candidates(self):
        self.block.hours = 0
        item = self._approve(self._log(60)).with_user(self.billing)
        item._adjust("He is always late with paying", price_unit=100)

        told = "\n".join(item._explain(for_client=True))

        self.assertIn("It was adjusted", told)
        self.assertNotIn("late with paying", told)
        self.assertIn("late with paying", "\n".join(item._explain()))
        self.assertIn("It falls under the contract", told)

    def test_rating_many_entries_takes_a_fixed_number_of_queries(self):
        def queries(count):
            lines = self.env["account.analytic.line"]
            for number in range(count):
                lines |= self._log(20 + number)
            self._approve(lines)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["psa.billing.item"]._psa_rate(self.client, self.company)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(queries(20), queries(10) + 1)

    def test_rating_again_writes_nothing_where_nothing_changed(self):
        self._approve(self._log(11 * 60) | self._log(30))
        items = self.env["psa.billing.item"].search([("client_id", "=", self.client.id)])
        before = items.read(["part", "amount", "seconds", "write_date", "derivation"])

        made = items._psa_rate(self.client, self.company)

        self.assertFalse(made)
        self.assertEqual(items.read(["part", "amount", "seconds", "write_date", "derivation"]), before)

    def test_a_new_block_is_bought_and_pays(self):
        items = self._approve(self._log(11 * 60))
        self._buy(5, purchased_on="2026-02-01")

        items.with_user(self.billing).action_rate_again()

        rows = self.env["psa.billing.item"].search([("client_id", "=", self.client.id)])
        self.assertEqual(rows.mapped("funding"), ["block", "block"])
        self.assertEqual(len(rows.prepaid_id), 2)
