from odoo import Command
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import SQL

from .common import PsaInvoicingCommon

# What invoicing writes into rows of the ledger.
WRITTEN = {"state", "move_line_id", "move_id"}
OPEN = ("error", "pending", "approved", "covered", "non_billable")


@tagged("post_install", "-at_install")
class TestItemIndex(PsaInvoicingCommon):
    """Narrow tables find what is to be invoiced and what an invoice charges; they are right whoever wrote the ledger."""

    def _check(self):
        """Compare the narrow tables with the ledger itself."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id, client_id, state FROM psa_billing_item WHERE state = ANY(%s) AND settled_on IS NULL", [list(OPEN)]
        )
        open_rows = set(self.env.cr.fetchall())
        self.env.cr.execute("SELECT id, client_id, state FROM psa_billing_item_open")
        self.assertEqual(set(self.env.cr.fetchall()), open_rows)
        self.env.cr.execute("SELECT id, move_line_id, move_id FROM psa_billing_item WHERE move_line_id IS NOT NULL")
        charged = set(self.env.cr.fetchall())
        self.env.cr.execute("SELECT unnest(item_ids), move_line_id, move_id FROM psa_billing_item_charged")
        self.assertLessEqual(charged, set(self.env.cr.fetchall()), "more may be said to be charged, never less")
        return len(open_rows), len(charged)

    def test_no_index_has_what_invoicing_writes_so_that_none_is_written(self):
        self.env.cr.execute(
            """SELECT class.relname, pg_get_indexdef(index.indexrelid)
                 FROM pg_index index JOIN pg_class class ON class.oid = index.indexrelid
                WHERE index.indrelid = 'psa_billing_item'::regclass AND pg_get_indexdef(index.indexrelid) NOT LIKE '%USING brin%'"""
        )
        for name, definition in self.env.cr.fetchall():
            words = set(definition.replace("(", " ").replace(")", " ").replace(",", " ").split())
            self.assertFalse(words & (WRITTEN | {"write_date"}), name)
        self.env.cr.execute(
            """SELECT attribute.attname FROM pg_constraint foreign_key
                 JOIN pg_attribute attribute ON attribute.attrelid = foreign_key.conrelid AND attribute.attnum = ANY (foreign_key.conkey)
                WHERE foreign_key.conrelid = 'psa_billing_item'::regclass AND foreign_key.contype = 'f'"""
        )
        self.assertFalse(WRITTEN & {name for (name,) in self.env.cr.fetchall()})

    def test_they_follow_a_row_from_its_approval_to_the_invoice_and_back(self):
        lines = self._log(40) + self._log(20) + self._log(30)
        self._check()
        items = self._approve(lines)
        before, _charged = self._check()

        items.with_user(self.billing).action_approve()
        self.assertEqual(self._check(), (before, 0))
        self.env["psa.billing.item"].sudo().browse(items[2].id)._reviewed(
            "write_off", {"state": "written_off", "write_off_reason": "Our own mistake"}, self.billing.id, "Our own mistake"
        )
        self.assertEqual(self._check(), (before - 1, 0))
        move = self._prepare()
        self.assertEqual(self._check(), (before - 3, 2))

        move.with_user(self.billing).action_post()
        move.with_user(self.billing).button_draft()
        move.with_user(self.billing).button_cancel()
        self.assertEqual(self._check(), (before - 1, 0))
        move.with_user(self.billing).button_draft()
        self.assertEqual(self._check(), (before - 3, 2))
        move.invoice_line_ids[0].with_user(self.billing).unlink()
        self.assertEqual(self._check(), (before - 2, 1))
        move.with_user(self.billing).unlink()
        self.assertEqual(self._check(), (before - 1, 0))

    def test_they_follow_whoever_writes_past_the_addon(self):
        items = self._release(self._log(40) + self._log(20))
        move = self._prepare()
        for statement, of in (
            ("UPDATE psa_billing_item SET state = 'covered', settled_on = NULL, move_line_id = NULL, move_id = NULL", items[0]),
            ("UPDATE psa_billing_item SET settled_on = '2026-03-31'", items[0]),
            (f"UPDATE psa_billing_item SET move_line_id = {move.invoice_line_ids[0].id}, move_id = {move.id}", items),  # noqa: S608
            ("UPDATE psa_billing_item SET state = 'pending', settled_on = NULL, client_id = NULL", items),
            ("DELETE FROM psa_billing_item", items),
        ):
            self.env.cr.execute(SQL(statement + " WHERE id = ANY(%s)", of.ids))
            self._check()
        self.env.cr.execute("SELECT count(*) FROM psa_billing_run_line_item_rel WHERE item_id = ANY(%s)", [items.ids])
        self.assertEqual(self.env.cr.fetchone(), (0,), "the marks go with the rows")

    def test_a_line_of_a_run_takes_its_marks_with_it(self):
        items = self._release(self._log(40))
        self._prepare()
        run = items.run_line_ids.run_id.sudo()
        self.assertTrue(run)

        self.env.cr.execute("DELETE FROM psa_billing_run WHERE id = %s", [run.id])

        self.env.cr.execute("SELECT count(*) FROM psa_billing_run_line_item_rel WHERE item_id = ANY(%s)", [items.ids])
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_what_is_searched_by_state_invoice_or_line_is_what_the_rows_say(self):
        Item = self.env["psa.billing.item"]
        invoiced = self._release(self._log(40) + self._log(20))
        move = self._prepare()
        released, pending = self._release(self._log(10)), self._approve(self._log(50))
        every = Item.search([])
        self.assertLessEqual(invoiced + released + pending, every)
        states = [key for key, _label in Item._fields["state"].selection]
        domains = [Domain("state", "in", values) for values in ([one] for one in states)]
        domains += [
            Domain("state", "in", ["error", "pending", "approved"]),
            Domain("state", "in", ["pending", "covered"]),
            Domain("state", "not in", ["pending", "approved"]),
            Domain("state", "!=", "pending") | Domain("client_id", "=", False),
            Domain("state", "=", "pending") | Domain("move_id", "in", move.ids),
            ~Domain("state", "=", "approved"),
            Domain("move_id", "=", move.id),
            Domain("move_id", "=", False),
            Domain("move_id", "!=", move.id),
            Domain("move_id", "in", [move.id, False]),
            Domain("move_line_id", "in", move.invoice_line_ids[:1].ids),
            Domain("move_line_id", "not in", move.invoice_line_ids[:1].ids),
            Domain("move_line_id.move_id.state", "=", "draft"),
            Domain("move_line_id.name", "ilike", "rollers"),
        ]
        for domain in domains:
            with self.subTest(str(domain)):
                self.assertEqual(Item.search(domain), every.filtered_domain(domain))
        self.assertEqual(move.psa_billing_item_ids, invoiced.sorted(lambda item: (item.date, item.id), reverse=True))
        self.assertEqual(move.invoice_line_ids.psa_billing_item_ids, invoiced.sorted(lambda item: (item.date, item.id), reverse=True))

    def test_a_replaced_line_charges_what_the_replaced_one_did(self):
        items = self._release(self._log(40))
        move = self._prepare()
        move.with_user(self.billing).action_post()
        wizard = self.env["account.move.reversal"].with_user(self.billing).with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"journal_id": move.journal_id.id})
        action = wizard.reverse_moves(is_modify=True)
        corrected = self.env["account.move"].browse(action["res_id"])

        self.assertEqual(items.move_id, corrected)
        self.assertEqual(corrected.psa_billing_item_ids, items)
        self.assertFalse(move.psa_billing_item_ids)
        self._check()

    def test_rows_are_linked_in_one_statement_however_many(self):
        def link(count):
            rows = self._release(self.env["account.analytic.line"].union(*(self._log(10) for _number in range(count))))
            self.contract.line_grouping = "single"
            move = self.env["account.move"].create({
                "move_type": "out_invoice", "partner_id": self.client.id, "invoice_line_ids": [Command.create({"name": "Work"})],
            })
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["psa.billing.item"]._psa_link({(move.invoice_line_ids.id, move.id): rows.ids})
            return self.env.cr.sql_log_count - before

        self.assertEqual([link(1), link(9)], [1, 1])
