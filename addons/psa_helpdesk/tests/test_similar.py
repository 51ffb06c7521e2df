from odoo.tests import new_test_user, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestSimilar(HelpdeskCommon):
    """Before the same thing is entered twice, one is shown what is open."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jam, cls.paper, cls.closed, cls.foreign = cls.env["psa.ticket"].create([
            {"name": "Printer in the front office jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id},
            {"name": "No e-mail since noon", "desk_id": cls.desk.id, "partner_id": cls.omar.id},
            {"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "stage_id": cls.stage_by_state["closed"].id},
            {"name": "Printer jams", "desk_id": cls.rival_desk.id, "partner_id": cls.hal.id},
        ])

    def _similar(self, name, user=None, **values):
        return [item["id"] for item in self.env["psa.ticket"].with_user(user or self.technician).psa_similar_open(name, **values)]

    def test_the_clients_open_tickets_that_sound_alike_are_shown(self):
        self.assertEqual(self._similar("front printer is jamming", client_id=self.dental.id), self.jam.ids)
        self.assertEqual(self._similar("Printr jam", partner_id=self.omar.id), self.jam.ids)
        self.assertEqual(self._similar("Mouse is broken", client_id=self.dental.id), [])

    def test_too_little_to_go_by_shows_nothing(self):
        dental = {"client_id": self.dental.id}
        for values in ({**dental, "name": "Pri"}, {"name": "Printer jams"}, {**dental, "name": False}):
            with self.subTest(values=values):
                self.assertEqual(self._similar(**values), [])

    def test_nothing_is_shown_that_one_may_not_read(self):
        self.assertEqual(self._similar("Printer jams", client_id=self.hilltop.id), [])
        self.assertEqual(self._similar("Printer jams", partner_id=self.hal.id), [])
        self.env["psa.access.rule"].create({
            "level": "refuse", "resource": "desk", "desk_id": self.desk.id, "subject": "user",
            "user_id": self.dispatcher.id, "company_id": self.company.id,
        })
        self.assertEqual(self._similar("Printer jams", self.dispatcher, client_id=self.dental.id), [])

    def test_people_on_the_portal_see_their_own(self):
        portal = new_test_user(self.env, "hd_portal", groups="base.group_portal", email="pia@harbour-dental.test")
        portal.partner_id.write({"parent_id": self.dental.id, "company_id": self.company.id})
        self.assertEqual(self._similar("Printer jams", portal, client_id=self.dental.id), [])
        own = self._new_ticket(partner_id=portal.partner_id.id)
        self.assertEqual(self._similar("Printer jams", portal, client_id=self.dental.id), own.ids)

    def test_the_ticket_itself_is_not_like_itself(self):
        self.assertEqual(self._similar(self.jam.name, client_id=self.dental.id, ticket_id=self.jam.id), [])

    def test_only_the_newest_of_thousands_are_compared(self):
        self._make_many("open")
        self._similar("Request about thing 19999", client_id=self.dental.id)

        before = self._rows_read()
        found = self._similar("Request about thing 19999", client_id=self.dental.id)

        self.assertEqual(len(found), 5)
        self.assertLessEqual(self._rows_read() - before, 2500, "no more are read than are compared, however many are open")

    def test_what_is_done_with_is_not_read_however_much_of_it_there_is(self):
        self._make_many("closed")
        self._similar("Printer jams", client_id=self.dental.id)

        before = self._rows_read()
        found = self._similar("Printer jams", client_id=self.dental.id)

        self.assertEqual(found, self.jam.ids)
        self.assertLessEqual(self._rows_read() - before, 50)

    def _make_many(self, state):
        self.env.cr.execute(
            """
            INSERT INTO psa_ticket (name, number, desk_id, company_id, client_id, partner_id, stage_id, state, source, active)
            SELECT 'Request about thing ' || n, 'SIM' || n, %s, %s, %s, %s, %s, %s, 'manual', TRUE FROM generate_series(1, 20000) AS n
            """,
            (self.desk.id, self.company.id, self.dental.id, self.zoe.id, self.stage_by_state[state].id, state),
        )
        self.env.cr.execute("ANALYZE psa_ticket")

    def _rows_read(self):
        """Return how many rows of tickets this transaction has read so far, by the count of the database."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'psa_ticket'"
        )
        return self.env.cr.fetchone()[0]
