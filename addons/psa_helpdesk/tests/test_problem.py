from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestProblem(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.quarry = cls._new_client("Quarry", cls.company, "quarry.test")
        cls.sue = cls._new_contact("Sue Stone", "sue@quarry.test", cls.quarry)
        values = {"desk_id": cls.desk.id, "user_id": cls.technician.id}
        cls.problem = cls.env["psa.ticket"].create({
            "name": "Mail server loses mail", "workaround": "<p>Use the web mail</p>", **values,
        })
        cls.first, cls.second, cls.third = cls.env["psa.ticket"].create([
            {"name": "No mail", "partner_id": cls.zoe.id, "problem_id": cls.problem.id, **values},
            {"name": "Still no mail", "partner_id": cls.zoe.id, "problem_id": cls.problem.id, **values},
            {"name": "Mail is late", "partner_id": cls.sue.id, "problem_id": cls.problem.id, **values},
        ])
        cls.incidents = cls.first | cls.second | cls.third

    def _wizard(self, problem=None, user=None):
        action = (problem or self.problem).with_user(user or self.technician).action_resolve()
        return Form(self.env["psa.problem.resolve"].with_user(user or self.technician).with_context(**action["context"]))

    def test_a_problem_lists_its_incidents_and_they_show_its_workaround(self):
        problem = self.problem.with_user(self.technician)

        self.assertTrue(problem.is_problem)
        self.assertEqual(problem.incident_ids, self.incidents)
        self.assertEqual((problem.open_incident_count, problem.incident_count), (3, 3))
        self.assertIn("web mail", self.first.with_user(self.technician).problem_workaround)

    def test_resolving_a_problem_offers_to_resolve_its_incidents(self):
        self.problem._add_entry("The disk was full", kind="resolution")

        wizard = self._wizard()

        self.assertEqual(self.problem.state, "resolved")
        self.assertEqual(wizard.incident_ids[:], self.incidents)
        self.assertIn("The disk was full", wizard.resolution)
        self.assertEqual(wizard.contact_count, 2)

    def test_incidents_get_the_same_words_and_everybody_one_message(self):
        wizard = self._wizard()
        wizard.resolution = "<p>The mail server was repaired</p>"

        with self.mock_mail_gateway():
            wizard.save().action_resolve()

        self.assertEqual(self.incidents.mapped("state"), ["resolved"] * 3)
        for incident in self.incidents:
            resolution = incident.entry_ids.filtered(lambda entry: entry.kind == "resolution")
            self.assertEqual(len(resolution), 1)
            self.assertIn("The mail server was repaired", resolution.body)
            self.assertFalse(resolution.is_internal)
        to_zoe = [mail for mail in self._mails if "zoe@harbour-dental.test" in str(mail["email_to"])]
        to_sue = [mail for mail in self._mails if "sue@quarry.test" in str(mail["email_to"])]
        self.assertEqual((len(to_zoe), len(to_sue)), (1, 1))
        self.assertIn(self.second.number, to_zoe[0]["body"])
        self.assertNotIn(self.third.number, to_zoe[0]["body"])
        self.assertNotIn(self.first.number, to_sue[0]["body"])

    def test_incidents_can_be_left_open(self):
        wizard = self._wizard()
        wizard.resolution = "<p>Repaired</p>"
        wizard.incident_ids.remove(self.third.id)

        wizard.save().action_resolve()

        self.assertEqual(self.incidents.mapped("state"), ["resolved", "resolved", "new"])

    def test_nothing_is_resolved_without_words(self):
        wizard = self.env["psa.problem.resolve"].with_user(self.technician).create({
            "problem_id": self.problem.id, "resolution": "<p><br></p>",
        })

        with self.assertRaises(UserError):
            wizard.action_resolve()
        self.assertEqual(self.first.state, "new")

    def test_only_incidents_of_the_problem_are_resolved(self):
        wizard = self.env["psa.problem.resolve"].with_user(self.technician).create({
            "problem_id": self.problem.id, "resolution": "<p>x</p>", "incident_ids": [(6, 0, self._new_ticket().ids)],
        })

        with self.assertRaises(UserError):
            wizard.action_resolve()

    def test_who_may_only_read_resolves_nothing(self):
        with self.assertRaises(AccessError):
            self.problem.with_user(self.billing).action_resolve()

    def test_a_problem_is_not_an_incident(self):
        for ticket, problem in ((self.problem, self._new_ticket(name="Deeper")), (self._new_ticket(name="x"), self.first),
                                (self.problem, self.problem)):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                ticket.problem_id = problem

    def test_a_ticket_without_open_incidents_is_simply_resolved(self):
        self.assertIs(self.first.with_user(self.technician).action_resolve(), True)
        self.incidents.action_resolve()
        self.assertIs(self.problem.with_user(self.technician).action_resolve(), True)

    def test_incidents_of_clients_one_may_not_see_are_left_out(self):
        self.env["psa.access.rule"].create({
            "resource": "client", "client_id": self.quarry.id, "subject": "user", "user_id": self.technician.id,
            "level": "refuse", "company_id": self.company.id,
        })
        self.env.invalidate_all()

        self.assertEqual(self.problem.with_user(self.technician).incident_ids, self.first | self.second)
        wizard = self._wizard()
        self.assertEqual(wizard.incident_ids[:], self.first | self.second)

    def test_both_histories_tell_of_it(self):
        self.assertIn(self.problem.number, self.first.history_ids.filtered(lambda row: row.kind == "link").mapped("new_value"))
        wizard = self._wizard()
        wizard.resolution = "<p>Repaired</p>"
        wizard.save().action_resolve()

        self.assertIn(self.problem.number, " ".join(filter(None, self.third.history_ids.mapped("description"))))
        self.assertIn(self.third.number, " ".join(filter(None, self.problem.history_ids.mapped("description"))))
