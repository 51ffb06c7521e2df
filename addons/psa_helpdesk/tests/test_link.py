from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestLink(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        values = {"desk_id": cls.desk.id, "partner_id": cls.zoe.id}
        cls.printer, cls.network, cls.server = cls.env["psa.ticket"].create([
            {"name": "Printer jams", **values}, {"name": "Network is down", **values}, {"name": "Server is slow", **values},
        ])
        cls.quarry = cls._new_client("Quarry", cls.company, "quarry.test")
        cls.secret = cls.env["psa.ticket"].create({
            "name": "Quarry is being sold", "desk_id": cls.desk.id, "partner_id": cls._new_contact("Sue", "sue@quarry.test", cls.quarry).id,
        })

    def _link(self, source, kind, other, user=None):
        Link = self.env["psa.ticket.link"].with_user(user or self.technician)
        return Link.create({"ticket_id": source.id, "kind": kind, "other_id": other.id})

    def _hide_quarry(self):
        self.env["psa.access.rule"].create({
            "resource": "client", "client_id": self.quarry.id, "subject": "user",
            "user_id": self.technician.id, "level": "refuse", "company_id": self.company.id,
        })

    def test_a_link_is_seen_from_both_sides(self):
        self._link(self.printer, "blocked_by", self.network)

        self.assertRecordValues(self.printer.link_ids, [{"kind": "blocked_by", "other_id": self.network.id}])
        self.assertRecordValues(self.network.link_ids, [{"kind": "blocks", "other_id": self.printer.id}])

    def test_a_link_is_added_on_the_form_and_removed_from_the_other_side(self):
        with Form(self.printer.with_user(self.technician)) as form, form.link_ids.new() as line:
            line.kind = "duplicates"
            line.other_id = self.network
        self.assertEqual(self.network.link_ids.kind, "duplicated_by")

        self.network.link_ids.with_user(self.technician).unlink()

        self.assertFalse(self.printer.link_ids)

    def test_a_ticket_is_found_for_a_link_by_its_number(self):
        found = self.env["psa.ticket"].with_user(self.technician).name_search(self.network.number)

        self.assertEqual(found[0][0], self.network.id)

    def test_two_tickets_are_linked_once_in_the_same_way(self):
        self._link(self.printer, "relates", self.network)
        self._link(self.printer, "blocks", self.network)

        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self._link(self.network, "relates", self.printer)

    def test_a_ticket_is_not_linked_to_itself(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self._link(self.printer, "relates", self.printer)

    def test_tickets_do_not_block_each_other_in_a_circle(self):
        self._link(self.printer, "blocks", self.network)
        self._link(self.server, "blocked_by", self.network)

        with self.assertRaisesRegex(ValidationError, "directly or through others"):
            self._link(self.server, "blocks", self.printer)
        with self.assertRaises(ValidationError):
            self._link(self.printer, "blocked_by", self.server)
        self._link(self.printer, "blocks", self.server)

    def test_a_link_is_not_changed(self):
        link = self._link(self.printer, "relates", self.network)

        with self.assertRaises(UserError):
            link.write({"kind": "blocks"})

    def test_open_blockers_are_counted_until_they_are_done(self):
        self._link(self.printer, "blocked_by", self.network)
        self._link(self.printer, "blocked_by", self.server)
        printer = self.printer.with_user(self.technician)
        self.assertEqual((printer.open_blocker_count, printer.link_count), (2, 2))
        blocked = [("link_ids", "any", [("kind", "=", "blocked_by"), ("other_id.state", "in", ["new", "open"])])]
        self.assertIn(printer, printer.search(blocked))

        (self.network | self.server).action_resolve()

        printer.invalidate_recordset()
        self.assertEqual((printer.open_blocker_count, printer.link_count), (0, 2))
        self.assertNotIn(printer, printer.search(blocked))

    def test_a_blocked_ticket_can_be_resolved_all_the_same(self):
        self._link(self.printer, "blocked_by", self.network)

        self.printer.with_user(self.technician).action_resolve()

        self.assertEqual(self.printer.state, "resolved")

    def test_a_link_to_a_ticket_that_may_not_be_read_shows_nothing(self):
        link = self._link(self.printer, "blocked_by", self.secret, user=self.administrator)
        self._hide_quarry()
        printer = self.printer.with_user(self.technician)
        printer.invalidate_recordset()

        self.assertFalse(printer.link_ids)
        self.assertEqual((printer.link_count, printer.open_blocker_count), (0, 0))
        self.assertFalse(self.env["psa.ticket.link"].with_user(self.technician).search([("other_id", "=", self.secret.id)]))
        with self.assertRaises(AccessError):
            link.with_user(self.technician).read(["other_id"])
        self.assertTrue(self.printer.with_user(self.administrator).link_ids)

    def test_nobody_links_a_ticket_he_may_not_read(self):
        self._hide_quarry()

        with self.assertRaises(AccessError):
            self._link(self.printer, "relates", self.secret)
        with self.assertRaises(AccessError):
            self._link(self.secret, "relates", self.printer)

    def test_tickets_of_two_companies_are_not_linked(self):
        foreign = self.env["psa.ticket"].create({"name": "Theirs", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})

        with self.assertRaises(ValidationError):
            self.env["psa.ticket.link"].create({"ticket_id": self.printer.id, "other_id": foreign.id})
        with self.assertRaises(AccessError):
            self._link(self.printer, "relates", foreign)

    def test_both_histories_tell_of_a_link_by_number(self):
        link = self._link(self.printer, "blocks", self.network)
        link.with_user(self.technician).unlink()

        for ticket, other in ((self.printer, self.network), (self.network, self.printer)):
            rows = ticket.history_ids.filtered(lambda row: row.kind == "link")
            self.assertEqual(len(rows), 2)
            self.assertTrue(all(other.number in row.description for row in rows))
            self.assertFalse(any(other.name in row.description for row in rows))

    def test_links_of_a_list_take_a_constant_number_of_queries(self):
        for other in (self.network, self.server, self.secret):
            self._link(self.printer, "relates", other)
        tickets = (self.printer | self.network | self.server).with_user(self.technician)
        tickets.mapped("open_blocker_count")
        self.env.invalidate_all()

        with self.assertQueryCount(5):
            tickets.mapped("open_blocker_count")
