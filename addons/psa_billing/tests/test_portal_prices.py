import re

from odoo.fields import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import PsaInvoicingCommon

SECRETS = ("SECRET-NOTE", "SECRET-REASON", "777.77", "777,77")


@tagged("post_install", "-at_install")
class TestPortalPrices(PsaInvoicingCommon, HttpCase):
    """The client's administrators and approvers read why a price is what it is, and what is left of their hours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_admin = cls._portal_user("boss", cls.client, "psa_crm.group_client_admin")
        cls.approver = cls._portal_user("adele", cls.client, "psa_crm.group_client_approver")
        cls.employee = cls._portal_user("pia", cls.client, "psa_crm.group_client_employee")
        stranger = cls.env["res.partner"].create({"name": "Stranger", "is_company": True, "psa_is_client": True})
        cls.stranger_admin = cls._portal_user("stranger", stranger, "psa_crm.group_client_admin")
        other_company = cls.env["res.company"].create({"name": "Other ITSC"})
        cls.lent = new_test_user(
            cls.env, login="lena.lent", password="lena.lent", groups="psa_crm.group_technician",
            company_id=other_company.id, company_ids=[Command.set(other_company.ids)],
        )  # fmt: skip
        cls.env["hr.employee"].browse(cls.technician._psa_employees(cls.company)[cls.technician.id]).hourly_cost = 777.77
        cls.contract.component_ids = [
            Command.create(
                {
                    "name": "Hours of March", "kind": "included_hours", "overage": "rate", "date_from": "2026-01-01",
                    "step_ids": [Command.create({"date_from": "2026-01-01", "quantity": 2, "price_unit": 0})],
                }
            )
        ]  # fmt: skip
        cls.covered = cls._approve(cls._log(60, name="SECRET-NOTE", psa_invoice_text="Cleaned the rollers", date="2026-03-02"))
        line = cls._log(180, name="SECRET-NOTE", psa_invoice_text="Swapped the drum")
        cls.rows = cls._approve(line)
        cls.billed = cls.rows.filtered(lambda row: row.state == "pending")
        cls.billed.with_user(cls.billing).action_approve()
        cls.move = cls._prepare()
        cls.move.action_post()

    @classmethod
    def _portal_user(cls, login, client, group):
        partner = cls.env["res.partner"].create({"name": login.title(), "parent_id": client.id, "email": f"{login}@x.example"})
        return new_test_user(
            cls.env, login=f"{login}.portal", password=f"{login}.portal", groups=group, partner_id=partner.id
        )

    def _get(self, user, url):
        self.authenticate(user.login, user.login)
        return self.url_open(url, allow_redirects=False)

    def test_the_story_is_as_told(self):
        self.assertEqual(self.covered.state, "covered")
        self.assertEqual(self.rows.mapped("state").count("covered"), 1)
        self.assertEqual(self.billed.seconds, 7200)

    def test_an_invoice_line_says_why(self):
        page = self._get(self.client_admin, f"/my/invoices/{self.move.id}")

        self.assertEqual(page.status_code, 200)
        section = re.search(r'<section id="psa_invoice_why".*?</section>', page.text, re.DOTALL).group()
        self.assertIn("Why?", section)
        for sentence in self.billed._explain(for_client=True):
            self.assertIn(sentence.split(":")[0][:30].replace("“", "“"), section)
        self.assertIn("Swapped the drum", section)

    def test_nothing_of_our_side_is_in_any_page(self):
        for user in (self.client_admin, self.approver):
            for url in ("/my", "/my/hours", f"/my/invoices/{self.move.id}", f"/my/invoices/{self.move.id}?report_type=html"):
                text = self._get(user, url).text
                for secret in SECRETS:
                    self.assertNotIn(secret, text, (user.login, url))

    def test_covered_time_and_balances_have_their_page(self):
        for user in (self.client_admin, self.approver):
            page = self._get(user, "/my/hours?filterby=all")

            self.assertEqual(page.status_code, 200)
            self.assertIn("Cleaned the rollers", page.text)
            self.assertIn("Hours of March", page.text)
            self.assertEqual(page.text.count("o_psa_covered_row"), 2)
        self.assertNotIn("Cleaned the rollers", self._get(self.client_admin, "/my/hours?filterby=month").text)
        self.assertEqual(self._get(self.client_admin, "/my/hours?filterby=nonsense&page=99").status_code, 200)

    def test_nobody_else_sees_any_of_it(self):
        self.assertEqual(self._get(self.employee, "/my/hours").status_code, 404)
        self.assertEqual(self._get(self.lent, "/my/hours").status_code, 404)
        for user in (self.employee, self.stranger_admin, self.lent):
            with self.subTest(user=user.login):
                self.assertFalse(self.move._psa_portal_explained_lines(user))
                page = self._get(user, f"/my/invoices/{self.move.id}")
                self.assertNotIn("psa_invoice_why", page.text)
                self.assertNotIn("Swapped the drum", page.text)
        page = self._get(self.stranger_admin, "/my/hours?filterby=all")
        self.assertEqual(page.status_code, 200)
        for word in ("Cleaned the rollers", "Hours of March", "Swapped the drum"):
            self.assertNotIn(word, page.text)

    def test_the_link_in_the_mail_shows_the_invoice_and_no_more(self):
        self.authenticate(None, None)
        page = self.url_open(self.move.get_portal_url())
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("psa_invoice_why", page.text)

    def test_who_bills_sees_what_the_client_sees(self):
        self.assertTrue(self.move._psa_portal_explained_lines(self.billing))
        self.assertFalse(self.move._psa_portal_explained_lines(self.technician))

    def test_the_home_page_offers_the_page_to_those_who_may_read_it(self):
        for user, count in ((self.client_admin, True), (self.approver, True), (self.employee, False), (self.stranger_admin, False)):
            self.authenticate(user.login, user.login)
            counters = self.make_jsonrpc_request("/my/counters", {"counters": ["psa_hours_count"]})
            self.assertEqual(bool(counters["psa_hours_count"]), count, user.login)

    def test_what_is_behind_many_entries_takes_few_queries(self):
        rows = self.move.invoice_line_ids.psa_billing_item_ids
        self.env.invalidate_all()
        with self.assertQueryCount(30):
            rows._psa_portal_rows()

    def test_those_who_bill_see_it_on_the_client(self):
        sections = self.client.with_user(self.billing).psa_overview["sections"]

        (billing,) = [section for section in sections if section["key"] == "billing"]
        titles = [row["title"] for row in billing["rows"]]
        self.assertIn("Hours of March", titles)
        action = self.client.with_user(self.billing).action_view_psa_profitability()
        self.assertEqual(action["domain"], [("client_id", "=", self.client.id)])
        self.env.invalidate_all()
        keys = [section["key"] for section in self.client.with_user(self.technician).psa_overview["sections"]]
        self.assertNotIn("billing", keys)
