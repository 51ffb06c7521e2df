from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import PsaInvoicingCommon


@tagged("post_install", "-at_install")
class TestPortalInvoices(PsaInvoicingCommon, HttpCase):
    """A client's administrator sees his company's invoices; an employee his own only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.employee = cls._portal_user("pia", cls.contact, "psa_crm.group_client_employee")
        boss = cls.env["res.partner"].create({"name": "Boss", "parent_id": cls.client.id})
        cls.client_admin = cls._portal_user("boss", boss, "psa_crm.group_client_admin")
        stranger = cls.env["res.partner"].create({"name": "Stranger", "is_company": True})
        cls.stranger_admin = cls._portal_user("stranger", stranger, "psa_crm.group_client_admin")
        plain_contact = cls.env["res.partner"].create({"name": "Plain", "parent_id": cls.client.id})
        cls.plain_portal = cls._portal_user("plain", plain_contact, "base.group_portal")

        cls._release(cls._log(60))
        cls.move = cls._prepare()
        cls.move.action_post()
        cls.own_move = cls.move.copy({"partner_id": cls.contact.id})
        cls.own_move.action_post()

    @classmethod
    def _portal_user(cls, login, partner, group):
        return new_test_user(
            cls.env, login=f"{login}.portal", password=f"{login}.portal", groups=group, partner_id=partner.id
        )

    def _visible(self, user):
        return self.env(user=user, su=False)["account.move"].search(
            [("id", "in", (self.move | self.own_move).ids)]
        )

    def test_who_sees_which_invoice(self):
        self.assertEqual(self._visible(self.client_admin), self.move | self.own_move)
        self.assertEqual(self._visible(self.employee), self.own_move)
        self.assertFalse(self._visible(self.stranger_admin))
        self.assertEqual(self._visible(self.plain_portal), self.move | self.own_move, "Odoo's own rule")

        with self.assertRaises(AccessError):
            self.move.with_user(self.employee).read(["amount_total"])
        lines = self.env(user=self.employee, su=False)["account.move.line"].search(
            [("move_id", "in", (self.move | self.own_move).ids)]
        )
        self.assertEqual(lines.move_id, self.own_move)

    def test_the_portal_pages_agree(self):
        self.authenticate("pia.portal", "pia.portal")
        page = self.url_open("/my/invoices").text
        self.assertIn(self.own_move.name, page)
        self.assertNotIn(self.move.name, page)
        refused = self.url_open(f"/my/invoices/{self.move.id}", allow_redirects=False)
        self.assertEqual(refused.status_code, 303)

        self.authenticate("boss.portal", "boss.portal")
        page = self.url_open("/my/invoices").text
        self.assertIn(self.move.name, page)
        self.assertEqual(self.url_open(f"/my/invoices/{self.move.id}").status_code, 200)

    def test_clients_see_nothing_of_our_side(self):
        for user in (self.employee, self.client_admin):
            for model in ("psa.billing.item", "psa.contract", "psa.work.timer", "psa.role", "account.analytic.line"):
                with self.subTest(user=user.login, model=model):
                    self.assertFalse(self.env(user=user, su=False)[model].has_access("read"))
