"""Prices that rise: all of them, once, whatever else changes on that day."""

from datetime import date
from decimal import Decimal

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .managed_common import ManagedContractCommon


@tagged("post_install", "-at_install")
class TestContractIndex(ManagedContractCommon):
    def _raise(self, day="2027-01-01", percent=10):
        """Raise prices as billing does it."""
        self.env["psa.contract.index"].with_user(self.billing).create(
            {"contract_ids": [Command.set(self.managed.ids)], "date_from": day, "percent": percent, "note": "CPI"}
        ).action_apply()

    def _steps(self, component):
        return component.step_ids.sorted("date_from").mapped(
            lambda step: (str(step.date_from), step.quantity, step.price_unit)
        )

    def _nights(self, *days):
        for day in days:
            with freeze_time(f"{day} 12:00:00"):
                self.managed.invalidate_recordset()
                self.env["psa.contract.component"]._cron_count()
                self.env["psa.contract"]._cron_index()

    @mute_logger("odoo.sql_db")
    def test_an_indexation_leaves_something_of_the_price(self):
        with self.assertRaisesRegex(IntegrityError, "index_leaves_a_price"), self.env.cr.savepoint():
            self.managed.index_percent = -100

    # Lines of the same day

    def test_a_device_added_on_the_day_does_not_keep_the_old_price(self):
        for name in ("PC 1", "PC 2"):
            self.env["psa.asset"].create({"name": name, "client_id": self.client.id, "company_id": self.company.id})
        service = self._add("recurring", steps=[("2026-01-01", 2, 30)], count_source="assets")
        self.managed.write({"index_percent": 10, "index_next_date": "2027-01-01", "index_name": "CPI"})
        self.managed.action_activate()
        self._nights("2026-12-31")
        self.env["psa.asset"].create({"name": "PC 3", "client_id": self.client.id, "company_id": self.company.id})

        self._nights("2027-01-01", "2027-01-02")

        self.assertEqual(self._steps(service), [("2026-01-01", 2, 30), ("2027-01-01", 3, 33)])
        self.assertEqual(service.step_ids.sorted("date_from")[-1].origin, "index")

    def test_a_price_agreed_for_that_day_stays(self):
        service = self._add("recurring", steps=[("2026-01-01", 10, 30), ("2027-01-01", 10, 31)])
        self.managed.action_activate()

        self._raise()

        self.assertEqual(self._steps(service), [("2026-01-01", 10, 30), ("2027-01-01", 10, 31)])

    def test_later_quantities_do_not_bring_the_old_price_back_and_later_prices_stay(self):
        service = self._add(
            "recurring", steps=[("2026-01-01", 10, 30), ("2027-03-01", 12, 30), ("2027-06-01", 12, 32), ("2027-09-01", 14, 30)]
        )
        self.managed.action_activate()

        self._raise()

        self.assertEqual(
            self._steps(service),
            [("2026-01-01", 10, 30), ("2027-01-01", 10, 33), ("2027-03-01", 12, 33), ("2027-06-01", 12, 32), ("2027-09-01", 14, 30)],
        )

    def test_what_was_billed_by_a_line_of_that_day_rises_a_day_later_and_once(self):
        service = self._add("recurring", steps=[("2026-01-01", 10, 30), ("2026-06-01", 12, 30)])
        self._freeze(self._bill("2026-06-01"))

        self._raise("2026-06-01")

        self.assertEqual(self._steps(service)[1:], [("2026-06-01", 12, 30), ("2026-06-02", 12, 33)])
        with self.assertRaisesRegex(UserError, "were raised from .* already"):
            self._raise("2026-06-01")
        true_up = self._bill("2026-06-30")
        self.assertEqual(true_up.amount, 34.8, "three more for twelve devices, for 29 of 30 days")

    def test_a_resting_contract_is_raised_by_what_was_agreed_not_by_none(self):
        service = self._add("recurring")
        self._bill("2026-05-01")
        with freeze_time("2026-05-10 12:00:00"):
            self.managed.action_suspend()

        self._raise("2026-06-01")

        self.assertEqual(self._steps(service), [("2026-01-01", 10, 30), ("2026-06-01", 10, 33)])

    def test_the_first_line_counts_from_the_start_also_once_it_is_raised(self):
        service = self._add("recurring", steps=[("2026-05-01", 10, 30)])
        self.managed.action_activate()

        self._raise("2026-03-01")

        self.assertEqual(self._steps(service), [("2026-01-01", 10, 30), ("2026-03-01", 10, 33), ("2026-05-01", 10, 33)])
        self.assertEqual(self._bill("2026-03-01").mapped("amount"), [300, 300, 330])

    def test_what_is_over_is_not_raised(self):
        service = self._add("recurring", date_to="2026-12-31")
        self.managed.action_activate()

        self._raise()

        self.assertEqual(self._steps(service), [("2026-01-01", 10, 30)])

    # Prices beside those by date

    def test_hours_over_the_prepaid_ones_cost_more_from_the_day_on(self):
        hours = self._add("included_hours", steps=[("2026-01-01", 1, 0)], overage="fixed", overage_rate=150)
        self.managed.action_activate()

        def over(lines):
            return sum(self._items_of(lines).filtered(lambda row: row.funding == "overage").mapped("amount"))

        before, after, late = (
            self._log(minutes, date=day) for minutes, day in ((120, "2026-06-30"), (120, "2026-07-01"), (60, "2026-06-29"))
        )
        self._approve(before)
        self.assertEqual(over(before), 150)

        self._raise("2026-07-01")
        self._approve(after)
        self._approve(late)

        self.assertEqual(over(after), 165)
        self.assertEqual(over(before | late), 300, "approved late, at the price of its day")
        self.assertEqual((hours.overage_rate, self._steps(hours)), (165, [("2026-01-01", 1, 0), ("2026-07-01", 1, 0)]))
        (term,) = self.managed._psa_terms()
        self.assertEqual(
            [(one.id, one.date_from, one.date_to, one.overage_rate) for one in term.block_terms],
            [
                (hours.id, date(2026, 1, 1), date(2026, 6, 30), Decimal(150)),
                (hours.id, date(2026, 7, 1), None, Decimal(165)),
            ],
        )

    def test_hours_over_rise_with_the_price_of_the_block_and_year_after_year(self):
        block = self._add("block", steps=[("2026-01-01", 10, 80)], overage="fixed", overage_rate=100, date_to="2028-06-30")
        other = self._add("included_hours", steps=[("2026-01-01", 1, 0)], overage="stop")
        self.managed.action_activate()

        self._raise()
        self._raise("2028-01-01")

        self.assertEqual(self._steps(block), [("2026-01-01", 10, 80), ("2027-01-01", 10, 88), ("2028-01-01", 10, 96.8)])
        (term,) = self.managed._psa_terms()
        self.assertEqual(
            [(str(one.date_from), one.date_to and str(one.date_to), one.overage_rate) for one in term.block_terms if one.id == block.id],
            [("2026-01-01", "2026-12-31", Decimal(100)), ("2027-01-01", "2027-12-31", Decimal(110)),
             ("2028-01-01", "2028-06-30", Decimal(121))],
        )
        self.assertEqual(len(other.step_ids), 1, "nothing of it costs anything")

        # Ended early after all: the days that are left have their own prices still.
        block.date_to = "2027-06-30"
        (term,) = self.managed._psa_terms()
        self.assertEqual([one.overage_rate for one in term.block_terms if one.id == block.id], [Decimal(100), Decimal(110)])

    def test_a_rise_entered_after_a_later_one_leaves_that_alone(self):
        self._add("included_hours", steps=[("2026-01-01", 1, 0)], overage="fixed", overage_rate=100)
        self.managed.action_activate()

        self._raise("2027-01-01", percent=20)
        self._raise("2026-07-01", percent=10)

        (term,) = self.managed._psa_terms()
        self.assertEqual(
            [(str(one.date_from), one.overage_rate) for one in term.block_terms],
            [("2026-01-01", Decimal(100)), ("2026-07-01", Decimal(110)), ("2027-01-01", Decimal(120))],
        )

    def test_blocks_that_follow_each_other_agree_on_the_hours_over_before_and_after(self):
        dates = ({"date_to": "2026-12-31"}, {"date_from": "2026-06-01"}, {"date_from": "2027-03-01"})
        over, present, later = (
            self._add("block", steps=[("2026-01-01", 10, 80)], overage="fixed", overage_rate=100, **vals) for vals in dates
        )
        self.managed.action_activate()

        self._raise()

        self.assertEqual((over | present | later).mapped("overage_rate"), [110, 110, 110])
        (term,) = self.managed._psa_terms()
        rates = {date(2026, 5, 31): 100, date(2026, 12, 31): 100, date(2027, 1, 1): 110, date(2027, 3, 1): 110}
        for day, rate in rates.items():
            held = [one for one in term.block_terms if one.date_from <= day and (not one.date_to or day <= one.date_to)]
            self.assertEqual({one.overage_rate for one in held}, {Decimal(rate)}, day)

    def test_rates_of_coverage_rise_too(self):
        # As the form saves it: a rate deleted and coverage added at once.
        self.managed.with_user(self.billing).with_company(self.company).write(
            {
                "rate_ids": [Command.clear()],
                "coverage_ids": [
                    Command.create({"effect": "at_rate", "hours": "after_hours", "hourly_rate": 150}),
                    Command.create({"effect": "included", "work_type_ids": [Command.set(self.work_type.ids)]}),
                ],
            }
        )
        self.assertEqual((len(self.managed.rate_ids), self.managed.coverage_ids.mapped("effect")), (0, ["at_rate", "included"]))
        self._add("recurring")
        self.managed.action_activate()

        self._raise()

        first, second = self.managed.version_ids.sorted("date_from")
        self.assertEqual((first.coverage_ids.mapped("hourly_rate"), second.coverage_ids.mapped("hourly_rate")), ([150, 0], [165, 0]))
        self.assertTrue(second.is_indexed)

    def test_terms_that_change_on_the_day_or_later_do_not_keep_the_old_rates(self):
        self.managed.action_activate()
        other = self.work_type.copy({"name": "On site"})
        self.managed.rate_ids = [Command.create({"work_type_id": other.id, "hourly_rate": 120})]
        same_day = self.managed._psa_new_version(date(2027, 1, 1))
        same_day.rounding = "none"
        same_day.rate_ids.filtered("work_type_id").hourly_rate = 125
        later = self.managed._psa_new_version(date(2027, 6, 1))
        later.rounding = "contract"

        self._raise()

        for version in (same_day, later):
            self.assertEqual(
                {line.work_type_id: line.hourly_rate for line in version.rate_ids},
                {self.env["psa.work.type"]: 110, other: 125},
                "agreed for that very day",
            )

    def test_terms_that_priced_work_of_that_day_stay_and_the_rates_rise_a_day_later(self):
        self.managed.action_activate()
        self.managed._psa_new_version(date(2026, 6, 1)).rounding = "none"
        self._release(self._log(60, date="2026-06-01"))
        self.managed.write({"index_percent": 10, "index_next_date": "2026-06-01"})

        self._nights("2026-06-01", "2026-06-02")

        self.assertEqual(
            self.managed.version_ids.sorted("date_from").mapped(lambda one: (str(one.date_from), one.rate_ids.hourly_rate, one.rounding)),
            [("2026-01-01", 100, "work_type"), ("2026-06-01", 100, "none"), ("2026-06-02", 110, "none")],
        )
        self.assertEqual(str(self.managed.index_next_date), "2027-06-01")
        self.assertFalse(self.managed.billing_error)

    # By itself, and by hand

    def test_what_was_raised_by_hand_is_done(self):
        service = self._add("recurring")
        self.managed.write({"index_percent": 10, "index_name": "CPI"})
        self.managed.action_activate()
        self._raise("2026-06-01", percent=5)
        self.managed.index_next_date = "2026-06-01"

        self._nights("2026-06-01")

        self.assertEqual(self._steps(service)[-1], ("2026-06-01", 10, 31.5))
        self.assertEqual(str(self.managed.index_next_date), "2027-06-01")
        self.assertFalse(self.managed.billing_error)
        self.assertIn("already", self.managed.message_ids[0].body)
        self._nights("2027-06-01")
        self.assertEqual(self._steps(service)[-1], ("2027-06-01", 10, 34.65))
