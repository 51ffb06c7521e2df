from datetime import datetime, timezone

from odoo.addons.psa_helpdesk.core.rules import Firing
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import PsaBillingCommon


@tagged("post_install", "-at_install")
class TestRuleTask(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.project = cls.env["project.project"].create({"name": "Field work", "company_id": cls.company.id})
        cls.rule = cls.env["psa.rule"].create(
            {
                "name": "Plan it",
                "company_id": cls.company.id,
                "active": False,
                "action_ids": [(0, 0, {"kind": "task", "project_id": cls.project.id, "task_name": "Drive there"})],
            }
        )

    def _fire(self):
        firing = Firing(self.rule.id, "created", "created", datetime.now(timezone.utc))
        return self.rule._as_system()._fire(self.ticket.sudo(), firing)[self.ticket.id]

    def test_a_rule_creates_a_task_that_knows_its_ticket(self):
        outcome = self._fire()[0]

        task = self.ticket.sudo().psa_task_ids
        self.assertEqual((task.name, task.project_id, task.psa_ticket_id), ("Drive there", self.project, self.ticket))
        self.assertIn("Field work", outcome.text)

    def test_without_a_project_the_rule_stays_off(self):
        self.rule.action_ids.project_id = False

        with self.assertRaisesRegex(ValidationError, "fill in Project"):
            self.rule.active = True
