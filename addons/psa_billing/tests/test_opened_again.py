"""What an invoice settled is open again once it charges nothing any more, and is priced with all that is open by then."""

from datetime import date

from odoo.fields import Command
from odoo.tests import tagged

from .common import PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestOpenedAgain(PsaInvoicingCommon):
    """Harbour Dental has bought two hours. An entry of the 10th took one of them, one of the 12th the other and half an hour at
    100; both are on the invoice of March, and an hour of the 5th was approved after it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.component = cls.env["psa.contract.component"].create(
            {
                "contract_id": cls.contract.id, "kind": "block", "name": "Prepaid hours", "purchase": "manual",
                "product_id": cls.product.id,
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 2, "price_unit": 90.0})],
            }
        )  # fmt: skip
        cls.block = cls.component._psa_buy(date(2026, 1, 1), "purchase")
        cls.covered = cls._approve(cls._log(60, date="2026-03-10"))
        cls.parts = cls._approve(cls._log(90, date="2026-03-12"))
        cls.parts.filtered("amount").with_user(cls.billing).action_approve()
        cls.invoice = cls._prepare()
        cls.late = cls._approve(cls._log(60, date="2026-03-05"))

    def _told(self, items):
        return items.mapped(lambda item: (item.funding, item.state, item.amount, bool(item.settled_on)))

    def _assert_sound(self):
        self.env["psa.billing.problem"]._check_ledgers([(self.client.id, self.company.id)])
        problems = self.env["psa.billing.problem"].search([("client_id", "=", self.client.id), ("state", "=", "open")])
        self.assertEqual(problems.mapped("message"), [])

    def _assert_priced_with_what_is_open(self):
        """The hour of the 5th comes first; of an entry that is released in part every row stays as it is."""
        self.assertEqual(self._told(self.late), [("block", "covered", 0.0, False)])
        self.assertEqual(self._told(self.covered), [("rate", "pending", 100.0, False)])
        self.assertEqual(
            self._told(self.parts), [("block", "covered", 0.0, False), ("rate", "approved", 50.0, False)]
        )
        self.block.invalidate_recordset()
        self.assertEqual(self.block.remaining_hours, 0)
        self._assert_sound()

    def test_what_is_settled_stays_whatever_comes_later(self):
        self.assertEqual(self._told(self.covered), [("block", "covered", 0.0, True)])
        self.assertEqual(self._told(self.parts), [("block", "covered", 0.0, True), ("rate", "invoiced", 50.0, False)])
        self.assertEqual(self._told(self.late), [("rate", "pending", 100.0, False)])
        self._assert_sound()

    def test_work_of_a_cancelled_invoice_is_priced_with_what_came_meanwhile(self):
        self.invoice.button_cancel()

        self._assert_priced_with_what_is_open()

    def test_work_of_a_credited_invoice_is_priced_with_what_came_meanwhile(self):
        self.invoice.action_post()
        self.invoice.with_user(self.billing)._reverse_moves(cancel=True)

        self._assert_priced_with_what_is_open()

    def test_work_of_a_deleted_draft_is_priced_with_what_came_meanwhile(self):
        self.invoice.with_user(self.billing).unlink()

        self._assert_priced_with_what_is_open()

    def test_who_cancels_need_not_be_in_billing(self):
        accountant = self._new_user("alan.accountant", "account.group_account_user")

        self.invoice.with_user(accountant).button_cancel()

        self._assert_priced_with_what_is_open()

    def test_an_invoice_that_comes_back_to_life_settles_what_is_still_covered(self):
        self.invoice.button_cancel()

        self.invoice.button_draft()

        self.assertEqual(self._told(self.parts), [("block", "covered", 0.0, True), ("rate", "invoiced", 50.0, False)])
        self.assertEqual(self._told(self.covered), [("rate", "pending", 100.0, False)], "it is to be paid by now")
        self._assert_sound()

    def test_hours_that_were_bought_since_pay_for_what_is_open_again(self):
        self.component._psa_buy(date(2026, 3, 20), "purchase").write({"date_from": "2026-01-01"})
        self.env["psa.billing.item"]._psa_rate(self.client, self.company)
        self.assertEqual(self._told(self.late), [("block", "covered", 0.0, False)], "the hours of the 5th take one of them")

        self.invoice.button_cancel()

        self.assertEqual(self._told(self.late | self.covered), [("block", "covered", 0.0, False)] * 2)
        self.assertEqual(self._told(self.parts), [("block", "covered", 0.0, False), ("rate", "approved", 50.0, False)])
        self.assertEqual((self.late.prepaid_id, self.covered.prepaid_id.date_from), (self.block, date(2026, 1, 1)))
        self._assert_sound()
