from datetime import date

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import HardwareCommon

SHOWN = ("funding", "state", "amount", "value", "drawn_amount")


@tagged("post_install", "-at_install")
class TestChargeCorrections(HardwareCommon):
    """A charge that a retainer paid was wrong: what is taken back goes where it came from, and no invoice changes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.component = cls.env["psa.contract.component"].create(
            {
                "contract_id": cls.contract.id, "kind": "retainer", "name": "Retainer", "purchase": "manual",
                "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 1, "price_unit": 500.0})],
            }
        )  # fmt: skip
        cls.retainer = cls.component._psa_buy(date(2026, 1, 1), "purchase")

    def _correct(self, charge, **values):
        """Correct a charge as billing does it, and return the rows of the new corrections in the order they were taken back."""
        before = charge.correction_ids
        wizard = self.env["psa.charge.correct"].with_user(self.billing).create(
            {"charge_id": charge.id, "reason": "One was sent back", **values}
        )
        wizard.action_correct()
        return self._rows(charge.correction_ids - before)

    def _rows(self, charges):
        rows = self.env["psa.billing.item"].search([("source_model", "=", "psa.charge"), ("source_id", "in", charges.ids)])
        return rows.sorted(lambda row: (row.source_id, abs(float((row.derivation.get("amount") or {}).get("paid", 0)))))

    def _told(self, rows):
        return [tuple(row[name] for name in SHOWN) for row in rows]

    def _balance(self):
        self.retainer.invalidate_recordset()
        return self.retainer.drawn_amount, self.retainer.remaining_amount

    def _assert_sound(self):
        """The nightly check finds nothing, and the two sides of the conservation report are equal."""
        self._check_nightly()
        report = (
            self.env(user=self.billing, su=False)["psa.conservation"]
            .with_company(self.company)
            .create({"date_from": "2026-03-01", "date_to": "2026-03-31"})
        )
        report.action_compare()
        self.assertTrue(report.is_conserved, report.difference_ids.mapped("problem"))

    def _what_if(self, **values):
        what_if = self.env(user=self.billing, su=False)["psa.what.if"].with_company(self.company).create(
            {
                "client_id": self.client.id, "contract_id": self.contract.id, "date_from": "2026-03-01", "date_to": "2026-03-31",
                **values,
            }
        )  # fmt: skip
        what_if.action_compare()
        return what_if

    def test_what_the_retainer_paid_is_back_in_it(self):
        charge = self._charge(quantity=2)
        self.env["psa.billing.item"]._psa_settle({self._rows(charge).id: None})
        self.assertEqual(self._balance(), (400.0, 100.0))

        back = self._correct(charge, quantity=0)

        self.assertEqual(self._told(back), [("retainer", "covered", 0.0, -400.0, -400.0)])
        self.assertEqual((back.prepaid_id, back.component_id, back.kind), (self.retainer, self.component, "correction"))
        self.assertEqual(self._balance(), (0.0, 500.0))
        self._assert_sound()
        self.assertTrue(self._what_if().is_exact)

    def test_cash_is_credited_first_and_the_invoice_stays_as_it_is(self):
        charge = self._charge(quantity=4)
        rows = self._rows(charge)
        self.assertEqual(self._told(rows), [("retainer", "covered", 0.0, 500.0, 500.0), ("price", "pending", 300.0, 300.0, 0.0)])
        rows[1].with_user(self.billing).action_approve()
        invoice = self._prepare()
        invoice.action_post()
        self.assertEqual(invoice.amount_untaxed, 300.0)

        back = self._correct(charge, quantity=2)

        self.assertEqual(self._told(back), [("price", "pending", -300.0, -300.0, 0.0), ("retainer", "covered", 0.0, -100.0, -100.0)])
        self.assertEqual((back[0].quantity, back[0].price_unit), (-1, 300.0))
        self.assertEqual(self._balance(), (400.0, 100.0))
        self.assertEqual((invoice.amount_untaxed, invoice.state, rows[1].move_id), (300.0, "posted", invoice))
        self._assert_sound()
        self.assertTrue(self._what_if().is_exact)
        back[0].with_user(self.billing).action_approve()
        credit = self._prepare(on_negative="refund")
        self.assertEqual((credit.move_type, credit.amount_untaxed), ("out_refund", 300.0))
        more = self._correct(charge, quantity=1)
        self.assertEqual(self._told(more), [("retainer", "covered", 0.0, -200.0, -200.0)])
        self.assertEqual(self._balance(), (200.0, 300.0))
        self._assert_sound()

    def test_with_another_price_the_retainer_pays_anew_as_far_as_it_goes(self):
        charge = self._charge(quantity=2)
        self.env["psa.billing.item"]._psa_settle({self._rows(charge).id: None})

        rows = self._correct(charge, price_unit=300.0)

        self.assertEqual(
            self._told(rows),
            [
                ("retainer", "covered", 0.0, -400.0, -400.0), ("retainer", "covered", 0.0, 500.0, 500.0),
                ("price", "pending", 100.0, 100.0, 0.0),
            ],
        )  # fmt: skip
        self.assertEqual(self._balance(), (500.0, 0.0))
        self._assert_sound()

    def test_a_charge_put_right_before_its_invoice_is_as_if_it_had_been_right(self):
        charge, later = self._charge(quantity=2), self._charge(price=200.0, name="Cable")
        self.assertEqual(self._rows(later).mapped("drawn_amount"), [100.0, 0.0])

        self._correct(charge, quantity=1, price_unit=250.0)

        family = self._rows(charge | charge.correction_ids)
        self.assertEqual((sum(family.mapped("amount")), sum(family.mapped("drawn_amount"))), (0.0, 250.0))
        self.assertEqual(self._told(self._rows(later)), [("retainer", "covered", 0.0, 200.0, 200.0)])
        self.assertEqual(self._balance(), (450.0, 50.0))
        self._assert_sound()
        self.assertTrue(self._what_if().is_exact)

    def test_a_released_correction_holds_the_rows_it_takes_back_from(self):
        charge = self._charge(quantity=4)
        self._correct(charge, quantity=3)[0].with_user(self.billing).action_approve()

        self._charge(price=300.0, date="2026-03-01")

        self.assertEqual(sum(self._rows(charge).mapped("drawn_amount")), 500.0, "an earlier charge does not take it any more")
        self.assertEqual(self._balance(), (500.0, 0.0))
        self._assert_sound()

    def test_a_correction_follows_what_the_review_does_with_the_charge(self):
        charge = self._charge(quantity=4)
        back = self._correct(charge, quantity=3)
        back.with_user(self.billing).action_approve()

        self._rows(charge)[1].with_user(self.billing)._write_off("A present")

        self.assertEqual(self._rows(charge.correction_ids).mapped("state"), ["written_off"])
        self._assert_sound()
        self._rows(charge)[1].with_user(self.billing).action_back_to_review()
        self.assertEqual(self._told(self._rows(charge.correction_ids)), [("price", "pending", -200.0, -200.0, 0.0)])
        adjusted = self._rows(charge)[1].with_user(self.billing)
        adjusted._adjust("Agreed", price_unit=150.0)
        self.assertEqual(
            self._told(self._rows(charge.correction_ids)),
            [("price", "pending", -150.0, -150.0, 0.0), ("retainer", "covered", 0.0, -50.0, -50.0)],
        )
        self._assert_sound()

    def test_what_the_review_has_left_is_taken_back_as_a_whole(self):
        charge = self._charge(quantity=4)
        self._rows(charge)[1].with_user(self.billing)._adjust("Agreed", price_unit=100.0)

        self.assertEqual(self.env["psa.charge.correct"].create({"charge_id": charge.id, "reason": "-"}).price_unit, 150.0)
        rows = self._correct(charge, quantity=0)

        self.assertEqual(self._told(rows), [("price", "pending", -100.0, -100.0, 0.0), ("retainer", "covered", 0.0, -500.0, -500.0)])
        self.assertEqual(self._balance(), (0.0, 500.0))

    def test_more_than_was_charged_is_an_error_in_words(self):
        charge = self._charge(quantity=2)
        row = self._rows(charge)
        self.env["psa.billing.item"]._psa_settle({row.id: None})
        (back,) = self._correct(charge, quantity=1)
        self.env["psa.billing.item"]._psa_settle({back.id: None})
        over = self.env["psa.charge"]._psa_create_unguarded(
            [dict(charge.copy_data()[0], quantity=-2, price_unit=200.0, approval_state="approved", corrects_id=charge.id)]
        )

        rows = over._psa_bill().sorted(lambda row: row.error or "")

        self.assertEqual(rows.mapped("error"), [False, "more_than_charged"])
        self.assertIn("What is corrected was charged less", rows[1].explanation)
        self.assertIn("200.00 too much", rows[1].explanation)
        self.assertEqual(self._balance(), (0.0, 500.0))
        self._assert_sound()

    def test_the_rows_say_in_words_where_the_money_goes(self):
        charge = self._charge(quantity=4)
        cash, ahead = self._correct(charge, quantity=2)

        self.assertIn("300.00 of the $\xa0300.00 charged for it before are taken back.", cash.explanation)
        self.assertIn("100.00 of the $\xa0500.00 that the retainer “Retainer", ahead.explanation)
        self.assertIn("go back into that retainer.", ahead.explanation)
        self.assertIn("300.00 were taken back from other rows", ahead.explanation)
        self.assertNotIn("None", f"{cash.derivation}{ahead.derivation}")
        self.assertNotIn("None", " ".join((cash | ahead).mapped("explanation")))

    def test_a_charge_moves_to_another_contract_with_its_corrections(self):
        other = self._new_contract(
            self.client, [(self.role_engineer, False, 70.0)], date_start="2026-01-01", name="Project", priority=20
        )
        charge = self._charge(quantity=4)
        self._correct(charge, quantity=1)

        self._rows(charge)[1].with_user(self.billing)._move_to(other, "Belongs to the project")

        self.assertEqual(
            self._told(self._rows(charge | charge.correction_ids)),
            [("price", "pending", 800.0, 800.0, 0.0), ("price", "pending", -600.0, -600.0, 0.0)],
        )
        self.assertEqual((charge | charge.correction_ids).contract_id, other)
        self.assertEqual(self._balance(), (0.0, 500.0))

    def test_terms_are_tried_for_corrections_of_earlier_charges(self):
        charge = self._charge(quantity=2, date="2026-02-10")
        self.env["psa.billing.item"]._psa_settle({self._rows(charge).id: None})
        self._correct(charge, quantity=1)
        charge.correction_ids._psa_write_approval({"date": "2026-03-02"})
        charge.correction_ids._psa_bill()

        self.assertTrue(self._what_if().is_exact)

    def test_the_corrected_charge_cannot_be_taken_out_from_under_its_correction(self):
        charge = self._charge(quantity=4)
        self._correct(charge, quantity=2)

        with self.assertRaisesRegex(UserError, "was corrected after it was approved, by -2 on"):
            charge.with_user(self.billing).action_unapprove()
        charge.correction_ids.with_user(self.billing).action_unapprove()
        self.assertEqual(self._balance(), (500.0, 0.0))

    # What a correction needs, it keeps

    def _euro_contract(self):
        currency = self.env["res.currency"].create({"name": "XTC", "symbol": "X"})
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2026-01-01", "rate": 0.92, "company_id": self.company.id}
        )
        rates = [(self.role_engineer, False, 100.0)]
        return self._new_contract(self.client, rates, date_start="2026-01-01", currency_id=currency.id, priority=20)

    def test_a_correction_in_another_currency_than_its_charge_is_refused(self):
        foreign = self._euro_contract()
        charge = self._charge(quantity=2)
        self._correct(charge, quantity=1)
        correction = charge.correction_ids.with_user(self.billing)
        correction.action_unapprove()

        refused = self.assertRaisesRegex(ValidationError, "in XTC, and “Docking station”.*Choose a Contract in USD, or delete")
        with refused, self.env.cr.savepoint():
            correction.contract_id = foreign
        correction.action_approve()

        self.assertEqual(sum(self._rows(charge | charge.correction_ids).mapped("value")), 200.0)
        self._assert_sound()

    def test_a_charge_changes_its_currency_only_without_corrections(self):
        foreign = self._euro_contract()
        charge = self._charge(quantity=2)
        self._correct(charge, quantity=1)
        (charge.correction_ids | charge).with_user(self.billing).action_unapprove()

        refused = self.assertRaisesRegex(ValidationError, "(?s)there would be nothing to take back.*delete the correction first")
        with refused, self.env.cr.savepoint():
            charge.with_user(self.billing).contract_id = foreign
        charge.correction_ids.with_user(self.billing).unlink()
        charge.with_user(self.billing).contract_id = foreign

        self.assertEqual(charge.currency_id, foreign.currency_id)

    def test_a_correction_stays_with_the_client_of_its_charge(self):
        other = self.env["res.partner"].create({"name": "Other", "is_company": True, "psa_is_client": True})
        charge = self._charge(quantity=2)
        self._correct(charge, quantity=1)
        correction = charge.correction_ids.with_user(self.billing)
        correction.action_unapprove()

        refused = self.assertRaisesRegex(ValidationError, "which Harbour Dental pays. Keep that Client on both")
        with refused, self.env.cr.savepoint():
            correction.client_id = other
        with self.assertRaisesRegex(ValidationError, "tick Billable on both"), self.env.cr.savepoint():
            correction.is_billable = False
        self.ticket.write({"client_id": other.id, "partner_id": other.id})

        self.assertEqual((charge.client_id, correction.client_id), (self.client, self.client))

    def test_what_a_later_correction_takes_from_is_not_taken_out_from_under_it(self):
        charge = self._charge(quantity=3, price=10.0)
        self._correct(charge, price_unit=12.0)
        anew = charge.correction_ids.filtered(lambda line: line.quantity > 0).with_user(self.billing)
        (later,) = self._correct(charge, quantity=2)
        later = self.env["psa.charge"].browse(later.source_id).with_user(self.billing)

        with self.assertRaisesRegex(UserError, r"was corrected after it was approved, by -1 on .*One was sent back"):
            anew.action_unapprove()
        later.action_unapprove()
        anew.action_unapprove()
        with self.assertRaisesRegex(UserError, "Of “Docking station” only 0.0 were charged"), self.env.cr.savepoint():
            later.action_approve()
        (anew | later).action_approve()

        self.assertFalse(self._rows(charge | charge.correction_ids).filtered("error"))
        self.assertEqual(sum(self._rows(charge | charge.correction_ids).mapped("value")), 24.0)

    def test_a_charge_is_corrected_anew_once_its_correction_is_approved(self):
        charge = self._charge(quantity=3, price=10.0)
        self._correct(charge, price_unit=12.0)
        charge.correction_ids.with_user(self.billing).action_unapprove()

        with self.assertRaisesRegex(UserError, "waits for its approval. Approve it, or delete it"), self.env.cr.savepoint():
            charge.with_user(self.billing).action_correct()
        charge.correction_ids.with_user(self.billing).action_approve()
        self._correct(charge, price_unit=13.0)

        self.assertEqual(sum(self._rows(charge | charge.correction_ids).mapped("value")), 39.0)

    def test_a_correction_released_in_part_holds_all_it_takes_back_from(self):
        charge = self._charge(quantity=1)
        self._correct(charge, quantity=4)
        back = self._correct(charge, quantity=0)
        self.assertEqual(sorted(back.mapped(lambda row: (row.amount, row.drawn_amount))), [(-300.0, 0.0), (0.0, -300.0), (0.0, -200.0)])
        back.filtered("amount").with_user(self.billing).action_approve()

        self._charge(price=650.0, date="2026-03-01")

        self.assertEqual(self._told(self._rows(charge)), [("retainer", "covered", 0.0, 200.0, 200.0)])
        self.assertEqual(self._balance(), (500.0, 0.0))
        self._assert_sound()

    def test_what_a_retainer_paid_goes_back_also_when_the_new_price_is_released(self):
        charge = self._charge(quantity=2)
        self.env["psa.billing.item"]._psa_settle({self._rows(charge).id: None})
        self._charge(price=100.0, name="Cable")
        rows = self._correct(charge, price_unit=300.0)
        rows.filtered(lambda row: row.amount > 0).with_user(self.billing).action_approve()

        self._charge(price=1.0, name="Screw")

        back = self._rows(charge.correction_ids.filtered(lambda line: line.quantity < 0))
        self.assertEqual(self._told(back), [("retainer", "covered", 0.0, -400.0, -400.0)])
        self._assert_sound()

    def test_a_correction_is_not_approved_before_its_charge(self):
        charge = self._charge(quantity=3)
        self._correct(charge, quantity=2)
        correction = charge.correction_ids.with_user(self.billing)
        (charge.with_user(self.billing) | correction).action_unapprove()

        with self.assertRaisesRegex(UserError, "which is not approved itself. Approve that charge first"):
            correction.action_approve()
        (charge.with_user(self.billing) | correction).action_approve()

        self.assertFalse(self._rows(charge | correction).filtered("error"))
