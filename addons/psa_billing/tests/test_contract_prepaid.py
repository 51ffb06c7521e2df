"""Prepaid hours and money: bought, drawn, carried over, topped up, and told about."""

from datetime import date
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from .common import PsaBillingCommon

NOON = "12:00:00"


@tagged("post_install", "-at_install")
class TestContractPrepaid(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.action_end()
        cls.startClassPatcher(patch.object(type(cls.env["ir.cron"]), "_commit_progress", return_value=60.0))
        cls.client.write({"email": "office@harbour.example"})
        cls.billing.email = "bill@brightwater.example"
        cls.prepaid = cls._new_contract(
            cls.client,
            [(cls.role_engineer, False, 100.0)],
            activate=False,
            name="Block hours",
            date_start="2026-01-01",
            user_id=cls.billing.id,
        )

    @classmethod
    def _add(cls, kind="block", hours=10, price=80, **values):
        return cls.env["psa.contract.component"].create(
            {
                "contract_id": cls.prepaid.id,
                "kind": kind,
                "name": "Support hours",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": hours, "price_unit": price})],
                **values,
            }
        )

    def _bill(self, until):
        if self.prepaid.state == "draft":
            self.prepaid.action_activate()
        dues = self.prepaid._psa_bill_due(fields.Date.to_date(until))
        self.assertFalse(self.prepaid.billing_error)
        return dues

    def _work(self, hours, day="2026-03-10", **values):
        return self._approve(self._log(hours * 60, date=day, **values))

    def _pools(self, date_from="2026-03-01", date_to="2026-03-31"):
        return {
            pool.id: pool
            for pool in self.prepaid._psa_pools(fields.Date.to_date(date_from), fields.Date.to_date(date_to))
        }

    def test_a_purchase_makes_a_block_and_a_row_of_the_ledger_once(self):
        self._add(validity_months=12)

        due = self._bill("2026-01-31")
        self._bill("2026-01-31")

        block = self.prepaid.prepaid_ids
        self.assertRecordValues(
            block,
            [{"hours": 10, "price": 80, "amount": 800, "date_from": date(2026, 1, 1), "date_to": date(2026, 12, 31),
              "origin": "purchase", "remaining_hours": 10}],
        )
        self.assertRecordValues(due, [{"kind": "prepaid", "quantity": 10, "price_unit": 80, "amount": 800, "prepaid_id": block.id}])
        row = self.env["psa.billing.item"].search(due._psa_items_domain(due.ids))
        self.assertRecordValues(row, [{"kind": "prepaid", "amount": 800, "state": "pending"}])
        self.assertFalse(row.prepaid_id, "a purchase does not draw from itself")
        pool = self._pools()[block.id]
        self.assertEqual((pool.kind, pool.size, pool.used, pool.hour_value), ("block", 36000, 0, 80))

    def test_work_draws_and_the_balance_follows_the_ledger(self):
        self._add(overage="fixed", overage_rate=120)
        self._bill("2026-01-31")

        rows = self._work(4) | self._work(8)

        block = self.prepaid.prepaid_ids
        block.invalidate_recordset()
        self.assertRecordValues(block, [{"drawn_hours": 10, "remaining_hours": 0, "used_percent": 100}])
        over = rows.filtered(lambda row: row.funding == "overage")
        self.assertEqual((sum(over.mapped("hours")), sum(over.mapped("amount"))), (2, 240))
        self.assertEqual(self._pools()[block.id].used, 0, "nothing is released yet")
        rows.filtered(lambda row: row.state == "pending").with_user(self.billing).action_approve()
        with self.assertRaisesRegex(UserError, "Work was paid from"):
            block.action_cancel()

    def test_two_blocks_count_by_expiry_and_each_cycle_may_buy_one(self):
        self._add(purchase="cycle", validity_months=2)

        self._bill("2026-03-01")
        self._bill("2026-03-01")

        blocks = self.prepaid.prepaid_ids.sorted("date_from")
        self.assertEqual(
            blocks.mapped(lambda block: (str(block.date_from), str(block.date_to))),
            [("2026-01-01", "2026-02-28"), ("2026-02-01", "2026-03-31"), ("2026-03-01", "2026-04-30")],
        )
        self.assertEqual(set(self._pools()), set(blocks[1:].ids))

    def test_a_cancelled_purchase_is_not_bought_again_and_draws_nothing(self):
        self._add()
        due = self._bill("2026-01-31")
        block = self.prepaid.prepaid_ids

        block.with_user(self.billing).action_cancel()

        self.assertFalse(due.exists())
        self.assertFalse(self._bill("2026-02-28"))
        self.assertEqual(self._pools()[block.id].size, 0)
        self.assertEqual(block.state, "cancelled")

    def test_what_is_written_off_pays_for_nothing_more(self):
        self._add(validity_months=12)
        row = self._bill("2026-01-31")._psa_items().with_user(self.billing)
        block = self.prepaid.prepaid_ids
        work = self._work(2)
        self.assertEqual(work.prepaid_id, block)

        row._write_off("Was agreed otherwise")

        block.invalidate_recordset()
        self.assertEqual((block.state, self._pools()[block.id].size, block._psa_left()), ("cancelled", 0, {}))
        self.assertEqual(self._items_of(self.env["account.analytic.line"].search([])).mapped("amount"), [200])

        row.action_back_to_review()
        block.invalidate_recordset()
        self.assertEqual((block.state, block.drawn_hours), ("usable", 2))
        with self.assertRaisesRegex(UserError, "sold with this quantity"):
            row._adjust("Half of it", quantity=5, price_unit=80)
        row._adjust("A discount", quantity=10, price_unit=70)
        self.assertEqual(row.amount, 700)

    def test_hours_are_usable_only_as_agreed(self):
        self._add(usable="invoiced")
        self._bill("2026-01-31")
        block = self.prepaid.prepaid_ids

        self.assertEqual((block.state, self._pools()[block.id].size), ("waiting", 0))
        with patch.object(type(block), "_psa_is_settled", lambda self, move: True):
            block.invalidate_recordset()
            self.assertEqual((block.state, self._pools()[block.id].size), ("usable", 36000))
            rows = self._work(2)
            self.prepaid._psa_tend_prepaid(date(2026, 3, 10))
            self.assertEqual(rows.exists().prepaid_id | self._work(1).prepaid_id, block)

    def test_a_block_in_another_currency_is_refused(self):
        self._add()
        self._bill("2026-01-31")
        other = self.env.ref("base.EUR") if self.company.currency_id != self.env.ref("base.EUR") else self.env.ref("base.USD")
        other.active = True

        with self.assertRaisesRegex(ValidationError, "Sell it in the currency of the contract"):
            self.prepaid.prepaid_ids.currency_id = other
        with self.assertRaisesRegex(UserError, "has been rated|sold ahead"):
            self.prepaid.currency_id = other

    def test_what_was_bought_is_not_written_by_hand(self):
        self._add()
        self._bill("2026-01-31")
        block = self.prepaid.prepaid_ids.with_user(self.billing)

        block.date_to = "2026-06-30"
        with self.assertRaisesRegex(UserError, "What was bought stays"):
            block.hours = 100
        with self.assertRaisesRegex(ValidationError, "before it is valid"):
            block.date_to = "2025-06-30"

    # Roll-over

    def test_half_of_what_is_left_goes_over_once_and_never_twice(self):
        included = self._add("included_hours", hours=10, price=0, rollover_percent=50)
        self.prepaid.action_activate()
        self._work(4, "2026-01-20")

        with freeze_time(f"2026-02-01 {NOON}"):
            self.env["psa.contract.component"]._cron_prepaid()
            self.env["psa.contract.component"]._cron_prepaid()
        carried = self.prepaid.prepaid_ids
        self.assertRecordValues(
            carried,
            [{"hours": 3, "origin": "rollover", "date_from": date(2026, 2, 1), "date_to": date(2026, 2, 28), "amount": 0}],
        )
        self.assertFalse(carried.due_ids, "nothing is to be paid for it")

        # Time of January that is approved late makes it less.
        self._work(2, "2026-01-30")
        self.prepaid._psa_tend_prepaid(date(2026, 2, 2))
        self.assertEqual(carried.hours, 2)

        # In February nothing is used: of the ten hours five go over, of the carried ones none.
        self.prepaid._psa_tend_prepaid(date(2026, 3, 1))
        march = self.prepaid.prepaid_ids - carried
        self.assertEqual((march.hours, str(march.date_from)), (5, "2026-03-01"))
        self.assertEqual(included._psa_included_drawn(date(2026, 1, 1)), 6 * 3600)

    def test_carried_hours_that_were_used_stay(self):
        self._add("included_hours", hours=2, price=0, rollover_percent=100)
        self.prepaid.action_activate()
        self.prepaid._psa_tend_prepaid(date(2026, 2, 1))
        self._work(3, "2026-02-10")
        carried = self.prepaid.prepaid_ids
        carried.invalidate_recordset()
        self.assertEqual(carried.drawn_hours, 1)

        self._work(2, "2026-01-10")
        self.prepaid._psa_tend_prepaid(date(2026, 2, 11))

        self.assertEqual(carried.hours, 1)

    def test_the_rest_of_an_expired_block_goes_over(self):
        self._add(validity_months=1, rollover_percent=100)
        self._bill("2026-01-01")
        self._work(4, "2026-01-10")

        self.prepaid._psa_tend_prepaid(date(2026, 2, 1))
        self.prepaid._psa_tend_prepaid(date(2026, 2, 2))

        carried = self.prepaid.prepaid_ids.filtered(lambda block: block.origin == "rollover")
        self.assertEqual((carried.hours, str(carried.date_from), str(carried.date_to)), (6, "2026-02-01", "2026-02-28"))
        self.prepaid._psa_tend_prepaid(date(2026, 3, 1))
        self.assertEqual(len(self.prepaid.prepaid_ids), 2, "what came over goes no further")

    def test_hours_nobody_has_paid_for_do_not_go_over_until_they_are_paid(self):
        self._add(validity_months=1, rollover_percent=100, usable="paid")
        self._bill("2026-01-01")
        block = self.prepaid.prepaid_ids
        waiting = patch.object(type(block), "_psa_is_settled", lambda self, move: False)
        paid = patch.object(type(block), "_psa_is_settled", lambda self, move: True)

        with waiting:
            self.prepaid._psa_tend_prepaid(date(2026, 2, 1))
        self.assertEqual(self.prepaid.prepaid_ids, block)

        with paid:
            self.prepaid._psa_tend_prepaid(date(2026, 2, 10))
        carried = self.prepaid.prepaid_ids - block
        self.assertRecordValues(
            carried, [{"hours": 10, "usable": "at_once", "date_from": date(2026, 2, 1), "date_to": date(2026, 2, 28)}]
        )
        self._work(3, "2026-02-15")

        # The bank takes the payment back: what was worked stays paid, the rest is not to be had.
        with waiting:
            self.prepaid._psa_tend_prepaid(date(2026, 2, 20))
            self.assertEqual(carried.hours, 3)
        with paid:
            self.prepaid._psa_tend_prepaid(date(2026, 2, 21))
        self.assertEqual(carried.hours, 10)

    def test_the_rest_of_a_purchase_written_off_does_not_stay_carried_over(self):
        self._add(validity_months=1, rollover_percent=100)
        row = self._bill("2026-01-01")._psa_items().with_user(self.billing)
        self.prepaid._psa_tend_prepaid(date(2026, 2, 1))
        carried = self.prepaid.prepaid_ids.filtered(lambda block: block.origin == "rollover")
        self.assertEqual(carried.hours, 10)

        row._write_off("Was agreed otherwise")
        self.prepaid._psa_tend_prepaid(date(2026, 2, 2))
        self.assertEqual((carried.hours, carried.remaining_hours), (0, 0))

        row.action_back_to_review()
        self.prepaid._psa_tend_prepaid(date(2026, 2, 3))
        self.assertEqual(carried.hours, 10)

    def test_included_hours_are_a_pool_of_each_period(self):
        included = self._add("included_hours", hours=10, price=0, date_from="2026-03-16")
        self.prepaid.action_activate()

        (march, april) = self._pools("2026-03-01", "2026-04-30").values()

        self.assertEqual((march.kind, march.size, march.date_from, march.date_to),
                         ("included", 10 * 3600 * 16 // 31, date(2026, 3, 16), date(2026, 3, 31)))
        self.assertEqual((april.size, april.component_id), (36000, included.id))
        rows = self._work(1, "2026-04-02")
        rows.filtered(lambda row: row.state == "pending").with_user(self.billing).action_approve()
        rows.sudo()._write_row({"settled_on": "2026-05-01"})
        self.assertEqual(self._pools("2026-04-01", "2026-04-30")[april.id].used, 3600)

    # Top-up and reminders

    def test_automatic_purchase_when_too_little_is_left_and_the_ordered_counts(self):
        self._add(is_auto_top_up=True, top_up_below=2, usable="paid", validity_months=12)
        self.prepaid.prepaid_ids.usable = "at_once"
        self._bill("2026-01-31")
        self.prepaid.prepaid_ids.usable = "at_once"
        self._work(9)

        with freeze_time(f"2026-03-10 {NOON}"):
            self.env["psa.contract.component"]._cron_prepaid()
            self.env["psa.contract.component"]._cron_prepaid()

        bought = self.prepaid.prepaid_ids.filtered(lambda block: block.origin == "top_up")
        self.assertEqual(len(bought), 1)
        self.assertEqual(bought.due_ids.amount, 800)
        self.assertEqual(self.prepaid.notice_ids.filtered(lambda n: n.kind == "top_up").prepaid_id, bought)

    def test_nothing_is_not_bought_again_and_again(self):
        self._add(hours=0, is_auto_top_up=True, top_up_below=2, purchase="manual")
        self._add("retainer", price=0, is_auto_top_up=True, top_up_below=100, purchase="manual")
        self.prepaid.action_activate()

        with freeze_time(f"2026-03-10 {NOON}"):
            self.env["psa.contract.component"]._cron_prepaid()

        self.assertFalse(self.prepaid.prepaid_ids)

    def test_each_threshold_is_told_once_to_manager_and_client(self):
        self._add(notice_percents="50, 80, 100", validity_months=12)
        self._bill("2026-01-31")
        self._work(9)
        with freeze_time(f"2026-03-10 {NOON}"):
            self.env["psa.contract"]._cron_remind()
            self.env["psa.contract"]._cron_remind()

        notice = self.prepaid.notice_ids
        self.assertRecordValues(notice, [{"kind": "low_balance", "level": 80, "manager_id": self.billing.id}])
        self.assertIn("1.00 hours are left", notice.body)
        self.assertIn("Harbour Dental", notice.recipients)
        self.assertIn(self.billing.name, notice.recipients)
        mails = self.env["mail.mail"].sudo().search([("model", "=", "psa.contract.notice"), ("res_id", "=", notice.id)])
        self.assertEqual(mails.recipient_ids, self.client | self.billing.partner_id)
        self.assertEqual(self.prepaid.activity_ids.user_id, self.billing)

        self._work(1)
        self.prepaid._psa_remind(date(2026, 3, 11))
        self.assertEqual(sorted(self.prepaid.notice_ids.mapped("level")), [80, 100])

    def test_expiry_is_told_and_the_client_is_left_alone_if_so_wished(self):
        self.prepaid.is_client_notified = False
        self._add(validity_months=3, expiry_notice_days=30)
        self._bill("2026-01-01")

        self.prepaid._psa_remind(date(2026, 2, 28))
        self.assertFalse(self.prepaid.notice_ids)
        self.prepaid._psa_remind(date(2026, 3, 1))
        self.prepaid._psa_remind(date(2026, 3, 2))

        self.assertRecordValues(self.prepaid.notice_ids, [{"kind": "expiry", "recipients": self.billing.name}])

    def test_a_retainer_is_money(self):
        self._add("retainer", hours=1, price=1500)
        due = self._bill("2026-01-31")

        block = self.prepaid.prepaid_ids
        self.assertRecordValues(block, [{"kind": "money", "amount": 1500, "hours": 0}])
        self.assertEqual(due.amount, 1500)
        pool = self._pools()[block.id]
        self.assertEqual((pool.kind, pool.size), ("retainer", 1500))
        self._work(2)
        block.invalidate_recordset()
        self.assertEqual((block.drawn_amount, block.remaining_amount), (200, 1300))

    # Which balances matter

    def test_balances_are_found_by_how_they_stand_and_dues_by_their_row(self):
        self._add(name="Block", hours=10, overage="negative")
        self._add(name="When paid", hours=5, usable="paid", overage="negative")
        self._add(name="Short", hours=1, validity_months=1, overage="negative")
        due = self._bill("2026-01-31")
        Prepaid = self.env["psa.contract.prepaid"].with_user(self.billing)
        Due = self.env["psa.contract.due"].with_user(self.billing)
        ours = [("contract_id", "=", self.prepaid.id)]

        def found(*domain):
            self.env.invalidate_all()
            return sorted(Prepaid.search([*ours, *domain]).component_id.mapped("name"))

        with freeze_time(f"2026-03-10 {NOON}"):
            self.assertEqual(found(("state", "=", "usable")), ["Block"])
            self.assertEqual(found(("state", "=", "waiting")), ["When paid"])
            self.assertEqual(found(("state", "=", "expired")), ["Short"])
            self.assertEqual(found(("state", "not in", ("usable", "waiting"))), ["Short"])
            self.assertEqual(found(("is_low", "=", True)), [])
            self._work(8)
            self.assertEqual(found(("is_low", "=", True)), ["Block"])
            self.assertEqual(found(("is_low", "=", False)), ["Short", "When paid"])
            self._work(2)
            self.assertEqual(found(("state", "=", "used_up")), ["Block"])
            self.assertEqual(found(("is_low", "=", True)), [])

        self.assertEqual(Due.search([*ours, ("item_state", "=", "pending")]), due.sorted(lambda one: (one.date, one.id), reverse=True))
        self.env["psa.billing.item"].search(due[0]._psa_items_domain(due[0].ids)).with_user(self.billing).action_approve()
        self.assertEqual(Due.search([*ours, ("item_state", "=", "approved")]), due[0])
        self.assertEqual(Due.search([*ours, ("item_state", "!=", "approved")]), Due.search(ours) - due[0])
        self.assertFalse(Due.search([*ours, ("item_state", "=", False)]))

    # Who sees the balance

    def test_the_client_s_administrator_sees_the_balance_and_others_do_not(self):
        self._add(validity_months=12)
        self._add("included_hours", hours=5, price=0)
        self._bill("2026-01-31")
        self._work(2)
        portal = {}
        for name in ("admin", "employee"):
            person = self.env["res.partner"].create({"name": name, "parent_id": self.client.id})
            portal[name] = new_test_user(
                self.env, login=f"{name}.client", groups=f"psa_crm.group_client_{name}", partner_id=person.id
            )
        stranger = self._new_user("strange.client", "psa_crm.group_client_admin")

        with freeze_time(f"2026-03-10 {NOON}"):
            (included, block) = self.client.with_user(portal["admin"])._psa_prepaid_balances()
            self.assertEqual((included["kind"], included["remaining"]), ("included", 3))
            self.assertEqual((block["remaining"], block["size"]), (10, 10))
            self.assertEqual(len(self.client.with_user(self.billing).with_company(self.company)._psa_prepaid_balances()), 2)
            for user in (portal["employee"], stranger, self.technician):
                self.assertEqual(self.client.with_user(user)._psa_prepaid_balances(), [], user.name)
