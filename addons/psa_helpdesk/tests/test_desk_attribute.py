import json
from unittest.mock import patch

from lxml import etree
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon

STANDARD = {
    "type", "category", "subcategory", "severity", "priority", "module", "reported_version", "resolved_version", "phase",
}


@tagged("post_install", "-at_install")
class TestDeskAttribute(HelpdeskCommon):
    """The Field desk calls severity "Impact" and hides module and versions; the Help desk leaves everything as it is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.field_desk = cls.env["psa.desk"].create({"name": "Field Service", "company_id": cls.company.id, "sequence": 50})
        cls.severity = cls._attribute(cls.field_desk, "severity")
        cls.severity.label = "Impact"
        cls.severity.with_context(lang="de_DE").label = "Auswirkung"
        cls.severity.help = "How many people stand still?"
        for name in ("module", "reported_version", "resolved_version"):
            cls._attribute(cls.field_desk, name).is_shown = False
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")
        cls.incident = cls.env.ref("psa_helpdesk.option_type_incident")

    def _on_field_desk(self, **values):
        return self._new_ticket(desk_id=self.field_desk.id, **values)

    # Rows

    def test_a_new_desk_has_a_line_for_each_attribute(self):
        self.assertEqual(set(self.field_desk.attribute_ids.mapped("attribute")), STANDARD)
        self.assertEqual(set(self.company.psa_attribute_ids.mapped("attribute")), STANDARD)
        self.assertEqual(set(self.rival.psa_attribute_ids.mapped("attribute")), STANDARD)

    def test_lines_that_are_missing_are_made_and_those_there_are_stay(self):
        self._attribute(self.field_desk, "phase").unlink()

        self.env["psa.desk.attribute"]._create_missing()

        self.assertEqual(set(self.field_desk.attribute_ids.mapped("attribute")), STANDARD)
        self.assertEqual(self.severity.label, "Impact")

    def test_a_line_stays_with_its_desk(self):
        with self.assertRaisesRegex(UserError, "stays with its desk"):
            self.severity.with_user(self.administrator).desk_id = self.desk
        with self.assertRaisesRegex(UserError, "stays with its desk"):
            self.severity.with_user(self.administrator).attribute = "priority"

    def test_nobody_adds_or_takes_away_lines(self):
        for operation in ("create", "unlink"):
            self.assertFalse(self.severity.with_user(self.administrator).has_access(operation))

    def test_the_lines_of_a_desk_are_hidden_with_the_desk(self):
        self.env["psa.access.rule"].create({
            "level": "refuse", "resource": "desk", "desk_id": self.field_desk.id, "user_id": self.technician.id,
            "company_id": self.company.id,
        })

        self.assertFalse(self.severity.with_user(self.technician).has_access("read"))
        self.assertTrue(self._attribute(self.desk, "severity").with_user(self.technician).has_access("read"))
        self.assertFalse(self.severity.with_user(self.rival_technician).has_access("read"))

    def test_what_is_hidden_cannot_be_required(self):
        with self.assertRaisesRegex(ValidationError, "nobody could fill it in"):
            self._attribute(self.field_desk, "module").required = "create"

    def test_a_default_must_be_offered(self):
        own = self.env["psa.ticket.option"].create({"attribute": "severity", "name": "Own", "desk_id": self.desk.id})
        with self.assertRaisesRegex(ValidationError, "not offered as Impact"):
            self.severity.default_option_id = own
        with self.assertRaisesRegex(ValidationError, "not offered as Impact"):
            self.severity.default_option_id = self.high

    def test_a_copied_desk_is_set_up_like_the_first(self):
        own = self.env["psa.ticket.option"].create({"attribute": "severity", "name": "Own", "desk_id": self.field_desk.id})
        self.severity.write({"default_option_id": own.id, "required": "close"})

        copy = self.field_desk.copy()

        severity = self._attribute(copy, "severity")
        self.assertEqual((severity.label, severity.required), ("Impact", "close"))
        self.assertEqual(severity.with_context(lang="de_DE").label, "Auswirkung")
        self.assertEqual(severity.default_option_id.desk_id, copy)
        self.assertEqual(severity.default_option_id.name, "Own")

    # Labels

    def test_a_ticket_speaks_the_words_of_its_desk(self):
        here, there = self._on_field_desk(), self._new_ticket()

        self.assertEqual(here._attribute_label("severity_id"), "Impact")
        self.assertEqual(here.with_context(lang="de_DE")._attribute_label("severity_id"), "Auswirkung")
        self.assertEqual(there._attribute_label("severity_id"), "Severity")
        self.assertEqual(here._attribute_label("user_id"), "Assigned to")

    def test_the_form_follows_the_desk_while_it_is_open(self):
        own = self.env["psa.ticket.option"].create({"attribute": "severity", "name": "Two sites", "desk_id": self.field_desk.id})
        self.severity.default_option_id = own

        with Form(self.env["psa.ticket"].with_user(self.technician)) as form:
            form.name = "Cable cut"
            form.desk_id = self.desk
            self.assertEqual(form.attribute_settings["labels"]["severity_id"]["label"], "Severity")
            form.reported_version_id  # noqa: B018 - is on the form
            form.desk_id = self.field_desk
            settings = form.attribute_settings
            self.assertEqual(settings["labels"]["severity_id"]["label"], "Impact")
            self.assertIn("How many people", settings["labels"]["severity_id"]["help"])
            self.assertNotIn("module_id", settings["shown"])
            self.assertEqual(form.severity_id, own)

    def test_the_form_asks_for_what_the_desk_requires(self):
        self.severity.required = "create"
        form = Form(self.env["psa.ticket"].with_user(self.technician))
        form.name, form.desk_id = "Cable cut", self.field_desk

        with self.assertRaisesRegex(AssertionError, "severity_id is a required field"):
            form.save()
        form.severity_id = self.env.ref("psa_helpdesk.option_severity_team")
        self.assertTrue(form.save().severity_id)

    def test_lists_and_searches_of_one_desk_have_its_words(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        of_desk = Ticket.with_context(psa_desk_view_ref=self.field_desk.id)

        views = of_desk.get_views([(False, "list"), (False, "search")])
        labels = views["models"]["psa.ticket"]["fields"]
        columns = etree.fromstring(views["views"]["list"]["arch"])
        search = etree.fromstring(views["views"]["search"]["arch"])

        self.assertEqual(labels["severity_id"]["string"], "Impact")
        self.assertEqual(columns.xpath("//field[@name='module_id']/@column_invisible"), ["True"])
        self.assertEqual(search.xpath("//filter[@name='group_severity']/@string"), ["Impact"])
        self.assertFalse(search.xpath("//filter[@name='group_module']"))
        self.assertEqual(Ticket.fields_get(["severity_id"])["severity_id"]["string"], "Severity")
        again = Ticket.get_views([(False, "list"), (False, "search")])
        self.assertTrue(etree.fromstring(again["views"]["search"]["arch"]).xpath("//filter[@name='group_module']"))

    def test_a_label_changed_is_a_label_shown(self):
        of_desk = self.env["psa.ticket"].with_user(self.technician).with_context(psa_desk_view_ref=self.field_desk.id)
        of_desk.get_views([(False, "search")])

        self.severity.label = "Reach"

        search = of_desk.get_views([(False, "search")])["views"]["search"]["arch"]
        self.assertEqual(etree.fromstring(search).xpath("//filter[@name='group_severity']/@string"), ["Reach"])

    def test_the_board_of_a_desk_asks_for_its_words(self):
        context = self.field_desk.with_user(self.technician).action_view_tickets()["context"]

        self.assertEqual(context["psa_desk_view_ref"], self.field_desk.id)

    def test_nobody_learns_the_words_of_a_desk_he_does_not_see(self):
        for user in (self.rival_technician, self.env.ref("base.public_user")):
            of_desk = self.env["psa.ticket"].with_user(user).with_context(psa_desk_view_ref=self.field_desk.id)
            self.assertFalse(of_desk._desk_in_view())

    def test_a_company_with_one_desk_has_its_words_everywhere(self):
        self._attribute(self.rival_desk, "severity").label = "Weight"

        fields = self.env["psa.ticket"].with_user(self.rival_technician).fields_get(["severity_id"])

        self.assertEqual(fields["severity_id"]["string"], "Weight")

    def test_an_export_of_one_desk_has_its_words(self):
        here, there = self._on_field_desk(), self._new_ticket()
        columns = [
            {"name": "number", "label": "Number"}, {"name": "severity_id", "label": "Severity"},
            {"name": "severity_id/name", "label": "Severity/Name"},
        ]

        def labels(tickets):
            return [column["label"] for column in self.env["psa.ticket"]._name_export_columns(columns, [("id", "in", tickets.ids)])]

        self.assertEqual(labels(here), ["Number", "Impact", "Impact/Name"])
        self.assertEqual(labels(here | there), ["Number", "Severity", "Severity/Name"])

    def test_the_exported_file_has_the_words_of_the_desk(self):
        from ..controllers.export import TicketCSVExport
        data = json.dumps({"model": "psa.ticket", "import_compat": False, "ids": self._on_field_desk().ids, "domain": [],
                           "fields": [{"name": "severity_id", "label": "Severity"}]})
        sent = {}
        request = type("Request", (), {"env": self.env})()
        with patch("odoo.addons.psa_helpdesk.controllers.export.request", request), patch(
            "odoo.addons.web.controllers.export.ExportFormat.base", lambda self, data: sent.update(json.loads(data))
        ):
            TicketCSVExport().base(data)

        self.assertEqual(sent["fields"][0]["label"], "Impact")

    def test_the_chatter_tells_changes_in_the_words_of_the_desk(self):
        self._attribute(self.field_desk, "priority").label = "Urgency"
        ticket = self._on_field_desk()
        self.flush_tracking()

        ticket.priority_id = self.env.ref("psa_helpdesk.option_priority_high")
        self.flush_tracking()

        told = ticket.message_ids.tracking_value_ids._tracking_value_format()
        self.assertIn("Urgency", [value["fieldInfo"]["changedField"] for value in told])

    def test_errors_use_the_words_of_the_desk(self):
        with self.assertRaisesRegex(ValidationError, "“P2 High” is no Impact of desk “Field Service”"):
            self._on_field_desk(severity_id=self.high.id)
        printer = self.env.ref("psa_helpdesk.option_subcategory_printer")
        self._attribute(self.field_desk, "category").label = "Area"
        with self.assertRaisesRegex(ValidationError, "does not belong to the ticket's Area"):
            self._on_field_desk().subcategory_id = printer

    # Options

    def test_a_desk_says_whose_options_it_offers(self):
        own = self.env["psa.ticket.option"].create({"attribute": "type", "name": "Visit", "desk_id": self.field_desk.id})
        kind = self._attribute(self.field_desk, "type")
        Option = self.env["psa.ticket.option"]

        def offered():
            return Option.search([("attribute", "=", "type"), ("offered_desk_ids", "in", self.field_desk.id)])

        self.assertLessEqual(own | self.incident, offered())
        kind.options_from = "own"
        self.assertEqual(offered(), own)
        self.assertEqual(kind.option_count, 1)
        with self.assertRaisesRegex(ValidationError, "Choose one the desk offers"):
            self._on_field_desk(type_id=self.incident.id)
        kind.options_from = "company"
        self.assertNotIn(own, offered())
        self.assertIn(self.incident, offered())
        with self.assertRaisesRegex(ValidationError, "Choose one the desk offers"):
            self._on_field_desk(type_id=own.id)

    def test_a_ticket_keeps_what_its_desk_no_longer_offers(self):
        ticket = self._on_field_desk(type_id=self.incident.id)

        self._attribute(self.field_desk, "type").options_from = "own"
        ticket.with_user(self.technician).write({"priority_id": self.high.id, "name": "Still here"})

        self.assertEqual(ticket.type_id, self.incident)

    def test_both_versions_have_one_list(self):
        self._attribute(self.desk, "reported_version").options_from = "own"

        self.assertEqual(self._attribute(self.desk, "resolved_version").options_from, "own")

    def test_an_option_in_use_is_archived_not_deleted(self):
        own = self.env["psa.ticket.option"].create({"attribute": "severity", "name": "Two sites", "desk_id": self.field_desk.id})
        ticket = self._on_field_desk(severity_id=own.id)

        with self.assertRaisesRegex(UserError, "“Two sites” as Impact, so it cannot be deleted. Archive it"):
            own.with_user(self.administrator).unlink()
        own.action_archive()
        ticket.name = "Still with it"

        self.assertEqual(ticket.severity_id, own)
        self.assertNotIn(own, self.env["psa.ticket.option"].search([("offered_desk_ids", "in", self.field_desk.id)]))

    def test_a_category_with_a_used_subcategory_is_not_deleted(self):
        category = self.env["psa.ticket.option"].create({"attribute": "category", "name": "Doors"})
        lock = self.env["psa.ticket.option"].create({"attribute": "subcategory", "name": "Lock", "parent_id": category.id})
        self._new_ticket(category_id=category.id, subcategory_id=lock.id)

        with self.assertRaisesRegex(UserError, "Archive it"):
            category.unlink()

    # Desk changes

    def test_a_ticket_that_moves_takes_the_options_of_the_same_name(self):
        here, there = self.env["psa.ticket.option"].create([
            {"attribute": "module", "name": name, "desk_id": desk.id}
            for name, desk in (("Ledger", self.desk), ("ledger", self.rival_desk))
        ])
        only_here = self.env["psa.ticket.option"].create({"attribute": "phase", "name": "Cut-over", "desk_id": self.desk.id})
        target = self.env["psa.desk"].create({"name": "Second", "company_id": self.company.id})
        there.desk_id = target
        ticket = self._new_ticket(module_id=here.id, phase_id=only_here.id, priority_id=self.high.id)

        ticket.with_user(self.technician).desk_id = target

        self.assertEqual((ticket.module_id, ticket.phase_id, ticket.priority_id), (there, only_here.browse(), self.high))

    def test_tickets_that_move_together_keep_what_each_has(self):
        tickets = self._new_ticket(priority_id=self.high.id) | self._new_ticket(type_id=self.incident.id)

        tickets.with_user(self.technician).write({"desk_id": self.field_desk.id})

        self.assertEqual(tickets.desk_id, self.field_desk)
        self.assertEqual((tickets[0].priority_id, tickets[1].type_id), (self.high, self.incident))

    # Defaults

    def test_the_defaults_of_the_desk_are_given_on_every_way(self):
        team = self.env.ref("psa_helpdesk.option_severity_team")
        self.severity.default_option_id = team
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        direct = Ticket.create({"name": "x", "desk_id": self.field_desk.id})
        by_context = Ticket.with_context(default_desk_id=self.field_desk.id).create({"name": "x"})
        imported = Ticket.load(["name", "desk_id/.id"], [["x", str(self.field_desk.id)]])
        named = Ticket.with_context(default_desk_id=self.field_desk.id).name_create("x")
        chosen = Ticket.create({"name": "x", "desk_id": self.field_desk.id, "severity_id": False})

        self.assertFalse(imported["messages"])
        for ticket in (direct, by_context, Ticket.browse(imported["ids"]), Ticket.browse(named[0])):
            self.assertEqual(ticket.severity_id, team)
        self.assertFalse(chosen.severity_id)

    def test_the_default_subcategory_comes_with_its_category_only(self):
        hardware = self.env.ref("psa_helpdesk.option_category_hardware")
        printer = self.env.ref("psa_helpdesk.option_subcategory_printer")
        self._attribute(self.field_desk, "category").default_option_id = hardware
        self._attribute(self.field_desk, "subcategory").default_option_id = printer

        usual = self._on_field_desk()
        other = self._on_field_desk(category_id=self.env.ref("psa_helpdesk.option_category_network").id)

        self.assertEqual((usual.category_id, usual.subcategory_id), (hardware, printer))
        self.assertFalse(other.subcategory_id)

    def test_the_desk_is_looked_up_in_memory(self):
        Attribute = self.env["psa.desk.attribute"]
        ticket = self._on_field_desk().with_user(self.technician)
        ticket.attribute_settings, ticket._attribute_label("severity_id")
        ticket.invalidate_recordset(["attribute_settings"])

        with self.assertQueryCount(0):
            Attribute._settings_by_desk()
            Attribute._labels_by_desk(self.env.lang)
            ticket._attribute_label("severity_id")
            ticket.attribute_settings  # noqa: B018 - computed when read

    def test_a_desk_administrator_sets_his_fields_up_in_the_form_of_the_desk(self):
        self.field_desk.admin_ids = self.technician
        with Form(self.field_desk.with_user(self.technician)) as form, form.attribute_ids.edit(3) as line:
            line.label = "Reach"

        self.assertIn("Reach", self.field_desk.attribute_ids.mapped("label"))
        with self.assertRaises(AccessError):
            self._attribute(self.desk, "severity").with_user(self.technician).label = "Mine"
