import io
import json
from datetime import date

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.http import Request
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger
from openpyxl import load_workbook
from psycopg2 import IntegrityError

from .common import DAY, PsaBillingCommon

# What each role may do: (c)reate, (r)ead, (w)rite, (d)elete.
MATRIX = {
    "psa.billable.type": {
        "technician": "r", "desk_admin": "crwd", "dispatcher": "r", "billing": "crwd", "company_admin": "crwd",
        "outsider": "", "portal": "",
    },
    "psa.charge": {
        "technician": "crwd", "desk_admin": "crwd", "dispatcher": "crwd", "billing": "crwd", "company_admin": "crwd",
        "outsider": "", "portal": "",
    },
    "psa.charge.refuse": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "crw", "company_admin": "crw", "outsider": "", "portal": "",
    },
    "psa.charge.correct": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "crw", "company_admin": "crw", "outsider": "", "portal": "",
    },
    "psa.expense.policy": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "crw", "company_admin": "crwd", "outsider": "", "portal": "",
    },
    "psa.expense.delta": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "r", "company_admin": "r", "outsider": "", "portal": "",
    },
    "psa.accounting.map": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "", "portal": "",
    },
    "psa.accounting.export": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "", "portal": "",
    },
    "psa.accounting.export.line": {
        "technician": "", "desk_admin": "", "dispatcher": "", "billing": "r", "company_admin": "r", "outsider": "", "portal": "",
    },
}  # fmt: skip
OPERATIONS = {"c": "create", "r": "read", "w": "write", "d": "unlink"}
MONEY_FIELDS = ("price_unit", "amount", "is_price_manual")
COST_FIELDS = ("cost", "cost_total", "margin", "is_below_cost", "tax_ids", "contract_id")


