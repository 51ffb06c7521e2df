from odoo.tests import tagged

from .common import TestTicketPortalCommon

CLOSE, REOPEN = "#psa_ticket_close", "#psa_ticket_reopen"


@tagged("post_install", "-at_install")
class TestPortalMoves(TestTicketPortalCommon):
    """What the client may do on the portal follows the moves the desk allows."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stages = {state: cls.env.ref(f"psa_helpdesk.stage_{state}") for state in ("new", "open", "resolved", "closed")}

    def _allow(self, origin, target, **values):
        return self.env["psa.ticket.transition"].create({
            "desk_id": self.desk.id, "from_stage_id": self.stages[origin].id, "to_stage_id": self.stages[target].id, **values})

    def _buttons(self, user, ticket=None, **params):
        self._sign_in(user)
        query = "&".join(f"{key}={value}" for key, value in params.items())
        page = self.url_open(f"/my/tickets/{(ticket or self.ticket).id}?{query}").text
        return [button for button in (CLOSE, REOPEN) if f'data-bs-target="{button}"' in page]

    def _decide(self, user, decision):
        self._sign_in(user)
        return self._post(f"/my/tickets/{self.ticket.id}/{decision}", data={"comment": "Please"}).text

    def test_without_moves_everybody_closes_and_reopens(self):
        self.assertEqual(self._buttons(self.employee), [CLOSE])
        self._decide(self.employee, "close")
        self.assertEqual(self.ticket.state, "closed")
        self.assertEqual(self._buttons(self.employee), [REOPEN])
        self._decide(self.employee, "reopen")
        self.assertEqual(self.ticket.state, "open")

    def test_a_desk_whose_moves_are_for_the_staff_offers_nothing(self):
        self._allow("new", "closed")

        for user in (self.employee, self.administrator):
            self.assertEqual(self._buttons(user), [])
            self.assertIn("has changed meanwhile", self._decide(user, "close"))
        self.assertEqual(self.ticket.state, "new")
        self.assertNotIn("Please", "".join(self.ticket.message_ids.mapped("body")))

    def test_only_the_administrator_of_the_client_may_close(self):
        self._allow("new", "closed", client="administrator")

        self.assertEqual(self._buttons(self.employee), [])
        self._decide(self.employee, "close")
        self.assertEqual(self.ticket.state, "new")
        self.assertEqual(self._buttons(self.administrator), [CLOSE])
        self._decide(self.administrator, "close")
        self.assertEqual(self.ticket.state, "closed")

    def test_employees_may_close_what_is_resolved_and_not_more(self):
        self._allow("new", "resolved")
        self._allow("resolved", "closed", staff="nobody", client="employee")

        self.assertEqual(self._buttons(self.employee), [])
        self.ticket.stage_id = self.stages["resolved"]
        self.assertEqual(self._buttons(self.employee), [CLOSE])
        # Saying so takes the ticket up again for a moment; it still is closed from where it stood.
        self._decide(self.employee, "close")
        self.assertEqual(self.ticket.state, "closed")

    def test_who_has_the_link_of_a_mail_may_do_what_an_employee_may(self):
        token = self.ticket._portal_ensure_token()
        move = self._allow("new", "closed", client="administrator")
        self.assertEqual(self._buttons(None, access_token=token), [])

        move.client = "employee"
        self.assertEqual(self._buttons(None, access_token=token), [CLOSE])

    def test_reopening_is_a_move_of_its_own(self):
        self._allow("closed", "open", client="administrator")
        self.ticket.stage_id = self.stages["closed"]

        self.assertEqual(self._buttons(self.employee), [])
        self.assertEqual(self._buttons(self.administrator), [REOPEN])
        self._decide(self.administrator, "reopen")
        self.assertEqual(self.ticket.state, "open")
