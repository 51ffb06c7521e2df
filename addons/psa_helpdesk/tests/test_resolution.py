from lxml import etree
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestResolution(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.resolution_required = True

    def test_resolving_asks_for_a_resolution_on_every_way(self):
        ticket = self._new_ticket().with_user(self.technician)
        ways = {
            "button": ticket.action_resolve,
            "closing": ticket.action_close,
            "drag": lambda: ticket.write({"stage_id": self.stage_by_state["resolved"].id}),
            "web_save": lambda: ticket.web_save({"stage_id": self.stage_by_state["closed"].id}, {}),
            "context": lambda: ticket.with_context(tracking_disable=True, resolution_required=False).write(
                {"stage_id": self.stage_by_state["resolved"].id}),
            "bulk": (ticket | self._new_ticket().with_user(self.technician)).action_resolve,
            "import": lambda: self.env["psa.ticket"].with_user(self.technician).create({
                "name": "x", "desk_id": self.desk.id, "stage_id": self.stage_by_state["closed"].id}),
        }
        for way, resolve in ways.items():
            with self.subTest(way), self.assertRaisesRegex(RedirectWarning, "wants to know what solved"), self.env.cr.savepoint():
                resolve()
        self.assertEqual(ticket.state, "new")

        with self.assertRaises(RedirectWarning), self.env.cr.savepoint():
            ticket.with_user(self.administrator).action_resolve()

    def test_a_comment_is_no_resolution(self):
        ticket = self._new_ticket().with_user(self.technician)
        ticket._add_entry("It works")

        with self.assertRaises(RedirectWarning), self.env.cr.savepoint():
            ticket.action_resolve()

        ticket._add_entry("Cable changed", kind="resolution", is_internal=True)
        ticket.action_resolve()
        self.assertEqual(ticket.state, "resolved")

    def test_the_dialogue_writes_it_and_resolves_all(self):
        tickets = (self._new_ticket() | self._new_ticket()).with_user(self.technician)

        action = tickets.action_open_resolve()
        self.assertEqual(action["res_model"], "psa.ticket.resolve")
        wizard = self.env["psa.ticket.resolve"].with_user(self.technician).with_context(**action["context"]).create({
            "body": "<p>New cable</p>", "close_too": True,
        })
        self.assertTrue(wizard.is_required)
        with self.mock_mail_gateway():
            wizard.action_resolve()

        self.assertEqual(set(tickets.mapped("state")), {"closed"})
        self.assertEqual(tickets.entry_ids.mapped("search_text"), ["New cable"] * 2)
        self.assertEqual(len([mail for mail in self._mails if "zoe@harbour-dental.test" in mail["email_to"][0]]), 2)

    def test_the_dialogue_does_not_resolve_without_words(self):
        ticket = self._new_ticket().with_user(self.technician)
        wizard = self.env["psa.ticket.resolve"].with_user(self.technician).with_context(
            active_model="psa.ticket", active_ids=ticket.ids).create({"body": "<p><br></p>"})

        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_resolve()
        self.assertEqual(ticket.state, "new")

    def test_each_button_that_resolves_opens_the_dialogue_where_the_desk_lets(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        for view_type in ("form", "list", "kanban"):
            with self.subTest(view_type):
                arch = etree.fromstring(Ticket.get_view(view_type=view_type)["arch"])
                self.assertFalse(arch.xpath("//button[@name='action_resolve'] | //a[@name='action_resolve']"))
                self.assertTrue(arch.xpath("//*[@name='action_open_resolve']"))
        form = etree.fromstring(Ticket.get_view(view_type="form")["arch"])
        for button in form.xpath("//button[@name='action_open_resolve']"):
            self.assertIn("not can_resolve", button.get("invisible"))

    def test_without_the_wish_of_the_desk_one_click_resolves(self):
        self.desk.resolution_required = False
        ticket = self._new_ticket().with_user(self.technician)

        ticket.action_open_resolve()

        self.assertEqual(ticket.state, "resolved")

    def test_cancelling_needs_none(self):
        ticket = self._new_ticket().with_user(self.technician)

        ticket.action_cancel()

        self.assertEqual(ticket.state, "cancelled")

    def test_resolved_tickets_are_closed_without_asking_again(self):
        ticket = self._new_ticket(stage_id=self.stage_by_state["resolved"].id).with_user(self.technician)

        ticket.action_close()

        self.assertEqual(ticket.state, "closed")
