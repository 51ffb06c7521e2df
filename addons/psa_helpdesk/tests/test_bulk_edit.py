from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


class BulkEditCommon(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.colleague = cls._new_staff("hd_colleague", "psa_crm.group_technician")
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")
        cls.tags = cls.env["psa.ticket.tag"].create([{"name": "Rollout"}, {"name": "Old"}])

    def _tickets(self, count, **values):
        contacts = self.zoe | self.omar
        tickets = self.env["psa.ticket"].with_user(self.technician).create([
            {"name": f"PC {number}", "desk_id": self.desk.id, "partner_id": contacts[number % 2].id, **values} for number in range(count)
        ])
        self.env.flush_all()
        self.flush_tracking()
        return tickets

    def _edit(self, tickets, user=None, **values):
        """Do what the dialog does."""
        action = tickets.with_user(user or self.technician).action_bulk_edit()
        wizard = self.env[action["res_model"]].with_user(user or self.technician).browse(action["res_id"])
        wizard.write(values)
        result = wizard.action_apply()
        self.env.flush_all()
        return result

    def _changes(self, tickets):
        self.env.flush_all()
        return self.env["psa.ticket.history"].search([("ticket_id", "in", tickets.ids), ("kind", "=", "change")])


@tagged("post_install", "-at_install")
class TestBulkEdit(BulkEditCommon):

    def test_the_dialog_says_how_many_and_changes_them(self):
        tickets = self._tickets(3, tag_ids=[Command.link(self.tags[1].id)])
        action = tickets.action_bulk_edit()

        with Form(self.env[action["res_model"]].with_user(self.technician).browse(action["res_id"])) as form:
            self.assertEqual((form.ticket_count, form.refused_count), (3, 0))
            form.stage_id = self.stage_by_state["open"]
            form.priority_id = self.high
            form.user_id = self.technician
            form.date_deadline = "2030-01-01 12:00:00"
            form.tag_add_ids.add(self.tags[0])
            form.tag_remove_ids.add(self.tags[1])
        form.record.action_apply()

        self.assertRecordValues(tickets, 3 * [{
            "stage_id": self.stage_by_state["open"].id, "state": "open", "priority_id": self.high.id,
            "user_id": self.technician.id, "tag_ids": self.tags[0].ids,
        }])

    def test_one_history_row_for_each_changed_field_of_each_ticket(self):
        tickets = self._tickets(4)
        tickets[0].priority_id = self.high

        self._edit(tickets, stage_id=self.stage_by_state["open"].id, priority_id=self.high.id, tag_add_ids=self.tags[0].ids)

        rows = self._changes(tickets)
        counts = {
            ticket: sorted(rows.filtered(lambda row, ticket=ticket: row.ticket_id == ticket).mapped("field_name"))
            for ticket in tickets
        }
        self.assertEqual(counts, {ticket: ["priority_id", "stage_id", "tag_ids"] for ticket in tickets})
        self.assertEqual(rows.user_id, self.technician)

    def test_the_new_assignee_gets_one_mail_about_all(self):
        tickets = self._tickets(6)

        with self.mock_mail_gateway():
            self._edit(tickets, user_id=self.colleague.id)

        mails = self._new_mails.filtered(lambda mail: self.colleague.partner_id in mail.recipient_ids)
        self.assertEqual(len(self._new_mails), 1)
        self.assertEqual(len(mails), 1)
        for ticket in tickets:
            self.assertIn(ticket.number, mails.body_html)

    def test_a_public_comment_is_one_mail_a_follower_and_a_word_on_each_ticket(self):
        tickets = self._tickets(6)

        with self.mock_mail_gateway():
            self._edit(tickets, comment="<p>The rollout begins on Monday.</p>")

        by_recipient = {mail.recipient_ids: mail for mail in self._new_mails}
        self.assertEqual(set(by_recipient), {self.zoe, self.omar})
        self.assertEqual(len(self._new_mails), 2)
        for position, contact in enumerate((self.zoe, self.omar)):
            body = by_recipient[contact].body_html
            self.assertIn("The rollout begins on Monday.", body)
            for number, ticket in enumerate(tickets):
                self.assertEqual(ticket.number in body, number % 2 == position, "nobody reads of tickets he does not follow")
        for ticket in tickets:
            message = ticket.message_ids.sudo().filtered(lambda message: "Monday" in message.body)
            self.assertEqual(message.subtype_id, self.env.ref("mail.mt_comment"))

    def test_who_is_assigned_and_follows_still_gets_one_mail(self):
        tickets = self._tickets(4)

        with self.mock_mail_gateway():
            self._edit(tickets, user_id=self.colleague.id, comment="<p>Please all today.</p>")

        mails = self._new_mails.filtered(lambda mail: self.colleague.partner_id in mail.recipient_ids)
        self.assertEqual(len(mails), 1)
        self.assertIn("assigned these tickets to you", mails.body_html)
        self.assertIn("Please all today.", mails.body_html)

    def test_who_is_in_copy_gets_one_mail_about_his_tickets(self):
        tickets = self._tickets(4)
        tickets[0].email_cc = "Ann <ann@harbour-dental.test>, zoe@harbour-dental.test"
        tickets[1].email_cc = "Ann@harbour-dental.test, ben@supplier.test"

        with self.mock_mail_gateway():
            message = self._edit(tickets, comment="<p>The rollout begins on Monday.</p>")["params"]["message"]

        mails = {mail.email_to: mail for mail in self._new_mails if mail.email_to}
        self.assertEqual(set(mails), {"Ann <ann@harbour-dental.test>", "ben@supplier.test"}, "Zoë has it as a follower")
        self.assertEqual(len(self._new_mails), 4)
        self.assertEqual(message, "4 tickets changed, 4 people told.")
        for mail, of_whom in ((mails["Ann <ann@harbour-dental.test>"], tickets[:2]), (mails["ben@supplier.test"], tickets[1])):
            self.assertIn("The rollout begins on Monday.", mail.body_html)
            self.assertNotIn("/mail/view", mail.body_html)
            for ticket in tickets:
                self.assertEqual(ticket.number in mail.body_html, ticket in of_whom)
        of_ticket = tickets[1].message_ids.sudo().filtered(lambda message: "Monday" in message.body)
        self.assertEqual(mails["ben@supplier.test"].references, of_ticket.message_id, "his answer comes back to the ticket")
        self.assertFalse(mails["Ann <ann@harbour-dental.test>"].references)

    def test_an_internal_note_tells_nobody_outside(self):
        tickets = self._tickets(3, email_cc="ben@supplier.test")

        with self.mock_mail_gateway():
            self._edit(tickets, note="<p>Their server room is locked.</p>")

        self.assertFalse(self._new_mails)
        for ticket in tickets:
            message = ticket.message_ids.sudo().filtered(lambda message: "locked" in message.body)
            self.assertEqual(message.subtype_id, self.env.ref("mail.mt_note"))
            self.assertNotIn(self.technician.partner_id, message.notified_partner_ids)

    def test_a_digest_about_one_ticket_is_answered_to_that_ticket(self):
        ticket = self._tickets(1)

        with self.mock_mail_gateway():
            self._edit(ticket, comment="<p>Done.</p>")

        self.assertEqual((self._new_mails.model, self._new_mails.res_id), ("psa.ticket", ticket.id))

    def test_tickets_that_may_not_be_changed_are_named_and_left_out(self):
        tickets = self._tickets(3)
        reserved = self._new_client("Reserved Ltd", self.company, "reserved.test")
        kept = self._tickets(1, partner_id=reserved.id)
        self.env["psa.access.rule"].create({
            "client_id": reserved.id, "level": "read", "user_id": self.technician.id, "company_id": self.company.id,
        })

        action = (tickets | kept).with_user(self.technician).action_bulk_edit()
        wizard = self.env[action["res_model"]].with_user(self.technician).browse(action["res_id"])
        self.assertEqual((wizard.ticket_count, wizard.refused_count), (3, 1))
        self.assertIn(kept.number, wizard.refused_names)
        wizard.priority_id = self.high
        wizard.action_apply()

        self.assertEqual(tickets.priority_id, self.high)
        self.assertFalse(kept.priority_id)

    def test_what_fails_for_one_ticket_is_done_for_none(self):
        tickets = self._tickets(3)
        elsewhere = self.env["psa.desk"].create({"name": "Elsewhere", "company_id": self.company.id})
        stage = self.env["psa.ticket.stage"].create({"name": "Ours", "state": "open", "desk_ids": [Command.link(self.desk.id)]})
        other = self._tickets(1, desk_id=elsewhere.id)

        with self.assertRaisesRegex(ValidationError, "Ours"), self.env.cr.savepoint():
            self._edit(tickets | other, stage_id=stage.id)

        self.env.invalidate_all()
        self.assertNotIn(stage, tickets.stage_id)

    def test_nothing_chosen_is_refused_and_so_are_those_who_may_not(self):
        tickets = self._tickets(2)
        with self.assertRaisesRegex(UserError, "Nothing to change"):
            self._edit(tickets)
        with self.assertRaises(AccessError):
            self._edit(tickets, user=self.billing, priority_id=self.high.id)
        with self.assertRaisesRegex(UserError, "none of the selected"):
            self._edit(tickets, user=self.rival_technician, note="<p>Hello</p>")

    def test_assignment_and_deadline_can_be_taken_away(self):
        tickets = self._tickets(2, user_id=self.technician.id, date_deadline="2030-01-01 12:00:00")

        self._edit(tickets, clear_user=True, clear_deadline=True)

        self.assertFalse(tickets.user_id)
        self.assertFalse(any(tickets.mapped("date_deadline")))


@tagged("post_install", "-at_install")
class TestManyTickets(BulkEditCommon):

    def _queries(self, operation):
        self.env.flush_all()
        self.flush_tracking()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        operation()
        self.env.flush_all()
        self.flush_tracking()
        return self.env.cr.sql_log_count - before

    def test_the_list_edits_many_with_as_many_queries_as_few(self):
        def edit(tickets):
            tickets.with_user(self.technician).web_save({"priority_id": self.high.id}, {"number": {}, "priority_id": {"fields": {}}})

        self._queries(lambda: edit(self._tickets(3)))
        few, many = self._tickets(5), self._tickets(85)

        growth = (self._queries(lambda: edit(many)) - self._queries(lambda: edit(few))) / 80
        self.assertLessEqual(growth, 0.5)

    def test_the_dialog_takes_few_queries_a_ticket(self):
        values = {
            "stage_id": self.stage_by_state["open"].id, "priority_id": self.high.id, "user_id": self.colleague.id,
            "date_deadline": "2030-01-01 12:00:00", "tag_add_ids": self.tags[0].ids,
        }
        self._edit(self._tickets(3), **values)
        few, many = self._tickets(5), self._tickets(85)

        growth = (self._queries(lambda: self._edit(many, **values)) - self._queries(lambda: self._edit(few, **values))) / 80
        self.assertLessEqual(growth, 0.5)

    def test_a_comment_takes_no_more_than_its_entry_needs(self):
        self._edit(self._tickets(3), comment="<p>x</p>")
        few, many = self._tickets(5), self._tickets(85)

        growth = (
            self._queries(lambda: self._edit(many, comment="<p>x</p>")) - self._queries(lambda: self._edit(few, comment="<p>x</p>"))
        ) / 80
        self.assertLessEqual(growth, 2.5)

    def test_a_thousand_tickets_are_edited_and_commented_in_few_queries(self):
        def edit(tickets):
            self._edit(
                tickets, stage_id=self.stage_by_state["resolved"].id, priority_id=self.high.id, user_id=self.colleague.id,
                tag_add_ids=self.tags[0].ids, comment="<p>The update is out.</p>",
            )

        edit(self._tickets(3))
        few, tickets = self._tickets(5), self._tickets(1000)
        with self.mock_mail_gateway():
            queries = self._queries(lambda: edit(few))
        with self.mock_mail_gateway():
            queries = self._queries(lambda: edit(tickets)) - queries

        self.assertLessEqual(queries / 995, 0.2)
        self.assertEqual(len(self._changes(tickets)), 4000)
        self.assertEqual(len(self._new_mails), 3, "the assignee and the two contacts")
