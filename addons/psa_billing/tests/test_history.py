from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestTimeInHistory(PsaBillingCommon):
    def _rows(self, ticket=None):
        self.env.flush_all()
        return self.env["psa.ticket.history"].search(
            [("ticket_id", "=", (ticket or self.ticket).id), ("kind", "=", "time")], order="id"
        )

    def test_time_entered_changed_and_deleted_is_three_rows(self):
        line = self._log(40)
        line.with_user(self.technician).write({"unit_amount": 1.5, "name": "Changed the rollers"})
        line.with_user(self.technician).unlink()

        entered, changed, deleted = self._rows()
        self.assertEqual((entered.user_id, entered.field_label), (self.technician, "Time"))
        for part in ("Tina Technician", "0:40 (0:45)", "Remote", "Cleared the rollers"):
            self.assertIn(part, entered.new_value)
        self.assertFalse(entered.old_value)
        self.assertEqual(changed.old_value, entered.new_value)
        self.assertIn("1:30 · Remote · Network Engineer · Changed the rollers", changed.new_value)
        self.assertEqual((deleted.old_value, deleted.new_value), (changed.new_value, False))

    def test_time_that_moves_to_another_ticket_is_told_on_both(self):
        other = self._new_ticket("Scanner jams")
        line = self._log(40)

        line.with_user(self.technician).psa_ticket_id = other

        self.assertEqual([bool(row.new_value) for row in self._rows()], [True, False])
        self.assertEqual([bool(row.new_value) for row in self._rows(other)], [True])

    def test_no_context_key_hides_time(self):
        self.env["account.analytic.line"].with_user(self.technician).with_context(
            tracking_disable=True, import_file=True, skip_analytic_sync=True
        ).create(
            {"psa_ticket_id": self.ticket.id, "unit_amount": 1, "name": "Quiet", "date": "2026-03-10"}
        )

        self.assertEqual(len(self._rows()), 1)

    def test_what_does_not_change_the_entry_is_no_row(self):
        line = self._log(40)

        line.with_user(self.technician).action_psa_submit()
        line.with_user(self.technician).name = line.name

        self.assertEqual(len(self._rows()), 1)

    def test_many_entries_take_one_statement_more(self):
        def queries(count):
            lines = self.env["account.analytic.line"]
            for _number in range(count):
                lines |= self._log(30)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            lines.with_user(self.technician).write({"name": "Same work"})
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        queries(2)
        self.assertLessEqual(queries(12), queries(2) + 2)
