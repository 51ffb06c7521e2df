from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestDeskAccessPaths(HelpdeskCommon):
    """A desk is refused to a technician, or shown to read only: that holds on every way to its tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.board = cls.env["psa.desk"].create({
            "name": "Board Room", "company_id": cls.company.id, "queue_ids": [(4, cls.queue.id)], "default_queue_id": cls.queue.id})
        cls.queue.member_ids = cls.technician
        cls.technician.group_ids += cls.env.ref("base.group_allow_export")
        cls.secret = cls.env["psa.ticket"].create({"name": "Merger", "desk_id": cls.board.id, "partner_id": cls.zoe.id})
        cls.plain = cls.env["psa.ticket"].create({"name": "Printer", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})
        cls.move = cls.env["psa.ticket.transition"].create({
            "desk_id": cls.board.id, "from_stage_id": cls.stage_by_state["new"].id, "to_stage_id": cls.stage_by_state["open"].id})
        cls.escalation = cls.env["psa.escalation.contact"].create({"desk_id": cls.board.id, "user_id": cls.administrator.id})

    def _rule(self, level, **values):
        values = values or {"user_id": self.technician.id}
        return self.env["psa.access.rule"].create({
            "level": level, "resource": "desk", "desk_id": self.board.id, "company_id": self.company.id, **values})

    def _ways(self, user):
        """Return {way: ids of the tickets it leads to}."""
        Ticket = self.env["psa.ticket"].with_user(user)
        tickets = self.secret | self.plain
        scope = [("id", "in", tickets.ids)]

        def grouped(groups):
            return [ticket for group in groups for ticket in group["__records"]]

        exported = []
        for ticket in tickets:
            self.env.invalidate_all()
            try:
                exported += ticket.with_user(user).export_data([".id", "name"])["datas"]
            except AccessError:
                continue
        return {
            "search": Ticket.search(scope).ids,
            "list": [row["id"] for row in Ticket.web_search_read(scope, {"name": {}})["records"]],
            "kanban": [row["id"] for row in grouped(
                Ticket.web_read_group(scope, ["stage_id"], unfold_read_specification={"name": {}}, auto_unfold=True)["groups"])],
            "count": [ticket.id for ticket in tickets if Ticket.search_count([("id", "=", ticket.id)])],
            "name": [row[0] for row in Ticket.name_search("", scope)],
            "read_group": [
                ticket.id for ticket in tickets
                if Ticket.formatted_read_group([("id", "=", ticket.id)], ["desk_id"], ["__count"])],
            "old read_group": Ticket._read_group(scope, [], ["id:array_agg"])[0][0] or [],
            "export": [int(row[0]) for row in exported],
            "read": [ticket.id for ticket in tickets if ticket.with_user(user).has_access("read")],
            "by client": Ticket.search([("client_id", "=", self.dental.id), *scope]).ids,
            "by queue": self.env["psa.queue"].with_user(user).browse(self.queue.id) and Ticket.search(
                [("queue_id", "=", self.queue.id), *scope]).ids,
        }

    def test_every_way_leads_to_the_same_tickets(self):
        for level, seen in ((None, self.secret | self.plain), ("read", self.secret | self.plain), ("refuse", self.plain)):
            rule = self._rule(level) if level else None
            for way, found in self._ways(self.technician).items():
                with self.subTest(level=level, way=way):
                    self.assertEqual(set(found), set(seen.ids))
            if rule:
                rule.unlink()

    def test_groups_are_ruled_like_users(self):
        self._rule("refuse", subject="group", group_id=self.env.ref("psa_crm.group_technician").id)

        self.assertFalse(self.board.with_user(self.technician).has_access("read"))
        self._rule("full")
        self.assertTrue(self.board.with_user(self.technician).has_access("read"), "what is said of a person goes first")

    def test_counters_tell_nothing_of_a_refused_desk(self):
        queue = self.queue.with_user(self.technician)
        self.assertEqual((queue.open_ticket_count, queue.unassigned_ticket_count), (2, 2))
        self._rule("refuse")
        self.env.invalidate_all()

        self.assertEqual((queue.open_ticket_count, queue.unassigned_ticket_count), (1, 1))
        dashboard = self.env["psa.desk"].with_user(self.technician).search([])
        self.assertNotIn(self.board, dashboard)
        self.assertIn(self.desk, dashboard)
        self.assertEqual(self.plain.with_user(self.technician).client_open_ticket_count, 1)

    def test_the_configuration_of_a_refused_desk_is_hidden_too(self):
        for record in (self.move, self.escalation):
            self.assertTrue(record.with_user(self.technician).has_access("read"))
        self._rule("refuse")

        for record in (self.move, self.escalation):
            self.assertFalse(record.with_user(self.technician).has_access("read"), record._name)
            self.assertFalse(record.with_user(self.technician).search([("id", "=", record.id)]))
            self.assertFalse(record.with_user(self.rival_technician).has_access("read"))

    def test_nothing_is_taken_from_a_desk_one_may_only_read(self):
        self._rule("read")
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        self.assertEqual(Ticket.action_take_next()["res_id"], self.plain.id)
        self.assertNotIn("res_id", Ticket.action_take_next())
        for vals in ({"user_id": self.technician.id}, {"stage_id": self.stage_by_state["open"].id}, {"queue_id": False}):
            with self.assertRaises(AccessError), self.cr.savepoint():
                self.secret.with_user(self.technician).write(vals)
        with self.assertRaises(AccessError):
            self.secret.with_user(self.technician).web_save({"name": "x"}, {"name": {}})

    def test_the_desk_form_leads_to_its_rules(self):
        self.board.admin_ids = self.technician
        rule = self._rule("refuse", user_id=self.dispatcher.id)

        action = self.board.with_user(self.technician).action_view_access_rules()

        self.assertEqual(self.env["psa.access.rule"].with_user(self.technician).search(action["domain"]), rule)
        made = self.env["psa.access.rule"].with_user(self.technician).with_context(**action["context"]).create({
            "level": "read", "user_id": self.billing.id})
        self.assertEqual(made.desk_id, self.board)
        moves = self.board.with_user(self.technician).action_view_transitions()
        self.assertEqual(self.env["psa.ticket.transition"].with_user(self.technician).search(moves["domain"]), self.move)
