from odoo.tests import tagged

from .common import TestTicketPortalCommon


@tagged("post_install", "-at_install")
class TestPortalAttributes(TestTicketPortalCommon):
    """The desk asks for the impact (its word for severity) and the area, shows the phase and keeps the module to itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = {row.attribute: row for row in cls.desk.attribute_ids}
        cls.rows["severity"].write({"label": "Impact", "portal": "asked", "required": "create", "help": "How many stand still?"})
        cls.rows["category"].write({"label": "Area"})
        cls.rows["subcategory"].write({"portal": "asked"})
        cls.rows["phase"].write({"portal": "shown"})
        cls.team = cls.env.ref("psa_helpdesk.option_severity_team")
        cls.hardware = cls.env.ref("psa_helpdesk.option_category_hardware")
        cls.printer = cls.env.ref("psa_helpdesk.option_subcategory_printer")
        cls.phase, cls.module = cls.env["psa.ticket.option"].create([
            {"attribute": "phase", "name": "Cut-over", "desk_id": cls.desk.id},
            {"attribute": "module", "name": "Ledger module", "desk_id": cls.desk.id},
        ])

    def _submit(self, **data):
        before = self.env["psa.ticket"].search([])
        answer = self._post("/my/tickets/new", data={"subject": "No sound", "description": "Silence", **data})
        return answer.text, self.env["psa.ticket"].search([]) - before

    def test_the_form_asks_in_the_words_of_the_desk(self):
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text

        for text in ("Impact", "How many stand still?", "Area", 'name="severity"', 'name="subcategory"', 'data-parent="'):
            self.assertIn(text, form)
        for text in ("Severity", "Cut-over", "Ledger module", 'name="phase"'):
            self.assertNotIn(text, form)

    def test_the_form_follows_the_order_of_the_desk(self):
        self.rows["severity"].sequence = 1
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text

        self.assertLess(form.index('name="severity"'), form.index('name="type"'))

    def test_what_is_required_must_be_chosen(self):
        self._sign_in(self.employee)

        refused, none = self._submit()
        __, ticket = self._submit(severity=self.team.id)

        self.assertIn("Please choose: Impact.", refused)
        self.assertIn("Silence", refused, "what was entered stays")
        self.assertFalse(none)
        self.assertEqual(ticket.severity_id, self.team)
        self.assertFalse(ticket.is_incomplete)

    def test_what_is_not_asked_is_not_taken(self):
        self._sign_in(self.employee)

        __, ticket = self._submit(severity=self.team.id, module=self.module.id, phase=self.phase.id, is_incomplete="1")

        self.assertFalse(ticket.module_id | ticket.phase_id)

    def test_a_subcategory_of_another_category_is_refused(self):
        self._sign_in(self.employee)
        network = self.env.ref("psa_helpdesk.option_category_network")

        refused, none = self._submit(severity=self.team.id, category=network.id, subcategory=self.printer.id)
        __, ticket = self._submit(severity=self.team.id, category=self.hardware.id, subcategory=self.printer.id)

        self.assertIn("does not belong to what you chose as Area", refused)
        self.assertFalse(none)
        self.assertEqual(ticket.subcategory_id, self.printer)

    def test_the_default_of_the_desk_is_chosen_already(self):
        self.rows["severity"].default_option_id = self.team
        self._sign_in(self.employee)

        form = self.url_open("/my/tickets/new").text

        self.assertRegex(form, rf'<option value="{self.team.id}" selected="')

    def test_what_only_the_staff_knows_is_no_hindrance(self):
        self.rows["module"].required = "create"
        self._sign_in(self.employee)

        __, ticket = self._submit(severity=self.team.id)

        self.assertTrue(ticket.is_incomplete)
        self.assertEqual(ticket.missing_text, "Module")

    def test_the_client_may_close_what_a_technician_left_open(self):
        self.rows["category"].required = "close"
        self._sign_in(self.employee)

        self._post(f"/my/tickets/{self.ticket.id}/close", data={"comment": "Works again"})

        self.assertEqual(self.ticket.state, "closed")
        self.assertTrue(self.ticket.is_incomplete)

    def test_the_ticket_shows_what_the_desk_shows(self):
        self.ticket.write({"severity_id": self.team.id, "phase_id": self.phase.id, "module_id": self.module.id})
        self._sign_in(self.employee)

        page = self.url_open(f"/my/tickets/{self.ticket.id}").text

        for text in ("Impact", self.team.name, "Phase", "Cut-over"):
            self.assertIn(text, page)
        self.assertNotIn("Ledger module", page)

        self.rows["severity"].write({"required": "never", "is_shown": False})
        self.assertNotIn(self.team.name, self.url_open(f"/my/tickets/{self.ticket.id}").text)
