from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestTransitions(HelpdeskCommon):
    """The desk lets tickets go from new to open, from there to waiting and resolved; closing is for its administrator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk_admin = cls._new_staff("hd_moves_admin", "psa_crm.group_technician")
        cls.desk.admin_ids = cls.desk_admin
        cls.other_desk = cls.env["psa.desk"].create({"name": "Field", "company_id": cls.company.id})
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})
        cls.as_technician = cls.ticket.with_user(cls.technician)

    def _allow(self, *moves, desk=None, **values):
        desk = self.desk if desk is None else desk
        return self.env["psa.ticket.transition"].create([
            {
                "desk_id": desk.id, "company_id": self.company.id, "to_stage_id": self.stage_by_state[target].id,
                "from_stage_id": origin and self.stage_by_state[origin].id, **values,
            }
            for origin, target in moves
        ])

    def _move(self, state, ticket=None):
        (self.as_technician if ticket is None else ticket).write({"stage_id": self.stage_by_state[state].id})

    def test_without_moves_every_move_is_allowed(self):
        for state in ("resolved", "new", "closed", "waiting", "cancelled", "open"):
            self._move(state)
            self.assertEqual(self.ticket.state, state)
        self.assertEqual(len(self.as_technician.allowed_stage_ids), 7)

    def test_what_no_line_allows_is_refused_and_the_error_says_what_is_allowed(self):
        self._allow(("new", "open"), ("new", "cancelled"), ("open", "resolved"))

        with self.assertRaisesRegex(UserError, "cannot go from “New” to “Resolved”.*move it to: In Progress, Cancelled"):
            self._move("resolved")
        self._move("open")
        self._move("resolved")
        with self.assertRaisesRegex(UserError, "You may not move it on from here"):
            self._move("closed")
        self.assertEqual(self.ticket.state, "resolved")

    def test_a_line_without_from_allows_the_move_from_everywhere(self):
        self._allow((False, "cancelled"), ("new", "open"))

        self.assertEqual(
            self.as_technician.allowed_stage_ids.mapped("state"), ["new", "open", "cancelled"])
        self._move("open")
        self._move("cancelled")

    def test_some_moves_are_for_the_administrators_of_the_desk(self):
        self._allow(("new", "closed"), staff="desk_admin")

        with self.assertRaisesRegex(UserError, "Administrators of the desk can do this move"):
            self._move("closed")
        for user in (self.desk_admin, self.administrator):
            self._move("closed", self.ticket.with_user(user))
            self.assertEqual(self.ticket.state, "closed")
            self._move("new", self.ticket.sudo())

    def test_what_is_for_nobody_of_the_staff_is_for_no_administrator_either(self):
        self._allow(("new", "closed"), staff="nobody", client="employee")

        for user in (self.technician, self.desk_admin, self.administrator):
            with self.assertRaises(UserError):
                self._move("closed", self.ticket.with_user(user))

    def test_a_desk_without_lines_goes_by_those_of_the_company(self):
        self._allow(("new", "open"), desk=self.env["psa.desk"])
        self._allow(("new", "closed"))
        elsewhere = self._new_ticket(desk_id=self.other_desk.id).with_user(self.technician)
        rival = self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id}).with_user(self.rival_technician)

        with self.assertRaises(UserError):
            self._move("closed", elsewhere)
        self._move("open", elsewhere)
        self._move("closed")
        self._move("resolved", rival)

    def test_one_forbidden_ticket_stops_the_whole_selection(self):
        self._allow(("open", "resolved"))
        open_ticket = self._new_ticket(stage_id=self.stage_by_state["open"].id)

        with self.assertRaises(UserError), self.cr.savepoint():
            self._move("resolved", (open_ticket | self.ticket).with_user(self.technician))
        self.assertEqual(open_ticket.state, "open")
        self._move("resolved", open_ticket.with_user(self.technician))

    def test_no_path_leads_around_it(self):
        self._allow(("new", "open"))
        ticket, closed = self.as_technician, self.stage_by_state["closed"]
        xmlid = f"__test__.ticket_{ticket.id}"
        self.env["ir.model.data"].create({
            "module": "__test__", "name": f"ticket_{ticket.id}", "model": "psa.ticket", "res_id": ticket.id})
        paths = {
            "form": lambda: ticket.web_save({"stage_id": closed.id}, {"stage_id": {}}),
            "list": lambda: ticket.web_save_multi([{"stage_id": closed.id}], {"stage_id": {}}),
            "button": ticket.action_close,
            "resolve": ticket.action_resolve,
            "context": lambda: ticket.with_context(
                tracking_disable=True, import_file=True, install_mode=True, psa_ticket_create=True).write({"stage_id": closed.id}),
            "with the desk": lambda: ticket.write({"stage_id": closed.id, "desk_id": self.desk.id}),
            "desk's list": lambda: self.desk.with_user(self.administrator).write(
                {"ticket_ids": [(1, ticket.id, {"stage_id": closed.id})]}),
        }
        for name, path in paths.items():
            with self.subTest(path=name), self.assertRaises(UserError), self.cr.savepoint():
                path()
        self.env["psa.ticket"].with_user(self.technician).load(["id", "stage_id/.id"], [[xmlid, str(closed.id)]])
        self.assertEqual(self.ticket.state, "new")

    def test_the_form_offers_what_is_allowed(self):
        self._allow(("new", "open"), ("open", "resolved"))
        ticket = self.as_technician

        self.assertEqual(ticket.allowed_stage_ids.mapped("state"), ["new", "open"])
        self.assertEqual([ticket.can_resolve, ticket.can_close, ticket.can_reopen, ticket.can_cancel], [False, False, True, False])
        with Form(ticket) as form:
            form.stage_id = self.stage_by_state["open"]
            # What was chosen is not saved yet, so it opens no further way.
            self.assertEqual({stage.state for stage in form.allowed_stage_ids}, {"new", "open"})
        self.assertEqual(ticket.allowed_stage_ids.mapped("state"), ["open", "resolved"])

    def test_a_button_takes_the_allowed_one_of_two_stages_that_mean_the_same(self):
        billed = self.env["psa.ticket.stage"].create({
            "name": "Billed", "state": "closed", "sequence": 90, "company_id": self.company.id})
        self._allow(("new", "open"))
        self.env["psa.ticket.transition"].create({
            "desk_id": self.desk.id, "from_stage_id": self.stage_by_state["new"].id, "to_stage_id": billed.id})

        self.as_technician.action_close()

        self.assertEqual(self.ticket.stage_id, billed)

    def test_a_new_ticket_begins_in_any_stage(self):
        self._allow(("new", "open"))

        ticket = self.env["psa.ticket"].with_user(self.technician).create({
            "name": "Solved by phone", "desk_id": self.desk.id, "stage_id": self.stage_by_state["resolved"].id})

        self.assertEqual(ticket.state, "resolved")

    def test_an_answer_of_the_client_takes_a_ticket_up_again_whatever_the_lines_say(self):
        self._allow(("new", "resolved"))
        self._move("resolved")

        self.ticket.message_post(
            body="It jams again", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")

        self.assertEqual(self.ticket.state, "open")

    def test_a_ticket_moved_to_another_desk_is_held_to_the_lines_there(self):
        self._allow(("open", "resolved"), desk=self.other_desk)

        with self.assertRaises(UserError), self.cr.savepoint():
            self.as_technician.write({"desk_id": self.other_desk.id, "stage_id": self.stage_by_state["resolved"].id})
        self.as_technician.write({"desk_id": self.other_desk.id})
        self.assertEqual((self.ticket.desk_id, self.ticket.state), (self.other_desk, "new"))

    def test_lines_that_make_no_sense_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "may always stay"):
            self._allow(("new", "new"))
        foreign = self.env["psa.ticket.stage"].create({
            "name": "Out", "state": "open", "company_id": self.company.id, "desk_ids": [(4, self.other_desk.id)]})
        with self.assertRaisesRegex(ValidationError, "is not one of"):
            self.env["psa.ticket.transition"].create({"desk_id": self.desk.id, "to_stage_id": foreign.id})

    def test_desk_administrators_write_the_lines_of_their_desk_only(self):
        self.desk.with_user(self.desk_admin).action_fill_transitions()
        self.assertEqual(self.desk.transition_count, 7 * 6)
        self.desk.with_user(self.desk_admin).action_fill_transitions()
        self.assertEqual(self.desk.transition_count, 7 * 6)
        self.desk.with_user(self.desk_admin).action_allow_every_move()
        self.assertFalse(self.desk.transition_ids)

        for desk in (self.other_desk, self.env["psa.desk"]):
            with self.assertRaises(AccessError):
                self.env["psa.ticket.transition"].with_user(self.desk_admin).create({
                    "desk_id": desk.id, "company_id": self.company.id, "to_stage_id": self.stage_by_state["open"].id})
        line = self._allow(("new", "open"))
        for vals in ({"desk_id": self.other_desk.id}, {"desk_id": False}):
            with self.assertRaises(AccessError), self.cr.savepoint():
                line.with_user(self.desk_admin).write(vals)
        with self.assertRaises(AccessError):
            line.with_user(self.technician).unlink()

    def test_a_copied_desk_brings_its_lines(self):
        self._allow(("new", "open"), (False, "cancelled"))

        copied = self.desk.copy()

        self.assertEqual(len(copied.transition_ids), 2)

    def test_asking_what_is_allowed_costs_no_query(self):
        self._allow(("new", "open"), ("open", "resolved"))
        tickets = self.env["psa.ticket"].concat(*[self._new_ticket(name=str(number)) for number in range(20)])
        tickets = tickets.with_user(self.technician)
        tickets.mapped("allowed_stage_ids")
        tickets.mapped("stage_id")
        tickets.invalidate_recordset(["allowed_stage_ids"], flush=False)

        with self.assertQueryCount(0):
            self.assertEqual({len(ticket.allowed_stage_ids) for ticket in tickets}, {2})
            tickets._check_moves(self.stage_by_state["open"].id)
