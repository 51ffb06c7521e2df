from datetime import date, datetime, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import DAY, PsaBillingCommon

# 10 March 2026 is a Tuesday; Berlin is an hour ahead of UTC then.
SIX_PM = datetime(2026, 3, 10, 17, 0)


@tagged("post_install", "-at_install")
class TestTimePeriod(PsaBillingCommon):
    """Start and end, tasks, corrections, flags: what an entry can be besides a duration on a ticket."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls.env["resource.calendar"].create({
            "name": "Office", "tz": "Europe/Berlin", "company_id": cls.company.id, "attendance_ids": [
                Command.clear(),
                *(Command.create({"name": str(day), "dayofweek": str(day), "hour_from": 8, "hour_to": 18, "day_period": "morning"})
                  for day in range(5)),
            ],
        })
        cls.company.resource_calendar_id = cls.calendar
        cls.after_hours = cls.env["psa.work.type"].create(
            {"name": "Night", "product_id": cls.product.id, "company_id": cls.company.id, "sequence": 5, "minimum_minutes": 60}
        )
        cls.work_type.after_hours_type_id = cls.after_hours
        cls.project = cls.env["project.project"].create({
            "name": "Office move", "partner_id": cls.client.id, "company_id": cls.company.id, "allow_timesheets": True,
        })
        cls.task = cls.env["project.task"].create({"name": "Cabling", "project_id": cls.project.id})
        cls.technician._psa_employees(cls.company)

    def _period(self, start, hours, **values):
        return self._log(0, psa_start=start, psa_end=start + timedelta(hours=hours), unit_amount=0, **values)

    def _parts(self, line):
        return self.env["account.analytic.line"].search([("psa_split_key", "=", line.psa_split_key)], order="psa_start")

    # ------------------------------------------------------------------ start and end

    def test_start_and_end_give_hours_and_day(self):
        line = self._period(datetime(2026, 3, 10, 8, 0), 1.5)

        self.assertRecordValues(line, [{"unit_amount": 1.5, "date": DAY, "psa_split_key": False}])
        self.assertEqual(line.psa_work_type_id, self.work_type)

        line.unit_amount = 2
        self.assertEqual(line.psa_end, datetime(2026, 3, 10, 10, 0), "the end follows the hours")
        line.date = date(2026, 3, 11)
        self.assertEqual(line.psa_start, datetime(2026, 3, 11, 8, 0), "the same time of the other day")
        line.psa_start = False
        self.assertRecordValues(line, [{"psa_end": False, "unit_amount": 2.0}])

    def test_work_over_closing_time_becomes_two_entries_of_their_own_work_type(self):
        line = self._period(SIX_PM - timedelta(hours=1), 1.5)

        self.assertRecordValues(self._parts(line), [
            {"psa_start": SIX_PM - timedelta(hours=1), "psa_end": SIX_PM, "psa_work_type_id": self.work_type.id,
             "unit_amount": 1.0, "psa_billable_minutes": 60},
            {"psa_start": SIX_PM, "psa_end": SIX_PM + timedelta(minutes=30), "psa_work_type_id": self.after_hours.id,
             "unit_amount": 0.5, "psa_billable_minutes": 60},
        ])  # fmt: skip
        self.assertEqual(line.with_user(self.technician).psa_split_count, 2)
        self.assertEqual(line.psa_week_id.worked_hours, 1.5, "both parts are in the week")
        self.assertEqual(line.psa_week_id.line_ids, self._parts(line))

        line.with_user(self.technician).action_psa_undo_split()
        self.assertFalse(self.ticket.psa_time_ids)

    def test_work_over_midnight_belongs_to_two_days(self):
        line = self._period(datetime(2026, 3, 10, 22, 0), 3)

        self.assertEqual(self._parts(line).mapped("date"), [DAY, date(2026, 3, 11)])
        self.assertEqual(self._parts(line).mapped("unit_amount"), [1.0, 2.0])

    def test_the_night_the_clocks_go_forward_has_an_hour_less(self):
        # 28 March 23:00 to 29 March 05:00 on the wall: five hours.
        line = self._period(datetime(2026, 3, 28, 22, 0), 5)

        self.assertEqual(self._parts(line).mapped("unit_amount"), [1.0, 4.0])
        self.assertEqual(self._parts(line).mapped("date"), [date(2026, 3, 28), date(2026, 3, 29)])

    def test_charged_minutes_that_people_agreed_on_are_shared(self):
        line = self._period(SIX_PM - timedelta(hours=1), 2, psa_billable_minutes=30)

        self.assertEqual(self._parts(line).mapped("psa_billable_minutes"), [15, 15])

    def test_an_entry_that_gets_longer_is_cut_as_well(self):
        line = self._period(SIX_PM - timedelta(hours=1), 1)
        self.assertFalse(line.psa_split_key)

        line.with_user(self.technician).psa_end = SIX_PM + timedelta(hours=1)

        self.assertEqual(self._parts(line).mapped("unit_amount"), [1.0, 1.0])
        self.assertEqual(self._parts(line)[1].psa_work_type_id, self.after_hours)
        self.assertEqual(self._parts(line).psa_ticket_id, self.ticket)

    def test_a_work_type_chosen_afterwards_stays(self):
        line = self._period(SIX_PM, 1)
        self.assertEqual(line.psa_work_type_id, self.after_hours)

        line.with_user(self.technician).psa_work_type_id = self.work_type

        self.assertEqual(line.psa_work_type_id, self.work_type)

    def test_what_is_no_period_is_refused(self):
        for start, end, text in (
            (SIX_PM, SIX_PM - timedelta(hours=1), "ends before it starts"),
            (SIX_PM, SIX_PM + timedelta(hours=25), "more than 24 hours"),
            (SIX_PM, False, "both “Start” and “End”"),
        ):
            with self.subTest(text=text), self.assertRaisesRegex(ValidationError, text):
                self._log(0, psa_start=start, psa_end=end)

    def test_the_form_says_into_what_it_cuts(self):
        form = Form(
            self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company)
            .with_context(default_psa_ticket_id=self.ticket.id, tz="UTC"),
            "psa_billing.view_account_analytic_line_form",
        )
        form.psa_start = SIX_PM - timedelta(hours=1)
        form.psa_end = SIX_PM + timedelta(hours=1)
        form.name = "Rack"

        self.assertEqual(form.unit_amount, 2.0)
        self.assertIn(self.after_hours.name, form.psa_period_hint)
        line = form.save()
        self.assertEqual(len(self._parts(line)), 2)

    # ------------------------------------------------------------------ tasks

    def _log_task(self, minutes=60, **values):
        return self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company).create(
            {"task_id": self.task.id, "unit_amount": minutes / 60, "name": "Pulled cables", "date": DAY, **values}
        )

    def test_time_on_a_task_of_a_client_goes_to_approval_and_ledger(self):
        line = self._log_task(50)

        self.assertRecordValues(line, [{
            "psa_approval_state": "draft", "psa_work_type_id": self.work_type.id, "psa_role_id": self.role_engineer.id,
            "psa_billable_minutes": 60, "partner_id": self.client.id, "project_id": self.project.id,
        }])
        item = self._approve(line)
        self.assertRecordValues(item, [{"amount": 100.0, "state": "pending", "client_id": self.client.id}])

    def test_time_on_tasks_is_seen_by_those_who_see_time_on_tickets(self):
        line = self._log_task()
        hidden = self.env["project.project"].create({
            "name": "Secret", "partner_id": self.client.id, "company_id": self.company.id, "allow_timesheets": True,
            "privacy_visibility": "followers",
        })
        hidden.message_subscribe(partner_ids=self.technician.partner_id.ids)
        secret = self._log_task(task_id=False, project_id=hidden.id)
        expected = {
            self.technician: (True, True, True), self.colleague: (False, False, False), self.dispatcher: (True, False, False),
            self.billing: (True, True, True),
        }
        for user, (reads, reads_secret, writes) in expected.items():
            Line = self.env(user=user, su=False)["account.analytic.line"]
            with self.subTest(user=user.login):
                self.assertEqual(bool(Line.search([("id", "=", line.id)])), reads)
                self.assertEqual(bool(Line.search([("id", "=", secret.id)])), reads_secret)
                self.assertEqual(Line.browse(line.id).has_access("write"), writes)

    def test_internal_projects_and_those_that_are_not_charged_keep_plain_timesheets(self):
        inside = self.env["project.project"].create({"name": "Training", "company_id": self.company.id, "allow_timesheets": True})
        line = self._log_task(0, task_id=False, project_id=inside.id, unit_amount=1)
        self.assertRecordValues(line, [{"psa_approval_state": False, "psa_work_type_id": False, "psa_billable_minutes": 0}])
        with self.assertRaises(UserError):
            line.with_user(self.billing).action_psa_approve()

        self.project.psa_bills_time = False
        self.assertFalse(self._log_task().psa_approval_state)

    def test_time_moved_to_a_charged_task_goes_to_approval_and_back(self):
        inside = self.env["project.project"].create({"name": "Training", "company_id": self.company.id, "allow_timesheets": True})
        line = self._log_task(0, task_id=False, project_id=inside.id, unit_amount=1)

        line.write({"project_id": self.project.id, "task_id": self.task.id})
        self.assertRecordValues(line, [{"psa_approval_state": "draft", "psa_work_type_id": self.work_type.id}])
        self.assertTrue(line.psa_week_id)
        line.write({"project_id": inside.id, "task_id": False})
        self.assertRecordValues(line, [{"psa_approval_state": False, "psa_week_id": False}])

    def test_approved_time_stays_with_client_and_project_whatever_becomes_of_the_task(self):
        line = self._log_task()
        self._approve(line)
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        elsewhere = self.env["project.project"].create(
            {"name": "Elsewhere", "partner_id": other.id, "company_id": self.company.id, "allow_timesheets": True}
        )

        self.task.write({"partner_id": other.id, "project_id": elsewhere.id})

        self.assertRecordValues(line, [{"partner_id": self.client.id, "project_id": self.project.id}])

    def test_a_context_does_not_say_what_is_charged(self):
        Line = self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company)
        line = Line.with_context(default_task_id=self.task.id, default_psa_approval_state="approved").create(
            {"unit_amount": 1, "name": "x"}
        )
        self.assertEqual((line.psa_approval_state, line.task_id), ("draft", self.task))

    # ------------------------------------------------------------------ corrections

    def _correct(self, line, user=None, **values):
        wizard = self.env(user=user or self.technician, su=False)["psa.time.correct"].with_company(self.company).create(
            {"line_id": line.id, "reason": "Half of it was for another client", **values}
        )
        wizard.action_correct()
        return line.sudo().psa_correction_ids.sorted("id")[-1:]

    def test_a_correction_is_an_entry_beside_the_approved_one(self):
        line = self._log(120)
        self._approve(line)
        before = line.read(["unit_amount", "psa_billable_minutes", "name", "psa_approval_state"])

        correction = self._correct(line, hours=1.0)

        self.assertRecordValues(correction, [{
            "unit_amount": -1.0, "psa_billable_minutes": -60, "date": DAY, "psa_ticket_id": self.ticket.id,
            "psa_work_type_id": self.work_type.id, "user_id": self.technician.id, "psa_approval_state": "submitted",
            "psa_correction_reason": "Half of it was for another client", "partner_id": self.client.id,
        }])
        line.invalidate_recordset()
        self.assertEqual(line.read(["unit_amount", "psa_billable_minutes", "name", "psa_approval_state"]), before)
        self.assertEqual(line.psa_corrected_hours, 1.0)
        self.assertAlmostEqual(self.ticket.psa_worked_hours, 1.0)
        self.assertAlmostEqual(line.psa_week_id.worked_hours, 1.0)

    def test_an_approved_correction_takes_back_what_was_charged(self):
        line = self._log(120)
        items = self._release(line)

        items |= self._approve(self._correct(line, hours=1.0))

        self.assertEqual(sum(items.mapped("amount")), 100.0)
        self.assertEqual(sum(items.mapped("worked_hours")), 1.0)

    def test_a_correction_may_add_and_a_second_one_starts_from_the_first(self):
        line = self._log(60)
        self._approve(line)

        first = self._correct(line, hours=1.5)
        second = self._correct(line, hours=1.0, billable_hours=0.5)

        self.assertEqual((first.unit_amount, first.psa_billable_minutes), (0.5, 30))
        self.assertEqual((second.unit_amount, second.psa_billable_minutes), (-0.5, -60))
        self.assertEqual(line.psa_corrected_billable_hours, 0.5)

    def test_what_a_later_correction_takes_from_is_not_taken_out_from_under_it(self):
        line = self._log(60)
        self._approve(line)
        more = self._correct(line, hours=2.0)
        less = self._correct(line, hours=0.5)
        self._approve(more | less)

        refused = self.assertRaisesRegex(UserError, r"by -90 min worked and -90 min charged on .*Half of it was for another")
        with refused, self.env.cr.savepoint():
            more.with_user(self.billing).action_psa_unapprove()
        self.assertEqual(more.psa_approval_state, "approved")
        less.with_user(self.billing).action_psa_unapprove()
        more.with_user(self.billing).action_psa_unapprove()

        self.assertEqual(sum(self._items_of(line | more | less).mapped("amount")), 100.0)
        rows = self._approve(more | less)
        self.assertFalse(rows.filtered("error"))
        (more | less).with_user(self.billing).action_psa_unapprove()
        self.assertFalse(self._items_of(more | less), "together they are taken back at once")

    def test_no_correction_takes_more_than_there_is(self):
        line = self._log(60)
        self._approve(line)
        Line = self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company)

        with self.assertRaisesRegex(ValidationError, "less than no time"), self.env.cr.savepoint():
            Line.create({"psa_corrects_id": line.id, "unit_amount": -2, "name": "x"})
        with self.assertRaisesRegex(UserError, "no less than zero"), self.env.cr.savepoint():
            self._correct(line, hours=-1)
        with self.assertRaisesRegex(UserError, "Neither"), self.env.cr.savepoint():
            self._correct(line, name="Other text")

    def test_what_is_not_approved_is_changed_not_corrected(self):
        line = self._log(60)
        with self.assertRaisesRegex(ValidationError, "Only approved time"), self.env.cr.savepoint():
            self._correct(line, hours=0.5)

    def test_a_correction_cannot_be_made_to_correct_something_else(self):
        line, other = self._log(60), self._log(60)
        self._approve(line | other)
        correction = self._correct(line, hours=0.5)
        for values in ({"psa_corrects_id": other.id}, {"psa_ticket_id": False}, {"date": "2026-03-01"}, {"psa_role_id": False}):
            with self.subTest(values=values), self.assertRaises(UserError):
                correction.with_user(self.technician).write(values)
        free = self._log(30)
        with self.assertRaises(UserError):
            free.with_user(self.technician).write({"psa_corrects_id": line.id})
        with self.assertRaisesRegex(UserError, "has corrections"), self.env.cr.savepoint():
            line.with_user(self.billing).action_psa_unapprove()

    def test_a_context_makes_no_corrections_and_hides_no_boundary(self):
        line = self._log(60)
        self._approve(line)
        Line = self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company)
        values = {"psa_ticket_id": self.ticket.id, "name": "x"}

        with self.assertRaises(ValidationError):
            Line.with_context(default_psa_corrects_id=line.id).create({**values, "unit_amount": -0.5})
        made = Line.with_context(
            default_psa_start=SIX_PM - timedelta(hours=1), default_psa_end=SIX_PM + timedelta(hours=1), default_psa_week_id=1
        ).create(values)
        self.assertEqual(len(self._parts(made)), 2)
        self.assertEqual(made.psa_week_id.user_id, self.technician)

    def test_nobody_corrects_the_time_of_others(self):
        line = self._log(60, user=self.colleague)
        self._approve(line)
        for user in (self.technician, self.dispatcher):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self._correct(line, user=user, hours=0.5)
        self.assertEqual(self._correct(line, user=self.billing, hours=0.5).user_id, self.colleague)

    def test_a_correction_stays_with_its_entry_when_the_ticket_is_merged(self):
        line = self._log(60)
        self._approve(line)
        correction = self._correct(line, hours=0.5)
        survivor = self._new_ticket("The same again")

        self.ticket._merge_into(survivor)

        self.assertEqual((line | correction).psa_ticket_id, self.ticket)

    # ------------------------------------------------------------------ what looks wrong

    def test_entries_that_overlap_and_long_days_are_flagged_not_forbidden(self):
        nine = datetime(2026, 3, 10, 8, 0)
        first, second = self._period(nine, 2), self._period(nine + timedelta(hours=1), 2)
        alone = self._period(nine + timedelta(hours=4), 1)
        others = self._period(nine, 2, user=self.colleague)

        self.assertEqual((first | second | alone | others).filtered("psa_is_flagged"), first | second)
        self.assertIn("overlaps", first.psa_flag_text)
        Line = self.env["account.analytic.line"]
        of_ticket = [("psa_ticket_id", "=", self.ticket.id)]
        self.assertEqual(Line.search([("psa_is_flagged", "=", True), *of_ticket]), (first | second).sorted(lambda line: -line.id))
        self.assertEqual(set(Line.search([("psa_is_flagged", "=", False), *of_ticket])), set(alone | others))

        long_day = self._log(13 * 60, date="2026-03-12")
        self.assertIn("13:00", long_day.psa_flag_text)
        self.assertIn(long_day, Line.search([("psa_is_flagged", "=", True)]))
        self.company.psa_day_limit_hours = 0
        self.assertFalse(long_day.browse(long_day.id).psa_is_flagged)
        self._log(12 * 60, date="2026-03-12")
        long_day.invalidate_recordset()
        self.assertTrue(long_day.psa_is_flagged, "25 hours")
        self.assertIn(long_day, Line.search([("psa_is_flagged", "=", True)]))

    def test_internal_notes_are_for_colleagues(self):
        line = self._log(psa_internal_note="They pay late")
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "Pia", "login": "pia.portal", "partner_id": self.contact.id,
            "group_ids": [Command.set([self.env.ref("base.group_portal").id])],
        })
        with self.assertRaises(AccessError):
            line.with_user(portal).read(["psa_internal_note"])
        self.assertNotIn("psa_internal_note", line.with_user(portal).fields_get())
        item = self._approve(line)
        self.assertNotIn("They pay late", item.name)
