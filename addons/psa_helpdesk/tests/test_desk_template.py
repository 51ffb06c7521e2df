from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestDeskTemplate(HelpdeskCommon):
    """Priya runs the Field desk. The company's template changes; she looks at the differences and takes what she likes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.priya = cls._new_staff("hd_priya", "psa_crm.group_technician")
        cls.template = {row.attribute: row for row in cls.company.psa_attribute_ids}
        cls.field_desk = cls.env["psa.desk"].create({
            "name": "Field Service", "company_id": cls.company.id, "admin_ids": [(4, cls.priya.id)],
        })
        cls.other_stage = cls.env["psa.ticket.stage"].create({
            "name": "Visit Planned", "state": "open", "desk_ids": [(4, cls.desk.id)], "company_id": cls.company.id,
        })

    def _differences(self, desk=None):
        return {difference.key: difference for difference in (desk or self.field_desk).with_user(self.priya)._template_differences()}

    def _pull(self, *keys):
        wizard = self.env["psa.desk.compare"].with_user(self.priya).browse(
            self.field_desk.with_user(self.priya).action_compare_with_template()["res_id"])
        wizard.line_ids.filtered(lambda line: line.key in keys).is_selected = True
        wizard.action_pull()

    def test_a_new_desk_starts_as_the_template_is(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.template["severity"].write({"label": "Impact", "required": "resolve", "portal": "shown"})
        self.template["severity"].with_context(lang="de_DE").label = "Auswirkung"
        self.company.psa_ticket_properties_definition = [{"name": "rack", "string": "Rack", "type": "char"}]
        self.company.psa_template_stage_ids = self.other_stage

        desk = self.env["psa.desk"].with_user(self.administrator).create({"name": "New", "company_id": self.company.id})

        severity = self._attribute(desk, "severity")
        self.assertEqual((severity.label, severity.required, severity.portal), ("Impact", "resolve", "shown"))
        self.assertEqual(severity.with_context(lang="de_DE").label, "Auswirkung")
        self.assertEqual([definition["name"] for definition in desk.properties_definition], ["rack"])
        self.assertEqual(desk.stage_ids, self.other_stage)

    def test_a_desk_as_the_template_has_no_differences(self):
        self.assertFalse(self._differences())

    def test_what_is_ticked_is_pulled_in_and_nothing_else(self):
        self.template["severity"].write({"label": "Impact", "required": "resolve"})
        self.template["type"].label = "Kind"
        self.assertEqual(set(self._differences()), {"setting/severity/label", "setting/severity/required", "setting/type/label"})
        label = self._differences()["setting/severity/label"]
        self.assertEqual((label.here, label.template), ("–", "Impact"))

        self._pull("setting/severity/label", "setting/severity/required")

        severity = self._attribute(self.field_desk, "severity")
        self.assertEqual((severity.label, severity.required), ("Impact", "resolve"))
        self.assertEqual(set(self._differences()), {"setting/type/label"})

    def test_the_order_of_the_fields_is_pulled_in_too(self):
        self.template["priority"].sequence = 1

        self._pull("setting/order")

        self.assertEqual(self.field_desk.attribute_ids.sorted("sequence")[0].attribute, "priority")
        self.assertFalse(self._differences())

    def test_options_are_compared_where_the_desk_has_its_own_only(self):
        hardware = self.env.ref("psa_helpdesk.option_category_hardware")
        printer = self.env.ref("psa_helpdesk.option_subcategory_printer")
        for name in ("category", "subcategory"):
            self._attribute(self.field_desk, name).options_from = "own"
        self.env["psa.ticket.option"].create({"attribute": "category", "name": "hardware ", "desk_id": self.field_desk.id, "color": 9})
        keys = self._differences()
        self.assertIn(f"option/{hardware.id}", keys)
        self.assertIn("colour 9", keys[f"option/{hardware.id}"].here)

        self._pull(f"option/{hardware.id}", f"option/{printer.id}")

        own = self.env["psa.ticket.option"].search([("desk_id", "=", self.field_desk.id)])
        self.assertEqual(len(own), 2)
        mine = own.filtered(lambda option: option.attribute == "subcategory")
        self.assertEqual((mine.name, mine.parent_id.desk_id, mine.parent_id.color), (printer.name, self.field_desk, hardware.color))
        self.assertNotIn(f"option/{printer.id}", self._differences())

    def test_own_fields_and_stages_are_pulled_in(self):
        self.field_desk.properties_definition = [{"name": "door", "string": "Door", "type": "char"}]
        self.company.psa_ticket_properties_definition = [{"name": "rack", "string": "Rack", "type": "char"}]
        self.company.psa_template_stage_ids = self.other_stage

        self._pull("field/rack", f"stage/{self.other_stage.id}")

        self.assertEqual([definition["name"] for definition in self.field_desk.properties_definition], ["door", "rack"])
        self.assertIn(self.other_stage, self.field_desk.stage_ids)
        self.assertIn(self.other_stage, self.desk.stage_ids, "the other desk keeps it")
        self.assertEqual(set(self._differences()), {"field/door"}, "which the template does not have")

    def test_a_field_of_another_type_is_told_but_never_replaced(self):
        self.field_desk.properties_definition = [{"name": "rack", "string": "Rack", "type": "integer"}]
        self.company.psa_ticket_properties_definition = [{"name": "rack", "string": "Rack", "type": "char"}]

        (difference,) = self._differences().values()
        self._pull("field/rack")

        self.assertEqual((difference.here, difference.can_pull), ("Rack (integer)", False))
        self.assertIn("Rack (char), another type", difference.template)
        self.assertEqual(self.field_desk.properties_definition[0]["type"], "integer")

    def test_labels_and_help_are_compared_in_every_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.template["severity"].write({"label": "Impact", "help": "Who stands still?"})
        self._attribute(self.field_desk, "severity").write({"label": "Impact", "help": "Who stands still?"})
        self.assertFalse(self._differences())
        self.template["severity"].with_context(lang="de_DE").write({"label": "Auswirkung", "help": "Wer steht still?"})

        differences = self._differences()
        self.assertEqual(set(differences), {"setting/severity/label", "setting/severity/help"})
        label = differences["setting/severity/label"]
        self.assertRegex(label.here, r"^Impact \(German.*\)$")
        self.assertRegex(label.template, r"^Auswirkung \(German.*\)$")
        self._pull(*differences)

        row = self._attribute(self.field_desk, "severity")
        self.assertEqual((row.label, row.with_context(lang="de_DE").label), ("Impact", "Auswirkung"))
        self.assertEqual(row.with_context(lang="de_DE").help, "Wer steht still?")
        self.assertFalse(self._differences())

    def test_what_the_desk_has_in_addition_is_told_and_stays(self):
        self.field_desk.properties_definition = [{"name": "door", "string": "Door", "type": "char"}]
        self.field_desk.stage_ids = self.other_stage
        own, at_company = self.env["psa.ticket.option"].create([
            {"attribute": "severity", "name": "Two sites", "desk_id": self.field_desk.id},
            {"attribute": "module", "name": "Ledger", "desk_id": self.field_desk.id},
        ])
        for row in (self._attribute(self.field_desk, "module"), self.template["module"]):
            row.options_from = "company"
        keys = {"field/door", f"stage/{self.other_stage.id}", f"option/{own.id}"}

        differences = self._differences()
        wizard = self.env["psa.desk.compare"].with_user(self.priya).browse(
            self.field_desk.with_user(self.priya).action_compare_with_template()["res_id"])
        wizard.action_select_all()
        wizard.action_pull()

        self.assertEqual(set(differences), keys, f"not {at_company.name}: the desk does not offer it")
        self.assertEqual({(difference.template, difference.can_pull) for difference in differences.values()}, {("–", False)})
        self.assertFalse(any(wizard.line_ids.mapped("is_selected")))
        self.assertEqual(set(self._differences()), keys)

    def test_a_desk_becomes_the_template(self):
        own = self.env["psa.ticket.option"].create({"attribute": "severity", "name": "Two sites", "desk_id": self.field_desk.id})
        severity = self._attribute(self.field_desk, "severity")
        severity.write({"label": "Impact", "default_option_id": own.id})
        self.field_desk.properties_definition = [{"name": "door", "string": "Door", "type": "char"}]

        self.field_desk.with_user(self.administrator).action_save_as_template()
        desk = self.env["psa.desk"].create({"name": "New", "company_id": self.company.id})

        copied = self._attribute(desk, "severity")
        self.assertEqual((copied.label, copied.default_option_id.name), ("Impact", "Two sites"))
        self.assertEqual((copied.default_option_id.desk_id, copied.default_option_id.company_id), (desk.browse(), self.company))
        self.assertEqual([definition["name"] for definition in desk.properties_definition], ["door"])
        self.assertEqual({row.label for row in self.rival.psa_attribute_ids}, {False}, "another company's template is its own")

    def test_only_who_configures_the_desk_compares_and_pulls(self):
        self.template["severity"].label = "Impact"
        for user in (self.technician, self.rival_technician):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.field_desk.with_user(user).action_compare_with_template()
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["psa.desk.compare"].with_user(user).create({
                    "desk_id": self.field_desk.id,
                    "line_ids": [(0, 0, {"key": "setting/severity/label", "kind": "setting", "is_selected": True})],
                }).action_pull()
        with self.assertRaises(AccessError):
            self.desk.with_user(self.priya).action_compare_with_template()
        with self.assertRaises(AccessError):
            self.field_desk.with_user(self.priya).action_save_as_template()

    def test_where_nothing_can_be_pulled_in_the_dialogue_offers_nothing(self):
        self.env["psa.ticket.stage"].create({
            "name": "Parts Ordered", "state": "on_hold", "company_id": self.company.id, "desk_ids": [(4, self.field_desk.id)]})
        action = self.field_desk.with_user(self.priya).action_compare_with_template()
        wizard = self.env["psa.desk.compare"].with_user(self.priya).browse(action["res_id"])
        self.assertEqual(wizard.line_ids.mapped("name"), ["Parts Ordered"])
        self.assertFalse(wizard.can_pull)

        self.template["severity"].label = "Impact"

        action = self.field_desk.with_user(self.priya).action_compare_with_template()
        self.assertTrue(wizard.browse(action["res_id"]).can_pull)

    def test_a_line_that_names_no_difference_does_nothing(self):
        self.env["psa.desk.compare"].with_user(self.priya).create({
            "desk_id": self.field_desk.id,
            "line_ids": [(0, 0, {"key": key, "kind": "setting", "is_selected": True}) for key in (
                "setting/severity/label", "setting/desk_id/x", "stage/1", "option/1", "field/x", "unlink/1")],
        }).action_pull()

        self.assertFalse(self._differences())
