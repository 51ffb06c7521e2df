import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestAttention(HelpdeskCommon):
    """Who looks at a ticket is told who else does, and nobody else is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _attend(self, user, **values):
        return [(other["name"], other["is_writing"]) for other in self.ticket.with_user(user).psa_attend(**values)]

    def _news(self):
        """Return what went over the bus since the last call, as (channel, message)."""
        self.env.cr.precommit.run()
        rows = self.env["bus.bus"].sudo().search([])
        news = [(json.loads(row.channel), json.loads(row.message)["payload"]) for row in rows if "psa_ticket/presence" in row.message]
        rows.unlink()
        return news

    def test_the_second_one_to_open_a_ticket_sees_the_first_and_the_first_is_told(self):
        self.assertEqual(self._attend(self.technician), [])
        self._news()

        self.assertEqual(self._attend(self.dispatcher), [(self.technician.name, False)])

        (channel, news), = self._news()
        self.assertEqual(channel[1:], ["res.partner", self.technician.partner_id.id])
        self.assertEqual((news["name"], news["is_here"], news["ticket_id"]), (self.dispatcher.name, True, self.ticket.id))

    def test_a_heartbeat_tells_nobody_but_writing_does(self):
        self._attend(self.technician)
        self._attend(self.dispatcher)
        self._news()

        self._attend(self.dispatcher)
        self.assertEqual(self._news(), [])
        self._attend(self.dispatcher, is_writing=True)
        self.assertEqual([news["is_writing"] for __, news in self._news()], [True])
        self.assertEqual(self._attend(self.technician), [(self.dispatcher.name, True)])

    def test_who_has_not_been_heard_of_is_gone(self):
        self._attend(self.technician)
        self.env["psa.ticket.presence"].sudo().search([]).last_seen = fields.Datetime.now() - timedelta(seconds=60)

        self.assertEqual(self._attend(self.dispatcher), [])

    def test_who_closes_the_ticket_is_gone_at_once(self):
        self._attend(self.technician)
        self._attend(self.dispatcher)
        self._news()

        self.ticket.with_user(self.dispatcher).psa_leave()

        self.assertEqual([news["is_here"] for __, news in self._news()], [False])
        self.assertEqual(self._attend(self.technician), [])

    def test_nobody_is_told_across_the_wall(self):
        self.env["psa.ticket.presence"].sudo().create({
            "ticket_id": self.ticket.id, "user_id": self.rival_technician.id, "company_id": self.company.id,
            "last_seen": fields.Datetime.now(),
        })

        self.assertEqual(self._attend(self.technician), [])
        self.assertEqual(self._news(), [])
        with self.assertRaises(AccessError):
            self.ticket.with_user(self.rival_technician).psa_attend()

    def test_people_on_the_portal_neither_count_nor_know(self):
        portal = new_test_user(self.env, "hd_portal", groups="base.group_portal", email="pia@harbour-dental.test")
        portal.partner_id.write({"parent_id": self.dental.id, "company_id": self.company.id})
        self.ticket.partner_id = portal.partner_id
        self._attend(self.technician)

        self.assertEqual(self._attend(portal), [])
        self.assertEqual(self._attend(self.dispatcher), [(self.technician.name, False)])

    def test_a_heartbeat_is_cheap(self):
        self._attend(self.technician)
        self.ticket.with_user(self.dispatcher).psa_attend()
        self.env.invalidate_all()
        self.env.flush_all()
        ticket = self.ticket.with_user(self.dispatcher)
        ticket.psa_attend()

        before = self.env.cr.sql_log_count
        ticket.psa_attend()

        self.assertLessEqual(self.env.cr.sql_log_count - before, 5)
