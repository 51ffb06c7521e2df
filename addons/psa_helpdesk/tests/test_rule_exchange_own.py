import json

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.psa_rule_exchange import UnknownReferences
from .test_rules import RuleCommon


@tagged("post_install", "-at_install")
class TestRuleExchangeOwn(RuleCommon):
    """A rule that asks about own fields goes to where these have other technical names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_desk = cls.env["psa.desk"].create({"name": "Field Service", "company_id": cls.company.id})
        cls.desk.properties_definition = cls._definition("4f1c9b20")
        cls.other_desk.properties_definition = cls._definition("c0ffee01")

    @staticmethod
    def _definition(mark):
        return [
            {"name": f"{mark}a", "string": "Site", "type": "selection", "selection": [[f"{mark}n", "North"], [f"{mark}s", "South"]]},
            {"name": f"{mark}b", "string": "Marks", "type": "tags", "tags": [[f"{mark}r", "Red", 1], [f"{mark}u", "Blue", 2]]},
            {"name": f"{mark}c", "string": "Who", "type": "many2one", "comodel": "res.partner"},
            {"name": f"{mark}d", "string": "Rack", "type": "char"},
        ]

    def _condition(self, mark):
        return [
            (f"properties.{mark}a", "=", f"{mark}s"), (f"properties.{mark}b", "in", [f"{mark}r", f"{mark}u"]),
            (f"properties.{mark}c", "=", self.zoe.id), (f"properties.{mark}d", "=", "R7"),
        ]

    def _exported(self, kind="json"):
        rule = self._rule(
            self._says(), event="updated", active=False, domain=repr(self._condition("4f1c9b20")),
            change_ids=[Command.create({"field_name": "properties", "own_field": "4f1c9b20d", "new_kind": "is", "new_value": "R7"})],
        )
        return rule.with_user(self.administrator)._export_text(kind)

    def _imported(self, text, desk, **options):
        kind = "xml" if text.startswith("<") else "json"
        return self.env["psa.rule"].with_user(self.administrator)._import_text(text, kind, self.company, desk, **options)

    def test_a_person_is_named_instead_of_numbered(self):
        [rule] = json.loads(self._exported())["rules"]

        self.assertIn(["properties.4f1c9b20c", "=", {"model": "res.partner", "name": self.zoe.name}], rule["domain"])
        self.assertEqual([entry[:3] for entry in rule["own_fields"]], [
            ["4f1c9b20a", "Site", "selection"], ["4f1c9b20b", "Marks", "tags"], ["4f1c9b20c", "Who", "many2one"],
            ["4f1c9b20d", "Rack", "char"],
        ])

    def test_fields_and_options_are_found_by_their_labels(self):
        for kind in ("json", "xml"):
            text = self._exported(kind)
            for desk, mark in ((self.desk, "4f1c9b20"), (self.other_desk, "c0ffee01")):
                with self.subTest(kind=kind, desk=desk.name):
                    rule = self._imported(text, desk)

                    self.assertEqual(rule.domain, repr(self._condition(mark)))
                    self.assertEqual((rule.change_ids.own_field, rule.change_ids.new_value), (f"{mark}d", "R7"))
                    self.assertEqual(rule.desk_id, desk)

    def test_what_is_not_there_is_told_and_met_by_nothing(self):
        text = self._exported()
        self.other_desk.own_field_ids.filtered(lambda field: field.name == "Rack").unlink()
        self.other_desk.own_field_ids.option_ids.filtered(lambda option: option.name == "South").name = "Far South"

        with self.assertRaises(UnknownReferences) as refusal:
            self._imported(text, self.other_desk)
        for told in ("Own field “Rack”", "Own field “Site”: option “South”"):
            self.assertIn(told, str(refusal.exception))
        rule = self._imported(text, self.other_desk, leave_open=True)

        self.assertIn("Own field “Rack”", rule.description)
        self.assertFalse(self.env["psa.ticket"].search(rule._condition()))

    def test_a_rule_of_every_desk_asks_which_field_is_meant(self):
        rule = self._rule(self._says(), active=False, domain=repr(self._condition("4f1c9b20")[3:]))
        text = rule.with_user(self.administrator)._export_text("json").replace("4f1c9b20d", "0badcafe")
        document = json.loads(text)
        document["rules"][0].pop("desk_id", None)

        with self.assertRaisesRegex(UserError, "several of that name"):
            self._imported(json.dumps(document), self.env["psa.desk"])
