"""How contracts end, rest, go on and renew, whatever else happens to them meanwhile."""

from datetime import date

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
