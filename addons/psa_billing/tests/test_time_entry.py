from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import DAY, PsaBillingCommon


@tagged("post_install", "-at_install")
class TestTimeEntry(PsaBillingCommon):
    def test_time_goes_to_one_hidden_project_of_the_ticket_s_company(self):
        self.assertFalse(self.company.psa_service_project_id)

        lines = self._log() | self._log(user=self.colleague)

        project = lines.project_id
        self.assertEqual(project, self.company.psa_service_project_id)
        self.assertEqual(project.company_id, self.company)
        self.assertTrue(project.is_internal_project)
        listed = self.env["project.project"].search(
            [("is_internal_project", "=", False), ("company_id", "=", self.company.id)]
        )
        self.assertNotIn(project, listed)
        self.assertIn(
            project, self.env["project.project"].search([("is_internal_project", "=", True)])
        )

    def test_a_technician_without_employee_gets_one_with_his_first_entry(self):
        self.assertFalse(self.technician.employee_ids)

        first = self._log()
        second = self._log()

        self.assertEqual(first.employee_id, second.employee_id)
        self.assertEqual(first.employee_id.user_id, self.technician)
        self.assertEqual(first.employee_id.company_id, self.company)
        self.assertEqual(self.technician.with_company(self.company).employee_id, first.employee_id)

    def test_nobody_else_gets_an_employee_behind_his_back(self):
        with self.assertRaisesRegex(ValidationError, "Bill Billing has no employee"):
            self._log(user=self.billing)

        employee = self.env["hr.employee"].create(
            {"name": "Bill", "user_id": self.billing.id, "company_id": self.company.id}
        )
        self.assertEqual(self._log(user=self.billing).employee_id, employee)

    def test_minutes_are_rounded_by_the_work_type_and_follow_the_time_worked(self):
        line = self._log(16)
        self.assertEqual(line.psa_work_type_id, self.work_type, "the first work type is the default")
        self.assertEqual(line.psa_billable_minutes, 30)

        line.unit_amount = 31 / 60
        self.assertEqual(line.psa_billable_minutes, 45)
        self.assertAlmostEqual(line.psa_billable_hours, 0.75)

        line.psa_billable_hours = 0.5
        self.assertEqual(line.psa_billable_minutes, 30, "people may agree on less")

        line.psa_work_type_id = self.work_internal
        self.assertEqual((line.psa_is_billable, line.psa_billable_minutes), (False, 0))

    def test_changing_a_work_type_does_not_change_entries_made_before(self):
        line = self._log(16)
        self.env.flush_all()

        self.work_type.increment_minutes = 60

        self.assertEqual(line.psa_billable_minutes, 30)

    def test_a_day_has_24_hours_and_no_time_is_negative(self):
        for minutes in (24 * 60 + 1, -5):
            with self.assertRaises(ValidationError):
                self._log(minutes)

    def test_the_time_page_of_a_ticket(self):
        with Form(self.ticket.with_user(self.technician).with_company(self.company)) as form, form.psa_time_ids.new() as line:
            line.name = "Called the vendor"
            line.unit_amount = 0.2
            self.assertAlmostEqual(line.psa_billable_hours, 0.25)
        self.assertRecordValues(
            self.ticket.psa_time_ids,
            [{"psa_approval_state": "draft", "user_id": self.technician.id, "company_id": self.company.id}],
        )
        self._log(60, user=self.colleague)
        self.assertAlmostEqual(
            self.ticket.with_user(self.technician).psa_worked_hours, 1.2, msg="everybody's time"
        )

    def test_refused_time_goes_back_with_the_reason(self):
        line = self._log()
        line.with_user(self.technician).action_psa_submit()

        wizard = self.env["psa.time.refuse"].with_user(self.billing).create(
            {"line_ids": [Command.set(line.ids)], "reason": "Which site?"}
        )
        wizard.action_refuse()

        self.assertRecordValues(
            line, [{"psa_approval_state": "draft", "psa_refusal_reason": "Which site?"}]
        )
        note = self.env["mail.message"].search(
            [("partner_ids", "in", self.technician.partner_id.ids)], limit=1
        )
        self.assertIn("Which site?", note.body)
        line.with_user(self.technician).action_psa_submit()
        self.assertFalse(line.psa_refusal_reason)

    def test_only_billing_approves(self):
        line = self._log()
        for user in (self.technician, self.dispatcher):
            with self.assertRaises(AccessError):
                line.with_user(user).action_psa_approve()
            with self.assertRaises(AccessError):
                line.with_user(user).sudo().action_psa_approve()
        line.with_user(self.company_admin).action_psa_approve()
        self.assertRecordValues(
            line,
            [{"psa_approval_state": "approved", "psa_approved_by_id": self.company_admin.id}],
        )

    def test_approval_cannot_be_written(self):
        with self.assertRaises(AccessError):
            self._log(psa_approval_state="approved")
        line = self._log()
        for values in (
            {"psa_approval_state": "approved"},
            {"psa_approved_by_id": self.billing.id},
            {"psa_approved_on": "2026-03-11 10:00:00"},
        ):
            with self.assertRaises(AccessError):
                line.with_user(self.technician).write(values)
        smuggled = (
            self.env(user=self.technician, su=False)["account.analytic.line"]
            .with_context(default_psa_approval_state="approved")
            .create({"psa_ticket_id": self.ticket.id, "unit_amount": 1, "name": "x"})
        )
        self.assertEqual(smuggled.psa_approval_state, "draft")

    def test_approved_time_is_locked_on_every_path(self):
        line = self._log()
        self._approve(line)
        other_project = self.env["project.project"].create(
            {"name": "Elsewhere", "company_id": self.company.id}
        )
        other_employee = self.env["hr.employee"].create(
            {"name": "Other", "company_id": self.company.id}
        )
        attempts = [
            {"name": "Else"},
            {"date": "2026-01-01"},
            {"unit_amount": 9},
            {"amount": -900},
            {"employee_id": other_employee.id},
            {"project_id": other_project.id},
            {"account_id": other_project.account_id.id},
            {"psa_ticket_id": False},
            {"psa_billable_minutes": 600},
            {"psa_billable_hours": 9},
            {"psa_work_type_id": self.work_internal.id},
            {"psa_approval_state": "draft"},
        ]
        before = line.read()[0]
        for user in (self.technician, self.billing, self.company_admin):
            for values in attempts:
                for locked in (
                    line.with_user(user),
                    line.with_user(user).sudo(),
                    line.with_user(user).with_context(
                        tracking_disable=True, skip_analytic_sync=True, force_delete=True
                    ),
                ):
                    with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                        locked.write(dict(values))
        with self.assertRaises(UserError):
            line.sudo().unlink()
        with self.assertRaises(UserError):
            self.ticket.write({"psa_time_ids": [Command.update(line.id, {"name": "by the ticket"})]})
        with self.assertRaises(UserError):
            self.ticket.write({"psa_time_ids": [Command.delete(line.id)]})
        with self.assertRaises(UserError):
            line.analytic_distribution = {str(other_project.account_id.id): 100}
        with self.assertRaises(UserError):
            line.employee_id.unlink()
        with self.assertRaises(UserError):
            self.ticket.unlink()
        line.invalidate_recordset()
        self.assertEqual(line.read()[0], before)

    def test_moving_the_ticket_to_another_client_moves_open_time_only(self):
        approved, open_line = self._log(), self._log()
        self._approve(approved)
        other = self.env["res.partner"].create(
            {"name": "Other client", "is_company": True, "psa_is_client": True}
        )

        self.ticket.write({"partner_id": False, "client_id": other.id})

        self.assertEqual(approved.partner_id, self.client)
        self.assertEqual(open_line.partner_id, other)

    def test_approval_can_be_taken_back_until_invoiced(self):
        line = self._log()
        item = self._approve(line)

        line.with_user(self.billing).action_psa_unapprove()

        self.assertFalse(item.exists())
        self.assertEqual(line.psa_approval_state, "submitted")
        line.with_user(self.technician).unit_amount = 2
        self.assertEqual(self._approve(line).amount, 200.0)

    def test_a_copy_of_approved_time_is_a_draft(self):
        line = self._log()
        self._approve(line)

        copy = line.with_user(self.technician).copy()

        self.assertRecordValues(
            copy, [{"psa_approval_state": "draft", "psa_approved_by_id": False}]
        )

    def test_logging_many_entries_takes_no_more_queries_for_each(self):
        self._log()
        values = {
            "psa_ticket_id": self.ticket.id,
            "date": DAY,
            "unit_amount": 0.5,
            "name": "Batch",
        }
        Line = self.env(user=self.technician, su=False)["account.analytic.line"].with_company(
            self.company
        )

        def queries(count):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Line.create([dict(values) for _ in range(count)])
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(queries(20), queries(10) + 2)