@tagged("post_install", "-at_install")
class TestCharges(PsaBillingCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.part = cls.env["product.product"].create(
            {"name": "Docking station", "type": "consu", "list_price": 180.0, "standard_price": 120.0}
        )
        cls.by_list, cls.fixed, cls.markup, cls.device = cls.env["psa.billable.type"].create(
            [
                {"name": "Hardware", "company_id": cls.company.id, "sequence": 0, "product_id": cls.part.id},
                {
                    "name": "Mileage", "company_id": cls.company.id, "kind": "mileage", "price_rule": "fixed",
                    "price_unit": 0.7, "cost": 0.4,
                    "currency_id": cls.company.currency_id.id,
                },
                {
                    "name": "Cable", "company_id": cls.company.id, "price_rule": "markup", "markup": 25, "cost": 19.99,
                    "currency_id": cls.company.currency_id.id,
                },
                {
                    "name": "Laptop", "company_id": cls.company.id, "product_id": cls.part.id, "is_serial_tracked": True,
                    "asset_type_id": cls.env.ref("psa_assets.asset_type_laptop").id, "warranty_months": 24,
                },
            ]
        )  # fmt: skip
        cls.desk_admin = cls._new_user("desi.desk", "psa_crm.group_technician")
        cls.desk.admin_ids = cls.desk_admin
        cls.outsider = cls._new_user("otto.outside", "base.group_user")
        cls.portal = cls._new_user("pia.portal", "psa_crm.group_client_admin")

    @classmethod
    def _charge(cls, user=None, kind=None, **values):
        return (
            cls.env(user=user or cls.technician, su=False)["psa.charge"]
            .with_company(cls.company)
            .create(
                {
                    "ticket_id": cls.ticket.id,
                    "billable_type_id": (kind or cls.by_list).id,
                    "date": DAY,
                    **values,
                }
            )
        )

    def _approved(self, **values):
        charge = self._charge(**values)
        charge.with_user(self.billing).action_approve()
        return charge.sudo()

    def _rows(self, charges):
        return self.env["psa.billing.item"].search(
            [("source_model", "=", "psa.charge"), ("source_id", "in", charges.ids)], order="id"
        )

    def test_a_charge_is_two_clicks_away_from_the_ticket(self):
        action = self.ticket.with_user(self.technician).action_add_charge()

        with Form(
            self.env["psa.charge"].with_user(self.technician).with_context(**action["context"]), view="psa_billing.view_psa_charge_form_add"
        ) as form:
            pass  # nothing needs to be filled in

        charge = form.record
        self.assertEqual(charge.ticket_id, self.ticket)
        self.assertEqual(charge.client_id, self.client)
        self.assertEqual(charge.billable_type_id, self.by_list)
        self.assertEqual(charge.sudo().price_unit, 180.0)
        self.assertEqual(charge.approval_state, "draft")

    def test_charges_are_added_and_counted_on_tasks_and_projects_as_on_tickets(self):
        project = self.env["project.project"].create(
            {"name": "Move", "company_id": self.company.id, "partner_id": self.contact.id, "privacy_visibility": "employees"}
        )
        internal = self.env["project.project"].create({"name": "Own", "company_id": self.company.id})
        task, favour = self.env["project.task"].create(
            [
                {"name": "Cable the rack", "project_id": project.id},
                {"name": "A favour", "project_id": internal.id, "partner_id": self.contact.id},
            ]
        )
        env = self.env(user=self.dispatcher, su=False)
        for record, context_task in ((task, task), (favour, favour), (project, task.browse())):
            action = record.with_env(env).action_add_psa_charge()
            with Form(env["psa.charge"].with_context(**action["context"]), view="psa_billing.view_psa_charge_form_add") as form:
                pass  # nothing needs to be filled in
            self.assertRecordValues(
                form.record.sudo(),
                [{"client_id": self.client.id, "task_id": context_task.id, "project_id": (context_task.project_id or project).id}],
            )
        self.env.invalidate_all()

        seen = {record: record.with_env(env) for record in (task, favour, project, internal)}
        self.assertEqual([one.psa_charge_count for one in seen.values()], [1, 1, 2, 1])
        self.assertEqual([one.psa_takes_charges for one in seen.values()], [True, True, True, False])
        action = seen[project].action_view_psa_charges()
        self.assertEqual(env["psa.charge"].search_count(action["domain"]), 2)
        self.assertIn(("Charges", 2, True), [(b["text"], b.get("number"), b["show"]) for b in seen[project]._get_stat_buttons()])
        stranger = self.env(user=self.outsider, su=False)
        with self.assertRaises(AccessError):
            project.with_env(stranger).psa_charge_count  # noqa: B018

    def test_an_approved_charge_moves_to_another_contract_at_its_price(self):
        project = self._new_contract(self.client, [(self.role_engineer, False, 70.0)], date_start="2025-01-01", name="Project")
        foreign = self._new_contract(
            self.client, [(self.role_engineer, False, 70.0)], date_start="2025-01-01", name="Foreign",
            currency_id=self.env.ref("base.CHF" if self.company.currency_id.name == "EUR" else "base.EUR").id,
        )
        charge = self._approved()
        row = self._rows(charge).with_user(self.billing)
        row.action_approve()
        self.by_list.product_id.list_price = 300.0

        row._move_to(project, "Belongs to the project")

        self.assertRecordValues(row, [{"contract_id": project.id, "amount": 180.0, "state": "pending"}])
        self.assertRecordValues(charge, [{"contract_id": project.id, "price_unit": 180.0, "approval_state": "approved"}])
        with self.assertRaisesRegex(UserError, "move to contracts in their currency"):
            row._move_to(foreign, "Wrong")

    def test_the_price_follows_the_rule_of_the_type(self):
        for kind, price, cost in ((self.by_list, 180.0, 120.0), (self.fixed, 0.7, 0.4), (self.markup, 24.99, 19.99)):
            with self.subTest(kind=kind.name):
                charge = self._charge(kind=kind, quantity=3).sudo()
                self.assertEqual((charge.price_unit, charge.cost), (price, cost))
                self.assertAlmostEqual(charge.amount, 3 * price)
                self.assertAlmostEqual(charge.margin, 3 * (price - cost))

    def test_a_unit_s_price_has_more_decimals_than_money(self):
        self.fixed.write({"price_unit": 0.655, "cost": 0.4375})
        self.markup.cost = 0.524

        for kind, price, amount in ((self.fixed, 0.655, 65.5), (self.markup, 0.655, 65.5)):
            with self.subTest(kind=kind.name):
                charge = self._approved(kind=kind, quantity=100)
                self.assertEqual((charge.price_unit, charge.amount), (price, amount))
                self.assertEqual((self._rows(charge).price_unit, self._rows(charge).amount), (price, amount))
        by_hand = self._charge(kind=self.fixed, quantity=100).sudo()
        self.assertEqual(by_hand.cost_total, 43.75)
        by_hand.price_unit = 0.6125
        self.assertEqual(by_hand.amount, 61.25)

    def test_the_price_list_of_the_client_counts_with_its_quantities(self):
        self.client.with_company(self.company).property_product_pricelist = self.env["product.pricelist"].create(
            {
                "name": "Dentists",
                "currency_id": self.company.currency_id.id,
                "item_ids": [
                    Command.create(
                        {"applied_on": "3_global", "compute_price": "percentage", "percent_price": 10, "min_quantity": 5}
                    )
                ],
            }
        )
        charge = self._charge().sudo()

        self.assertEqual(charge.price_unit, 180.0)
        charge.quantity = 5
        self.assertEqual(charge.price_unit, 162.0)

    def test_a_price_set_by_hand_stays(self):
        charge = self._charge().sudo()

        charge.price_unit = 150.0
        charge.quantity = 2

        self.assertEqual((charge.price_unit, charge.amount), (150.0, 300.0))
        self.assertTrue(charge.is_price_manual)

    def test_a_price_below_cost_is_shown_to_billing(self):
        charge = self._charge().sudo()

        self.assertFalse(charge.is_below_cost)
        charge.price_unit = 119.99
        self.assertTrue(charge.is_below_cost)

    def test_taxes_are_shown_before_the_invoice(self):
        tax = self.env["account.tax"].create(
            {"name": "8 %", "amount": 8, "company_id": self.company.id, "country_id": self.env.ref("base.us").id,
             "tax_group_id": self.env["account.tax.group"].create(
                 {"name": "Sales", "company_id": self.company.id, "country_id": self.env.ref("base.us").id}).id}
        )  # fmt: skip
        self.part.taxes_id = tax

        charge = self._charge().with_user(self.billing)

        self.assertEqual((charge.tax_ids, charge.amount_tax, charge.amount_total), (tax, 14.4, 194.4))

    def test_an_approved_charge_is_in_the_ledger_once_and_locked_for_everybody(self):
        charge = self._approved(quantity=2, invoice_text="Docking stations for the reception")
        charge.with_user(self.billing).action_approve()

        row = self._rows(charge)
        self.assertEqual(len(row), 1)
        self.assertEqual(
            (row.amount, row.quantity, row.price_unit, row.cost, row.kind, row.state, row.client_id, row.ticket_id, row.billable_type_id),
            (360.0, 2.0, 180.0, 240.0, "charge", "pending", self.client, self.ticket, self.by_list),
        )
        self.assertIn("Docking stations for the reception", row.name)
        self.assertTrue(row.explanation)
        for user in (self.technician, self.billing, self.company_admin, self.env.user):
            with self.assertRaises(UserError):
                charge.with_user(user).write({"quantity": 3})
            with self.assertRaises(UserError):
                charge.with_user(user).unlink()

    def test_a_charge_that_is_not_billable_is_counted_and_not_charged(self):
        charge = self._approved(is_billable=False)

        self.assertEqual((charge.amount, charge.cost_total, self._rows(charge).state), (0.0, 120.0, "non_billable"))

    def test_a_charge_without_any_price_waits_with_its_problem_instead_of_costing_nothing(self):
        for kind in (self.env.ref("psa_billing.billable_type_part"), self.env.ref("psa_billing.billable_type_labour")):
            with self.subTest(kind=kind.name):
                charge = self._charge(kind=kind)
                Charge = self.env(user=self.billing, su=False)["psa.charge"]
                self.assertIn(charge, Charge.search([("is_price_missing", "=", True)]))
                self.assertNotIn(charge, Charge.search([("is_price_missing", "=", False)]))
                charge.with_user(self.billing).action_approve()

                row = self._rows(charge)
                self.assertEqual((row.state, row.error, row.amount), ("error", "missing_rate", 0.0))
                self.assertIn("enter a Unit Price", row.explanation)
                charge.with_user(self.billing).action_unapprove()
                charge.with_user(self.billing).price_unit = 12.0
                charge.with_user(self.billing).action_approve()
                self.assertEqual((self._rows(charge).state, self._rows(charge).amount), ("pending", 12.0))

    def test_a_price_of_nothing_set_by_hand_is_a_price(self):
        charge = self._approved(user=self.billing, kind=self.env.ref("psa_billing.billable_type_part"), price_unit=0)

        self.assertEqual((self._rows(charge).state, self._rows(charge).amount), ("pending", 0.0))

    def test_approval_is_taken_back_until_the_charge_is_invoiced(self):
        charge = self._approved()

        charge.with_user(self.billing).action_unapprove()

        self.assertFalse(self._rows(charge))
        self.assertEqual(charge.approval_state, "submitted")
        charge.with_user(self.billing).action_approve()
        row = self._rows(charge)
        self.assertEqual(len(row), 1)
        row._write_row({"state": "invoiced"})
        with self.assertRaises(UserError):
            charge.with_user(self.billing).action_unapprove()

    def test_a_charge_is_sent_back_with_the_reason(self):
        charge = self._charge()
        charge.action_submit()
        wizard = self.env["psa.charge.refuse"].with_user(self.billing).create(
            {"charge_ids": [Command.set(charge.ids)], "reason": "Which room?"}
        )

        wizard.action_refuse()

        self.assertEqual((charge.approval_state, charge.refusal_reason), ("draft", "Which room?"))

    def test_a_correction_is_a_signed_charge_of_its_own(self):
        charge = self._approved(quantity=3)
        self._rows(charge)._write_row({"state": "invoiced"})

        self._correct(charge, quantity=1)

        delta = charge.correction_ids
        self.assertEqual((delta.quantity, delta.price_unit, delta.amount, delta.approval_state), (-2, 180.0, -360.0, "approved"))
        self.assertEqual(self._rows(delta).amount, -360.0)
        self.assertEqual((charge.quantity, self._rows(charge).amount), (3, 540.0))
        self._correct(charge, quantity=1, price_unit=150.0)
        self.assertEqual(sum((charge | charge.correction_ids).mapped("amount")), 150.0)
        self._correct(charge, quantity=0)
        self.assertEqual(sum((charge | charge.correction_ids).mapped("amount")), 0.0)
        with self.assertRaisesRegex(UserError, "cannot be negative"):
            self._correct(charge, quantity=-1)

    def test_a_correction_takes_back_what_the_review_left(self):
        charge = self._approved()
        row = self._rows(charge)
        row.with_user(self.billing)._adjust("Agreed", price_unit=50.0)
        row._write_row({"state": "invoiced"})

        self._correct(charge, quantity=0)

        self.assertEqual(self._rows(charge | charge.correction_ids).mapped("amount"), [50.0, -50.0])

    def test_what_was_written_off_is_not_credited(self):
        charge = self._approved()
        self._rows(charge).with_user(self.billing)._write_off("Goodwill")

        with self.assertRaisesRegex(UserError, "written off.*Back to Review"):
            self._correct(charge, quantity=0)
        self.assertEqual(self._rows(charge | charge.correction_ids).mapped("amount"), [180.0])

    def test_the_cost_is_in_the_ledger_once_whoever_pays(self):
        retainer = self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id,
                "kind": "retainer",
                "name": "Retainer",
                "purchase": "manual",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 60.0})],
            }
        )
        retainer._psa_buy(date(2026, 1, 1), "purchase")
        rows = self._rows(self._approved())

        self.assertEqual(rows.sorted("value").mapped("value"), [60.0, 120.0])
        self.assertEqual(rows.sorted("value").mapped("cost"), [40.0, 80.0])
        self.assertFalse(any(rows.mapped("is_below_cost")))
        rows.filtered("amount").with_user(self.billing)._adjust("Agreed", price_unit=70.0)
        self.assertTrue(rows.filtered("amount").is_below_cost)

    def _correct(self, charge, **values):
        wizard = self.env["psa.charge.correct"].with_user(self.billing).create(
            {"charge_id": charge.id, "reason": "One was sent back", **values}
        )
        wizard.action_correct()
        return wizard

    def test_nobody_corrects_or_approves_by_writing_the_fields(self):
        charge = self._charge()

        for vals in ({"approval_state": "approved"}, {"corrects_id": charge.id}, {"delivered_on": DAY}):
            for env in (self.env(user=self.technician, su=False), self.env):
                with self.assertRaises(AccessError):
                    charge.with_env(env).write(vals)
                with self.assertRaises(AccessError):
                    env["psa.charge"].create({"ticket_id": self.ticket.id, **vals})
        made = (
            self.env["psa.charge"]
            .with_user(self.technician)
            .with_context(default_approval_state="approved")
            .create({"ticket_id": self.ticket.id})
        )
        self.assertEqual(made.approval_state, "draft")
        with self.assertRaises(AccessError):
            charge.with_user(self.technician).action_approve()

    def test_bad_charges_are_refused_with_the_remedy(self):
        for vals, text in (({"quantity": -1}, "Correct"), ({"quantity": 0}, "Quantity"), ({"ticket_id": False}, "belongs to nobody")):
            with self.assertRaisesRegex(ValidationError, text):
                self._charge(user=self.billing, **vals)

    def test_a_price_in_foreign_money_needs_an_exchange_rate(self):
        currency = self.env["res.currency"].create({"name": "XTC", "symbol": "X"})
        self.fixed.currency_id = currency
        charge = self._charge(kind=self.fixed)

        with self.assertRaisesRegex(UserError, "exchange rate of XTC"):
            charge.with_user(self.billing).action_approve()

    def test_delivery_makes_an_asset_of_each_serial_number(self):
        charge = self._approved(kind=self.device, quantity=2, serial_numbers=" SN-1\nSN-2 ", name="ThinkBook 14")

        charge.with_user(self.technician).action_deliver()

        assets = charge.asset_ids
        self.assertEqual(set(assets.mapped("serial")), {"SN-1", "SN-2"})
        self.assertEqual(assets.client_id, self.client)
        self.assertEqual(assets.type_id, self.env.ref("psa_assets.asset_type_laptop"))
        self.assertEqual(assets.company_id, self.company)
        self.assertEqual(len(set(assets.mapped("warranty_date"))), 1)
        self.assertEqual((assets[0].warranty_date - charge.delivered_on).days // 365, 2)
        with self.assertRaisesRegex(UserError, "delivered already"):
            charge.with_user(self.technician).action_deliver()

    def test_a_delivery_is_undone_until_its_assets_are_in_use(self):
        stocked = self.env["psa.asset"].create(
            {"name": "Spare", "serial": "sn-2", "status": "in_stock", "company_id": self.company.id}
        )
        charge = self._charge(kind=self.device, quantity=2, serial_numbers="SN-1,SN-2")
        charge.action_deliver()

        for attempt in (lambda: charge.write({"quantity": 3}), charge.unlink):
            with self.assertRaisesRegex(UserError, "Undo the delivery"):
                attempt()
        self.assertEqual(stocked.client_id, self.client, "what lies in stock is taken from there")
        charge.action_undo_delivery()
        self.assertEqual((stocked.client_id, stocked.status, stocked.exists()), (self.env["res.partner"], "in_stock", stocked))
        self.assertFalse(self.env["psa.asset"].search([("serial", "=", "SN-1")]))
        self.assertFalse(charge.delivered_on)
        charge.action_deliver()
        new = charge.sudo().asset_ids.filtered(lambda asset: asset != stocked)
        for name, value, back in (
            ("serial", "SN-1b", "SN-1"),
            ("client_id", self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True}), self.client),
        ):
            new[name] = value
            with self.assertRaisesRegex(UserError, "another client or serial number"):
                charge.action_undo_delivery()
            new[name] = back
        coverage = self.env["psa.contract.coverage"].create(
            {"version_id": self.contract.version_id.id, "effect": "included", "asset_ids": new.ids}
        )
        with self.assertRaisesRegex(UserError, "coverage rule"):
            charge.action_undo_delivery()
        coverage.unlink()
        self._new_ticket("It is hot").asset_ids = charge.sudo().asset_ids[:1]
        with self.assertRaisesRegex(UserError, "Retire the asset"):
            charge.action_undo_delivery()

    def test_serial_numbers_that_cannot_be_delivered_are_named(self):
        self.env["psa.asset"].create(
            {"name": "Old one", "serial": "SN-9", "client_id": self.client.id, "company_id": self.company.id, "active": False}
        )

        for serials, quantity, text in (
            (False, 1, "has no serial numbers"),
            ("SN-1\nsn-1", 2, "twice"),
            ("SN-1", 2, "names 1 serial"),
            ("sn-9", 1, "“Old one” of Harbour Dental \\(archived\\)"),
        ):
            charge = self._charge(kind=self.device, serial_numbers=serials, quantity=quantity)
            with self.assertRaisesRegex(UserError, text):
                charge.action_deliver()
        with self.assertRaisesRegex(UserError, "nothing to deliver"):
            self._charge().action_deliver()

    def test_unapproved_charges_follow_their_ticket_when_it_is_merged(self):
        waiting, locked = self._charge(), self._approved()
        survivor = self._new_ticket("Printer jams again")

        self.ticket._merge_into(survivor)

        self.assertEqual((waiting.ticket_id, locked.ticket_id), (survivor, self.ticket))

    def test_charges_are_part_of_the_history_of_the_ticket_without_money(self):
        charge = self._charge(name="Docking station")
        charge.quantity = 2
        charge.unlink()

        rows = self.env["psa.ticket.history"].search(
            [("ticket_id", "=", self.ticket.id), ("field_name", "=", "psa_charge_ids")], order="id"
        )
        self.assertEqual(len(rows), 3)
        self.assertIn("Docking station", rows[0].new_value)
        self.assertFalse(rows[2].new_value)
        self.assertFalse(any("180" in (row.new_value or "") + (row.old_value or "") for row in rows))

    def test_a_ticket_with_charges_is_not_deleted(self):
        self._charge()

        with self.assertRaisesRegex(UserError, "charges or expenses"):
            self.ticket.unlink()

    def test_entries_roll_up_by_ticket_desk_and_client(self):
        other = self._new_ticket("Screen flickers")
        self._charge(quantity=2)
        self._charge(ticket_id=other.id)
        self._charge(kind=self.fixed, quantity=10)
        Charge = self.env["psa.charge"].with_user(self.billing)

        by_ticket = dict(Charge._read_group([("company_id", "=", self.company.id)], ["ticket_id"], ["amount:sum"]))
        by_desk = dict(Charge._read_group([("company_id", "=", self.company.id)], ["desk_id"], ["amount:sum"]))
        by_client = dict(Charge._read_group([("company_id", "=", self.company.id)], ["client_id"], ["amount:sum", ]))

        self.assertEqual(by_ticket, {self.ticket: 367.0, other: 180.0})
        self.assertEqual(by_desk, {self.desk: 547.0})
        self.assertEqual(by_client, {self.client: 547.0})
        self.assertEqual(self.ticket.with_user(self.billing).psa_charge_amount, 367.0)
        self.assertEqual(self.client.with_user(self.billing).psa_charge_count, 3)

    def test_the_spreadsheet_holds_the_totals_of_its_groups(self):
        self._charge(quantity=2)
        self._charge(kind=self.fixed, quantity=10)
        self.authenticate("bill.billing", "bill.billing")

        for groupby in ("desk_id", "client_id", "ticket_id"):
            data = {
                "model": "psa.charge",
                "fields": [
                    {"name": name, "label": name, "type": kind, "store": True}
                    for name, kind in (("name", "char"), ("quantity", "float"), ("amount", "monetary"), ("cost_total", "monetary"))
                ],
                "ids": False,
                "domain": [["company_id", "=", self.company.id]],
                "groupby": [groupby],
                "import_compat": False,
                "context": {"allowed_company_ids": self.company.ids},
            }
            response = self.url_open(
                "/web/export/xlsx", data={"data": json.dumps(data), "csrf_token": Request.csrf_token(self)}
            )
            self.assertEqual(response.status_code, 200)
            rows = list(load_workbook(io.BytesIO(response.content)).active.values)

            self.assertEqual(rows[0], ("name", "quantity", "amount", "cost_total"))
            self.assertEqual(rows[1][1:], (12, 367.0, 244.0), groupby)
            self.assertEqual(sum(row[2] for row in rows[2:]), 367.0)

    def test_many_charges_cost_as_many_queries_as_few(self):
        def approve(count):
            charges = self._charge()
            for __ in range(count - 1):
                charges |= self._charge()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            charges.with_user(self.billing).action_approve()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        approve(1)
        few, many = approve(3), approve(12)

        self.assertLessEqual(many - few, 9 * 3, "tracking and history add a few rows for each charge, nothing more")

    def test_matrix(self):
        for model, roles in MATRIX.items():
            for role, allowed in roles.items():
                for letter, operation in OPERATIONS.items():
                    with self.subTest(model=model, role=role, operation=operation):
                        env = self.env(user=getattr(self, role), su=False)
                        self.assertEqual(env[model].has_access(operation), letter in allowed)

    def test_technicians_see_charges_of_others_change_their_own_and_know_no_cost(self):
        own, other = self._charge(), self._charge(user=self.colleague)
        Charge = self.env(user=self.technician, su=False)["psa.charge"]

        self.assertEqual(Charge.search([("ticket_id", "=", self.ticket.id)]), own | other)
        own.name = "Mine"
        with self.assertRaises(AccessError):
            other.with_user(self.technician).write({"name": "Yours"})
        with self.assertRaises(AccessError):
            self._charge(user_id=self.colleague.id)
        for name in (*COST_FIELDS, *MONEY_FIELDS):
            with self.assertRaises(AccessError, msg=name):
                own.with_user(self.technician).read([name])
        self.technician.group_ids += self.env.ref("psa_billing.group_charge_price")
        self.assertEqual(own.with_user(self.technician).read(["price_unit"])[0]["price_unit"], 180.0)
        with self.assertRaises(AccessError):
            own.with_user(self.technician).read(["cost"])
        with self.assertRaises(AccessError):
            self.by_list.with_user(self.technician).read(["cost"])

    def test_a_technician_who_may_not_see_prices_uses_every_screen(self):
        for name in ("view_psa_charge_form", "view_psa_charge_form_add"):
            with Form(
                self.env["psa.charge"].with_user(self.technician).with_context(default_ticket_id=self.ticket.id),
                view=f"psa_billing.{name}",
            ) as form:
                form.billable_type_id = self.fixed
                form.quantity = 12
            self.assertEqual(form.record.sudo().amount, 8.4)

    def test_who_may_not_see_the_client_or_the_desk_sees_no_charge(self):
        charge = self._charge()
        for resource, values in (("client", {"client_id": self.client.id}), ("desk", {"desk_id": self.desk.id})):
            rule = self.env["psa.access.rule"].create(
                {
                    "resource": resource, "company_id": self.company.id, "user_id": self.colleague.id, "level": "refuse",
                    **values,
                }
            )  # fmt: skip
            env = self.env(user=self.colleague, su=False)
            self.assertFalse(env["psa.charge"].search([("id", "=", charge.id)]), resource)
            with self.assertRaises(AccessError):
                charge.with_env(env).check_access("read")
            rule.unlink()
            self.env.invalidate_all()
            self.assertTrue(env["psa.charge"].search([("id", "=", charge.id)]))

    def test_another_company_sees_nothing(self):
        other_company = self.env["res.company"].create({"name": "Other ITSC"})
        stranger = self._new_user("sam.strange", "psa_crm.group_company_admin", other_company)
        policy = self.env["psa.expense.policy"].create({"name": "All", "company_id": self.company.id})
        name = self.env["psa.accounting.map"].create({"kind": "untaxed", "format": "xero", "company_id": self.company.id})
        export = self.env["psa.accounting.export"].create({"company_id": self.company.id})
        env = self.env(user=stranger, su=False, context=dict(self.env.context, allowed_company_ids=other_company.ids))

        for record in (self._charge(), self.by_list, policy, name, export):
            with self.subTest(model=record._name):
                self.assertFalse(env[record._name].search([("id", "=", record.id)]))
                with self.assertRaises(AccessError):
                    record.with_env(env).check_access("read")

    def test_a_desk_administrator_adds_types_for_his_desk_only(self):
        other_desk = self._new_desk(self.company, "Field")
        Type = self.env(user=self.desk_admin, su=False)["psa.billable.type"]

        own = Type.create({"name": "Toner", "desk_id": self.desk.id, "price_rule": "fixed", "own_price_unit": 79})
        own.name = "Toner, black"

        self.assertEqual(own.company_id, self.company)
        for vals in ({"desk_id": other_desk.id}, {"company_id": self.company.id}):
            with self.assertRaises(AccessError):
                Type.create({"name": "Drum", **vals})
            with self.assertRaises(AccessError):
                own.write({"desk_id": False, **vals})
        with self.assertRaises(AccessError):
            self.by_list.with_user(self.desk_admin).name = "Mine now"
        charge = self._charge(user=self.desk_admin, kind=own)
        self.assertEqual(charge.sudo().amount, 79.0)
        elsewhere = self._new_ticket("Elsewhere", desk=other_desk)
        with self.assertRaisesRegex(ValidationError, "type of desk"):
            self._charge(kind=own, ticket_id=elsewhere.id)

    def test_a_desk_administrator_sees_and_sets_the_prices_of_his_desks_types_and_no_cost(self):
        other_desk = self._new_desk(self.company, "Field")
        Type = self.env["psa.billable.type"]
        values = {"price_rule": "fixed", "price_unit": 55, "markup": 20, "cost": 30}
        ours = Type.create({"name": "Fibre", "desk_id": self.desk.id, **values})
        theirs = Type.create({"name": "Fibre", "desk_id": other_desk.id, **values})
        everybodys = Type.create({"name": "Fibre", "company_id": self.company.id, **values})
        self.env.invalidate_all()

        # Who, of whose types -> sees the price, sets it.
        table = {
            ("desk_admin", ours): "rw", ("desk_admin", theirs): "", ("desk_admin", everybodys): "",
            ("technician", ours): "", ("dispatcher", ours): "",
            ("billing", ours): "rw", ("billing", theirs): "rw", ("billing", everybodys): "rw",
            ("company_admin", ours): "rw", ("company_admin", everybodys): "rw",
        }  # fmt: skip
        for (role, kind), allowed in table.items():
            with self.subTest(role=role, kind=kind.desk_id.name):
                own = kind.with_user(getattr(self, role))
                self.assertEqual(own.read(["own_price_unit", "own_markup", "can_price"])[0], {
                    "id": kind.id, "own_price_unit": 55.0 if "r" in allowed else 0.0,
                    "own_markup": 20.0 if "r" in allowed else 0.0, "can_price": "r" in allowed,
                })  # fmt: skip
                if "w" in allowed:
                    own.write({"own_price_unit": 60, "own_markup": 25})
                    self.assertEqual((kind.price_unit, kind.markup, kind.cost), (60, 25, 30))
                    kind.write({"price_unit": 55, "markup": 20})
                else:
                    with self.assertRaises(AccessError), self.env.cr.savepoint():
                        own.write({"own_price_unit": 60})
                    self.assertEqual(kind.price_unit, 55)
                if role == "desk_admin":
                    for name in ("cost", "price_unit"):
                        with self.assertRaises(AccessError, msg=name):
                            own.read([name])

    def test_a_desk_administrator_adds_a_type_with_its_price_on_the_screen(self):
        with Form(self.env["psa.billable.type"].with_user(self.desk_admin)) as form:
            self.assertFalse(form.can_price)
            form.desk_id = self.desk
            self.assertTrue(form.can_price)
            form.name = "Mileage, own car"
            form.kind = "mileage"
            form.price_rule = "fixed"
            form.own_price_unit = 0.7

        self.assertEqual(form.record.sudo().price_unit, 0.7)
        charge = self._charge(user=self.desk_admin, kind=form.record, quantity=10)
        self.assertEqual(charge.sudo().amount, 7.0)

    @mute_logger("odoo.sql_db")
    def test_names_of_types_are_unique_where_they_are_offered(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.by_list.copy({"name": "hardware"})

    def test_methods_past_the_guards_are_closed_to_callers_outside(self):
        for model, names in {
            "psa.charge": ("_psa_write_approval", "_psa_create_unguarded", "_psa_correct", "_psa_refuse", "_psa_deliver"),
            "psa.accounting.export": ("_psa_write_unguarded", "_psa_export_again"),
        }.items():
            for name in names:
                self.assertTrue(hasattr(self.env[model], name))
                self.assertTrue(name.startswith("_"), "names with an underscore are not callable by RPC")
