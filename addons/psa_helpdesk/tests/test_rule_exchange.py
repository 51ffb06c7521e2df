import base64
import json

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.psa_rule_exchange import UnknownReferences
from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestRuleExchange(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["psa.rule"]
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")
        cls.manager = cls._new_staff("hx_manager", "psa_crm.group_technician")
        cls.premier = cls.env["psa.client.class"].create({"name": "Premier X", "company_id": cls.company.id})
        cls.rule = cls.Rule.create({
            "name": "Late ones", "company_id": cls.company.id, "event": "updated", "active": False, "is_last": True,
            "domain": str([
                ("queue_id", "in", [cls.queue.id]), ("client_id.psa_client_class_id", "=", cls.premier.id), ("state", "=", "new"),
            ]),
            "client_class_ids": [Command.link(cls.premier.id)], "description": "For the <late>",
            "change_ids": [Command.create({
                "field_name": "stage_id", "new_kind": "is", "new_stage_id": cls.stage_by_state["waiting"].id,
            })],
            "action_ids": [
                Command.create({"kind": "priority", "option_id": cls.high.id}),
                Command.create({"kind": "queue", "queue_id": cls.queue.id}),
                Command.create({
                    "kind": "notify", "user_ids": [Command.link(cls.manager.id)], "via_pager": True, "body": "{{ticket.number}} & co",
                }),
            ],
        })

    def _import(self, text, company=None, desk=None, user=None, **options):
        user = user or self.administrator
        return self.Rule.with_user(user)._import_text(
            text, "xml" if str(text).startswith("<") else "json", company or self.company, desk or self.env["psa.desk"], **options
        )

    def test_what_goes_out_comes_in_the_same(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.rule.with_context(lang="fr_FR").name = "Les retards"
        self.rule.action_ids[2].with_context(lang="fr_FR").body = "{{ticket.number}} en retard"
        for kind in ("json", "xml"):
            with self.subTest(kind=kind):
                copy = self._import(self.rule._export_text(kind))

                self.assertFalse(copy.active)
                self.assertEqual(copy._export_document()["rules"], self.rule._export_document()["rules"])
                self.assertEqual(copy.with_context(lang="fr_FR").action_ids[2].body, "{{ticket.number}} en retard")
                self.assertEqual(copy.action_ids.user_ids, self.manager)
                self.assertEqual(copy.domain, self.rule.domain)

    def test_a_file_names_things_instead_of_numbering_them(self):
        document = json.loads(self.rule._export_text("json"))

        condition = document["rules"][0]["domain"][0]
        self.assertEqual(condition, ["queue_id", "in", [{"model": "psa.queue", "name": "First Line"}]])
        self.assertEqual(document["rules"][0]["actions"][0]["option_id"], {
            "model": "psa.ticket.option", "name": "P2 High", "xmlid": "psa_helpdesk.option_priority_high", "detail": "priority",
        })

    def test_another_company_gets_its_own_or_is_told_what_it_lacks(self):
        owner = self._new_staff("hx_rival_owner", "psa_crm.group_company_admin", company=self.rival)
        text = self.rule._export_text("json")

        with self.assertRaises(UnknownReferences) as refusal:
            self._import(text, company=self.rival, user=owner)
        for name in ("First Line", "hx_manager", "Premier X"):
            self.assertIn(name, str(refusal.exception))
        self.assertNotIn("P2 High", str(refusal.exception))

        queue = self.env["psa.queue"].create({"name": "First Line", "company_id": self.rival.id})
        rule = self._import(text, company=self.rival, user=owner, leave_open=True)

        self.assertEqual((rule.company_id, rule.active), (self.rival, False))
        self.assertEqual(rule.action_ids.queue_id, queue)
        self.assertEqual(rule.action_ids[2].missing_text, "Who Is Told")
        self.assertIn("hx_manager", rule.description)
        self.assertFalse(self.env["psa.ticket"].search(rule._condition()), "a condition on what is not here is met by nothing")

    def test_nothing_is_taken_from_beyond_the_wall(self):
        self.rule.action_ids[1].queue_id = self.queue
        document = self.rule._export_document()
        document["rules"][0]["actions"] = [{"kind": "queue", "queue_id": {"model": "psa.queue", "name": "Rival Line"}}]

        with self.assertRaisesRegex(UnknownReferences, "Rival Line"):
            self._import(json.dumps(document))

    def test_server_actions_come_in_by_name_and_for_administrators_of_the_server_only(self):
        code = self.env["ir.actions.server"].create({
            "name": "Rename", "model_id": self.env["ir.model"]._get_id("psa.ticket"), "state": "code",
            "code": "records.write({'name': 'x'})",
        })
        self.rule.action_ids = [Command.clear(), Command.create({"kind": "server_action", "server_action_id": code.id})]
        text = self.rule._export_text("json")

        self.assertNotIn("records.write", text)
        with self.assertRaisesRegex(UserError, "server_action"):
            self._import(text)
        system = self._new_staff("hx_system", "psa_crm.group_company_admin,base.group_system")
        self.assertEqual(self._import(text, user=system).action_ids.server_action_id, code)

    def test_everything_that_is_wrong_is_told_at_once(self):
        document = self.rule._export_document()
        rule = document["rules"][0]
        rule["colour"] = "red"
        rule["event"] = "moonrise"
        rule["actions"][0]["kind"] = "code"

        with self.assertRaises(UserError) as refusal:
            self._import(json.dumps(document))

        for told in ("colour", "moonrise", "code"):
            self.assertIn(told, str(refusal.exception))

    def test_numbers_and_wrong_models_are_refused(self):
        document = self.rule._export_document()
        for domain, told in (
            ([["queue_id", "=", 3]], "means nothing here"),
            ([["queue_id", "=", {"model": "res.users", "name": "x"}]], "something else"),
        ):
            document["rules"][0]["domain"] = domain
            with self.assertRaisesRegex(UserError, told):
                self._import(json.dumps(document))
        document["rules"][0]["domain"] = []
        document["rules"][0]["actions"] = [{"kind": "queue", "queue_id": {"model": "psa.desk", "name": "Help"}}]
        with self.assertRaisesRegex(UserError, "something else"):
            self._import(json.dumps(document))

    def test_conditions_on_fields_that_are_not_there_are_refused(self):
        document = self.rule._export_document()
        document["rules"][0]["domain"] = [["moon_phase", "=", "full"]]

        with self.assertRaisesRegex(UserError, "moon_phase"):
            self._import(json.dumps(document))

    def test_desk_administrators_take_rules_in_for_their_desk_only(self):
        self.desk.admin_ids = self.technician
        document = self.rule._export_document()
        text = json.dumps(document)

        rule = self._import(text, user=self.technician, desk=self.desk)

        self.assertEqual(rule.desk_id, self.desk)
        with self.assertRaises(UserError):
            self._import(text, user=self.technician)
        with self.assertRaises(UserError):
            self._import(text, user=self.dispatcher, desk=self.desk)

    def test_the_screens(self):
        export = self.env["psa.rule.export"].with_user(self.administrator).create({"rule_ids": self.rule.ids, "kind": "xml"})
        self.assertEqual(export.file_name, "workflow_rules.xml")

        wizard = self.env["psa.rule.import"].with_user(self.administrator).create({
            "file": export.file, "file_name": export.file_name, "company_id": self.company.id,
        })
        imported = self.Rule.browse(wizard.action_import()["domain"][0][2])
        self.assertEqual(imported.name, "Late ones")

        self.manager.active = False
        wizard.action_import()
        self.assertIn("hx_manager", wizard.problem)

        wizard.file = base64.b64encode(b"<!DOCTYPE x [<!ENTITY e 'x'>]><psa-rules version='1'/>")
        with self.assertRaisesRegex(UserError, "document type"):
            wizard.action_import()

    def test_ready_rules_come_once_archived_and_can_be_switched_on(self):
        rules = self.Rule._add_ready_rules(self.rival)

        self.assertGreaterEqual(len(rules), 10)
        self.assertFalse(any(rules.mapped("active")))
        self.assertFalse(self.Rule._add_ready_rules(self.rival))

        queue = self.env["psa.queue"].create({"name": "Dispatch R", "company_id": self.rival.id})
        stage = self.env["psa.ticket.stage"].create({"name": "Critical", "state": "open", "company_id": self.rival.id})
        for action in rules.action_ids.filtered("missing_text"):
            action.write({
                "queue": {"queue_id": queue.id}, "assign": {"user_id": self.rival_technician.id}, "stage": {"stage_id": stage.id},
                "notify": {"user_ids": [Command.link(self.rival_technician.id)]},
            }[action.kind])
        rules.active = True
        self.assertFalse(any(rules.action_ids.mapped("missing_text")))

    def test_the_button_adds_ready_rules_for_who_runs_the_company(self):
        action = self.Rule.with_user(self.administrator).action_add_ready_rules()

        self.assertTrue(self.Rule.with_context(active_test=False).search(action["domain"]))
        with self.assertRaises(AccessError):
            self.Rule.with_user(self.dispatcher).action_add_ready_rules()
