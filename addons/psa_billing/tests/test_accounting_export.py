import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestAccountingExport(PsaInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client.write({"street": "1 Quay", "city": "Boston", "zip": "02110", "email": "office@harbour.example"})
        cls.invoice = cls._invoice("out_invoice", [(3, 33.33), (1, 100.10)])
        cls.credit = cls._invoice("out_refund", [(1, 50.0)])

    @classmethod
    def _invoice(cls, move_type, lines, post=True, **values):
        move = (
            cls.env["account.move"]
            .with_company(cls.company)
            .create(
                {
                    "move_type": move_type,
                    "partner_id": cls.client.id,
                    "invoice_date": date(2026, 3, 31),
                    "invoice_payment_term_id": cls.pay_terms_a.id,
                    "ref": "PO 7",
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "product_id": cls.product.id,
                                "name": "=Remote\tsupport\nSecond line",
                                "quantity": quantity,
                                "price_unit": price,
                                "tax_ids": [Command.set(cls.tax_sale_a.ids)],
                            }
                        )
                        for quantity, price in lines
                    ],
                    **values,
                }
            )
        )
        if post:
            move.action_post()
        return move

    def _export(self, file_format, user=None, **values):
        return (
            self.env(user=user or self.billing, su=False)["psa.accounting.export"]
            .with_company(self.company)
            .create(
                {
                    "company_id": self.company.id,
                    "format": file_format,
                    "date_from": "2026-03-01",
                    "date_to": "2026-03-31",
                    **values,
                }
            )
        )

    def _name_everything(self, export):
        export.action_check()
        for entry in export.missing_ids:
            entry.name = f"There: {entry.our_name}"[:31]
        export.invalidate_recordset()

    def _exported(self, file_format, **values):
        export = self._export(file_format, **values)
        self._name_everything(export)
        export.action_export()
        return export

    def _rows(self, attachment):
        return list(csv.DictReader(io.StringIO(attachment.raw.decode())))

    def test_what_is_missing_is_listed_before_anything_is_written(self):
        export = self._export("iif")
        with self.assertRaisesRegex(UserError, "names are missing"):
            export.action_export()
        export.invalidate_recordset()

        kinds = set(export.missing_ids.mapped("kind"))

        self.assertEqual(kinds, {"account", "tax", "item", "term"})
        self.assertEqual(export.document_count, 2)
        self._name_everything(export)
        self.assertFalse(export.missing_count)

    def test_the_file_for_quickbooks_desktop_balances_and_is_kept(self):
        export = self._exported("iif")

        content = export.attachment_ids.raw.decode("cp1252")
        rows = [row.split("\t") for row in content.split("\r\n")]
        kinds = [row[0] for row in rows if row[0] and not row[0].startswith("!")]
        self.assertEqual(kinds, ["TRNS", "SPL", "SPL", "SPL", "ENDTRNS", "TRNS", "SPL", "SPL", "ENDTRNS"])
        amounts = [Decimal(row[7]) for row in rows if row[0] in ("TRNS", "SPL")]
        self.assertEqual(sum(amounts[:4]), 0)
        self.assertEqual(sum(amounts[4:]), 0)
        self.assertEqual((float(amounts[0]), float(amounts[4])), (self.invoice.amount_total, -self.credit.amount_total))
        self.assertIn("'=Remote support Second line", content)
        self.assertEqual((export.state, export.line_ids.move_id), ("done", self.invoice | self.credit))

    def test_quickbooks_online_gets_invoices_and_credit_notes_as_two_files(self):
        export = self._exported("qbo", date_style="mdy")

        files = {attachment.name.rsplit("-", 1)[-1]: attachment for attachment in export.attachment_ids}
        invoices, notes = self._rows(files["invoices.csv"]), self._rows(files["notes.csv"])
        self.assertEqual([row["*ItemAmount"] for row in invoices], ["99.99", "100.10"])
        self.assertEqual(invoices[0]["*InvoiceDate"], "03/31/2026")
        self.assertEqual(notes[0]["*ItemAmount"], "50.00")
        self.assertEqual(
            sum(Decimal(row["*ItemAmount"]) + Decimal(row["ItemTaxAmount"]) for row in invoices),
            Decimal(str(self.invoice.amount_total)),
        )
        together = next(attachment for attachment in export.attachment_ids if attachment.mimetype == "application/zip")
        with zipfile.ZipFile(io.BytesIO(together.raw)) as zipped:
            self.assertEqual(
                {name.rsplit("-", 1)[-1]: zipped.read(name) for name in zipped.namelist()},
                {name: files[name].raw for name in ("invoices.csv", "notes.csv")},
            )
        self.assertIn(f"/{together.id}?", export.action_download()["url"])

    def test_xero_gets_one_file_with_negative_credit_notes(self):
        export = self._exported("xero", date_style="dmy")

        rows = self._rows(export.attachment_ids)
        own = [row for row in rows if row["*InvoiceNumber"] == self.invoice.name]
        credit = [row for row in rows if row["*InvoiceNumber"] == self.credit.name]
        self.assertEqual(own[0]["*InvoiceDate"], "31/03/2026")
        self.assertEqual((own[0]["*ContactName"], own[0]["POCity"], own[0]["Reference"]), ("Harbour Dental", "Boston", "PO 7"))
        net = sum(Decimal(row["*Quantity"]) * Decimal(row["*UnitAmount"]) for row in own)
        self.assertEqual(net + sum(Decimal(row["TaxAmount"]) for row in own), Decimal(str(self.invoice.amount_total)))
        self.assertEqual(credit[0]["*UnitAmount"], "-50")
        self.assertTrue(all(row["*AccountCode"] and row["*TaxType"] for row in rows))

    def test_a_line_without_tax_needs_a_name_for_that_in_xero_only(self):
        self.invoice.button_draft()
        self.invoice.invoice_line_ids[0].tax_ids = False
        self.invoice.action_post()
        export = self._export("xero")
        export.action_check()

        self.assertIn("untaxed", export.missing_ids.mapped("kind"))
        online = self._export("qbo")
        online.action_check()
        self.assertNotIn("untaxed", online.missing_ids.mapped("kind"))
        # Where there is VAT, QuickBooks Online wants a code on each line.
        self.company.account_fiscal_country_id = self.env.ref("base.uk")
        online.action_check()
        online.invalidate_recordset()
        self.assertIn("untaxed", online.missing_ids.mapped("kind"))

    def test_drafts_are_left_out_and_nothing_goes_twice(self):
        self._invoice("out_invoice", [(1, 10)], post=False)
        self._exported("xero")

        again = self._export("xero")
        self.assertFalse(again.move_ids)
        with self.assertRaisesRegex(UserError, "Nothing to export"):
            again.action_export()
        self.assertEqual(self._export("qbo").document_count, 2, "each format has its own count")
        late = self._invoice("out_invoice", [(1, 10)])
        again.invalidate_recordset()
        self.assertEqual(again.move_ids, late)

    def test_exporting_again_is_done_on_purpose_and_with_a_reason(self):
        export = self._exported("xero")
        wizard = self.env["psa.accounting.export.again"].with_user(self.billing).create(
            {"export_id": export.id, "reason": "The import was undone"}
        )

        again = self.env["psa.accounting.export"].browse(wizard.action_again()["res_id"])

        self.assertEqual(again.line_ids.move_id, export.line_ids.move_id)
        self.assertEqual((again.again_of_id, again.again_reason), (export, "The import was undone"))
        self.assertEqual(again.attachment_ids.raw, export.attachment_ids.raw)
        with self.assertRaisesRegex(UserError, "already"):
            export.action_export()

    @mute_logger("odoo.sql_db")
    def test_the_database_itself_lets_no_document_go_twice(self):
        export = self._exported("xero")

        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.env["psa.accounting.export.line"].create({"export_id": export.id, "move_id": self.invoice.id})
            self.env.flush_all()

    def test_an_export_that_was_made_is_not_changed_or_deleted(self):
        export = self._exported("iif")

        for attempt in (
            lambda: export.write({"date_to": "2026-04-30"}),
            lambda: export.write({"state": "draft"}),
            export.unlink,
            lambda: export.sudo().write({"attachment_ids": [Command.clear()]}),
        ):
            with self.assertRaises(UserError):
                attempt()

    def test_documents_that_a_format_cannot_carry_are_named_before(self):
        second_tax = self.tax_sale_b
        self.invoice.button_draft()
        self.invoice.invoice_line_ids[0].tax_ids = [Command.link(second_tax.id)]
        self.invoice.action_post()
        export = self._export("xero")
        self._name_everything(export)

        with self.assertRaisesRegex(UserError, "several taxes"):
            export.action_export()
        self.env.ref("base.EUR").active = True
        foreign = self._invoice("out_invoice", [(1, 10)], currency_id=self.env.ref("base.EUR").id)
        desktop = self._export("iif")
        self.assertIn(foreign.name, desktop.problems or "")

    def test_what_a_format_cannot_carry_is_left_out_with_a_reason_and_does_not_come_back(self):
        self.env.ref("base.EUR").active = True
        foreign = self._invoice("out_invoice", [(1, 10)], currency_id=self.env.ref("base.EUR").id)
        export = self._export("iif")
        action = export.action_leave_out()
        wizard = self.env(user=self.billing, su=False)[action["res_model"]].with_context(**action["context"])

        wizard.create({"reason": "Entered by hand"}).action_leave_out()

        self.assertFalse(export.problems)
        self.assertRecordValues(export.left_out_ids, [{"move_id": foreign.id, "reason": "Entered by hand"}])
        with self.assertRaisesRegex(UserError, "Nothing is in the way"):
            wizard.create({"reason": "Again"}).action_leave_out()
        export.left_out_ids.action_take_in()
        self.assertIn(foreign, export.move_ids)
        wizard.create({"reason": "Entered by hand"}).action_leave_out()
        self._name_everything(export)
        export.action_export()
        self.assertEqual(export.line_ids.move_id, self.invoice | self.credit)
        self.assertEqual(export.document_count, 2)
        with self.assertRaises(UserError):
            export.left_out_ids.action_take_in()
        self.assertFalse(self._export("iif").move_ids)
        self.assertEqual(export._psa_export_again("Undone over there").line_ids.move_id, self.invoice | self.credit)

    def test_the_file_of_an_export_that_was_made_is_kept_as_it_is(self):
        export = self._exported("xero")
        file = export.attachment_ids.with_user(self.billing)
        note = self.env["ir.attachment"].with_user(self.billing).create(
            {"name": "note.txt", "raw": b"Imported", "res_model": export._name, "res_id": export.id}
        )

        for attempt in (
            file.unlink,
            lambda: file.write({"raw": b"Nothing"}),
            lambda: file.write({"res_id": False}),
            lambda: file.sudo().write({"name": "Other.csv"}),
        ):
            with self.assertRaisesRegex(UserError, "kept as it is"):
                attempt()
        note.raw = b"Imported on Monday"
        note.unlink()

    def test_a_customer_who_cannot_go_by_his_name_is_named_under_names(self):
        self.client.name = "=HYPERLINK(1)"
        export = self._export("xero")

        self.assertIn("makes it a formula", export.problems)
        with self.assertRaisesRegex(UserError, "names are missing"):
            export.action_export()
        export.invalidate_recordset()
        row = export.missing_ids.filtered(lambda entry: entry.kind == "customer")
        self.assertEqual(row.partner_id, self.client)
        with self.assertRaisesRegex(ValidationError, "formula"):
            row.name = "+Harbour"
        self._name_everything(export)
        row.name = "Harbour"
        export.invalidate_recordset()
        self.assertFalse(export.problems)
        export.action_export()
        self.assertEqual({entry["*ContactName"] for entry in self._rows(export.attachment_ids)}, {"Harbour"})

    def test_two_clients_of_one_name_are_told_apart(self):
        twin = self.client.copy({"name": self.client.name})
        self._invoice("out_invoice", [(1, 10)], partner_id=twin.id)
        export = self._export("qbo")

        self.assertIn("two customers", export.problems)
        self._name_everything(export)
        self.env["psa.accounting.map"].search([("partner_id", "=", twin.id)]).name = "Harbour Dental (2)"
        export.invalidate_recordset()
        self.assertFalse(export.problems)
        export.action_export()
        # The twin has a name of his own by now; a third one of that name would not.
        third = self.client.copy({"name": self.client.name})
        self._invoice("out_invoice", [(1, 10)], partner_id=third.id)
        export = self._export("xero")
        self.assertIn("two customers", export.problems)

    def test_negative_lines_are_nothing_for_quickbooks_online(self):
        corrected = self._invoice("out_invoice", [(2, 10), (-1, 10)])

        self.assertIn(f"{corrected.name}: QuickBooks Online (CSV) takes no negative amounts", self._export("qbo").problems)
        self.assertFalse(self._export("xero").problems)

    def test_names_that_do_not_fit_are_refused_where_they_are_typed(self):
        values = {"company_id": self.company.id, "format": "iif", "kind": "customer", "partner_id": self.client.id}
        Map = self.env["psa.accounting.map"]

        for name, message in (("x" * 42, "longer"), ('The "Harbour"', "quotation mark"), ("@Harbour", "formula")):
            with self.assertRaisesRegex(ValidationError, message), self.env.cr.savepoint():
                Map.create({**values, "name": name})
        self.assertTrue(Map.create({**values, "name": "Groups:Harbour Dental"}))

    def test_mapped_names_of_customers_replace_ours(self):
        self.env["psa.accounting.map"].create(
            {"company_id": self.company.id, "format": "xero", "kind": "customer", "partner_id": self.client.id, "name": "Harbour Inc."}
        )

        rows = self._rows(self._exported("xero").attachment_ids)

        self.assertEqual({row["*ContactName"] for row in rows}, {"Harbour Inc."})

    def test_technicians_neither_see_exports_nor_their_files(self):
        export = self._exported("iif")

        with self.assertRaises(AccessError):
            export.with_user(self.technician).check_access("read")
        with self.assertRaises(AccessError):
            export.attachment_ids.with_user(self.technician).read(["raw"])
