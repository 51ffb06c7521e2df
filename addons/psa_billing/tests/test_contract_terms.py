"""Terms by date: versions, renewal, indexation, and what rating is given."""

from datetime import date
from decimal import Decimal
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .common import PsaBillingCommon

LINES = ("version", "coverage", "component", "component.step", "instalment")


@tagged("post_install", "-at_install")
class TestContractTerms(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch.object(type(cls.env["ir.cron"]), "_commit_progress", return_value=60.0))

    def _price_for_good(self, day="2026-03-10"):
        rows = self._approve(self._log(60, date=day))
        rows.with_user(self.billing).action_approve()
        return rows

    def _new_version(self, day, **values):
        wizard = self.env["psa.contract.new.version"].with_user(self.billing).create(
            {"contract_id": self.contract.id, "date_from": day, **values}
        )
        return self.env["psa.contract.version"].browse(wizard.action_create()["res_id"])

    # Versions

    def test_terms_that_priced_work_for_good_stay_and_a_new_version_changes_them(self):
        pending = self._approve(self._log(60))
        self.contract.rate_ids.hourly_rate = 101
        pending.with_user(self.billing).action_approve()

        for change in (
            lambda: self.contract.rate_ids.write({"hourly_rate": 120}),
            lambda: self.contract.write({"rate_ids": [Command.clear()]}),
            lambda: self.contract.write({"rate_ids": [Command.create({"work_type_id": self.work_type.id, "hourly_rate": 5})]}),
            lambda: self.contract.write({"multiplier_policy": "highest"}),
            lambda: self.contract.write({"coverage_ids": [Command.create({"effect": "included"})]}),
        ):
            with self.assertRaisesRegex(UserError, "New Version"):
                change()
        self.assertTrue(self.contract.is_frozen)
        with self.assertRaisesRegex(UserError, "Let the new ones start after that day"):
            self._new_version("2026-03-10")

        version = self._new_version("2026-04-01", note="New rates")
        version.rate_ids.hourly_rate = 120

        self.assertEqual(self.contract.version_ids.sorted("date_from").mapped("rate_ids.hourly_rate"), [101, 120])
        self.assertEqual(str(self.contract.version_ids.sorted("date_from")[0].date_to), "2026-03-31")
        self.assertEqual(self._approve(self._log(60, date="2026-03-31")).hourly_rate, 101)
        self.assertEqual(self._approve(self._log(60, date="2026-04-01")).hourly_rate, 120)

    def test_the_contract_shows_the_terms_in_force(self):
        with freeze_time("2026-03-31 12:00:00"):
            version = self._new_version("2026-04-01")
            version.rate_ids.hourly_rate = 130
            self.assertEqual(self.contract.rate_ids.hourly_rate, 100)
        with freeze_time("2026-04-01 12:00:00"):
            self.env["psa.contract"]._cron_end_contracts()
        self.assertEqual(self.contract.rate_ids.hourly_rate, 130)
        self.assertEqual(self.contract.version_id, version)
        version.unlink()
        self.assertEqual(self.contract.rate_ids.hourly_rate, 100)
        with self.assertRaisesRegex(UserError, "first terms"):
            self.contract.version_id.unlink()

    def test_versions_begin_within_the_contract_and_each_on_its_own_day(self):
        self._new_version("2026-05-01")
        with self.assertRaisesRegex(UserError, "already has terms"):
            self._new_version("2026-05-01")
        with self.assertRaisesRegex(UserError, "not in force"):
            self._new_version("2025-12-31")
        with self.assertRaisesRegex(ValidationError, "before .* does"):
            self.contract.version_ids.sorted("date_from")[-1].date_from = "2025-06-01"
        with self.assertRaisesRegex(UserError, "stay with their contract"):
            self.contract.version_id.contract_id = self.contract.copy()
        with self.assertRaisesRegex(UserError, "belong to a contract"):
            self.env["psa.contract.version"].create({"date_from": "2026-01-01"})
        with self.assertRaisesRegex(UserError, "belong to a contract"):
            self.contract.version_id.copy()
        with self.assertRaisesRegex(UserError, "follows from their dates"):
            self.contract.with_user(self.billing).version_id = self.contract.copy().version_id

    def test_the_first_terms_move_with_the_start_of_the_contract(self):
        self.contract.date_start = "2026-02-01"

        self.assertEqual(str(self.contract.version_id.date_from), "2026-02-01")

    # What rating is given

    def test_rating_is_given_all_terms_by_date(self):
        self.contract.write(
            {
                "priority": 3,
                "rounding": "contract",
                "minimum_minutes": 30,
                "coverage_ids": [
                    Command.create({"effect": "at_rate", "hours": "after_hours", "hourly_rate": 150, "sequence": 2}),
                    Command.create({"effect": "included", "work_type_ids": [Command.set(self.work_type.ids)], "sequence": 1}),
                ],
            }
        )
        later = self._new_version("2026-06-01")
        later.coverage_ids = [Command.clear()]
        block = self.env["psa.contract.component"].create(
            {"contract_id": self.contract.id, "kind": "block", "name": "Hours", "overage": "fixed", "overage_rate": 99}
        )

        (term,) = self.contract._psa_terms()

        self.assertEqual((term.id, term.priority, term.client_id), (self.contract.id, 3, self.client.id))
        first, second = term.versions
        self.assertEqual((first.date_from, second.date_from), (date(2026, 1, 1), date(2026, 6, 1)))
        self.assertEqual((first.rounding, first.minimum_minutes, second.minimum_minutes), ("contract", 30, 30))
        self.assertEqual([rule.effect for rule in first.coverage], ["included", "at_rate"])
        self.assertEqual(first.coverage[0].work_type_ids, frozenset(self.work_type.ids))
        self.assertEqual((first.coverage[1].hourly_rate, second.coverage), (Decimal(150), ()))
        self.assertEqual(first.rates[0].hourly_rate, Decimal(100))
        self.assertEqual([(t.id, t.overage_rate) for t in term.block_terms], [(block.id, Decimal(99))])

    def _component(self, kind, name, **values):
        return self.env["psa.contract.component"].create({"contract_id": self.contract.id, "kind": kind, "name": name, **values})

    @freeze_time("2026-03-10 12:00:00")
    def test_blocks_in_force_at_one_time_agree_on_what_happens_once_they_are_used_up(self):
        first = self._component("block", "Hours", overage="fixed", overage_rate=150)
        self._component("block", "More hours", overage="fixed", overage_rate=150, date_from="2026-02-01")

        for values in ({}, {"overage": "stop"}, {"overage": "fixed", "overage_rate": 120}, {"date_from": "2026-09-01"}):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, "“Hours” are both .*When Used Up"), self.cr.savepoint():
                self._component("block", "Others", **values)
        with self.assertRaisesRegex(ValidationError, "do not agree"), self.cr.savepoint():
            first.overage_rate = 160
        self.contract.component_ids.date_to = "2026-05-31"
        other = self._component("block", "Others", overage="stop", date_from="2026-06-01")
        with self.assertRaisesRegex(ValidationError, "from 06/01/2026"), self.cr.savepoint():
            first.date_to = False
        self.contract.component_ids.overage = "stop"
        first.date_to = False
        self.assertEqual(set(self.contract.component_ids.mapped("overage")), {"stop"})
        self.assertFalse(other.overage_note)

    @freeze_time("2026-03-10 12:00:00")
    def test_two_blocks_that_never_agreed_may_be_put_an_end_to(self):
        first, second = (self._component("block", name, overage="stop") for name in ("Hours", "More hours"))
        self.env.flush_all()
        self.env.cr.execute("UPDATE psa_contract_component SET overage = 'rate' WHERE id = %s", [second.id])
        self.env.invalidate_all()

        first.date_to = "2026-03-09"
        first.date_to = "2026-02-28"

        with self.assertRaisesRegex(ValidationError, "do not agree"), self.cr.savepoint():
            first.date_to = "2026-03-10"

    def test_included_hours_tell_which_block_decides_what_is_over_them(self):
        included = self._component("included_hours", "Included", overage="negative")
        self.assertIn("do not go below zero", included.overage_note)
        self.assertFalse(self.contract._psa_terms()[0].block_terms[0].may_go_negative)

        block = self._component("block", "Ten hours", overage="stop")
        self.assertIn("of “Ten hours” pay for what is over", included.overage_note)

        block.date_to = "2026-03-31"
        included.date_from = "2026-04-01"
        self.assertIn("do not go below zero", included.overage_note, "the block is not sold then")
        included.write({"overage": "fixed", "overage_rate": 120})
        self.assertFalse(included.overage_note)

    @freeze_time("2026-03-10 12:00:00")
    def test_a_further_block_is_offered_with_what_was_agreed_for_the_first(self):
        self._component("block", "Hours", overage="fixed", overage_rate=150)
        form = Form(self.contract.with_user(self.billing).with_company(self.company))
        with form.component_ids.new() as line:
            line.name = "More hours"
            line.kind = "block"
            self.assertEqual((line.overage, line.overage_rate), ("fixed", 150))
        form.save()

        self.assertEqual(self.contract.component_ids.mapped("overage_rate"), [150, 150])

    def test_terms_of_many_contracts_take_few_queries(self):
        contracts = self.contract
        for _number in range(5):
            contracts |= self.contract.copy()
        contracts.action_activate()
        self.env.flush_all()
        counts = []
        for some in (contracts[:2], contracts):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some._psa_terms()
            some._psa_pools(date(2026, 1, 1), date(2026, 12, 31))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)

    def test_a_contract_is_archived_once_it_has_ended_and_prices_late_work_all_the_same(self):
        with freeze_time("2026-03-20 12:00:00"), self.assertRaisesRegex(UserError, "Press “End” first"):
            self.contract.action_archive()
        with freeze_time("2026-03-20 12:00:00"):
            self.contract.action_end()
        self.contract.action_archive()

        row = self._approve(self._log(60))

        self.assertRecordValues(row, [{"contract_id": self.contract.id, "amount": 100.0, "state": "pending"}])
        self.contract.action_activate()
        self.assertTrue(self.contract.active, "what is in force is in sight")

    def test_a_coverage_rule_for_an_archived_work_type_does_not_cover_all_work(self):
        old = self.work_type.copy({"name": "Fax support"})
        self.contract.coverage_ids = [Command.create({"effect": "included", "work_type_ids": [Command.set(old.ids)]})]
        old.action_archive()

        self.assertRecordValues(self._approve(self._log(60)), [{"amount": 100.0, "state": "pending"}])

    def test_nor_does_it_in_the_next_version(self):
        old = self.work_type.copy({"name": "Fax support"})
        self.contract.coverage_ids = [Command.create({"effect": "included", "work_type_ids": [Command.set(old.ids)]})]
        old.action_archive()

        self._new_version("2026-04-01")

        self.assertRecordValues(self._approve(self._log(60, date="2026-04-02")), [{"amount": 100.0, "state": "pending"}])

    def test_why_this_contract(self):
        self.assertFalse(self.contract.choice_text)
        other = self._new_contract(self.client, [(self.role_engineer, False, 1)], date_start="2026-02-01", name="Second")
        self.contract.invalidate_recordset()

        text = self.contract.with_user(self.billing).with_company(self.company).choice_text

        self.assertLess(text.index("Second"), text.index("Support by the hour"), "the latest start of the same priority")
        row = self._approve(self._log(60))
        self.assertEqual(row.contract_id, other)

    # Renewal

    def test_a_contract_renews_by_itself_and_only_then_may_end(self):
        self.contract.write({"date_end": "2026-04-30", "renewal": "auto", "renewal_months": 1})
        with freeze_time("2026-06-15 12:00:00"):
            self.env["psa.contract"]._cron_end_contracts()
            self.env["psa.contract"]._cron_end_contracts()

        self.assertRecordValues(
            self.contract, [{"state": "active", "date_end": date(2026, 6, 30), "renewal_count": 2}]
        )

    def test_months_do_not_grow_shorter_from_renewal_to_renewal(self):
        self.contract.write({"date_end": "2026-01-30", "renewal": "auto", "renewal_months": 1})
        ends = []
        for day in ("2026-01-30", "2026-02-27", "2026-03-30", "2026-04-29"):
            with freeze_time(f"{day} 12:00:00"):
                self.env["psa.contract"]._cron_end_contracts()
            ends.append(str(self.contract.date_end))
        self.assertEqual(ends, ["2026-02-27", "2026-03-30", "2026-04-29", "2026-05-30"])

        # Another end is agreed: the terms are counted from there.
        self.contract.date_end = "2026-05-15"
        with freeze_time("2026-06-20 12:00:00"):
            self.env["psa.contract"]._cron_end_contracts()
        self.assertEqual(str(self.contract.date_end), "2026-07-15")

    def test_terms_are_counted_from_the_start_of_the_contract(self):
        self.contract.write(
            {"date_start": "2026-01-31", "date_end": "2026-02-27", "renewal": "auto", "renewal_months": 1}
        )
        with freeze_time("2026-02-27 12:00:00"):
            self.env["psa.contract"]._cron_end_contracts()
        self.assertEqual(str(self.contract.date_end), "2026-03-30")
        with self.assertRaisesRegex(AccessError, "with their buttons"):
            self.contract.with_user(self.billing).date_first_end = "2026-01-01"

    def test_renewing_by_hand_works_once_a_term(self):
        self.contract.write({"date_end": "2026-12-31", "renewal": "ask", "notice_days": 30})
        contract = self.contract.with_user(self.billing).with_company(self.company)
        with freeze_time("2026-11-01 12:00:00"), self.assertRaisesRegex(UserError, "not due before"):
            contract.action_renew()
        with freeze_time("2026-12-15 12:00:00"):
            contract.invalidate_recordset()
            self.assertTrue(contract.is_renewal_due)
            self.assertIn(contract, contract.search([("is_renewal_due", "=", True)]))
            contract.action_renew()
            self.assertEqual(str(contract.date_end), "2027-12-31")
            with self.assertRaisesRegex(UserError, "not due before"):
                contract.action_renew()
        self.contract.date_end = False
        with self.assertRaisesRegex(UserError, "open-ended"):
            contract.action_renew()

    def test_the_end_is_told_in_time_and_once(self):
        self.contract.write({"date_end": "2026-12-31", "renewal": "ask", "notice_days": 30, "user_id": self.billing.id})
        for day in ("2026-11-30", "2026-12-01", "2026-12-02"):
            with freeze_time(f"{day} 12:00:00"):
                self.contract.invalidate_recordset()
                self.env["psa.contract"]._cron_remind()
        self.assertEqual(len(self.contract.notice_ids), 1)
        self.assertIn("unless it is renewed", self.contract.notice_ids.body)

    # Indexation

    def test_prices_rise_from_a_day_once(self):
        service = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id,
                "kind": "recurring",
                "name": "Workplace",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 10, "price_unit": 30})],
            }
        )
        wizard = self.env["psa.contract.index"].with_user(self.billing).create(
            {"contract_ids": [Command.set(self.contract.ids)], "date_from": "2027-01-01", "percent": 2.5, "note": "CPI"}
        )
        self.assertEqual((wizard.monthly_before, wizard.monthly_after), (300, 307.5))

        wizard.action_apply()

        self.assertEqual(service.step_ids.mapped(lambda s: (str(s.date_from), s.price_unit, s.origin)),
                         [("2026-01-01", 30, "manual"), ("2027-01-01", 30.75, "index")])
        self.assertEqual(self.contract.version_ids.sorted("date_from").mapped("rate_ids.hourly_rate"), [100, 102.5])
        with self.assertRaisesRegex(UserError, "were raised from .* already"):
            wizard.action_apply()
        wizard.percent = -100
        with self.assertRaisesRegex(UserError, "by how much"):
            wizard.action_apply()

    def test_agreed_indexation_comes_by_itself_each_year(self):
        self.contract.write({"index_percent": 10, "index_next_date": "2026-06-01", "index_name": "CPI"})
        for day in ("2026-05-31", "2026-06-01", "2026-06-02"):
            with freeze_time(f"{day} 12:00:00"):
                self.env["psa.contract"]._cron_index()

        self.assertEqual(self.contract.version_ids.sorted("date_from").mapped("rate_ids.hourly_rate"), [100, 110])
        self.assertEqual(str(self.contract.index_next_date), "2027-06-01")

    # Who may do what

    def test_matrix(self):
        outsider = new_test_user(self.env, login="olga.outsider", groups="base.group_user")
        table = {f"psa.contract.{line}": "crwd" for line in LINES}
        table |= {"psa.contract.prepaid": "rw", "psa.contract.due": "r", "psa.contract.notice": "r",
                  "psa.contract.new.version": "crw", "psa.contract.index": "crw"}
        letters = {"c": "create", "r": "read", "w": "write", "d": "unlink"}
        for model, allowed in table.items():
            for user in (self.technician, self.dispatcher, self.billing, self.company_admin, outsider):
                may = allowed if user in (self.billing, self.company_admin) else ""
                for letter, operation in letters.items():
                    with self.subTest(model=model, user=user.name, operation=operation):
                        env = self.env(user=user, su=False)
                        self.assertEqual(env[model].has_access(operation), letter in may)

    def test_another_company_sees_and_changes_nothing(self):
        other_company = self.env["res.company"].create({"name": "Other ITSC"})
        stranger = self._new_user("sara.stranger", "psa_crm.group_company_admin", other_company)
        component = self.env["psa.contract.component"].create(
            {"contract_id": self.contract.id, "kind": "block", "name": "Hours",
             "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 10, "price_unit": 80})]}
        )
        self.contract._psa_bill_due(date(2026, 1, 31))
        self.contract.coverage_ids = [Command.create({"effect": "included", "hours": "after_hours"})]
        env = self.env(user=stranger, su=False, context=dict(self.env.context, allowed_company_ids=other_company.ids))
        for record in (
            self.contract.version_id, self.contract.coverage_ids, component, component.step_ids, component.prepaid_ids,
            component.due_ids,
        ):
            with self.subTest(model=record._name):
                self.assertTrue(record)
                self.assertFalse(env[record._name].search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    record.with_env(env).read(["id", "contract_id"])
        with self.assertRaises(AccessError):
            env["psa.contract.component"].create({"contract_id": self.contract.id, "name": "Mine"})
        with self.assertRaises(AccessError):
            env["psa.contract.new.version"].create({"contract_id": self.contract.id, "date_from": "2026-08-01"}).action_create()
