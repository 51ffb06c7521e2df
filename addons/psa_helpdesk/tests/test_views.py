import ast

from lxml import etree
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import HelpdeskCommon

CONFIGURATION_ACTIONS = (
    "desk", "queue", "ticket_stage", "ticket_option", "ticket_tag", "notification_address", "notification_default", "notification",
    "notification_optout",
)


@tagged("post_install", "-at_install")
class TestViews(HelpdeskCommon):

    def test_a_technician_enters_a_phone_call(self):
        with Form(self.env["psa.ticket"].with_user(self.technician)) as form:
            form.name = "No dial tone"
            form.desk_id = self.desk
            form.partner_id = self.zoe
            form.source = "phone"
            form.category_id = self.env.ref("psa_helpdesk.option_category_hardware")
            form.subcategory_id = self.env.ref("psa_helpdesk.option_subcategory_printer")
            self.assertEqual(form.client_id, self.dental)
            self.assertEqual(form.queue_id, self.queue)

        self.assertTrue(form.record.number)
        self.assertEqual(form.record.source, "phone")

    def test_every_role_opens_a_ticket(self):
        ticket = self._new_ticket()

        for user in (self.technician, self.dispatcher, self.billing, self.administrator):
            with self.subTest(user=user.login):
                self.assertTrue(Form(ticket.with_user(user)).id)

    def test_an_administrator_creates_a_desk(self):
        with Form(self.env["psa.desk"].with_user(self.administrator)) as form:
            form.name = "Projects"
            form.alias_name = "projects"
            form.default_queue_id = self.queue

        desk = form.record
        self.assertEqual(ast.literal_eval(desk.alias_defaults), {"desk_id": desk.id})
        self.assertEqual(desk.sudo().alias_model_id.model, "psa.ticket")
        self.assertTrue(desk.acknowledgement_template_id)

    def test_each_filter_and_grouping_of_the_search_runs(self):
        self._new_ticket()
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        view = Ticket.get_view(self.env.ref("psa_helpdesk.view_psa_ticket_search").id, "search")
        filters = etree.fromstring(view["arch"]).findall(".//filter")
        self.assertGreater(len(filters), 30)

        for node in filters:
            if node.get("domain"):
                Ticket.search(safe_eval(node.get("domain"), {"uid": self.technician.id}), limit=1)
            group_by = safe_eval(node.get("context") or "{}", {}).get("group_by")
            if group_by and group_by != "properties":  # that one lets the client choose an own field
                self.assertTrue(Ticket.formatted_read_group([], [group_by], ["__count"]), group_by)

    def test_every_action_of_the_menu_opens_for_those_who_see_it(self):
        root = self.env.ref("psa_helpdesk.menu_psa_helpdesk")
        menus = self.env["ir.ui.menu"].search([("id", "child_of", root.id), ("action", "!=", False)])
        self.assertGreaterEqual(len(menus), 6)

        for menu in menus:
            action = menu.action
            self.assertTrue(action.path, menu.name)
            if action._name == "ir.actions.client":
                continue
            if action._name == "ir.actions.server":
                action = self.env["ir.actions.act_window"].browse(action.with_user(self.technician).run()["id"])
            self.assertIn("o_view_nocontent", action.help, menu.name)
            for mode in action.view_mode.split(","):
                self.env[action.res_model].with_user(self.technician).get_view(False, mode)

    def test_configuration_opens_for_administrators(self):
        for name in CONFIGURATION_ACTIONS:
            action = self.env.ref(f"psa_helpdesk.action_psa_{name}")
            for mode in action.view_mode.split(","):
                self.assertTrue(self.env[action.res_model].with_user(self.administrator).get_view(False, mode)["arch"], name)
