from odoo import SUPERUSER_ID, api
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestSearchTogether(TransactionCase):
    """Two who write on one ticket at the same time: transactions of their own, taken away again afterwards."""

    def setUp(self):
        super().setUp()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            desk = env["psa.desk"].create({"name": "Written Together", "company_id": env.ref("base.main_company").id})
            tickets = env["psa.ticket"].create([{"name": "Flickering screen", "desk_id": desk.id} for __ in range(2)])
            self.tickets, self.desk, self.alias = tickets.ids, desk.id, desk.alias_id.id
        self.addCleanup(self._remove)

    def _remove(self):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["psa.ticket"].browse(self.tickets).unlink()
            env["psa.desk"].browse(self.desk).unlink()
            env["mail.alias"].browse(self.alias).exists().unlink()

    def _say(self, cr, text, *which, **values):
        env = api.Environment(cr, SUPERUSER_ID, {"mail_notify_force_send": False})
        for number in which or (0,):
            env["psa.ticket"].browse(self.tickets[number])._add_entry(text, **values)
        env.flush_all()

    def _cursors(self):
        """Return two cursors that have begun already; if one had to wait for the other, it would in vain."""
        cursors = [self.enterContext(self.registry.cursor()) for __ in range(2)]
        for cr in cursors:
            cr.execute("SET LOCAL lock_timeout = '10s'")
            cr.execute("SELECT count(*) FROM psa_ticket")
        return cursors

    def _found(self, typed):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            return self.tickets[0] in env["psa.ticket"].search([("search_text_all", "ilike", typed)]).ids

    def _parts(self):
        with self.registry.cursor() as cr:
            cr.execute("SELECT part FROM psa_ticket_search WHERE ticket_id = %s ORDER BY part", (self.tickets[0],))
            return [part for part, in cr.fetchall()]

    def _fold(self):
        with self.registry.cursor() as cr:
            return api.Environment(cr, SUPERUSER_ID, {})["psa.ticket.search"]._fold(1000)

    def test_neither_waits_and_nothing_is_lost(self):
        one, two = self._cursors()

        self._say(one, "The cable is loose")
        self._say(two, "A new adapter is ordered", is_internal=True)
        two.commit()
        one.commit()

        for typed in ("cable", "adapter", "flickering adapter", "flickering cable"):
            self.assertTrue(self._found(typed), typed)
        self.assertEqual(len(self._parts()), 2)

    def test_who_began_before_the_other_one_was_done_need_not_begin_anew(self):
        one, two = self._cursors()

        self._say(one, "The cable is loose")
        one.commit()
        self._say(two, "A new adapter is ordered")
        two.commit()

        self.assertTrue(self._found("cable"))
        self.assertTrue(self._found("adapter flickering"))
        self.assertFalse(self._found("flickering -adapter"))
        self.assertFalse(self._found("flickering -cable"))

    def test_the_next_one_who_writes_puts_it_together(self):
        one, two = self._cursors()
        self._say(one, "The cable is loose", is_internal=True)
        self._say(two, "A new adapter is ordered")
        one.commit()
        two.commit()
        self.assertFalse(self._found("cable adapter"), "each row answers for itself")

        with self.registry.cursor() as cr:
            self._say(cr, "It works")

        self.assertEqual(self._parts(), [0])
        self.assertTrue(self._found("flickering cable adapter works"))
        with self.registry.cursor() as cr:
            cr.execute("SELECT public_vector::text FROM psa_ticket_search WHERE ticket_id = %s", (self.tickets[0],))
            [(public,)] = cr.fetchall()
        self.assertIn("'adapter'", public)
        self.assertIn("'works'", public)
        self.assertNotIn("'cable'", public)

    def test_the_scheduled_action_puts_it_together_but_waits_for_nobody(self):
        one, two = self._cursors()
        self._say(one, "The cable is loose")
        self._say(two, "A new adapter is ordered")
        one.commit()
        two.commit()

        with self.registry.cursor() as writer:
            self._say(writer, "One moment", is_internal=True)
            self.assertEqual(self._fold(), 0)
            writer.rollback()
        self.assertEqual(self._fold(), 1)

        self.assertEqual(self._parts(), [0])
        self.assertTrue(self._found("flickering cable adapter"))
        self.assertEqual(self._fold(), 0)

    def test_a_subject_changed_in_between_is_right_in_the_end(self):
        one, two = self._cursors()
        env = api.Environment(one, SUPERUSER_ID, {})
        env["psa.ticket"].browse(self.tickets[0]).name = "Dark screen"
        env.flush_all()
        self._say(two, "A new adapter is ordered")
        one.commit()
        two.commit()
        self._fold()

        self.assertTrue(self._found("dark adapter"))
        self.assertFalse(self._found("flickering"))

    def test_a_long_conversation_goes_on_on_both_sides(self):
        with self.registry.cursor() as cr:
            self._say(cr, " ".join(f"w{number}x" for number in range(3200)))
        one, two = self._cursors()

        self._say(one, "The cable is loose")
        one.commit()
        self._say(two, "A new adapter is ordered")
        two.commit()

        for typed in ("w7x", "cable", "adapter"):
            self.assertTrue(self._found(typed), typed)
        self._fold()
        self.assertEqual(self._parts(), [0, 1])
        self.assertTrue(self._found("cable adapter flickering"))

    def test_two_tickets_in_opposite_order_are_no_deadlock(self):
        one, two = self._cursors()

        self._say(one, "The cable is loose", 0)
        self._say(two, "A new adapter is ordered", 1)
        self._say(one, "The cable is loose", 1)
        self._say(two, "A new adapter is ordered", 0)
        one.commit()
        two.commit()
        self.assertEqual(self._fold(), 2)

        self.assertTrue(self._found("cable adapter"))
