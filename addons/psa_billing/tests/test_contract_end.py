"""How contracts end, rest, go on and renew, whatever else happens to them meanwhile."""

from datetime import date

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from .managed_common import ManagedContractCommon


@tagged("post_install", "-at_install")
class TestContractEnd(ManagedContractCommon):
    def _at_night(self, day):
        """Run what runs at night, in its order."""
        with freeze_time(f"{day} 12:00:00"):
            self.managed.invalidate_recordset()
            self.env["psa.contract"]._cron_end_contracts()
            self.env["psa.contract"]._cron_bill_due()

    def _press(self, button, day):
        with freeze_time(f"{day} 12:00:00"):
            getattr(self.managed, button)()

    # A term that is over while the contract rests

    def test_a_suspended_contract_ends_with_its_last_day(self):
        self._add("recurring")
        self.managed.date_end = "2026-06-30"
        self._freeze(self._bill("2026-06-01"))
        self._press("action_suspend", "2026-06-16")

        self._at_night("2026-06-30")
        self.assertEqual(self.managed.state, "suspended")
        self._at_night("2026-07-01")

        self.assertEqual(self.managed.state, "ended")
        self.assertEqual(self._charged(), 5 * 300 + 150, "the half of June it was in force")

    def test_a_suspended_contract_renews_and_rests_on(self):
        self._add("recurring")
        self.managed.write({"date_end": "2026-06-30", "renewal": "auto", "renewal_months": 12})
        self._freeze(self._bill("2026-06-01"))
        self._press("action_suspend", "2026-06-16")

        self._at_night("2026-07-02")

        self.assertRecordValues(self.managed, [{"state": "suspended", "date_end": date(2027, 6, 30), "renewal_count": 1}])
        self._press("action_resume", "2026-08-01")
        self._at_night("2026-08-01")
        self.assertEqual(self._charged(), 5 * 300 + 150 + 300)

    def test_the_end_of_a_suspended_contract_is_told_and_it_is_renewed_by_hand(self):
        self._add("recurring")
        self.managed.write({"date_end": "2026-06-30", "renewal": "ask", "notice_days": 30, "user_id": self.billing.id})
        self._bill("2026-05-01")
        self._press("action_suspend", "2026-05-16")

        with freeze_time("2026-06-01 12:00:00"):
            self.env["psa.contract"]._cron_remind()
            self.managed.invalidate_recordset()
            contract = self.managed.with_user(self.billing).with_company(self.company)
            self.assertTrue(contract.is_renewal_due)
            self.assertIn(contract, contract.search([("is_renewal_due", "=", True)]))
            contract.action_renew()

        self.assertIn("unless it is renewed", self.managed.notice_ids.body)
        self.assertEqual((self.managed.state, str(self.managed.date_end)), ("suspended", "2027-06-30"))

    def test_nothing_is_bought_for_the_days_of_rest(self):
        self._add("block", purchase="cycle")
        self.managed.date_end = "2026-12-31"
        self._bill("2026-06-01")
        self._press("action_suspend", "2026-06-16")
        self._press("action_resume", "2026-09-16")

        self._at_night("2026-10-01")

        bought = self.managed.prepaid_ids.sorted("date_from").mapped(lambda block: block.date_from.month)
        self.assertEqual(bought, [1, 2, 3, 4, 5, 6, 10])

    # An end set into the past

    def test_an_end_set_into_the_past_is_credited_by_itself(self):
        self._add("recurring")
        self._freeze(self._bill("2026-06-01"))

        self.managed.date_end = "2026-05-20"
        self._press("action_end", "2026-06-02")
        self._at_night("2026-06-02")
        self._at_night("2026-06-03")

        self.assertEqual(self.managed.state, "ended")
        self.assertEqual(self._charged(), 4 * 300 + 193.55)
        self.assertEqual(self.managed.due_ids.filtered(lambda due: due.amount < 0).mapped("amount"), [-300, -106.45])

    def test_the_end_of_an_ended_contract_is_corrected_and_what_differs_is_billed(self):
        self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        self._press("action_end", "2026-06-15")
        self._at_night("2026-06-15")
        self._at_night("2026-06-16")
        self.assertEqual(self._charged(), 5 * 300 + 150)

        self.managed.date_end = "2026-05-31"
        self._at_night("2026-06-20")
        self.assertEqual(self._charged(), 5 * 300)
        self.managed.date_end = "2026-06-30"
        self._at_night("2026-07-05")

        self.assertEqual(self._charged(), 6 * 300)

    def test_a_credit_taken_back_to_be_reckoned_again_comes_again(self):
        service = self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        self._press("action_end", "2026-06-15")
        self._at_night("2026-06-16")
        self.assertEqual(self._charged(), 5 * 300 + 150)

        service.name = "Renamed"
        self.assertEqual(self._charged(), 6 * 300, "the credit nobody has released is taken back")
        self._at_night("2026-06-17")

        self.assertEqual(self._charged(), 5 * 300 + 150)

    def test_a_credit_of_a_resting_contract_comes_again_too(self):
        service = self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        self._press("action_suspend", "2026-06-16")

        service.name = "Renamed"
        self._at_night("2026-06-17")

        self.assertEqual(self._charged(), 5 * 300 + 150)

    def test_instalments_after_the_end_do_not_fall_due_when_an_ended_contract_is_reckoned_again(self):
        project = self._add(
            "fixed_price",
            instalment_ids=[
                Command.create({"name": "Start", "date_due": "2026-05-01", "amount": 1000}),
                Command.create({"name": "End", "date_due": "2026-07-01", "amount": 2000}),
            ],
        )
        self._bill("2026-05-01")
        self._press("action_end", "2026-05-20")
        self._at_night("2026-05-21")

        project.name = "Renamed"
        self._at_night("2026-08-01")

        self.assertEqual(self._charged(), 1000)

    def test_an_instalment_put_right_after_the_end_falls_due_again(self):
        project = self._add(
            "fixed_price", instalment_ids=[Command.create({"name": "Start", "date_due": "2026-05-01", "amount": 1000})]
        )
        self._bill("2026-05-01")
        self._press("action_end", "2026-05-20")
        self._at_night("2026-05-21")
        self._at_night("2026-05-22")
        self.assertEqual(self._charged(), 1000)

        project.instalment_ids.amount = 900
        self._at_night("2026-05-23")
        self.assertEqual(self._charged(), 900)
        project.instalment_ids = [Command.create({"name": "Forgotten", "date_due": "2026-05-10", "amount": 50})]
        self._at_night("2026-05-24")

        self.assertEqual(self._charged(), 950)

    def test_nothing_begins_to_fall_due_after_the_end(self):
        self._add("setup_fee", date_from="2026-06-16")
        self._add("fixed_price", date_from="2026-06-16")
        self._add("block", date_from="2026-06-16", purchase="once")
        self._bill("2026-06-14")

        self._press("action_end", "2026-06-15")
        self._at_night("2026-06-16")

        self.assertEqual((self.managed.state, self._charged()), ("ended", 0))
        self.assertFalse(self.managed.prepaid_ids)

    # A start set later than was billed

    def test_a_start_set_later_is_credited_by_itself(self):
        self._add("recurring")
        self._freeze(self._bill("2026-06-01"))

        self.managed.date_start = "2026-03-10"
        self._at_night("2026-06-02")

        self.assertAlmostEqual(self._charged(), 3 * 300 + 212.9, msg="March from the 10th, April, May and June")

    def test_a_start_set_later_before_anything_is_released_leaves_no_trace(self):
        self._add("recurring")
        self._bill("2026-06-01")

        self.managed.date_start = "2026-03-10"
        self._at_night("2026-06-02")

        self.assertEqual(self.managed.due_ids.sorted("date").mapped("amount"), [212.9, 300, 300, 300])

    # Suspended, ended, and taken up again

    def test_a_contract_that_rested_when_it_ended_goes_on_when_it_is_taken_up_again(self):
        self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        self._press("action_suspend", "2026-06-16")
        self._press("action_end", "2026-06-17")
        self._at_night("2026-06-18")
        self.assertEqual(self._charged(), 5 * 300 + 150)

        self._press("action_activate", "2026-08-01")
        self._at_night("2026-08-01")

        self.assertEqual(self.managed.state, "active")
        self.assertRecordValues(self.managed.suspension_ids, [{"date_from": date(2026, 6, 16), "date_to": date(2026, 7, 31)}])
        self.assertEqual(self._charged(), 5 * 300 + 150 + 300, "it rested until the day it was taken up")

    def test_a_rest_and_an_end_of_one_day_leave_nothing_behind(self):
        self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        self._press("action_suspend", "2026-06-16")
        self._press("action_end", "2026-06-16")

        with freeze_time("2026-06-16 18:00:00"):
            self.managed.date_end = False
            self.managed.action_activate()
        self._at_night("2026-06-17")

        self.assertFalse(self.managed.suspension_ids)
        self.assertEqual(self._charged(), 6 * 300)

    def test_a_contract_taken_up_again_rests_anew(self):
        self._add("recurring")
        self._freeze(self._bill("2026-06-01"))
        self._press("action_suspend", "2026-06-11")
        self._press("action_end", "2026-06-12")
        self._press("action_activate", "2026-06-16")
        self._at_night("2026-06-16")
        self._press("action_suspend", "2026-06-26")
        self._press("action_resume", "2026-07-01")
        self._at_night("2026-07-01")

        self.assertEqual(self._charged(), 5 * 300 + 200 + 300, "June without the 11th to 15th and the 26th to 30th")

    # An end that is taken back

    def test_an_end_taken_back_the_same_day_leaves_the_term_as_it_was(self):
        for date_end in ("2026-12-31", False):
            with self.subTest(date_end=date_end):
                self.managed.write({"date_end": date_end, "renewal": "auto" if date_end else "none"})
                self.managed.action_activate()
                self._press("action_end", "2026-06-15")
                self.assertEqual(self.managed.date_end, date(2026, 6, 15))

                self._press("action_activate", "2026-06-15")
                self._at_night("2026-06-16")

                self.assertEqual(str(self.managed.date_end or ""), date_end or "")
                self.assertEqual(self.managed.state, "active")

    def test_a_contract_taken_up_again_within_its_term_runs_as_long_as_it_did(self):
        self._add("recurring")
        self.managed.write({"date_end": "2026-12-31", "renewal": "auto"})
        self._freeze(self._bill("2026-06-01"))
        self._press("action_end", "2026-06-15")
        self._at_night("2026-06-16")
        self.assertEqual(self._charged(), 5 * 300 + 150)

        self._press("action_activate", "2026-06-20")
        self._at_night("2026-07-01")

        self.assertRecordValues(self.managed, [{"state": "active", "date_end": date(2026, 12, 31)}])
        self.assertEqual(self._charged(), 7 * 300)

    def test_a_contract_taken_up_again_after_its_term_is_open_ended(self):
        self._add("recurring")
        self.managed.date_end = "2026-06-30"
        self._freeze(self._bill("2026-06-01"))
        self._press("action_end", "2026-06-15")

        self._press("action_activate", "2026-07-10")

        self.assertFalse(self.managed.date_end)

    def test_an_end_set_by_hand_after_the_button_stays(self):
        self._add("recurring")
        self.managed.date_end = "2026-12-31"
        self._bill("2026-06-01")
        self._press("action_end", "2026-06-15")
        self.managed.date_end = "2026-09-30"

        self._press("action_activate", "2026-06-16")

        self.assertEqual(self.managed.date_end, date(2026, 9, 30))

    def test_a_contract_called_off_before_it_began_begins_after_all(self):
        service = self._add("recurring")
        setup = self._add("setup_fee", date_to="2026-12-31")
        self.managed.write({"date_start": "2026-07-01", "date_end": "2027-06-30"})
        self.managed.action_activate()
        self._press("action_end", "2026-06-15")
        self._at_night("2026-06-16")

        self._press("action_activate", "2026-06-17")
        self._at_night("2026-07-01")

        self.assertRecordValues(self.managed, [{"state": "active", "date_end": date(2027, 6, 30), "bill_from": False}])
        self.assertRecordValues(service | setup, [{"date_to": False}, {"date_to": date(2026, 12, 31)}])
        self.assertEqual(self._charged(), 300 + 300)

    def test_what_an_end_has_changed_is_nobodys_to_write(self):
        with self.assertRaisesRegex(AccessError, "with their buttons only"):
            self.managed.with_user(self.company_admin).former_end = {"before": {"contract": ["2099-12-31", False]}}
