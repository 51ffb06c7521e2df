from odoo.tests import tagged

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalSla(TestTicketPortalCommon):
    """What a client is shown of what was promised to him."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["psa.sla.policy"].create({
            "name": "Inside word", "company_id": cls.company.id, "hours": "always",
            "target_ids": [(0, 0, {"response_hours": 1, "resolution_hours": 8})],
        })
        cls.promised = cls._ticket(cls.employee, "Screen stays black")

    def _page(self):
        self.authenticate(self.employee.login, self.employee.login)
        return self.url_open(f"/my/tickets/{self.promised.id}").text

    def test_the_client_sees_when_it_is_due_if_the_desk_says_so(self):
        self.assertNotIn("First answer", self._page())

        self.desk.sla_on_portal = True
        page = self._page()

        self.assertIn("First answer", page)
        self.assertIn("Solution", page)
        self.assertIn("o_psa_promise_running", page)
        self.assertNotIn("Inside word", page)

    def test_a_paused_promise_says_what_it_waits_for(self):
        self.desk.sla_on_portal = True
        self.promised.stage_id = self.env.ref("psa_helpdesk.stage_waiting")

        self.assertIn("Continues with your answer", self._page())

    def test_what_is_done_says_when(self):
        self.desk.sla_on_portal = True
        self.promised.with_user(self.technician)._add_entry("Unplug it")

        self.assertIn("o_psa_promise_met", self._page())
