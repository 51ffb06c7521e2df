from datetime import datetime, timedelta

from lxml import etree
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .common import HelpdeskCommon

NOW = datetime(2026, 3, 2, 10, 0)


@tagged("post_install", "-at_install")
class TestAccessByRules(HelpdeskCommon):
    """Tickets follow the access to their client and to their desk; Brightwater lends Harbour Dental to its rival."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second_desk = cls.env["psa.desk"].create({"name": "Projects", "code": "PRJ", "company_id": cls.company.id})
        cls.bakery = cls._new_client("Corner Bakery", cls.company, "bakery.test")
        cls.bo = cls._new_contact("Bo Baker", "bo@bakery.test", cls.bakery)
        Ticket = cls.env["psa.ticket"]
        cls.of_dental = Ticket.create({"name": "Of dental", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})
        cls.of_bakery = Ticket.create({"name": "Of bakery", "desk_id": cls.second_desk.id, "partner_id": cls.bo.id})
        cls.of_nobody = Ticket.create({"name": "Of nobody", "desk_id": cls.desk.id})
        cls.of_hilltop = Ticket.create({"name": "Of hilltop", "desk_id": cls.rival_desk.id, "partner_id": cls.hal.id})
        cls.tickets = cls.of_dental | cls.of_bakery | cls.of_nobody | cls.of_hilltop
        cls.laptop = cls.env["psa.asset"].create({
            "name": "LT-1", "client_id": cls.dental.id, "company_id": cls.company.id})

    def _rule(self, level="refuse", **values):
        values.setdefault("user_id", self.technician.id)
        return self.env["psa.access.rule"].create({"level": level, "company_id": self.company.id, **values})

    def _share(self, user=None, **values):
        share = self.env["psa.client.share"].with_user(self.administrator).create({
            "client_id": self.dental.id, "receiver_code": (user or self.rival_technician).psa_share_code, **values})
        share.with_user(user or self.rival_technician).action_accept()
        return share

    def _sees(self, user, records=None):
        records = (self.tickets if records is None else records).with_user(user)
        found = records.search([("id", "in", records.ids)])
        self.assertEqual(found, records._filtered_access("read"))
        return found.with_user(self.env.user)

    def test_tickets_follow_their_client(self):
        self._rule(resource="client", client_id=self.dental.id)

        self.assertEqual(self._sees(self.technician), self.of_bakery | self.of_nobody)
        self.assertFalse(self._sees(self.technician, self.laptop))
        self.assertEqual(self._sees(self.dispatcher), self.tickets - self.of_hilltop)

    def test_tickets_follow_their_desk(self):
        self._rule(resource="desk", desk_id=self.desk.id)

        self.assertEqual(self._sees(self.technician), self.of_bakery)
        self.assertEqual(self._sees(self.technician, self.desk | self.second_desk), self.second_desk)

    def test_the_stricter_of_client_and_desk_counts(self):
        self._rule("read", resource="client", client_id=self.dental.id)
        self._rule("read", resource="desk", desk_id=self.second_desk.id)

        for ticket in (self.of_dental, self.of_bakery):
            self.assertEqual(self._sees(self.technician, ticket), ticket)
            with self.assertRaises(AccessError):
                ticket.with_user(self.technician).write({"name": "Changed"})
        self.of_nobody.with_user(self.technician).write({"name": "Changed"})

    def test_a_company_can_open_desks_one_by_one(self):
        self.company.psa_desk_access_default = "need_to_know"
        self.assertFalse(self._sees(self.technician))
        self._rule("full", resource="desk", desk_id=self.desk.id)

        self.assertEqual(self._sees(self.technician), self.of_dental | self.of_nobody)
        self.assertEqual(self._sees(self.administrator), self.tickets - self.of_hilltop)
        self.assertFalse(self.env["psa.access"]._psa_check(self.company))

    def test_nobody_makes_a_ticket_where_he_may_not(self):
        self._rule("read", resource="desk", desk_id=self.desk.id)
        self._rule("refuse", resource="client", client_id=self.bakery.id)
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        with self.assertRaises(AccessError):
            Ticket.create({"name": "x", "desk_id": self.desk.id})
        with self.assertRaises(AccessError):
            Ticket.create({"name": "x", "desk_id": self.second_desk.id, "client_id": self.bakery.id})

    def test_counts_and_groups_are_those_of_what_is_seen(self):
        self._rule(resource="client", client_id=self.dental.id)
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        scope = [("id", "in", self.tickets.ids)]

        self.assertEqual(Ticket.search_count(scope), 2)
        self.assertEqual(sum(count for __, count in Ticket._read_group(scope, ["state"], ["__count"])), 2)

    def test_lent_clients_come_with_their_tickets_and_what_else_was_chosen(self):
        self._share(share_assets=False)

        self.assertEqual(self._sees(self.rival_technician), self.of_dental | self.of_hilltop)
        self.assertFalse(self._sees(self.rival_technician, self.laptop))
        self.assertFalse(self._sees(self.rival_technician, self.desk))

    def test_lent_tickets_go_with_the_share(self):
        with freeze_time(NOW):
            self._share(date_to=NOW + timedelta(hours=1))
            self.assertEqual(self._sees(self.rival_technician), self.of_dental | self.of_hilltop)
        with freeze_time(NOW + timedelta(hours=1)):
            self.env.invalidate_all()
            self.assertEqual(self._sees(self.rival_technician), self.of_hilltop)

    def test_who_was_lent_a_client_works_its_tickets_through_the_web_client(self):
        self._share()
        ticket = self.of_dental.with_user(self.rival_technician).with_context(allowed_company_ids=self.rival.ids)
        view = ticket.get_views([(False, "form"), (False, "list"), (False, "kanban"), (False, "search")])
        specification = self._specification(ticket, view["views"]["form"]["arch"])

        found = ticket.web_search_read([("client_id", "=", self.dental.id)], specification, limit=80, count_limit=10001)
        self.assertEqual([row["id"] for row in found["records"]], ticket.ids)
        shown = ticket.web_read(specification)[0]
        self.assertEqual(shown["desk_id"]["display_name"], self.desk.name)
        self.assertEqual(shown["queue_id"]["display_name"], self.queue.name)

        ticket.web_save({"stage_id": self.stage_by_state["open"].id}, specification)
        ticket.action_assign_to_me()
        message = ticket.message_post(body="On it", message_type="comment", subtype_xmlid="mail.mt_comment")
        ticket.web_save({"name": "Better words"}, specification)
        ticket.action_resolve()
        self.env.flush_all()

        self.assertEqual(self.of_dental.user_id, self.rival_technician)
        self.assertEqual(self.of_dental.state, "resolved")
        self.assertIn(message, self.of_dental.message_ids)
        self.assertEqual(self.of_dental.company_id, self.company)

    def test_who_lends_a_client_opens_its_tickets_as_before(self):
        self._share()
        ticket = self.of_dental.with_user(self.technician).with_context(allowed_company_ids=self.company.ids)
        view = ticket.get_views([(False, "form")])
        self.env.invalidate_all()

        shown = ticket.web_read(self._specification(ticket, view["views"]["form"]["arch"]))[0]

        self.assertNotIn(self.rival_technician.id, [user["id"] for user in shown["assignable_user_ids"]])

    def test_who_was_lent_a_client_opens_a_ticket_for_it(self):
        self._share()
        Ticket = self.env["psa.ticket"].with_user(self.rival_technician).with_context(allowed_company_ids=self.rival.ids)

        ticket = Ticket.create({"name": "Rang while you were away", "partner_id": self.zoe.id})
        with Form(Ticket.with_context(default_partner_id=self.omar.id)) as form:
            form.name = "And again"
        again = form.save()

        for opened in (ticket, again):
            self.assertEqual(opened.sudo().company_id, self.company)
            self.assertEqual(opened.sudo().desk_id.company_id, self.company)
            self.assertEqual(opened.client_id, self.dental)
        self.assertEqual(ticket.web_read({"desk_id": {"fields": {"display_name": {}}}})[0]["desk_id"]["display_name"],
                         ticket.sudo().desk_id.name)

    def test_who_was_lent_a_client_opens_no_ticket_for_anybody_else(self):
        self._share()
        Ticket = self.env["psa.ticket"].with_user(self.rival_technician)

        for values in ({"desk_id": self.desk.id}, {"partner_id": self.bakery.id}, {"desk_id": self.desk.id, "partner_id": self.hal.id}):
            with self.subTest(values), self.assertRaises(UserError):
                Ticket.create({"name": "Into their desk", **values})
                self.env.flush_all()

    def test_who_was_lent_a_client_cannot_take_its_tickets_away(self):
        self._share(level="full")
        ticket = self.of_dental.with_user(self.rival_technician)

        for values in ({"desk_id": self.rival_desk.id}, {"partner_id": self.hal.id, "client_id": self.hilltop.id}):
            with self.subTest(values), self.assertRaises(UserError):
                ticket.write(values)
                self.env.flush_all()

    def test_read_only_shares_change_nothing(self):
        self._share(level="read")
        ticket = self.of_dental.with_user(self.rival_technician)

        ticket.read(["name"])
        with self.assertRaises(AccessError):
            ticket.write({"name": "Changed"})
        with self.assertRaises(AccessError):
            ticket.action_assign_to_me()

    def test_access_is_explained_with_the_rule_the_share_and_the_default(self):
        rule = self._rule(resource="client", client_id=self.dental.id)
        self._share()
        ticket = self.of_dental.with_user(self.administrator)

        refused = ticket.explain_access(self.technician.id)
        self.assertEqual((refused["level"], refused["can_read"]), ("refuse", False))
        self.assertIn(rule.name, " ".join(refused["reasons"]))
        lent = ticket.explain_access(self.rival_technician.id)
        self.assertEqual((lent["level"], lent["can_write"]), ("work", True))
        self.assertIn("shared the client", " ".join(lent["reasons"]))
        self.assertIn("open to its staff", " ".join(ticket.explain_access(self.dispatcher.id)["reasons"]))
        self.assertIn("administrator", " ".join(ticket.explain_access()["reasons"]))

    def test_a_desk_that_refuses_is_named(self):
        rule = self._rule(resource="desk", desk_id=self.desk.id)

        explained = self.of_nobody.with_user(self.administrator).explain_access(self.technician.id)

        self.assertEqual(explained["level"], "refuse")
        self.assertIn(rule.name, " ".join(explained["reasons"]))

    def test_explanations_agree_with_what_people_see(self):
        self._rule("read", resource="client", client_id=self.dental.id)
        self._rule("refuse", resource="desk", desk_id=self.second_desk.id, user_id=self.dispatcher.id)
        self._share(share_tickets=False)
        people = self.technician | self.dispatcher | self.billing | self.administrator | self.rival_technician
        for ticket in self.tickets - self.of_hilltop:
            for user in people:
                explained = ticket.with_user(self.administrator).explain_access(user.id)
                mine = ticket.with_user(user)
                self.assertEqual(explained["can_read"], mine.psa_can_read, (ticket.name, user.login))
                self.assertEqual(explained["can_write"], mine.psa_can_write, (ticket.name, user.login))

    def test_only_administrators_ask_about_others(self):
        with self.assertRaises(AccessError):
            self.of_dental.with_user(self.technician).explain_access(self.dispatcher.id)
        with self.assertRaises(AccessError):
            self.of_dental.with_user(self.rival_technician).explain_access(self.technician.id)
        self.assertTrue(self.of_dental.with_user(self.technician).explain_access()["can_read"])
        told = self.of_dental.with_user(self.rival_technician).explain_access()
        self.assertEqual(told["level"], "refuse")
        self.assertNotIn("Harbour", " ".join(told["reasons"]))

    def test_the_dialog_shows_who_can_see_a_ticket(self):
        self._rule(resource="client", client_id=self.dental.id)
        action = self.of_dental.with_user(self.administrator).action_psa_explain_access()
        dialog = self.env["psa.access.explain"].with_user(self.administrator).browse(action["res_id"])

        self.assertIn(self.dispatcher.name, dialog.people)
        self.assertNotIn(self.technician.name, dialog.people)
        dialog.user_id = self.technician
        self.assertEqual(dialog.level, "refuse")

    def _specification(self, records, arch):
        """Return what the web client asks for to show the fields of a view."""
        names = {node.get("name") for node in etree.fromstring(arch).iter("field") if not any(
            parent.tag == "field" for parent in node.iterancestors())}
        specification = {}
        for name in names:
            field = records._fields[name]
            specification[name] = {"fields": {"display_name": {}}} if field.relational else {}
        return specification
