from odoo.addons.mail.tests.common import MailCommon
from odoo.tests import tagged

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalPeople(TestTicketPortalCommon, MailCommon):
    """A client's administrator maintains the people of his company, and nobody else does."""

    def _add(self, **data):
        return self._post("/my/people/new", data={"name": "Nora Reed", "email": "nora@linden.example", "role": "none", **data})

    def _edit(self, user, **data):
        person = user.partner_id
        values = {"name": person.name, "email": person.email, "role": person.psa_portal_role}
        return self._post(f"/my/people/{person.id}", data={**values, **data})

    def _people(self):
        self.env.invalidate_all()
        return self.env["res.partner"].with_context(active_test=False).search([("parent_id", "=", self.client.id)])

    def test_only_administrators_have_the_page(self):
        approver = self._portal_user("linden_approver", self.client, "psa_crm.group_client_approver")
        for user, allowed in (
            (self.employee, False), (approver, False), (self.administrator, True), (self.technician, False),
        ):
            if user == self.technician:
                user.password = user.login
            self._sign_in(user)
            person = self.colleague.partner_id
            for url in ("/my/people", "/my/people/new", f"/my/people/{person.id}"):
                with self.subTest(user=user.login, url=url):
                    self.assertEqual(self.url_open(url).status_code, 200 if allowed else 404)
            home = self.url_open("/my").text
            self.assertEqual("/my/people" in home, allowed)

    def test_employees_change_nothing_by_posting(self):
        self._sign_in(self.employee)

        self.assertEqual(self._add().status_code, 404)
        self.assertEqual(self._edit(self.employee, role="administrator").status_code, 404)
        self.assertEqual(self._post(f"/my/people/{self.colleague.partner_id.id}/archive").status_code, 404)
        self.assertEqual(self.employee.partner_id.psa_portal_role, "employee")
        self.assertNotIn("Nora Reed", self._people().mapped("name"))

    def test_he_sees_his_own_people_only(self):
        self._sign_in(self.administrator)

        page = self.url_open("/my/people").text
        foreign = self.stranger.partner_id

        for user in (self.administrator, self.employee, self.colleague):
            self.assertIn(user.partner_id.name, page)
        self.assertNotIn(foreign.name, page)
        self.assertEqual(self.url_open(f"/my/people/{foreign.id}").status_code, 404)
        for decision in ("archive", "invite", "restore"):
            self.assertEqual(self._post(f"/my/people/{foreign.id}/{decision}").status_code, 404)
        self.assertEqual(self._edit(self.stranger, name="Taken over").status_code, 404)
        self.assertTrue(foreign.active)

    def test_our_staff_is_no_person_of_the_client(self):
        self.technician.partner_id.parent_id = self.client
        self._sign_in(self.administrator)

        self.assertNotIn(self.technician.name, self.url_open("/my/people").text)
        self.assertEqual(self.url_open(f"/my/people/{self.technician.partner_id.id}").status_code, 404)

    def test_a_person_with_a_role_is_added_and_invited(self):
        self._sign_in(self.administrator)

        with self.mock_mail_gateway():
            page = self._add(role="employee", function="Reception")

        self.assertIn("is added", page.text)
        nora = self._people().filtered(lambda person: person.email == "nora@linden.example")
        self.assertEqual((nora.function, nora.psa_portal_role, nora.company_id), ("Reception", "employee", self.company))
        self.assertTrue(nora.user_ids.share)
        self.assertEqual(nora.user_ids.company_id, self.company)
        self.assertEqual(len(self._mails), 1)
        self.assertIn("/web/signup", self._mails[0]["body"])

    def test_nothing_but_the_fields_of_the_form_is_taken(self):
        self._sign_in(self.administrator)

        self._add(parent_id=self.other_client.id, psa_is_client="1", active="", company_id="1", category_id="1",
                  commercial_partner_id=self.other_client.id, is_company="1", psa_portal_role="administrator")

        nora = self._people().filtered(lambda person: person.name == "Nora Reed")
        self.assertEqual(nora.parent_id, self.client)
        self.assertFalse(nora.psa_is_client)
        self.assertFalse(nora.is_company)
        self.assertEqual(nora.psa_portal_role, "none")

    def test_a_person_is_changed_and_gets_another_role(self):
        self._sign_in(self.administrator)

        self._edit(self.employee, name="Linda Employee", phone="+1 555-555-0199", role="approver")

        self.env.invalidate_all()
        person = self.employee.partner_id
        self.assertEqual((person.name, person.phone, person.psa_portal_role), ("Linda Employee", "+1 555-555-0199", "approver"))
        notes = " ".join(person.message_ids.mapped("body"))
        self.assertIn("Employee → Approver", notes)

    def test_what_is_wrong_is_said_at_the_field(self):
        self._sign_in(self.administrator)

        for data, sentence in (
            ({"name": " "}, "Please enter a name"),
            ({"email": "nowhere"}, "one e-mail address"),
            ({"email": "", "role": "employee"}, "the invitation is sent there"),
            ({"role": "owner"}, "not offered any more"),
            ({"site": str(self.other_client.id)}, "not offered any more"),
            ({"name": "N" * 500}, "shorten this to 120"),
        ):
            with self.subTest(**data):
                self.assertIn(sentence, self._add(**data).text)
        self.assertNotIn("Nora Reed", self._people().mapped("name"))

    def test_whose_address_it_is_stays_unknown(self):
        self.stranger.login = self.stranger.email
        self._sign_in(self.administrator)

        page = self._add(email=self.stranger.email, role="employee").text

        self.assertIn("cannot be invited", page)
        self.assertNotIn("existing user", page)
        self.assertNotIn("Nora Reed", self._people().mapped("name"))

    def test_the_address_of_who_can_sign_in_is_not_changed(self):
        self._sign_in(self.administrator)

        page = self._edit(self.employee, email="mine@elsewhere.example").text

        self.assertIn("cannot be changed while", page)
        self.env.invalidate_all()
        self.assertEqual(self.employee.partner_id.email, "linden_employee@example.com")

    def test_the_last_administrator_stays(self):
        self._sign_in(self.administrator)

        self.assertIn("needs an administrator", self._edit(self.administrator, role="employee").text)
        self.assertIn("your own access", self._edit(self.administrator, role="none").text)
        self.assertIn("your own access", self._post(f"/my/people/{self.administrator.partner_id.id}/archive").text)
        self.env.invalidate_all()
        self.assertEqual(self.administrator.partner_id.psa_portal_role, "administrator")

        self._edit(self.colleague, role="administrator")
        page = self._edit(self.administrator, role="employee")

        self.env.invalidate_all()
        self.assertEqual(self.administrator.partner_id.psa_portal_role, "employee")
        self.assertTrue(page.url.endswith("/my"))
        self.assertEqual(self.url_open("/my/people").status_code, 404)

    def test_who_is_archived_is_out_at_once_and_can_be_taken_back(self):
        person = self.colleague.partner_id
        self._sign_in(self.administrator)

        self._post(f"/my/people/{person.id}/archive")

        self.env.invalidate_all()
        self.assertFalse(person.active)
        self.assertFalse(self.colleague.active)
        self.assertIn(person.name, self.url_open("/my/people?filterby=archived").text)
        self._post(f"/my/people/{person.id}/restore")
        self.env.invalidate_all()
        self.assertTrue(person.active)
        self.assertEqual(person.psa_portal_role, "none")

    def test_an_invitation_is_sent_again_to_who_never_came(self):
        self._sign_in(self.administrator)
        with self.mock_mail_gateway():
            self._add(role="employee")
        nora = self._people().filtered(lambda person: person.email == "nora@linden.example")

        with self.mock_mail_gateway():
            page = self._post(f"/my/people/{nora.id}/invite")

        self.assertIn("on its way again", page.text)
        self.assertEqual(len(self._mails), 1)

    def test_a_form_without_token_is_refused(self):
        self._sign_in(self.administrator)

        answer = self.url_open("/my/people/new", data={"name": "Nora Reed"})

        self.assertEqual(answer.status_code, 400)

    def test_an_approver_sees_the_tickets_of_the_company(self):
        approver = self._portal_user("linden_approver", self.client, "psa_crm.group_client_approver")
        self._sign_in(approver)

        listed = self.url_open("/my/tickets").text

        self.assertIn(self.ticket.name, listed)
        self.assertIn(self.colleagues_ticket.name, listed)
        self.assertNotIn(self.strangers_ticket.name, listed)
