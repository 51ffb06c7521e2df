from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import PsaBillingCommon

LEDGER = ("state", "amount", "value", "seconds", "worked_seconds", "drawn_seconds", "derivation")


@tagged("post_install", "-at_install")
class TestWhatIf(PsaBillingCommon):
    """What the work of a client would have brought under other terms; the ledger stays as it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["hr.employee"].browse(cls.technician._psa_employees(cls.company)[cls.technician.id]).hourly_cost = 40
        cls.draft = cls._new_contract(
            cls.client, [(cls.role_engineer, False, 80.0)], activate=False, name="A proposal", date_start="2027-01-01"
        )

    def _what_if(self, user=None, **values):
        what_if = (
            self.env(user=user or self.billing, su=False)["psa.what.if"]
            .with_company(self.company)
            .create(
                {
                    "client_id": self.client.id,
                    "contract_id": self.contract.id,
                    "date_from": "2026-03-01",
                    "date_to": "2026-04-30",
                    **values,
                }
            )
        )
        what_if.action_compare()
        return what_if

    def _sums(self, what_if, side):
        lines = what_if.line_ids.filtered(lambda line: line.side == side)
        return {name: sum(lines.mapped(name)) for name in ("revenue", "labour_cost", "margin", "drawn_hours", "overage")}

    def _include_hours(self, hours):
        self.contract.component_ids = [
            Command.create(
                {
                    "name": "Hours included",
                    "kind": "included_hours",
                    "overage": "fixed",
                    "overage_rate": 120,
                    "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": hours, "price_unit": 0})],
                }
            )
        ]

    def test_the_same_terms_give_the_books_and_leave_them_alone(self):
        items = self._approve(self._log(60) | self._log(50, date="2026-04-02"))
        given_up = self._approve(self._log(20))
        given_up.with_user(self.billing)._write_off("A present")
        before = (items | given_up).read(LEDGER)

        what_if = self._what_if()

        self.assertTrue(what_if.is_exact)
        self.assertFalse(what_if.differing_ids)
        self.assertEqual(self._sums(what_if, "present"), self._sums(what_if, "tried"))
        self.assertAlmostEqual(self._sums(what_if, "tried")["revenue"], 200, msg="60 and, rounded up, 60 minutes")
        self.assertAlmostEqual(self._sums(what_if, "tried")["labour_cost"], 40 * 130 / 60, 1)
        self.assertEqual(len(what_if.line_ids), 4, "two months on both sides")
        self.assertEqual((items | given_up).read(LEDGER), before)

    def test_included_hours_and_overage_come_out_as_in_the_books(self):
        self._include_hours(2)
        items = self._approve(self._log(90) | self._log(90, date="2026-03-11") | self._log(60, date="2026-04-01"))
        self.assertEqual(sum(items.mapped("amount")), 120)

        what_if = self._what_if()

        self.assertTrue(what_if.is_exact, what_if.differing_ids.mapped("part"))
        self.assertEqual(
            self._sums(what_if, "tried"),
            {**self._sums(what_if, "present"), "revenue": 120, "drawn_hours": 3, "overage": 120},
        )

    def test_another_contract_is_tried_even_if_it_is_a_draft_that_starts_later(self):
        self._approve(self._log(60))

        what_if = self._what_if(alternative_id=self.draft.id)

        self.assertEqual(self._sums(what_if, "present")["revenue"], 100)
        self.assertEqual(self._sums(what_if, "tried")["revenue"], 80)
        self.assertEqual(self._sums(what_if, "tried")["margin"], 40)
        self.assertEqual(what_if.result["rows"][0]["tone"], "danger")

    def test_changed_rates_and_a_block_are_tried(self):
        self._approve(self._log(180))
        what_if = self._what_if(is_changed=True)
        self.assertEqual(what_if.rate_ids.hourly_rate, 100)

        what_if.rate_ids.hourly_rate = 110
        what_if.offer_ids = [
            Command.create({"name": "Two hours", "kind": "block", "quantity": 2, "price_unit": 90})
        ]
        what_if.action_compare()

        tried = self._sums(what_if, "tried")
        self.assertEqual((tried["revenue"], tried["drawn_hours"]), (180 + 110, 2))
        self.assertEqual(self._sums(what_if, "present")["revenue"], 300)
        self.assertTrue(what_if.is_exact, "the present terms are replayed whatever is tried")

    def test_work_that_came_in_after_the_hours_were_given_away_is_named(self):
        self._include_hours(1)
        later = self._approve(self._log(60, date="2026-03-20"))
        self.env.flush_all()
        self.env.cr.execute("UPDATE psa_billing_item SET settled_on = '2026-03-31' WHERE id = %s", [later.id])
        self.env.invalidate_all()
        earlier = self._approve(self._log(60, date="2026-03-05"))

        what_if = self._what_if()

        self.assertFalse(what_if.is_exact)
        self.assertEqual(what_if.differing_ids, later | earlier)
        self.assertEqual(what_if.action_view_differing()["domain"], [("id", "in", what_if.differing_ids.ids)])

    def test_what_was_set_by_hand_stays_on_both_sides(self):
        item = self._approve(self._log(60))
        self.env.flush_all()
        self.env.cr.execute("UPDATE psa_billing_item SET is_adjusted = TRUE, amount = 70, value = 70 WHERE id = %s", [item.id])
        self.env.invalidate_all()

        what_if = self._what_if(alternative_id=self.draft.id)

        self.assertTrue(what_if.is_exact)
        self.assertEqual(self._sums(what_if, "present")["revenue"], 70)
        self.assertEqual(self._sums(what_if, "tried")["revenue"], 70)

    def test_the_form_takes_the_client_s_contract_and_its_terms(self):
        with Form(self.env(user=self.billing, su=False)["psa.what.if"].with_company(self.company)) as form:
            form.client_id = self.client
            self.assertEqual(form.contract_id, self.contract)
            self.assertEqual(form.alternative_id, self.contract)
            form.is_changed = True
            self.assertEqual(len(form.rate_ids), 1)

    def test_it_asks_about_the_contract_under_which_most_was_worked(self):
        self._new_contract(
            self.client, [(self.role_engineer, False, 90.0)], name="For one project", date_start="2026-02-01", priority=99
        )
        self._approve(self._log(60))

        with Form(self.env(user=self.billing, su=False)["psa.what.if"].with_company(self.company)) as form:
            form.date_from, form.date_to = "2026-03-01", "2026-04-30"
            form.client_id = self.client
            self.assertEqual(form.contract_id, self.contract)

    def test_what_makes_no_sense_is_refused_with_the_field_to_correct(self):
        other = self.env["res.partner"].create({"name": "Northgate", "is_company": True, "psa_is_client": True})
        with self.assertRaisesRegex(UserError, "Present Contract"):
            self._what_if(client_id=other.id)
        with self.assertRaisesRegex(UserError, "From"):
            self._what_if(date_from="2026-05-01")

    def test_only_billing_of_the_company_tries_terms(self):
        with self.assertRaises(AccessError):
            self._what_if(user=self.technician)
        what_if = self._what_if()
        other_company = self.env["res.company"].create({"name": "Other ITSC"})
        stranger = self._new_user("sam.stranger", "psa_crm.group_billing", other_company)
        env = self.env(user=stranger, su=False, context={"allowed_company_ids": other_company.ids})
        for model in ("psa.what.if", "psa.what.if.line", "psa.what.if.rate", "psa.what.if.offer"):
            self.assertFalse(env[model].search([]), model)
        with self.assertRaises(AccessError):
            what_if.with_env(env).action_compare()
