import base64

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import DAY, PsaBillingCommon


@tagged("post_install", "-at_install")
class TestTicketTask(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project = cls.env["project.project"].create(
            {"name": "New network", "company_id": cls.company.id, "allow_timesheets": True}
        )
        cls.internal = cls.ticket.with_user(cls.technician).message_post(
            body="He pays late", message_type="comment", subtype_xmlid="mail.mt_note"
        )
        cls.public = cls.ticket.message_post(
            body="It jams",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            author_id=cls.contact.id,
            attachments=[("photo.txt", b"jam")],
        )

    def _convert(self, user=None, **values):
        wizard = Form(
            self.env["psa.ticket.to.task"]
            .with_user(user or self.dispatcher)
            .with_context(active_model="psa.ticket", active_id=self.ticket.id)
        )
        wizard.project_id = self.project
        for name, value in values.items():
            setattr(wizard, name, value)
        return self.env["project.task"].browse(wizard.save().action_convert()["res_id"])

    def test_a_task_takes_over_what_was_said_and_both_know_of_each_other(self):
        task = self._convert()

        self.assertEqual((task.name, task.project_id, task.partner_id), ("Printer jams", self.project, self.contact))
        self.assertEqual(task.with_user(self.dispatcher).psa_ticket_id, self.ticket)
        self.assertEqual(self.ticket.with_user(self.dispatcher).psa_task_ids, task)
        copied = task.message_ids.filtered(lambda message: message.message_type == "comment").sorted("id")
        self.assertEqual(
            [(message.author_id, message.date) for message in copied],
            [(message.author_id, message.date) for message in self.internal | self.public],
        )
        self.assertTrue(all(message.subtype_id == self.env.ref("mail.mt_note") for message in copied))
        self.assertEqual(base64.b64decode(copied[-1].attachment_ids.datas), b"jam")
        self.assertEqual(copied[-1].attachment_ids.res_id, task.id)
        self.assertEqual(self.public.attachment_ids.res_id, self.ticket.id)
        self.assertEqual(self.public.res_id, self.ticket.id)
        self.assertTrue(self.ticket.history_ids.filtered(lambda row: row.kind == "link"))

    def test_clients_do_not_follow_the_task(self):
        self.ticket.message_subscribe(self.contact.ids)
        self.ticket.message_subscribe(self.technician.partner_id.ids)

        task = self._convert()

        self.assertIn(self.technician.partner_id, task.message_partner_ids)
        self.assertNotIn(self.contact, task.message_partner_ids)

    def test_open_time_shows_on_both_and_is_one_entry(self):
        draft, approved = self._log(30), self._log(60)
        items = self._approve(approved)
        count = self.env["account.analytic.line"].search_count([])

        task = self._convert()

        self.assertEqual(self.env["account.analytic.line"].search_count([]), count)
        self.assertEqual((draft.psa_ticket_id, draft.task_id, draft.project_id), (self.ticket, task, self.project))
        self.assertEqual((approved.task_id, approved.psa_ticket_id), (self.env["project.task"], self.ticket))
        self.assertEqual(self._items_of(approved), items)
        self.env.invalidate_all()
        self.assertEqual((self.ticket.psa_worked_hours, task.effective_hours), (1.5, 0.5))
        self.assertEqual(len(self._approve(draft)), 1)

    def test_time_stays_off_the_task_if_wanted(self):
        draft = self._log(30)

        task = self._convert(links_time=False)

        self.assertFalse(draft.task_id)
        self.assertEqual(task.effective_hours, 0)

    def test_the_project_of_another_client_is_told_before(self):
        other = self.env["res.partner"].create({"name": "Elm Street Legal", "is_company": True, "psa_is_client": True})
        wizard = self.env["psa.ticket.to.task"].with_user(self.dispatcher).create(
            {"ticket_id": self.ticket.id, "project_id": self.project.id}
        )
        for customer, told in ((False, False), (self.contact, False), (other, "Elm Street Legal")):
            with self.subTest(customer=customer and customer.name):
                self.project.partner_id = customer
                wizard.invalidate_recordset()
                self.assertEqual(wizard.foreign_client, told)

    def test_the_ticket_is_closed_if_wanted(self):
        self._convert(closes_ticket=True)

        self.assertEqual(self.ticket.state, "closed")

    def test_who_may_not_work_projects_converts_nothing(self):
        with self.assertRaises(AccessError):
            self.env["psa.ticket.to.task"].with_user(self.technician).create(
                {"ticket_id": self.ticket.id, "project_id": self.project.id}
            ).action_convert()
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.technician)._psa_to_task(self.project.with_user(self.technician))
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.billing)._psa_to_task(self.project.with_user(self.billing))

    def test_a_project_of_another_company_is_refused(self):
        other = self.env["res.company"].create({"name": "Kestrel"})
        project = self.env["project.project"].create({"name": "Theirs", "company_id": other.id})
        wizard = self.env["psa.ticket.to.task"].create(
            {"ticket_id": self.ticket.id, "project_id": project.id, "name": "x"}
        )

        with self.assertRaises(UserError):
            wizard.action_convert()

    def test_a_task_becomes_a_ticket_with_its_time_once(self):
        task = self.env["project.task"].create(
            {"name": "Cable the attic", "project_id": self.project.id, "partner_id": self.contact.id, "description": "<p>Cat 7</p>"}
        )
        said = task.message_post(body="Ladder needed", message_type="comment", subtype_xmlid="mail.mt_comment")
        employee = self._log(10).employee_id
        time = self.env["account.analytic.line"].create(
            {"name": "Cabling", "task_id": task.id, "project_id": self.project.id, "employee_id": employee.id,
             "unit_amount": 2, "date": DAY}
        )
        action = task.with_user(self.dispatcher).action_psa_to_ticket()
        wizard = Form(self.env["psa.task.to.ticket"].with_user(self.dispatcher).with_context(**action["context"]))
        wizard.desk_id = self.desk
        self.assertEqual(wizard.hours, 2)

        ticket = self.env["psa.ticket"].browse(wizard.save().action_convert()["res_id"])

        self.assertEqual((ticket.name, ticket.partner_id, ticket.client_id), ("Cable the attic", self.contact, self.client))
        self.assertEqual((time.psa_ticket_id, time.task_id), (ticket, task))
        self.assertEqual((time.psa_approval_state, time.psa_work_type_id), ("draft", self.work_type))
        self.assertEqual(task.state, "1_done")
        self.assertEqual(ticket.psa_task_ids, task)
        self.assertEqual(task.with_user(self.dispatcher).psa_ticket_id, ticket)
        entry = ticket.entry_ids.filtered(lambda entry: entry.kind == "comment")
        self.assertTrue(entry.is_internal)
        self.assertEqual(entry.search_text, "Ladder needed")
        self.assertEqual(said.res_id, task.id)
        self.assertRecordValues(self._approve(time), [{"ticket_id": ticket.id}])

    def test_there_and_back_loses_nothing(self):
        line = self._log(30)
        task = self._convert()

        ticket = task.with_user(self.dispatcher)._psa_to_ticket(self.desk)

        self.assertEqual(line.psa_ticket_id, self.ticket)
        self.assertEqual(ticket.psa_worked_hours, 0)
        self.assertEqual(self.ticket.psa_worked_hours, 0.5)

    def test_a_task_does_not_tell_of_a_ticket_that_may_not_be_read(self):
        task = self._convert()
        worker = self._new_user("pat.project", "project.group_project_user")

        self.assertFalse(task.with_user(worker).psa_ticket_id)
        with self.assertRaises(AccessError):
            task.with_user(worker).read(["psa_ticket_ref_id"])
