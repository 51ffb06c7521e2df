import psycopg2

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HelpdeskCommon


class HistoryCommon(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _rows(self, ticket, **criteria):
        """Return the history of a ticket, oldest first, as far as it meets the criteria."""
        self.env.flush_all()
        rows = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id)], order="id")
        return rows.filtered(lambda row: all(row[fname] == value for fname, value in criteria.items()))


@tagged("post_install", "-at_install")
class TestAppendOnly(HistoryCommon):

    def test_a_row_says_who_when_and_what(self):
        self.ticket.with_user(self.technician)._log_history("link", "stage_id", old="New", new="Open", description="By hand")

        row = self._rows(self.ticket, kind="link")
        self.assertRecordValues(row, [{
            "ticket_number": self.ticket.number, "company_id": self.company.id, "client_id": self.dental.id,
            "user_id": self.technician.id, "author_name": self.technician.name, "field_name": "stage_id", "field_label": "Stage",
            "old_value": "New", "new_value": "Open", "description": "By hand",
        }])

    def test_many_rows_take_one_statement(self):
        tickets = self.env["psa.ticket"].create([{"name": str(number), "desk_id": self.desk.id} for number in range(30)])
        self.env.flush_all()

        with self.assertQueryCount(1):
            tickets._log_history("link", description="x")

    def test_nobody_changes_history_through_the_orm(self):
        self.ticket._log_history("link", description="kept")
        row = self._rows(self.ticket, kind="link")
        everybody = (self.technician, self.dispatcher, self.billing, self.administrator, self.env.ref("base.user_root"))
        for user in everybody:
            for of_user in (row.with_user(user), row.with_user(user).sudo().with_context(import_file=True, tracking_disable=True)):
                with self.subTest(user=user.login, su=of_user.env.su):
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.write({"description": "forged"})
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.unlink()
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.create({"ticket_id": self.ticket.id, "company_id": self.company.id, "kind": "change"})
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.copy()
        self.assertEqual(row.description, "kept")

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_as_well(self):
        self.ticket._log_history("link", description="kept")
        self.env.flush_all()
        for statement in (
            "UPDATE psa_ticket_history SET description = 'forged'",
            "UPDATE psa_ticket_history SET ticket_id = NULL",
            "DELETE FROM psa_ticket_history",
            "TRUNCATE psa_ticket_history",
        ):
            with self.subTest(statement), self.assertRaises(psycopg2.errors.InsufficientPrivilege), self.env.cr.savepoint():
                self.env.cr.execute(statement)

    def test_history_outlives_ticket_and_user(self):
        self.ticket.with_user(self.technician)._log_history("link", description="kept")
        row, number, name = self._rows(self.ticket, kind="link"), self.ticket.number, self.technician.name

        self.ticket.unlink()
        self.technician.unlink()

        self.env.invalidate_all()
        self.assertRecordValues(row, [{
            "ticket_id": False, "ticket_number": number, "user_id": False, "author_name": name, "description": "kept",
        }])
