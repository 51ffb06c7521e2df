from datetime import date, datetime, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged

from .common import DAY, PsaBillingCommon

MONDAY = date(2026, 3, 9)
NINE = datetime(2026, 3, 10, 9, 0)


@tagged("post_install", "-at_install")
class TestTimeWeek(PsaBillingCommon):
    """Weeks and their grid, my day, timers on tasks and forgotten ones, rates by date."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project = cls.env["project.project"].create({
            "name": "Office move", "partner_id": cls.client.id, "company_id": cls.company.id, "allow_timesheets": True,
        })
        cls.task = cls.env["project.task"].create({"name": "Cabling", "project_id": cls.project.id})

    def _weeks(self, user=None):
        return self.env(user=user or self.technician, su=False)["psa.time.week"].with_company(self.company)

    def _return(self, week, reason="Which site?"):
        wizard = self.env["psa.time.refuse"].with_user(self.billing).create(
            {"week_ids": [Command.set(week.ids)], "reason": reason}
        )
        wizard.action_refuse()

    # ------------------------------------------------------------------ approval by week

    def test_a_week_is_handed_in_approved_and_closed(self):
        line = self._log(60)
        self._log(30, date=MONDAY)
        week = line.psa_week_id
        self.assertRecordValues(week, [
            {"user_id": self.technician.id, "date_from": MONDAY, "state": "draft", "worked_hours": 1.5, "company_id": self.company.id}
        ])

        week.with_user(self.technician).action_submit()
        self.assertEqual(week.state, "submitted")
        week.with_user(self.billing).action_approve()

        self.assertRecordValues(week, [{"state": "approved", "approved_by_id": self.billing.id, "is_locked": True}])
        self.assertEqual(len(self._items_of(week.line_ids)), 2)
        for values in ({}, {"date": MONDAY}):
            with self.assertRaisesRegex(UserError, "approved and closed"), self.env.cr.savepoint():
                self._log(15, **values)
        other_week = self._log(15, date="2026-03-16")
        with self.assertRaisesRegex(UserError, "approved and closed"), self.env.cr.savepoint():
            other_week.with_user(self.technician).date = DAY

        week.with_user(self.billing).action_reopen()
        self.assertEqual((week.state, week.is_locked), ("submitted", False))
        self.assertFalse(self._items_of(week.line_ids))
        self._log(15)
        self.assertEqual(week.state, "draft")

    def test_a_week_is_opened_again_around_what_is_invoiced_or_settled(self):
        invoiced, settled, free = self._log(60), self._log(45), self._log(30)
        week = free.psa_week_id
        week.with_user(self.technician).action_submit()
        week.with_user(self.billing).action_approve()
        part = self._items_of(invoiced)
        part.copy({"part": "block:1", "state": "covered", "source_id": invoiced.id})
        part._write_row({"state": "invoiced"})
        self._items_of(settled)._write_row({"state": "covered", "settled_on": "2026-03-31"})
        self.assertEqual((invoiced | settled).mapped("psa_billing_state"), ["invoiced", "covered"])

        week.with_user(self.billing).action_reopen()

        self.assertEqual((invoiced | settled | free).mapped("psa_approval_state"), ["approved", "approved", "submitted"])
        self.assertFalse(week.is_locked)

    def test_a_closed_week_takes_corrections(self):
        line = self._log(60)
        week = line.psa_week_id
        week.with_user(self.technician).action_submit()
        week.with_user(self.billing).action_approve()

        self.env(user=self.technician, su=False)["psa.time.correct"].with_company(self.company).create(
            {"line_id": line.id, "hours": 0.5, "reason": "Typo"}
        ).action_correct()

        self.assertEqual((week.state, week.worked_hours), ("approved", 0.5))

    def test_a_week_is_sent_back_with_one_message(self):
        lines = self._log(60) | self._log(30, ticket=self._new_ticket("No network"))
        week = lines.psa_week_id
        week.with_user(self.technician).action_submit()

        self._return(week)

        self.assertRecordValues(week, [{"state": "draft", "return_reason": "Which site?"}])
        self.assertEqual(lines.mapped("psa_refusal_reason"), ["Which site?"] * 2)
        told = self.env["mail.message"].search([("partner_ids", "in", self.technician.partner_id.ids), ("body", "like", "Which site")])
        self.assertEqual(len(told), 1)
        week.with_user(self.technician).action_submit()
        self.assertFalse(week.return_reason)

    def test_an_unfinished_week_is_not_approved(self):
        week = self._log(60).psa_week_id
        with self.assertRaisesRegex(UserError, "not handed in"), self.env.cr.savepoint():
            week.with_user(self.billing).action_approve()

    def test_weeks_of_others_are_for_dispatchers_to_see_and_billing_to_decide(self):
        week = self._log(60, user=self.colleague).psa_week_id
        outsider = self._new_user("sam.stranger", "psa_crm.group_company_admin", self.env["res.company"].create({"name": "Other"}))
        expected = {
            # may read, may submit, may approve
            self.technician: (False, False, False),
            self.colleague: (True, True, False),
            self.dispatcher: (True, False, False),
            self.billing: (True, True, True),
            outsider: (False, False, False),
        }
        for user, (reads, submits, approves) in expected.items():
            with self.subTest(user=user.login):
                own = week.with_env(self.env(user=user, su=False, context={"allowed_company_ids": user.company_ids.ids}))
                self.assertEqual(bool(own.search([("id", "=", week.id)])), reads)
                self.assertFalse(own.has_access("write") or own.has_access("create") or own.has_access("unlink"))
                for allowed, method in ((submits, "action_submit"), (approves, "action_approve"), (approves, "action_reopen")):
                    with self.env.cr.savepoint() as savepoint:
                        if method == "action_approve":
                            week.action_submit()
                        if allowed:
                            getattr(own, method)()
                        else:
                            with self.assertRaises(AccessError):
                                getattr(own, method)()
                        savepoint.rollback()
                        self.env.invalidate_all()

    def test_many_entries_make_each_week_once(self):
        self._log(60)
        Line = self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company)
        lines = Line.create([
            {"psa_ticket_id": self.ticket.id, "name": "x", "unit_amount": 0.25, "date": MONDAY + timedelta(days=day)} for day in range(21)
        ])
        self.assertEqual(len(lines.psa_week_id), 3)
        self.assertEqual(set(lines.psa_week_id.mapped("date_from")), {MONDAY + timedelta(weeks=number) for number in range(3)})

    # ------------------------------------------------------------------ the grid

    def _cell(self, grid, day, **row):
        for candidate in grid["rows"]:
            if all(candidate[name] == value for name, value in row.items()):
                return candidate["cells"][day]
        return None

    def _change(self, day, minutes, **work):
        work.setdefault("ticket_id", self.ticket.id)
        return {"task_id": 0, "project_id": 0, "work_type_id": self.work_type.id, "date": str(MONDAY + timedelta(days=day)),
                "minutes": minutes, **work}

    def test_typing_into_cells_makes_changes_and_deletes_entries(self):
        Week = self._weeks()
        grid = Week.save_grid(str(DAY), [self._change(0, 90), self._change(2, 30)])
        self.assertEqual(self._cell(grid, 0, ticket_id=self.ticket.id)["minutes"], 90)
        self.assertEqual(self.ticket.psa_time_ids.sorted("date").mapped("unit_amount"), [1.5, 0.5])

        grid = Week.save_grid(str(DAY), [self._change(0, 45), self._change(2, 0)])
        self.assertEqual(self.ticket.psa_time_ids.mapped("unit_amount"), [0.75])
        self.assertEqual(self.ticket.psa_time_ids.user_id, self.technician)

    def test_a_cell_that_says_more_than_a_number_is_opened_not_typed_over(self):
        self._log(60)
        self._log(30)
        approved = self._log(30, date=MONDAY)
        self._approve(approved)
        grid = self._weeks().get_grid(str(DAY))
        self.assertEqual(
            [self._cell(grid, day, ticket_id=self.ticket.id)["can_type"] for day in (0, 1, 2)], [False, False, True]
        )
        for day in (0, 1):
            with self.assertRaisesRegex(UserError, "Open the cell"), self.env.cr.savepoint():
                self._weeks().save_grid(str(DAY), [self._change(day, 15)])
        with self.assertRaises(UserError):
            self._weeks().save_grid(str(DAY), [self._change(2, 25 * 60)])
        with self.assertRaises(UserError):
            self._weeks().save_grid(str(DAY), [self._change(12, 60)])

    def test_rows_of_last_week_come_without_their_time(self):
        self._log(60, date=MONDAY - timedelta(days=3))
        Line = self.env(user=self.technician, su=False)["account.analytic.line"].with_company(self.company)
        Line.create({"task_id": self.task.id, "unit_amount": 1, "name": "x", "date": MONDAY - timedelta(days=4)})
        self.assertFalse(self._weeks().get_grid(str(DAY))["rows"])

        grid = self._weeks().copy_last_week(str(DAY))

        self.assertEqual(
            [(row["ticket_id"], row["task_id"], sum(cell["minutes"] for cell in row["cells"])) for row in grid["rows"]],
            [(self.ticket.id, 0, 0), (0, self.task.id, 0)],
        )
        grid = self._weeks().save_rows(str(DAY), grid["rows"][:1])
        self.assertEqual(len(grid["rows"]), 1)
        grid = self._weeks().save_rows(str(DAY), [{"ticket_id": self.ticket.id}])
        self.assertEqual(
            [row["work_type_id"] for row in grid["rows"]], [self.work_type.id], "the one that what is typed will have"
        )

    def test_a_grid_is_read_in_few_queries_however_full_it_is(self):
        tickets = [self._new_ticket(f"Ticket {number}") for number in range(12)]
        Week = self._weeks()

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            Week.get_grid(str(DAY))
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            grid = Week.get_grid(str(DAY))
            self.assertEqual(len(grid["rows"]), count)
            return self.env.cr.sql_log_count - before

        for ticket in tickets[:3]:
            self._log(10, ticket=ticket)
        few = queries(3)
        for ticket in tickets[3:]:
            self._log(10, ticket=ticket)
        self.assertLessEqual(queries(12), few + 1)

    def test_others_grids_are_closed_to_technicians_and_only_shown_to_dispatchers(self):
        self._log(60, user=self.colleague)
        with self.assertRaises(AccessError):
            self._weeks().get_grid(str(DAY), self.colleague.id)
        with self.assertRaises(AccessError):
            self._weeks().save_grid(str(DAY), [self._change(0, 60)], self.colleague.id)
        grid = self._weeks(self.dispatcher).get_grid(str(DAY), self.colleague.id)
        self.assertFalse(grid["can_edit"])
        self.assertEqual(self._cell(grid, 1, ticket_id=self.ticket.id)["minutes"], 60)
        with self.assertRaises(AccessError):
            self._weeks(self.dispatcher).save_grid(str(DAY), [self._change(0, 60)], self.colleague.id)
        grid = self._weeks(self.billing).save_grid(str(DAY), [self._change(1, 75)], self.colleague.id)
        self.assertEqual(self._cell(grid, 1, ticket_id=self.ticket.id)["minutes"], 75)

    def test_handing_in_from_the_grid(self):
        self._log(60)
        grid = self._weeks().submit_grid(str(DAY))
        self.assertEqual((grid["to_submit"], grid["to_approve"], grid["weeks"][0]["state"]), (0, 1, "submitted"))
        with self.assertRaisesRegex(UserError, "nothing to hand in"), self.env.cr.savepoint():
            self._weeks().submit_grid(str(DAY))

    # ------------------------------------------------------------------ timers and my day

    def _timers(self, user=None):
        return self.env(user=user or self.technician, su=False)["psa.work.timer"].with_company(self.company)

    def test_a_timer_on_a_task_pauses_the_one_on_a_ticket_and_becomes_an_entry(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
        with freeze_time(NINE + timedelta(minutes=10)):
            self.task.with_user(self.technician).action_psa_timer_start()
        with freeze_time(NINE + timedelta(minutes=55)):
            action = self.task.with_user(self.technician).action_psa_timer_stop()
            wizard = self.env(user=self.technician, su=False)["psa.time.log"].with_company(self.company).with_context(
                **action["context"]
            ).create({"name": "Pulled cables"})
            self.assertEqual((wizard.start, wizard.hours), (NINE + timedelta(minutes=10), 0.75))
            wizard.action_log_submit()

        line = self.env["account.analytic.line"].search([("task_id", "=", self.task.id)])
        self.assertRecordValues(line, [{
            "unit_amount": 0.75, "psa_start": NINE + timedelta(minutes=10), "psa_approval_state": "submitted", "date": DAY,
        }])
        timers = self._timers().search([])
        self.assertRecordValues(timers, [{"ticket_id": self.ticket.id, "seconds_before": 600, "is_running": False}])

    def test_a_timer_that_ran_over_midnight_with_a_pause_makes_an_entry_for_each_day(self):
        self.company.resource_calendar_id.tz = "UTC"
        late = datetime(2026, 3, 10, 22, 0)
        for minutes, method in ((0, "start"), (30, "pause"), (60, "start"), (150, "stop")):
            with freeze_time(late + timedelta(minutes=minutes)):
                action = getattr(self.ticket.with_user(self.technician), f"action_timer_{method}")()
        with freeze_time(late + timedelta(minutes=151)):
            wizard = self.env(user=self.technician, su=False)["psa.time.log"].with_company(self.company).with_context(
                **action["context"]
            ).create({"name": "Restored the server"})
            self.assertEqual(wizard.hours, 2.0)
            wizard.action_log()

        self.assertRecordValues(self.ticket.psa_time_ids.sorted("date"), [
            {"date": DAY, "unit_amount": 1.5, "psa_start": False},
            {"date": date(2026, 3, 11), "unit_amount": 0.5, "psa_start": datetime(2026, 3, 11, 0, 0)},
        ])

    def test_a_server_set_back_takes_no_time_away(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
        with freeze_time(NINE - timedelta(hours=1)):
            self.ticket.with_user(self.technician).action_timer_pause()
        self.assertRecordValues(self._timers().search([]), [{"seconds_before": 0, "runs": False}])

    def _remind(self):
        with self.enter_registry_test_mode():
            self.env.ref("psa_billing.ir_cron_remind_timers").method_direct_trigger()
        self.env.invalidate_all()

    def test_a_timer_that_runs_too_long_asks_once_and_anew_after_an_answer(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
        timer = self._timers().search([])

        def asked():
            return self.env["mail.message"].search_count(
                [("partner_ids", "in", self.technician.partner_id.ids), ("subject", "like", "Still working")]
            )

        for hours, expected in ((3, 0), (5, 1), (6, 1)):
            with freeze_time(NINE + timedelta(hours=hours)):
                self._remind()
                self.assertEqual(asked(), expected)
        self.assertTrue(self._timers().get_banner()["asks"])
        with freeze_time(NINE + timedelta(hours=6)):
            timer.action_still_working()
            self.assertFalse(self._timers().get_banner()["asks"])
            self._remind()
        with freeze_time(NINE + timedelta(hours=11)):
            self._remind()
        self.assertEqual(asked(), 2)

    def test_whose_screen_is_quiet_is_asked_earlier_and_may_stop_in_the_past(self):
        with freeze_time(NINE):
            self.ticket.with_user(self.technician).action_timer_start()
            self.env["mail.presence"].create(
                {"user_id": self.technician.id, "last_presence": NINE + timedelta(minutes=20), "last_poll": NINE}
            )
        timer = self._timers().search([])
        with freeze_time(NINE + timedelta(minutes=70)):
            self._remind()
            self.assertFalse(timer.reminded_at)
        with freeze_time(NINE + timedelta(minutes=90)):
            self._remind()
            self.assertTrue(timer.reminded_at)
            wizard = self.env(user=self.technician, su=False)["psa.timer.stop"].create({"timer_id": timer.id})
            self.assertEqual(wizard.stopped_at, NINE + timedelta(minutes=20))
            with self.assertRaisesRegex(UserError, "between the start"), self.env.cr.savepoint():
                wizard.stopped_at = NINE - timedelta(minutes=1)
                wizard.action_stop()
            wizard.stopped_at = NINE + timedelta(minutes=25)
            wizard.action_stop()
        self.assertRecordValues(timer, [{"is_running": False, "seconds_before": 1500}])

    def test_my_day(self):
        self.ticket.user_id = self.technician
        with freeze_time(NINE):
            self._log(30)
            self._log(30, user=self.colleague)
            self.task.with_user(self.technician).action_psa_timer_start()
            day = self._timers().get_my_day()
            self.assertEqual([entry["minutes"] for entry in day["entries"]], [30])
            self.assertEqual([timer["res_model"] for timer in day["timers"]], ["project.task"])
            self.assertEqual([ticket["id"] for ticket in day["tickets"]], [self.ticket.id])
            day = self._timers().start_on("psa.ticket", self.ticket.id)
            self.assertEqual([timer["is_running"] for timer in day["timers"]], [True, False])
            self.assertFalse(day["tickets"])

    def test_my_day_takes_no_more_queries_for_more_tickets(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._timers().get_my_day()
            return self.env.cr.sql_log_count - before

        for number in range(2):
            self._new_ticket(f"Ticket {number}").user_id = self.technician
        queries()
        few = queries()
        for number in range(10):
            ticket = self._new_ticket(f"More {number}")
            ticket.user_id = self.technician
            self.env["psa.work.timer"].create({"user_id": self.technician.id, "ticket_id": self._new_ticket(f"Timer {number}").id})
        self.assertLessEqual(queries(), few + 4)

    # ------------------------------------------------------------------ rates of roles

    def test_rates_of_a_role_hold_for_their_days(self):
        Rate = self.env["psa.role.rate"]
        self.role_engineer.hourly_rate = 90
        client = self.env["res.partner"].create({"name": "No contract", "is_company": True, "psa_is_client": True})
        ticket = self._new_ticket("Printer", client=client)
        Rate.create({"role_id": self.role_engineer.id, "hourly_rate": 120, "date_from": "2026-03-01", "date_to": "2026-03-31",
                     "currency_id": self.company.currency_id.id})
        Rate.create({"role_id": self.role_engineer.id, "hourly_rate": 150, "date_from": "2026-03-11", "company_id": self.company.id,
                     "currency_id": self.company.currency_id.id})

        items = {
            day: self._approve(self._log(60, ticket=ticket, date=day)) for day in ("2026-02-10", "2026-03-10", "2026-03-12")
        }

        self.assertEqual([item.amount for item in items.values()], [90.0, 120.0, 150.0])

    def test_rates_of_a_role_do_not_overlap(self):
        values = {"role_id": self.role_engineer.id, "hourly_rate": 120, "currency_id": self.company.currency_id.id}
        self.env["psa.role.rate"].create({**values, "date_to": "2026-03-31"})
        with self.assertRaisesRegex(ValidationError, "hold on the same days"), self.env.cr.savepoint():
            self.env["psa.role.rate"].create({**values, "date_from": "2026-03-31"})
        self.env["psa.role.rate"].create({**values, "date_from": "2026-04-01"})
        self.env["psa.role.rate"].create({**values, "company_id": self.company.id})

    def test_rates_and_work_types_of_strangers_count_in_their_company_only(self):
        elsewhere = self.env["res.company"].create({"name": "Fjord IT", "currency_id": self.company.currency_id.id})
        biller = self._new_user("olga.biller", "psa_crm.group_billing", elsewhere)
        env = self.env(user=biller, su=False, context=dict(self.env.context, allowed_company_ids=elsewhere.ids))
        self.role_engineer.hourly_rate = 90
        rate = env["psa.role.rate"].create({"role_id": self.role_engineer.id, "hourly_rate": 1, "company_id": False})
        work_type = env["psa.work.type"].create({"name": "Theirs", "sequence": -5, "company_id": False, "product_id": False})
        self.env.flush_all()

        self.assertEqual([term.hourly_rate for term in self.role_engineer._psa_fact(self.company).rates], [90])
        self.assertIn(1, [term.hourly_rate for term in self.role_engineer._psa_fact(elsewhere).rates])
        self.assertEqual(env["psa.work.type"]._psa_default(self.company).id, self.work_type.id)
        self.assertEqual(env["psa.work.type"]._psa_default(elsewhere), work_type)
        self.assertFalse(rate.company_id)
        values = env["psa.role.rate"].default_get(["company_id"]), env["psa.work.type"].default_get(["company_id"])
        self.assertEqual(values, ({"company_id": elsewhere.id},) * 2)

    def test_what_a_role_costs_is_for_billing(self):
        rate = self.env["psa.role.rate"].create({"role_id": self.role_engineer.id, "hourly_rate": 120, "hourly_cost": 60})
        self.assertEqual(rate.with_user(self.technician).hourly_rate, 120)
        with self.assertRaises(AccessError):
            rate.with_user(self.technician).read(["hourly_cost"])
        with self.assertRaises(AccessError):
            rate.with_user(self.technician).hourly_rate = 1
        self.assertEqual(rate.with_user(self.billing).hourly_cost, 60)
