from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestMacro(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")
        cls.vip, cls.late = cls.env["psa.ticket.tag"].create([{"name": "Macro VIP"}, {"name": "Macro Late"}])
        cls.other_desk = cls.env["psa.desk"].create({"name": "Field", "company_id": cls.company.id})
        cls.macro = cls.env["psa.ticket.macro"].create({
            "name": "Take it", "company_id": cls.company.id, "assignment": "me", "priority_id": cls.high.id,
            "stage_id": cls.stage_by_state["open"].id, "tag_add_ids": [(4, cls.vip.id)], "tag_remove_ids": [(4, cls.late.id)],
            "deadline_hours": 4, "message_kind": "reply", "message_body": "Dear {{contact.first_name}}, {{my.name}} is on it.",
        })

    def test_one_click_makes_all_the_changes(self):
        ticket = self._new_ticket(tag_ids=[(4, self.late.id)])

        ticket.with_user(self.technician).action_run_macro(self.macro.id)

        self.assertEqual((ticket.user_id, ticket.priority_id, ticket.state), (self.technician, self.high, "open"))
        self.assertEqual(ticket.tag_ids, self.vip)
        self.assertAlmostEqual(ticket.date_deadline, fields.Datetime.now() + timedelta(hours=4), delta=timedelta(minutes=1))
        said = ticket.message_ids.filtered(lambda message: message.message_type == "comment")
        self.assertIn("Dear Zoë", said.body)
        self.assertEqual(said.author_id, self.technician.partner_id)
        self.assertEqual(said.subtype_id, self.env.ref("mail.mt_comment"))
        self.assertEqual(self.macro.use_count, 1)

    def test_the_macro_is_in_the_history_of_each_ticket(self):
        tickets = self._new_ticket() | self._new_ticket()

        tickets.with_user(self.technician).action_run_macro(self.macro.id)

        rows = self.env["psa.ticket.history"].search([("ticket_id", "in", tickets.ids), ("kind", "=", "rule")])
        self.assertEqual(len(rows), 2)
        self.assertIn("Take it", rows[0].description)

    def test_it_resolves_and_tells_the_resolution(self):
        macro = self.env["psa.ticket.macro"].create({
            "name": "Solved", "company_id": self.company.id, "is_resolving": True, "resolution": "Restarted for {{client.name}}.",
            "message_kind": "note", "message_body": "As usual",
        })
        ticket = self._new_ticket()

        ticket.with_user(self.technician).action_run_macro(macro.id)

        self.assertEqual(ticket.state, "resolved")
        note, resolution = ticket.message_ids.filtered(lambda message: message.message_type == "comment").sorted("id")
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        self.assertIn("Restarted for Harbour Dental.", resolution.body)
        entry = self.env["psa.ticket.entry"].search([("ticket_id", "=", ticket.id), ("kind", "=", "resolution")])
        self.assertEqual(entry.message_id, resolution)

    def test_nothing_is_half_done(self):
        own_stage = self.env["psa.ticket.stage"].create({"name": "Van", "state": "open", "desk_ids": [(4, self.other_desk.id)]})
        self.macro.stage_id = own_stage
        tickets = self._new_ticket(desk_id=self.other_desk.id) | self._new_ticket()

        with self.assertRaisesRegex(ValidationError, "Van"):
            tickets.with_user(self.technician).action_run_macro(self.macro.id)

        self.env.invalidate_all(flush=False)
        self.assertEqual(tickets.mapped("state"), ["new", "new"])
        self.assertFalse(tickets.user_id)
        self.assertFalse(tickets.message_ids.filtered(lambda message: message.message_type == "comment"))
        self.assertEqual(self.macro.use_count, 0)

    def test_a_ticket_one_may_not_change_stops_the_whole(self):
        mine, foreign = self._new_ticket(), self.env["psa.ticket"].create(
            {"name": "x", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})

        with self.assertRaises(AccessError):
            (mine | foreign).with_user(self.technician).action_run_macro(self.macro.id)
        with self.assertRaises(AccessError):
            mine.with_user(self.billing).action_run_macro(self.macro.id)

        self.assertFalse(mine.user_id)

    def test_a_macro_of_a_desk_is_for_its_tickets(self):
        self.macro.desk_id = self.desk
        ticket, elsewhere = self._new_ticket(), self._new_ticket(desk_id=self.other_desk.id)

        self.assertEqual([macro["id"] for macro in ticket.with_user(self.technician).psa_macros()], self.macro.ids)
        self.assertEqual(elsewhere.with_user(self.technician).psa_macros(), [])
        self.assertEqual((ticket | elsewhere).with_user(self.technician).psa_macros(), [])
        with self.assertRaisesRegex(UserError, "nothing was changed"):
            elsewhere.with_user(self.technician).action_run_macro(self.macro.id)

    def test_no_macro_is_offered_to_who_cannot_run_it(self):
        self.assertEqual(self._new_ticket().with_user(self.billing).psa_macros(), [])

    def test_a_list_of_tickets_takes_the_queries_of_few(self):
        self.macro.write({"message_kind": False, "message_body": False})
        few, many = self._batch(5), self._batch(60)

        def run(tickets):
            self.env.flush_all()
            self.flush_tracking()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            tickets.with_user(self.technician).action_run_macro(self.macro.id)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        run(self._batch(2))
        self.assertLessEqual(run(many), run(few) + 6)

    def test_the_wizard_offers_what_fits_all_and_runs_it(self):
        tickets = self._new_ticket() | self._new_ticket()
        action = tickets.with_user(self.technician).action_choose_macro()
        Wizard = self.env[action["res_model"]].with_user(self.technician).with_context(**action["context"])
        wizard = Wizard.create({"macro_id": self.macro.id})

        self.assertEqual(wizard.available_macro_ids, self.macro)
        wizard.action_run()

        self.assertEqual(tickets.user_id, self.technician)
        self.assertEqual(self.macro.use_count, 2)

    def test_a_copy_starts_to_count_anew(self):
        self._new_ticket().with_user(self.technician).action_run_macro(self.macro.id)

        copied = self.macro.copy()

        self.assertEqual((copied.name, copied.use_count, copied.tag_add_ids), ("Take it (copy)", 0, self.vip))

    def test_a_macro_that_cannot_work_is_not_saved(self):
        for values, message in (
            ({"message_body": False}, "needs a Text"),
            ({"message_body": "{{nobody}}"}, "nobody"),
            ({"assignment": "user"}, "Person"),
            ({"is_resolving": True}, "clear the Stage"),
            ({"resolution": "Done"}, "does not resolve"),
        ):
            with self.subTest(values=values), self.assertRaisesRegex(ValidationError, message), self.cr.savepoint():
                self.macro.write(values)

    def test_no_rival_sees_or_runs_a_macro(self):
        self.assertFalse(self.macro.with_user(self.rival_technician).has_access("read"))
        rival_ticket = self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})
        with self.assertRaises(AccessError):
            rival_ticket.with_user(self.rival_technician).action_run_macro(self.macro.id)
        with self.assertRaises(UserError):
            rival_ticket.action_run_macro(self.macro.id)

    def _batch(self, count):
        return self.env["psa.ticket"].create([
            {"name": f"Ticket {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(count)
        ])
