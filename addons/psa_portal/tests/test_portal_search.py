from odoo.tests import tagged

from .common import TestTicketPortalCommon

MAX_SEARCH_QUERIES = 30


@tagged("post_install", "-at_install")
class TestPortalSearch(TestTicketPortalCommon):
    """A client finds his tickets by what was said to him, and by nothing that was not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket._add_entry("The gateway was replaced in Müller street")
        cls.ticket._add_entry("Sabotage suspected", is_internal=True)
        cls.strangers_ticket._add_entry("The gateway is fine")

    def _list(self, search, **params):
        response = self.url_open("/my/tickets", params={"search": search, **params})
        self.assertEqual(response.status_code, 200)
        return response.text

    def _assert_finds(self, search, *tickets, **params):
        text = self._list(search, **params)
        for ticket in self.ticket + self.colleagues_ticket + self.strangers_ticket:
            self.assertEqual(f"/my/tickets/{ticket.id}" in text, ticket in tickets, f"{ticket.name} by {search}")

    def test_words_of_the_conversation_are_found(self):
        self._sign_in(self.administrator)

        self._assert_finds("gateways replaced", self.ticket)
        self._assert_finds("muller", self.ticket)
        self._assert_finds('"gateway was replaced" -door', self.ticket)
        self._assert_finds("gateway", search_in="subject")
        self._assert_finds("arriv", self.ticket)

    def test_what_is_internal_is_not_found(self):
        self._sign_in(self.administrator)

        for search in ("sabotage", "Sabotage suspected", '"sabotage suspected"', "sabot*", "gateway sabotage"):
            self._assert_finds(search)
        self._assert_finds("gateway -sabotage", self.ticket)

    def test_tickets_of_others_are_not_found(self):
        self._sign_in(self.stranger)
        self._assert_finds("gateway", self.strangers_ticket)
        self._sign_in(self.colleague)
        self._assert_finds("gateway")

    def test_nothing_typed_is_an_error(self):
        self._sign_in(self.employee)

        for search in ('"', "'", "\\", "&|!()", ":*", "-", "%00", "<script>"):
            self._list(search)
