from odoo.tests import TransactionCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestServiceCompany(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.domain = cls.env["mail.alias.domain"].search([], limit=1) or cls.env["mail.alias.domain"].create(
            {"name": "platform.test"})
        cls.pro = new_test_user(cls.env, "ingrid", groups="base.group_user", email="ingrid@fjord-it.test")
        cls.new_company = cls.env["res.company"]._psa_create_service_company({"name": "Fjord IT"}, cls.pro)

    def test_the_owner_of_a_new_company_takes_a_ticket_at_once(self):
        ticket = self.env["psa.ticket"].with_user(self.pro).create({"name": "Printer on fire"})

        self.assertEqual(ticket.company_id, self.new_company)
        self.assertEqual(ticket.number, "T00001")
        self.assertTrue(ticket.queue_id)
        self.assertEqual(ticket.state, "new")

    def test_the_desk_has_an_address_of_its_own(self):
        desk = self.env["psa.desk"].search([("company_id", "=", self.new_company.id)])

        self.assertEqual(desk.alias_name, "support-fjord-it")
        self.assertEqual(desk.alias_domain_id, self.new_company.alias_domain_id)

    def test_two_companies_of_a_like_name_do_not_get_the_same_address(self):
        self.assertEqual(self.new_company._psa_free_alias_name("support", "Fjord IT"), "support-fjord-it-2")
