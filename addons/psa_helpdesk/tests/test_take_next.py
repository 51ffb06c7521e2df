from odoo import SUPERUSER_ID, Command, api
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger
from psycopg2.errors import SerializationFailure

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestTakeNext(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.queue.member_ids = cls.technician | cls.dispatcher
        cls.other_queue = cls.env["psa.queue"].create({"name": "Second", "company_id": cls.company.id})
        cls.urgent, cls.high, cls.low = (
            cls.env.ref(f"psa_helpdesk.option_priority_{name}") for name in ("critical", "high", "low"))

    def _take(self, user=None):
        action = self.env["psa.ticket"].with_user(user or self.technician).action_take_next()
        return self.env["psa.ticket"].browse(action.get("res_id"))

    def test_the_most_urgent_comes_first_then_the_oldest(self):
        without, low, first, second, urgent = (
            self._new_ticket(priority_id=priority and priority.id)
            for priority in (False, self.low, self.high, self.high, self.urgent))

        for ticket in (urgent, first, second, low, without):
            self.assertEqual(self._take(), ticket)
            self.assertEqual(ticket.user_id, self.technician)
        self.assertFalse(self._take())

    def test_only_what_waits_for_work_in_own_queues_is_taken(self):
        self._new_ticket(queue_id=self.other_queue.id)
        self._new_ticket(user_id=self.dispatcher.id)
        for state in ("waiting", "on_hold", "resolved", "closed", "cancelled"):
            self._new_ticket(stage_id=self.stage_by_state[state].id)
        self._new_ticket(active=False)

        self.assertFalse(self._take())
        self.assertFalse(self._take(self.administrator), "a member of no queue")
        ticket = self._new_ticket(stage_id=self.stage_by_state["open"].id)
        self.assertEqual(self._take(self.dispatcher), ticket)

    def test_nothing_is_taken_that_may_not_be_worked_on(self):
        ticket = self._new_ticket()
        rule = self.env["psa.access.rule"].create({
            "level": "read", "resource": "client", "client_id": self.dental.id, "user_id": self.technician.id,
            "company_id": self.company.id})

        self.assertFalse(self._take())
        rule.level = "full"
        self.assertEqual(self._take(), ticket)

    def test_the_card_of_a_queue_takes_from_that_queue(self):
        self.other_queue.member_ids = self.technician
        self._new_ticket(priority_id=self.urgent.id)
        ticket = self._new_ticket(queue_id=self.other_queue.id)

        action = self.other_queue.with_user(self.technician).action_take_next()

        self.assertEqual(action["res_id"], ticket.id)

    def test_somebody_without_work_is_told_so(self):
        action = self.env["psa.ticket"].with_user(self.technician).action_take_next()
        self.assertIn("Nothing is waiting", action["params"]["message"])
        action = self.env["psa.ticket"].with_user(self.administrator).action_take_next()
        self.assertIn("member of no queue", action["params"]["message"])

    def test_the_board_shows_people_and_queues_without_tickets(self):
        ticket = self._new_ticket(user_id=self.technician.id)
        Ticket = self.env["psa.ticket"].with_user(self.dispatcher)
        domain = [("id", "=", ticket.id)]

        def columns(fname, **context):
            found = Ticket.with_context(read_group_expand=True, **context).web_read_group(domain, [fname], ["__count"])
            return [group[fname] for group in found["groups"]]

        users, queues = columns("user_id", psa_dispatch=True), columns("queue_id", psa_dispatch=True)

        self.assertLessEqual({self.technician.id, self.dispatcher.id}, {user[0] for user in users if user})
        self.assertNotIn(self.rival_technician.id, [user[0] for user in users if user])
        self.assertLessEqual({self.queue.id, self.other_queue.id}, {queue[0] for queue in queues if queue})
        self.assertNotIn(self.rival_queue.id, [queue[0] for queue in queues if queue])
        self.assertEqual(len(columns("user_id")), 1)

    def test_the_board_of_a_company_without_members_is_not_blank(self):
        for model in ("psa.desk", "psa.queue"):
            self.env[model].search([("member_ids", "!=", False)]).member_ids = False
        Ticket = self.env["psa.ticket"].with_user(self.dispatcher).with_context(psa_dispatch=True, read_group_expand=True)

        found = Ticket.web_read_group([("id", "=", 0)], ["user_id"], ["__count"])

        self.assertEqual([group["user_id"][0] for group in found["groups"] if group["user_id"]], self.dispatcher.ids)

    def test_the_board_opens_with_what_nobody_has(self):
        waiting = self._new_ticket()
        Ticket = self.env["psa.ticket"].with_user(self.dispatcher).with_context(psa_dispatch=True)

        found = Ticket.web_read_group(
            [("id", "=", waiting.id)], ["user_id"], ["__count"], auto_unfold=True, unfold_read_specification={"name": {}},
            unfold_read_default_limit=40)

        column = next(group for group in found["groups"] if not group["user_id"])
        self.assertEqual([row["id"] for row in column["__records"]], waiting.ids)

    def test_taking_costs_as_much_from_a_long_queue_as_from_a_short_one(self):
        def queries():
            self.env.flush_all()
            self.flush_tracking()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(self._take())
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self.env["psa.ticket"].create([{"name": "x", "desk_id": self.desk.id} for _number in range(5)])
        queries()
        short = queries()
        self.env["psa.ticket"].create([{"name": "x", "desk_id": self.desk.id} for _number in range(100)])
        self.assertLessEqual(queries(), short)


@tagged("post_install", "-at_install")
class TestTakeNextAtTheSameTime(TransactionCase):
    """Two transactions of their own, so what they see is really stored; it is taken away again afterwards."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '5s'")
            env = api.Environment(cr, SUPERUSER_ID, {})
            company = env.ref("base.main_company")
            queue = env["psa.queue"].create({
                "name": "Taken Twice", "company_id": company.id,
                "member_ids": [Command.set([SUPERUSER_ID, env.ref("base.user_admin").id])]})
            desk = env["psa.desk"].create({
                "name": "Taken Twice", "company_id": company.id, "default_queue_id": queue.id,
                "queue_ids": [Command.link(queue.id)]})
            tickets = env["psa.ticket"].create([{"name": f"Stored {number}", "desk_id": desk.id} for number in range(3)])
            self.stored = (tickets.ids, desk.id, queue.id, desk.alias_id.id)
        self.addCleanup(self._remove)

    def _remove(self):
        ticket_ids, desk_id, queue_id, alias_id = self.stored
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["psa.ticket"].browse(ticket_ids).unlink()
            env["psa.desk"].browse(desk_id).unlink()
            env["mail.alias"].browse(alias_id).exists().unlink()
            env["psa.queue"].browse(queue_id).unlink()

    def _take(self, cr, uid):
        env = api.Environment(cr, uid, {"mail_notify_force_send": False})
        ticket = env["psa.ticket"]._take_next(env["psa.queue"].browse(self.stored[2]))
        env.flush_all()
        return ticket.id

    def test_two_technicians_never_get_the_same_ticket(self):
        first, second, third = self.stored[0]
        with self.registry.cursor() as one, self.registry.cursor() as two:
            two.execute("SET LOCAL lock_timeout = '10s'")

            self.assertEqual(self._take(one, SUPERUSER_ID), first)
            self.assertEqual(self._take(two, 2), second, "passed over without waiting")
            one.commit()
            two.commit()
            self.assertEqual(self._take(one, SUPERUSER_ID), third)

    def test_who_looked_before_the_other_one_was_done_begins_anew(self):
        first, second, __ = self.stored[0]
        with self.registry.cursor() as one, self.registry.cursor() as two:
            two.execute("SET LOCAL lock_timeout = '5s'")
            two.execute("SELECT count(*) FROM psa_ticket")
            self.assertEqual(self._take(one, SUPERUSER_ID), first)
            one.commit()

            with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                self._take(two, 2)
            two.rollback()
            self.assertEqual(self._take(two, 2), second)
            two.rollback()
