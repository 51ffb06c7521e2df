from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestLedgerCheck(PsaBillingCommon):
    """Somebody changes rows past the suite; the nightly check tells of it and corrects nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.component = cls.env["psa.contract.component"].create(
            {
                "contract_id": cls.contract.id, "kind": "block", "name": "Prepaid hours", "product_id": cls.product.id,
                "purchase": "manual", "overage": "fixed", "overage_rate": 150.0,
            }
        )
        cls.block = cls.env["psa.contract.prepaid"].create(
            {
                "name": "2 hours", "contract_id": cls.contract.id, "component_id": cls.component.id, "kind": "hours", "hours": 2,
                "price": 90.0, "amount": 180.0, "date_from": "2026-01-01", "purchased_on": "2026-01-01",
            }
        )
        cls.Problem = cls.env["psa.billing.problem"]

    def _check(self):
        self.Problem._check_ledgers([(self.client.id, self.company.id)])
        return self.Problem.search([("client_id", "=", self.client.id), ("state", "=", "open")])

    def test_a_sound_ledger_has_no_problems(self):
        unpriced = self.env["psa.role"].create({"name": "Architect"})
        internal = self.work_internal.id
        lines = self._log(150) | self._log(7) | self._log(33, psa_work_type_id=internal) | self._log(20, psa_role_id=unpriced.id)
        self._approve(lines)
        released = self._release(self._log(45, date="2026-03-11"))
        self._approve(self._log(61, date="2026-03-12"))
        adjusted = self._approve(self._log(60, date="2026-03-13")).with_user(self.billing)
        adjusted._adjust("Less", quantity=0.5)
        correction = self.env["account.analytic.line"].create(
            {
                "psa_corrects_id": released.source_id, "psa_ticket_id": self.ticket.id, "date": "2026-03-11", "name": "Less",
                "unit_amount": -0.25, "psa_billable_minutes": -15, "user_id": self.technician.id,
            }
        )
        self._approve(correction)

        self.assertEqual(self._check().mapped("message"), [])

    def test_an_amount_changed_in_the_database_is_found_and_left_alone(self):
        item = self._approve(self._log(180)).filtered(lambda item: item.funding == "overage")
        item._write_row({"amount": item.amount - 1})

        problems = self._check()

        self.assertIn("amount", problems.mapped("code"))
        self.assertEqual(problems.item_id, item)
        self.assertEqual(item.amount, 149.0, "nothing is corrected")
        item._psa_rate_again()
        self.assertFalse(self._check(), "what was put right is gone from the list")
        self.assertEqual(set(problems.mapped("state")), {"gone"})

    def test_a_released_row_is_computed_again_from_what_it_tells_of_itself(self):
        items = self._release(self._log(180))
        item = items.filtered(lambda item: item.state == "approved")
        item._write_row({"seconds": item.seconds - 60})

        self.assertIn(item, self._check().item_id)

    def test_time_changed_behind_the_ledger_s_back_is_found(self):
        line = self._log(60)
        self._release(line)
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_analytic_line SET unit_amount = 2 WHERE id = %s", [line.id])
        line.invalidate_recordset()

        self.assertIn("time of the entry", self._check().mapped("code"))

    def test_a_block_made_smaller_after_it_was_drawn_is_found(self):
        self._approve(self._log(120)).filtered(lambda item: item.funding == "block")._write_row({"settled_on": "2026-03-31"})
        self.block.hours = 1

        self.assertIn("overdrawn", self._check().mapped("code"))

    def test_what_is_accepted_is_not_reported_again(self):
        line = self._log(60)
        self._release(line)
        self.env.flush_all()
        self.env.cr.execute("UPDATE account_analytic_line SET unit_amount = 2 WHERE id = %s", [line.id])
        line.invalidate_recordset()
        problems = self._check()

        with self.assertRaises(AccessError):
            problems.with_user(self.technician).action_accept()
        problems.with_user(self.billing).action_accept()

        self.assertFalse(self._check())
        self.assertEqual(set(problems.mapped("state")), {"accepted"})
        self.assertEqual(problems.accepted_by_id, self.billing)
        with self.assertRaises(AccessError):
            problems.with_user(self.billing).write({"message": "x"})

    def _run(self, oldest=datetime(2100, 1, 1)):  # nobody else at work
        with (
            patch.object(type(self.Problem), "_oldest_transaction", lambda _problems: oldest),
            patch.object(self.env.registry["ir.cron"], "_commit_progress", lambda *_args, **_kwargs: 60.0),
        ):
            self.Problem._cron_check()

    def test_the_nightly_run_looks_at_what_changed_since_the_last_one(self):
        item = self._release(self._log(45))
        self._run()
        self.assertFalse(self.Problem.search([("client_id", "=", self.client.id)]))
        self.assertNotIn((self.client.id, self.company.id), [row[:2] for row in self._changed()])

        self.env.flush_all()
        self.env.cr.execute("UPDATE psa_billing_item SET amount = 1, value = 1, funding = 'rate', write_date = now() at time zone 'UTC'"
                            " + interval '1 minute' WHERE id = %s", [item.id])
        item.invalidate_recordset()
        self.assertIn((self.client.id, self.company.id), [row[:2] for row in self._changed()])
        self._run()

        self.assertIn(item, self.Problem.search([("client_id", "=", self.client.id)]).item_id)

    def test_what_others_commit_later_is_looked_at_next_time(self):
        item = self._release(self._log(45))
        self.env.flush_all()
        began = item.write_date - timedelta(minutes=5)

        self._run(began)

        since = self.env["ir.config_parameter"].get_param("psa_billing.ledger_checked_until")
        self.assertEqual(since, began.isoformat(sep=" "))
        self.assertLess(self.Problem._oldest_transaction(), self.env.cr.now())
        item._write_row({"state": "covered"})
        self.env.flush_all()
        self.env.cr.execute("UPDATE psa_billing_item SET write_date = '2020-01-01' WHERE id = %s", [item.id])
        self.env["psa.billing.item"]._psa_settle({item.id: None})
        self.assertGreater(item.write_date.year, 2020, "what is settled is looked at again, too")

    def _changed(self):
        since = self.env["ir.config_parameter"].get_param("psa_billing.ledger_checked_until")
        return self.Problem._changed_ledgers(since)
