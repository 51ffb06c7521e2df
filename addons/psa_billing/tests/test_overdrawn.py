"""Hours and money that a correction put back, and that paid for something else since, are not taken out a second time."""

from datetime import date

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .common import HardwareCommon


@tagged("post_install", "-at_install")
class TestOverdrawn(HardwareCommon):
    """Two docking stations were paid by the retainer of 500 and sent back; what is bought next draws on the same money."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.retainer = cls._sell("retainer", 1, 500.0)
        cls.docks = cls._charge(2, 200.0, name="Docking station")
        cls._settle(cls._rows(cls.docks))
        wizard = cls.env["psa.charge.correct"].with_user(cls.billing).create(
            {"charge_id": cls.docks.id, "reason": "Sent back", "quantity": 0}
        )
        wizard.action_correct()
        cls.refund = cls.docks.correction_ids.with_user(cls.billing)

    @classmethod
    def _sell(cls, kind, quantity, price, **values):
        component = cls.env["psa.contract.component"].create(
            {
                "contract_id": cls.contract.id, "kind": kind, "name": kind.title(), "purchase": "manual",
                "product_id": cls.product.id,
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": quantity, "price_unit": price})], **values,
            }
        )  # fmt: skip
        return component._psa_buy(date(2026, 1, 1), "purchase")

    @classmethod
    def _rows(cls, charges):
        return cls.env["psa.billing.item"].search([("source_model", "=", charges._name), ("source_id", "in", charges.ids)])

    @classmethod
    def _settle(cls, rows):
        cls.env["psa.billing.item"]._psa_settle({row.id: None for row in rows if row.state == "covered"})

    def _left(self, prepaid=None):
        prepaid = prepaid or self.retainer
        prepaid.invalidate_recordset()
        return prepaid.remaining_amount if prepaid.kind == "money" else prepaid.remaining_hours

    def _correct_time(self, line, minutes):
        return line.sudo().create(
            {"psa_corrects_id": line.id, "name": "Less", "unit_amount": minutes / 60, "psa_billable_minutes": minutes}
        )

    def test_what_is_open_gives_the_money_back(self):
        server = self._charge(1, 450.0, name="Server")
        self.assertEqual((self._rows(server).mapped("drawn_amount"), self._left()), ([450.0], 50.0))

        self.refund.action_unapprove()

        told = self._rows(server).mapped(lambda row: (row.funding, row.amount, row.drawn_amount))
        self.assertEqual((told, self._left()), ([("price", 350.0, 0.0), ("retainer", 0.0, 100.0)], 0.0))
        self._check_nightly()

    def test_a_refund_whose_money_was_settled_elsewhere_stays(self):
        server = self._charge(1, 450.0, name="Server")
        self._settle(self._rows(server))

        with self.assertRaisesRegex(
            UserError,
            r"(?s)“.*Docking station” put .*400\.00 back into “Retainer.*”, and .*350\.00 of that has paid for something else since: "
            r".*Server.*450\.00.*settled.*Cancel or credit.*enter another correction",
        ), self.env.cr.savepoint():
            self.refund.action_unapprove()

        self.assertEqual((self.refund.approval_state, self._left()), ("approved", 50.0))
        self._check_nightly()

    def test_what_was_released_meanwhile_is_taken_back_into_the_review_first(self):
        server = self._charge(1, 600.0, name="Server")
        cash = self._rows(server).filtered("amount").with_user(self.billing)
        cash.action_approve()
        self.assertEqual((cash.amount, self._left()), (100.0, 0.0))

        with self.assertRaisesRegex(UserError, r"Server.*Back to Review"), self.env.cr.savepoint():
            self.refund.action_unapprove()
        cash.action_back_to_review()
        self.refund.action_unapprove()

        self.assertEqual(sorted(self._rows(server).mapped("amount")), [0.0, 500.0])
        self._check_nightly()

    def test_an_invoice_that_took_the_money_is_named(self):
        self._charge(1, 600.0, name="Server")
        self.env["psa.billing.item"].search([("state", "=", "pending")]).with_user(self.billing).action_approve()
        invoice = self._prepare().filtered(lambda move: move.amount_untaxed == 100.0)
        invoice.action_post()

        with self.assertRaisesRegex(UserError, f"Server.*{invoice.name}"), self.env.cr.savepoint():
            self._rows(self.refund)._write_row({"settled_on": False})
            self.refund.action_unapprove()

    def test_a_refund_of_which_enough_is_left_goes_whatever_else_was_drawn(self):
        self._settle(self._rows(self._charge(1, 100.0, name="Cable")))

        self.refund.action_unapprove()

        self.assertEqual(self._left(), 0.0)
        self._check_nightly()

    def test_hours_given_back_and_worked_since_are_not_taken_out_again(self):
        block = self._sell("block", 10, 90.0)
        line = self._log(10 * 60)
        self._settle(self._approve(line))
        back = self._correct_time(line, -180)
        self._approve(back)
        self._settle(self._approve(self._log(120, date="2026-03-20", name="Moved the server")))
        self.assertEqual(self._left(block), 1)

        with self.assertRaisesRegex(
            UserError, r"(?s)put 3:00 h back into “Block.*”, and 2:00 h of that has paid for something else since: .*Moved the server"
        ), self.env.cr.savepoint():
            back.with_user(self.billing).action_psa_unapprove()
        self.assertEqual((back.psa_approval_state, self._left(block)), ("approved", 1))

        block.component_id.overage = "negative"
        back.with_user(self.billing).action_psa_unapprove()
        self.assertEqual(self._left(block), -2, "the contract lets them go below zero")

    def test_included_hours_given_back_and_worked_since_are_not_taken_out_again(self):
        self.env["psa.contract.component"].create(
            {
                "contract_id": self.contract.id, "kind": "included_hours", "name": "Care",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 10, "price_unit": 0})],
            }
        )  # fmt: skip
        line = self._log(10 * 60)
        self._settle(self._approve(line))
        back = self._correct_time(line, -180)
        self._approve(back)
        later = self._approve(self._log(120, date="2026-03-20", name="Moved the server"))
        self.assertEqual(later.mapped("funding"), ["included"])
        self._settle(later)

        with self.assertRaisesRegex(UserError, r"(?s)put 3:00 h back into “Care”, and 2:00 h of that .*Moved the server"):
            back.with_user(self.billing).action_psa_unapprove()
