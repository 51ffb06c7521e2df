from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestLedger(PsaBillingCommon):
    def test_time_without_a_rate_is_held_back_until_somebody_sets_one(self):
        unpriced = self.env["psa.role"].create({"name": "Architect"})
        line = self._log(psa_role_id=unpriced.id)

        item = self._approve(line)

        self.assertRecordValues(item, [{"state": "error", "error": "missing_rate"}])
        self.assertIn("Neither a contract nor the role", item.explanation)
        item.with_user(self.billing).action_approve()
        self.assertEqual(item.state, "error", "an error cannot be released")

        self.contract.rate_ids = [Command.create({"role_id": unpriced.id, "hourly_rate": 140})]
        item.with_user(self.billing).action_rate_again()
        self.assertRecordValues(
            item, [{"state": "pending", "error": False, "amount": 105.0, "hourly_rate": 140.0}]
        )

    def test_the_most_exact_rate_wins_and_the_row_says_so(self):
        self.contract.rate_ids = [
            Command.create(
                {
                    "role_id": self.role_engineer.id,
                    "work_type_id": self.work_type.id,
                    "hourly_rate": 160,
                }
            )
        ]

        item = self._approve(self._log(60))

        self.assertEqual(item.amount, 160.0)
        self.assertIn("for role and work type", item.explanation)
        self.assertIn("160.00 an hour × 1:00 h", item.explanation)

    def test_a_client_without_contract_pays_the_role_s_own_rate(self):
        self.role_engineer.hourly_rate = 80
        walk_in = self.env["res.partner"].create(
            {"name": "Walk-in", "is_company": True, "psa_is_client": True}
        )

        item = self._approve(self._log(60, ticket=self._new_ticket("Help", walk_in)))

        self.assertRecordValues(
            item, [{"state": "pending", "contract_id": False, "amount": 80.0}]
        )

    def test_each_entry_falls_under_the_contract_of_its_day(self):
        self.contract.date_end = "2026-03-10"
        newer = self._new_contract(
            self.client, [(self.role_engineer, False, 120.0)], date_start="2026-03-11"
        )
        lines = self._log(60, date="2026-03-10") | self._log(60, date="2026-03-11")

        items = self._approve(lines)

        self.assertEqual(items.contract_id, self.contract | newer)
        self.assertEqual(
            {item.date.isoformat(): item.amount for item in items},
            {"2026-03-10": 100.0, "2026-03-11": 120.0},
        )

    def test_an_ended_contract_still_prices_the_work_of_its_time(self):
        line = self._log(60)
        self.contract.date_end = "2026-03-31"
        self.contract.state = "ended"

        self.assertEqual(self._approve(line).contract_id, self.contract)

    def test_work_that_is_not_billable_is_in_the_ledger_with_its_minutes(self):
        item = self._approve(self._log(40, psa_work_type_id=self.work_internal.id))

        self.assertRecordValues(
            item,
            [{"state": "non_billable", "worked_minutes": 40, "minutes": 0, "amount": 0.0}],
        )

    def test_no_minute_is_lost_between_entries_and_ledger(self):
        lines = (
            self._log(7)
            | self._log(61, psa_work_type_id=self.work_internal.id)
            | self._log(33, psa_role_id=self.env["psa.role"].create({"name": "None"}).id)
        )

        items = self._approve(lines)

        self.assertEqual(sum(items.mapped("worked_minutes")), 101)
        self.assertEqual(len(items), 3)

    def test_approving_again_makes_no_second_row(self):
        line = self._log()
        item = self._approve(line)
        line.with_user(self.billing).action_psa_approve()
        self.env["psa.billing.item"]._psa_add_time(line)

        self.assertEqual(self._items_of(line), item)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            item.copy({"name": "twice"})

    def test_the_ledger_is_not_written_by_hand(self):
        item = self._approve(self._log())
        by_billing = item.with_user(self.billing)

        for values in ({"amount": 1}, {"state": "invoiced"}, {"move_line_id": 1}, {"minutes": 0}):
            with self.assertRaises(UserError):
                by_billing.write(values)
        with self.assertRaises(AccessError):
            by_billing.unlink()
        with self.assertRaises(UserError):
            item.unlink()
        with self.assertRaises(AccessError):
            by_billing.create({"name": "x", "source_model": "x", "source_id": 1, "part": "x"})
        by_billing.name = "A friendlier text"
        self.assertEqual(item.name, "A friendlier text")

    def test_written_off_with_a_reason_and_back(self):
        item = self._release(self._log())
        wizard = (
            self.env["psa.billing.write.off"]
            .with_user(self.billing)
            .create({"item_ids": [Command.set(item.ids)], "reason": "Goodwill"})
        )

        wizard.action_write_off()

        self.assertRecordValues(item, [{"state": "written_off", "write_off_reason": "Goodwill"}])
        with self.assertRaisesRegex(UserError, "nothing to invoice"):
            self._prepare()
        item.with_user(self.billing).action_back_to_review()
        self.assertRecordValues(item, [{"state": "pending", "write_off_reason": False}])

    def test_text_changed_by_hand_survives_pricing_again(self):
        item = self._approve(self._log())
        item.with_user(self.billing).name = "Agreed text"

        item.with_user(self.billing).action_rate_again()

        self.assertEqual(item.name, "Agreed text")

    def test_approving_many_entries_takes_no_more_queries_for_each(self):
        def queries(count):
            lines = self.env["account.analytic.line"]
            for _ in range(count):
                lines |= self._log()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            lines.with_user(self.billing).action_psa_approve()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(queries(20), queries(10) + 2)
