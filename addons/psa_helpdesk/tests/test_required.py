from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import HelpdeskCommon

# Whatever a caller may try to talk the server out of asking.
TRICKS = {
    "psa_incomplete": True, "psa_intake": True, "install_mode": True, "import_file": True, "tracking_disable": True,
    "mail_notrack": True, "psa_ticket_create": True,
}


@tagged("post_install", "-at_install")
class TestRequired(HelpdeskCommon):
    """The desk wants the type from the start, the category (it says "Area") when a ticket is resolved, the phase when closed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._attribute(cls.desk, "type").required = "create"
        cls._attribute(cls.desk, "category").write({"required": "resolve", "label": "Area"})
        cls._attribute(cls.desk, "phase").required = "close"
        cls.incident = cls.env.ref("psa_helpdesk.option_type_incident")
        cls.hardware = cls.env.ref("psa_helpdesk.option_category_hardware")
        cls.done = cls.env["psa.ticket.option"].create({"attribute": "phase", "name": "Done", "desk_id": cls.desk.id})
        cls.Ticket = cls.env["psa.ticket"].with_user(cls.technician)

    def _vals(self, **values):
        return {"name": "Printer jams", "desk_id": self.desk.id, "partner_id": self.zoe.id, **values}

    def _by_mail(self, subject="Help"):
        mail = (
            f"From: Zoe <zoe@harbour-dental.test>\r\nTo: {self.address}\r\nSubject: {subject}\r\n"
            f"Message-ID: <required-{subject}@harbour-dental.test>\r\n\r\nPlease help\r\n"
        )
        self.env["mail.thread"].message_process(False, mail)
        return self.env["psa.ticket"].search([("name", "=", subject)])

    # Every way in

    def test_one_error_names_all_that_is_missing_in_the_words_of_the_desk(self):
        self._attribute(self.desk, "severity").write({"required": "create", "label": "Impact"})

        with self.assertRaisesRegex(ValidationError, "Please fill in: Type, Impact. Desk “Help”"):
            self.Ticket.create(self._vals())

    def test_no_context_and_no_source_gets_around_it(self):
        for context in ({}, TRICKS, *({key: True} for key in TRICKS)):
            for source in ("manual", "email", "alert", "portal", "api"):
                with self.subTest(context=context, source=source), self.assertRaisesRegex(ValidationError, "Type"):
                    self.Ticket.with_context(**context).create(self._vals(source=source))

    def test_the_gateways_entry_point_is_no_back_door(self):
        with self.assertRaisesRegex(ValidationError, "Type"):
            self.Ticket.message_new({"subject": "x", "body": "y", "email_from": "zoe@harbour-dental.test"}, {"desk_id": self.desk.id})

    def test_the_mark_cannot_be_set_to_get_around_it(self):
        with self.assertRaisesRegex(ValidationError, "Type"):
            self.Ticket.create(self._vals(is_incomplete=False))

    def test_quick_creation_by_name_is_refused_too(self):
        with self.assertRaisesRegex(ValidationError, "Type"):
            self.Ticket.with_context(default_desk_id=self.desk.id).name_create("Printer jams")

    def test_an_import_tells_which_line_lacks_what(self):
        result = self.Ticket.load(
            ["name", "desk_id/.id", "type_id/.id"],
            [["One", str(self.desk.id), str(self.incident.id)], ["Two", str(self.desk.id), ""]],
        )

        self.assertFalse(result["ids"])
        self.assertIn("Type", "".join(message["message"] for message in result["messages"]))

    def test_a_batch_is_refused_as_a_whole_and_told_ticket_by_ticket(self):
        with self.assertRaisesRegex(ValidationError, r"(?s)Two.*Type.*Three.*Type") as refusal, self.cr.savepoint():
            self.Ticket.create([self._vals(name="One", type_id=self.incident.id), self._vals(name="Two"), self._vals(name="Three")])

        self.assertNotIn("One", str(refusal.exception))
        self.assertFalse(self.Ticket.search([("name", "in", ["One", "Two", "Three"])]))

    def test_a_ticket_entered_as_done_needs_all_of_it(self):
        closed = self.stage_by_state["closed"].id
        with self.assertRaisesRegex(ValidationError, "Type, Area, Phase"):
            self.Ticket.create(self._vals(stage_id=closed))
        with self.assertRaisesRegex(ValidationError, "Phase"):
            self.Ticket.create(self._vals(stage_id=closed, type_id=self.incident.id, category_id=self.hardware.id))

        self.Ticket.create(self._vals(
            stage_id=closed, type_id=self.incident.id, category_id=self.hardware.id, phase_id=self.done.id))

    def test_a_default_of_the_desk_fills_it_in(self):
        self._attribute(self.desk, "type").default_option_id = self.incident

        self.assertEqual(self.Ticket.create(self._vals()).type_id, self.incident)

    # Resolving and closing

    def test_resolving_and_closing_ask_for_more(self):
        ticket = self.Ticket.create(self._vals(type_id=self.incident.id))

        for move in (ticket.action_resolve, lambda: ticket.write({"stage_id": self.stage_by_state["resolved"].id})):
            with self.assertRaisesRegex(ValidationError, "Please fill in: Area"), self.cr.savepoint():
                move()
        ticket.write({"stage_id": self.stage_by_state["resolved"].id, "category_id": self.hardware.id})
        with self.assertRaisesRegex(ValidationError, "Please fill in: Phase"), self.cr.savepoint():
            ticket.with_context(**TRICKS).action_close()
        ticket.phase_id = self.done
        ticket.action_close()

        self.assertEqual(ticket.state, "closed")

    def test_many_tickets_are_resolved_or_refused_together(self):
        tickets = self.Ticket.create([
            self._vals(type_id=self.incident.id, name=f"T{number}", category_id=self.hardware.id if number % 2 else False)
            for number in range(30)
        ])

        with self.assertRaisesRegex(ValidationError, r"(?s)T0: Area.*and 5 more"), self.cr.savepoint():
            tickets.action_resolve()
        self.env.invalidate_all()
        self.assertEqual(set(tickets.mapped("state")), {"new"})

    def test_whatever_is_missing_a_ticket_can_be_cancelled_and_taken_up_again(self):
        ticket = self._by_mail().with_user(self.technician)

        ticket.action_cancel()
        self.assertFalse(ticket.is_incomplete)
        ticket.action_reopen()

        self.assertTrue(ticket.is_incomplete)

    def test_what_is_required_cannot_be_emptied(self):
        ticket = self.Ticket.create(self._vals(type_id=self.incident.id))

        with self.assertRaisesRegex(ValidationError, "Type"):
            ticket.with_context(**TRICKS).type_id = False

    def test_a_complete_ticket_moves_only_where_it_is_complete(self):
        ticket = self.env["psa.ticket"].with_user(self.technician).create({
            "name": "x", "desk_id": self.env["psa.desk"].create({"name": "Easy", "company_id": self.company.id}).id,
        })

        with self.assertRaisesRegex(ValidationError, "Type"), self.cr.savepoint():
            ticket.desk_id = self.desk
        ticket.write({"desk_id": self.desk.id, "type_id": self.incident.id})

        self.assertEqual(ticket.desk_id, self.desk)

    # What comes by mail

    def test_a_mail_becomes_an_incomplete_ticket_until_somebody_fills_it_in(self):
        ticket = self._by_mail().with_user(self.technician)

        self.assertTrue(ticket.is_incomplete)
        self.assertEqual(ticket.missing_text, "Type")
        self.assertEqual(self.desk.incomplete_ticket_count, 1)
        ticket.write({"user_id": self.technician.id, "priority_id": self.env.ref("psa_helpdesk.option_priority_high").id})
        with self.assertRaisesRegex(ValidationError, "Type, Area"), self.cr.savepoint():
            ticket.action_resolve()
        ticket.type_id = self.incident

        self.assertFalse(ticket.is_incomplete)
        self.assertFalse(ticket.missing_text)
        self.desk.invalidate_recordset(["incomplete_ticket_count"])
        self.assertEqual(self.desk.incomplete_ticket_count, 0)

    def test_an_incomplete_ticket_moves_to_the_desk_that_can_complete_it(self):
        ticket = self._by_mail().with_user(self.technician)
        other = self.env["psa.desk"].create({"name": "Other", "company_id": self.company.id})
        self._attribute(other, "severity").required = "create"

        ticket.desk_id = other

        self.assertEqual(ticket.missing_text, "Severity")

    def test_an_answer_of_the_client_takes_an_incomplete_ticket_up_again(self):
        ticket = self._by_mail()
        ticket._accepting_incomplete().action_resolve()

        ticket.message_post(
            body="Not solved", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")

        self.assertEqual(ticket.state, "open")

    def test_monitoring_may_leave_open_what_it_cannot_know(self):
        ticket = self.env["psa.ticket"]._accepting_incomplete().create(self._vals(source="alert"))

        self.assertTrue(ticket.is_incomplete)

    def test_the_filter_and_the_counter_of_the_desk_have_an_index(self):
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'psa_ticket'")

        self.assertRegex("\n".join(row[0] for row in self.env.cr.fetchall()), r"\(desk_id, id DESC\) WHERE \(is_incomplete IS TRUE\)")

    # When the desk changes its mind

    def test_open_tickets_are_marked_anew_when_the_desk_asks_for_more_or_less(self):
        ticket = self.Ticket.create(self._vals(type_id=self.incident.id))
        done = self.Ticket.create(self._vals(type_id=self.incident.id, category_id=self.hardware.id))
        done.action_resolve()
        self.env.flush_all()
        severity = self._attribute(self.desk, "severity")

        severity.required = "create"
        self.env.flush_all()
        self.assertEqual((ticket.is_incomplete, done.is_incomplete), (True, False))
        ticket.name = "Old tickets can be worked on"
        ticket.priority_id = self.env.ref("psa_helpdesk.option_priority_high")
        severity.required = "never"

        self.assertFalse(ticket.is_incomplete)

    def test_a_hidden_attribute_is_not_asked_for(self):
        self._attribute(self.desk, "type").write({"is_shown": False, "required": "never"})

        self.assertFalse(self.Ticket.create(self._vals()).is_incomplete)

    def test_a_category_without_subcategories_needs_none(self):
        self._attribute(self.desk, "subcategory").required = "create"
        empty = self.env["psa.ticket.option"].create({"attribute": "category", "name": "Other things", "desk_id": self.desk.id})

        self.assertTrue(self.Ticket.create(self._vals(type_id=self.incident.id, category_id=empty.id)))
        with self.assertRaisesRegex(ValidationError, "Subcategory"):
            self.Ticket.create(self._vals(type_id=self.incident.id, category_id=self.hardware.id))

    def test_the_refusal_of_a_foreign_desk_tells_nothing_of_it(self):
        self._attribute(self.rival_desk, "type").write({"required": "create", "label": "Secret word"})

        with self.assertRaises(AccessError) as refusal:
            self.Ticket.create({"name": "x", "desk_id": self.rival_desk.id})
        self.assertNotIn("Secret word", str(refusal.exception))
