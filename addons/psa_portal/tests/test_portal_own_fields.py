from odoo.tests import tagged

from .common import TestTicketPortalCommon

KEYS = {"required": "never", "portal": "asked", "indexed": False}


@tagged("post_install", "-at_install")
class TestPortalOwnFields(TestTicketPortalCommon):
    """A desk's own fields on the portal."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.properties_definition = [
            {**KEYS, "name": "till", "string": "Till number", "type": "integer", "required": "create", "help": "On the sticker"},
            {**KEYS, "name": "site", "string": "Branch", "type": "selection", "selection": [["n", "North"], ["s", "South"]]},
            {**KEYS, "name": "marks", "string": "Affected", "type": "tags", "tags": [["a", "Tills", 1], ["b", "Scales", 2]]},
            {**KEYS, "name": "cause", "string": "Cause found", "type": "char", "portal": "shown"},
            {**KEYS, "name": "margin", "string": "Secret margin", "type": "char", "portal": "hidden"},
            {**KEYS, "name": "approved", "string": "Approved", "type": "boolean", "portal": "hidden", "required": "create"},
        ]

    def _submit(self, **data):
        before = self.env["psa.ticket"].search([])
        answer = self._post("/my/tickets/new", data={"subject": "No sound", "description": "Silent", **data})
        return answer, self.env["psa.ticket"].search([]) - before

    def test_the_form_asks_what_the_desk_asks(self):
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text

        for part in ("Till number", "On the sticker", 'name="own_till"', "North", 'name="own_marks"', "Scales"):
            self.assertIn(part, form)
        for part in ("Cause found", "Secret margin", "own_margin", "own_approved"):
            self.assertNotIn(part, form)

    def test_what_is_filled_in_is_stored_and_shown(self):
        self._sign_in(self.employee)

        page, ticket = self._submit(own_till="12", own_site="s", own_marks=["a", "b"], own_margin="99", own_approved="1")

        self.assertEqual(dict(ticket.properties), {"till": 12, "site": "South", "marks": "Tills, Scales"})
        for part in ("Till number", "South", "Tills, Scales"):
            self.assertIn(part, page.text)
        self.assertTrue(ticket.is_incomplete, "what the desk wants of its own people is marked, not asked of clients")

    def test_what_is_wrong_is_said_and_what_was_typed_is_kept(self):
        self._sign_in(self.employee)

        page, ticket = self._submit(own_till="twelve", own_site="w", own_marks=["b"])
        self.assertFalse(ticket)
        for part in ("Please enter a whole number", "not offered any more", 'value="twelve"'):
            self.assertIn(part, page.text)
        page, ticket = self._submit()
        self.assertFalse(ticket)
        self.assertIn("Please fill this in.", page.text)

    def test_a_ticket_shows_what_the_desk_shows(self):
        self.ticket.properties = {"cause": "Dust & <dirt>", "margin": "40 percent", "till": 3}
        self._sign_in(self.employee)

        page = self.url_open(f"/my/tickets/{self.ticket.id}").text

        for part in ("Cause found", "Dust &amp; &lt;dirt&gt;", "Till number"):
            self.assertIn(part, page)
        for part in ("Secret margin", "40 percent", "Approved", "Branch"):
            self.assertNotIn(part, page)

    def test_a_client_reads_no_definition_by_api(self):
        for model in ("psa.desk.field", "psa.desk.field.option", "psa.desk"):
            self.assertFalse(self.env[model].with_user(self.employee).has_access("read"))
