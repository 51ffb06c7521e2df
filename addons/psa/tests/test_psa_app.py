from odoo.fields import Command
from odoo.tests import TransactionCase, loaded_demo_data, tagged


@tagged("post_install", "-at_install")
class TestPsaApp(TransactionCase):
    """The application as its users meet it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: cls.env["res.users"].create({
                "name": f"App {role}",
                "login": f"app_{role}",
                "email": f"app_{role}@example.com",
                "group_ids": [Command.set([cls.env.ref(f"psa_crm.group_{role}").id])],
            })
            for role in ("technician", "dispatcher", "billing", "company_admin")
        }

    def _menus(self, role):
        """Names of the menus right below the application, as this role sees them."""
        menus = self.env["ir.ui.menu"].with_user(self.users[role]).load_web_menus(False)
        root = menus[self.env.ref("psa_crm.menu_psa_root").id]
        return root, [menus[child]["name"] for child in root["children"]]

    def test_the_application_has_its_own_icon(self):
        root, __ = self._menus("company_admin")

        self.assertEqual(root["webIcon"], "psa,static/description/icon.png")
        self.assertTrue(root["webIconData"])

    def test_each_role_finds_its_work(self):
        configuration = self.env.ref("psa_crm.menu_psa_configuration").name
        for role, configures in (
            ("technician", False), ("dispatcher", False), ("billing", False), ("company_admin", True),
        ):
            with self.subTest(role=role):
                root, children = self._menus(role)
                self.assertTrue(children)
                self.assertTrue(root["actionID"], "the application opens with a screen")
                self.assertEqual(configuration in children, configures)

    def test_staff_lands_in_the_help_desk(self):
        for role in ("technician", "dispatcher", "company_admin"):
            root, __ = self._menus(role)
            action = self.env[root["actionModel"]].browse(root["actionID"])
            self.assertEqual(action.res_model, "psa.desk", role)

    def test_the_demo_story_is_told(self):
        if not loaded_demo_data(self.env):
            self.skipTest("the database has no demo data")
        client = self.env.ref("psa.client_harbour")
        employee, administrator = self.env.ref("psa.user_employee"), self.env.ref("psa.user_clientadmin")

        tickets = self.env["psa.ticket"].search([("client_id", "=", client.id)])
        own = tickets.with_user(employee).search([("client_id", "=", client.id)])
        invoices = self.env["account.move"].with_user(administrator).search([("move_type", "=", "out_invoice")])

        self.assertEqual(tickets.with_user(administrator).search([]), tickets)
        self.assertTrue(own)
        self.assertEqual(own.partner_id, employee.partner_id)
        self.assertLess(len(own), len(tickets))
        self.assertEqual(set(invoices.mapped("state")), {"posted"})
        self.assertEqual(invoices.commercial_partner_id, client)
        items = self.env["psa.billing.item"].search([("move_id", "in", invoices.ids)])
        self.assertAlmostEqual(sum(items.mapped("amount")), sum(invoices.mapped("amount_untaxed")))
        block = self.env.ref("psa.contract_elm_block").prepaid_ids
        self.assertEqual((block.drawn_hours, block.remaining_hours, block.state), (13.5, 6.5, "usable"))

    def test_the_demo_story_of_billing_has_something_of_everything(self):
        if not loaded_demo_data(self.env):
            self.skipTest("the database has no demo data")
        company = self.env.ref("base.main_company")
        clients = self.env["res.partner"].search([("psa_is_client", "=", True), ("company_id", "=", company.id)])
        items = self.env["psa.billing.item"].search([("company_id", "=", company.id)])
        active = self.env["psa.contract"].search([("company_id", "=", company.id), ("state", "=", "active")])
        failed = self.env["psa.billing.run.line"].search([("company_id", "=", company.id), ("state", "=", "failed")])

        self.assertLessEqual({"pending", "covered", "error", "written_off", "invoiced"}, set(items.mapped("state")))
        self.assertLessEqual({"time", "charge", "expense", "milestone", "per_ticket", "correction"}, set(items.mapped("kind")))
        self.assertLessEqual(
            {"included", "block", "retainer", "coverage", "overage", "per_ticket", "fixed_price"}, set(items.mapped("funding"))
        )
        self.assertTrue(items.filtered("is_held"))
        self.assertTrue(items.filtered("is_adjusted"))
        self.assertTrue(active.coverage_ids)
        self.assertIn("purchase order", failed.error)
        self.assertIn("done", self.env["psa.accounting.export"].search([("company_id", "=", company.id)]).mapped("state"))
        self.assertFalse(self.env["psa.billing.problem"]._find_problems(clients, company, None))
