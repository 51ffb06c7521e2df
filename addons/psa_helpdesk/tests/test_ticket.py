from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestTicket(HelpdeskCommon):

    def test_numbers_go_up_in_each_company_by_itself(self):
        first, second = self._new_ticket(), self._new_ticket()
        newcomer = self.env["res.company"].create({"name": "Newcomer IT"})
        desk = self.env["psa.desk"].create({"name": "Help", "company_id": newcomer.id})
        other = self.env["psa.ticket"].create({"name": "x", "desk_id": desk.id})

        self.assertEqual(int(second.number[1:]), int(first.number[1:]) + 1)
        self.assertEqual(other.number, "T00001", "a new company begins at one")
        self.assertEqual(other.company_id, newcomer)

    def test_a_batch_gets_numbers_in_its_order(self):
        tickets = self.env["psa.ticket"].create([{"name": f"n {i}", "desk_id": self.desk.id} for i in range(5)])

        self.assertEqual(tickets.mapped("number"), sorted(tickets.mapped("number")))
        self.assertEqual(len(set(tickets.mapped("number"))), 5)

    def test_a_number_is_unique_in_its_company_only(self):
        number = self._new_ticket().number
        self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id, "number": number})

        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self._new_ticket(number=number)

    def test_imported_numbers_are_skipped_by_later_tickets(self):
        last = int(self._new_ticket().number[1:])
        self._new_ticket(number=f"T{last + 1:05d}")
        self._new_ticket(number="OLD-4711")

        self.assertEqual(self._new_ticket().number, f"T{last + 2:05d}")

    def test_another_prefix_counts_from_now_on(self):
        sequence = self.env["ir.sequence"].search([("code", "=", "psa.ticket"), ("company_id", "=", self.company.id)])
        self._new_ticket()

        sequence.write({"prefix": "HD/%(year)s/", "padding": 3})

        self.assertRegex(self._new_ticket().number, r"^HD/\d{4}/\d{3,}$")

    def test_a_lost_sequence_comes_back_behind_the_last_number(self):
        number = int(self._new_ticket().number[1:])
        self.env["ir.sequence"].search([("code", "=", "psa.ticket"), ("company_id", "=", self.company.id)]).unlink()

        self.assertEqual(self._new_ticket().number, f"T{number + 1:05d}")

    def test_name_shows_number_and_is_found_by_both(self):
        ticket = self._new_ticket(name="Quagmire in the router")

        self.assertEqual(ticket.display_name, f"[{ticket.number}] Quagmire in the router")
        for words in (ticket.number, "quagmire"):
            self.assertIn(ticket.id, [found[0] for found in self.env["psa.ticket"].name_search(words)], words)

    def test_a_new_ticket_takes_what_its_desk_says(self):
        ticket = self._new_ticket()

        self.assertEqual(ticket.queue_id, self.queue)
        self.assertEqual(ticket.company_id, self.company)
        self.assertEqual(ticket.stage_id, self.stage_by_state["new"])
        self.assertEqual(ticket.state, "new")
        self.assertEqual(ticket.client_id, self.dental)
        self.assertEqual(ticket.access_url, f"/my/tickets/{ticket.id}")

    def test_without_any_desk_the_error_says_what_to_do(self):
        company = self.env["res.company"].create({"name": "No Desk"})

        with self.assertRaisesRegex(UserError, "Choose a Desk"):
            self.env["psa.ticket"].with_company(company).create({"name": "x"})

    def test_a_queue_of_another_company_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Rival Line"):
            self._new_ticket(queue_id=self.rival_queue.id)

    def test_a_contact_of_another_company_is_refused(self):
        with self.assertRaises(UserError):
            self._new_ticket(partner_id=self.hal.id)

    def test_moving_to_a_desk_changes_queue_and_keeps_the_state(self):
        other = self.env["psa.desk"].create({"name": "Second", "company_id": self.company.id, "default_queue_id": False})
        stage = self.env["psa.ticket.stage"].create({"name": "Triage", "state": "open", "sequence": 1, "desk_ids": [(4, self.desk.id)]})
        ticket = self._new_ticket(stage_id=stage.id)

        ticket.desk_id = other

        self.assertEqual(ticket.stage_id, self.stage_by_state["open"], "its own stage is not one of the new desk")
        self.assertEqual(ticket.state, "open")
        self.assertFalse(ticket.queue_id)

    def test_a_stage_of_another_desk_is_refused(self):
        stage = self.env["psa.ticket.stage"].create({"name": "Theirs", "state": "open", "desk_ids": [(4, self.rival_desk.id)]})

        with self.assertRaisesRegex(ValidationError, "Theirs"):
            self._new_ticket().stage_id = stage

    def test_the_life_of_a_ticket_leaves_its_dates(self):
        with freeze_time("2026-03-02 08:00:00"):
            ticket = self._new_ticket()
        with freeze_time("2026-03-02 09:00:00"):
            ticket.stage_id = self.stage_by_state["waiting"]
        with freeze_time("2026-03-03 09:00:00"):
            ticket.action_resolve()
        with freeze_time("2026-03-04 09:00:00"):
            ticket.action_close()

        self.assertRecordValues(ticket, [{
            "date_open": datetime(2026, 3, 2, 9), "date_resolved": datetime(2026, 3, 3, 9), "date_closed": datetime(2026, 3, 4, 9),
            "state": "closed", "date_last_stage_update": datetime(2026, 3, 4, 9),
        }])

        ticket.action_reopen()

        self.assertRecordValues(ticket, [{
            "date_open": datetime(2026, 3, 2, 9), "date_resolved": False, "date_closed": False, "state": "open",
        }])

    def test_a_ticket_entered_as_done_has_its_dates(self):
        with freeze_time("2026-03-02 08:00:00"):
            ticket = self._new_ticket(stage_id=self.stage_by_state["closed"].id)

        self.assertRecordValues(ticket, [{
            "date_open": datetime(2026, 3, 2, 8), "date_resolved": datetime(2026, 3, 2, 8), "date_closed": datetime(2026, 3, 2, 8),
        }])

    def test_an_import_brings_its_own_dates(self):
        ticket = self._new_ticket(stage_id=self.stage_by_state["resolved"].id, date_resolved="2020-05-05 10:00:00")

        self.assertEqual(ticket.date_resolved, datetime(2020, 5, 5, 10))

    def test_history_is_kept_whatever_the_context_says(self):
        ticket = self._new_ticket().with_user(self.technician)
        self.flush_tracking()

        ticket.with_context(tracking_disable=True, mail_notrack=True).write({
            "stage_id": self.stage_by_state["open"].id, "priority_id": self.env.ref("psa_helpdesk.option_priority_high").id,
        })
        self.flush_tracking()

        tracked = ticket.sudo().message_ids.tracking_value_ids.field_id.mapped("name")
        self.assertLessEqual({"stage_id", "priority_id"}, set(tracked))

    def test_overdue_is_searched_as_it_is_computed(self):
        now = fields.Datetime.now()
        late, done, soon, never = self.env["psa.ticket"].create([
            {"name": "late", "desk_id": self.desk.id, "date_deadline": now - timedelta(hours=1)},
            {"name": "done", "desk_id": self.desk.id, "date_deadline": now - timedelta(hours=1),
             "stage_id": self.stage_by_state["closed"].id},
            {"name": "soon", "desk_id": self.desk.id, "date_deadline": now + timedelta(hours=1)},
            {"name": "never", "desk_id": self.desk.id},
        ])
        everything = late | done | soon | never
        scope = [("id", "in", everything.ids)]

        self.assertEqual(everything.filtered("is_overdue"), late)
        for domain, found in (
            ([("is_overdue", "=", True)], late),
            ([("is_overdue", "!=", False)], late),
            ([("is_overdue", "=", False)], done | soon | never),
            ([("is_overdue", "!=", True)], done | soon | never),
            ([("is_overdue", "in", [True, False])], everything),
        ):
            self.assertEqual(self.env["psa.ticket"].search(scope + domain), found, domain)

    def test_a_subcategory_belongs_to_its_category(self):
        hardware = self.env.ref("psa_helpdesk.option_category_hardware")
        printer = self.env.ref("psa_helpdesk.option_subcategory_printer")
        ticket = self._new_ticket(category_id=hardware.id, subcategory_id=printer.id)

        ticket.category_id = self.env.ref("psa_helpdesk.option_category_network")

        self.assertFalse(ticket.subcategory_id)
        with self.assertRaisesRegex(ValidationError, "Printer"):
            ticket.subcategory_id = printer

    def test_an_option_of_another_attribute_or_desk_is_refused(self):
        priority = self.env.ref("psa_helpdesk.option_priority_high")
        theirs = self.env["psa.ticket.option"].create({"attribute": "module", "name": "Ledger", "desk_id": self.rival_desk.id})

        with self.assertRaisesRegex(ValidationError, "P2 High"):
            self._new_ticket(type_id=priority.id)
        with self.assertRaises(UserError):
            self._new_ticket(module_id=theirs.id)

    def test_both_versions_are_versions(self):
        one, two = self.env["psa.ticket.option"].create([
            {"attribute": "version", "name": name, "desk_id": self.desk.id} for name in ("1.0", "2.0")
        ])

        ticket = self._new_ticket(reported_version_id=one.id, resolved_version_id=two.id)

        self.assertEqual((ticket.reported_version_id, ticket.resolved_version_id), (one, two))

    def test_own_fields_of_a_desk_are_kept_and_found(self):
        self.desk.properties_definition = [{"name": "rack", "string": "Rack", "type": "char"}]

        ticket = self._new_ticket(properties={"rack": "R7"})

        self.assertEqual(dict(ticket.properties), {"rack": "R7"})
        self.assertEqual(self.env["psa.ticket"].search([("properties.rack", "=", "R7")]), ticket)

    def test_copies_are_tickets_of_their_own(self):
        tickets = self._new_ticket(stage_id=self.stage_by_state["closed"].id) | self._new_ticket(name="Other")

        copies = tickets.copy()

        self.assertEqual(copies.mapped("name"), ["Printer jams (copy)", "Other (copy)"])
        self.assertEqual(set(copies.mapped("state")), {"new"})
        self.assertFalse(set(copies.mapped("number")) & set(tickets.mapped("number")))
        self.assertFalse(any(copies.mapped("date_closed")))

    def test_contact_technician_and_creator_follow(self):
        ticket = self.env["psa.ticket"].with_user(self.dispatcher).create({
            "name": "x", "desk_id": self.desk.id, "partner_id": self.zoe.id, "user_id": self.technician.id,
        })

        self.assertEqual(ticket.message_partner_ids, self.zoe | self.technician.partner_id | self.dispatcher.partner_id)

    def test_an_assigned_technician_is_told(self):
        with self.mock_mail_gateway():
            self.env["psa.ticket"].with_user(self.dispatcher).create({
                "name": "Router down", "desk_id": self.desk.id, "user_id": self.technician.id,
            })

        self.assertIn("Router down", "".join(self._new_mails.mapped("subject")))
        self.assertEqual(self._new_mails.recipient_ids, self.technician.partner_id)

    def test_a_new_contact_follows_the_ticket(self):
        ticket = self._new_ticket()

        ticket.partner_id = self.omar

        self.assertIn(self.omar, ticket.message_partner_ids)

    def test_only_members_of_desk_or_queue_are_offered(self):
        ticket = self._new_ticket()
        self.assertIn(self.technician, ticket.assignable_user_ids, "without members: every technician of the company")
        self.assertNotIn(self.rival_technician, ticket.assignable_user_ids)

        self.queue.member_ids = self.dispatcher
        ticket.invalidate_recordset(["assignable_user_ids"])

        self.assertEqual(ticket.assignable_user_ids, self.dispatcher)

    def test_assign_to_me(self):
        tickets = self._new_ticket() | self._new_ticket()

        tickets.with_user(self.technician).action_assign_to_me()

        self.assertEqual(tickets.user_id, self.technician)

    def test_a_desk_without_a_stage_for_it_says_so(self):
        self.env["psa.ticket.stage"].search([("state", "=", "cancelled")]).action_archive()

        with self.assertRaisesRegex(UserError, "no stage with state “Cancelled”"):
            self._new_ticket().action_cancel()
