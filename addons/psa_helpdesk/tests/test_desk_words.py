import json
from unittest.mock import patch

from lxml import etree
from odoo.fields import Command
from odoo.tests import tagged

from .test_rules import RuleCommon


@tagged("post_install", "-at_install")
class TestDeskWords(RuleCommon):
    """The Help desk calls priority "Urgency" and severity "Impact"; the Field desk leaves both as they are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.field_desk = cls.env["psa.desk"].create({"name": "Field Service", "company_id": cls.company.id, "sequence": 50})
        cls._attribute(cls.desk, "priority").label = "Urgency"
        cls._attribute(cls.desk, "severity").label = "Impact"
        cls.team = cls.env.ref("psa_helpdesk.option_severity_team")
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")

    def _told(self, ticket):
        return "\n".join(ticket.history_ids.filtered(lambda row: row.kind == "rule").mapped("description"))

    def _tickets(self):
        tickets = self._new_ticket() | self._new_ticket(desk_id=self.field_desk.id)
        self.env.flush_all()
        return tickets

    def _bulk(self, tickets):
        """Open the dialog as the web client does: with the context of the action."""
        action = tickets.with_user(self.technician).action_bulk_edit()
        return self.env["psa.ticket.bulk.edit"].with_user(self.technician).with_context(**action["context"])

    def test_a_rule_of_all_desks_tells_each_ticket_in_the_words_of_its_desk(self):
        self._rule(
            ("severity", {"option_id": self.team.id}), name="Urgent", desk_id=False, event="updated",
            company_id=self.company.id, change_ids=[Command.create({"field_name": "priority_id"})], domain="[('priority_id', '!=', False)]",
        )
        here, there = self._tickets()

        (here | there).with_user(self.technician).write({"priority_id": self.high.id})
        self.env.flush_all()

        told = self._told(here)
        for words in ("(Urgency)", "Urgency is not empty", f"Impact: {self.team.name}"):
            self.assertIn(words, told)
        self.assertNotIn("Priority", told)
        self.assertNotIn("Severity", told)
        self.assertIn("(Priority)", self._told(there))
        self.assertIn(f"Severity: {self.team.name}", self._told(there))

    def test_a_rule_of_one_desk_is_described_in_its_words(self):
        self.desk.properties_definition = [{"name": "level", "string": "Level", "type": "char"}]
        domain = f"[('priority_id', '=', {self.high.id}), ('properties.level', '=', 'deep')]"
        rule = self._rule(("severity", {"option_id": self.team.id}), domain=domain)
        of_all = self._rule(("severity", {"option_id": self.team.id}), desk_id=False, company_id=self.company.id, domain=domain)

        self.assertEqual(rule.condition_text, f"Urgency is {self.high.name}; Level is deep")
        self.assertIn(f"Priority is {self.high.name}", of_all.condition_text)

    def test_a_change_of_service_levels_is_told_in_the_words_of_the_desk(self):
        self.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": self.company.id, "hours": "always", "target_ids": [
                Command.create({"priority_ids": [Command.set(self.high.ids)], "resolution_hours": 4}),
                Command.create({"sequence": 20, "resolution_hours": 8}),
            ],
        })
        here, there = self._tickets()

        (here | there).priority_id = self.high
        self.env.flush_all()

        self.assertIn("Urgency changed.", self._told(here))
        self.assertIn("Priority changed.", self._told(there))

    def test_the_hit_rates_have_the_words_of_the_desk_in_view(self):
        levels = self.env["psa.ticket.sla"].with_user(self.administrator)
        of_desk = levels.with_context(psa_desk_view_ref=self.desk.id)
        self._attribute(self.field_desk, "priority").is_shown = False

        views = of_desk.get_views([(False, "pivot"), (False, "list"), (False, "search")])
        search = etree.fromstring(views["views"]["search"]["arch"])
        elsewhere = levels.with_context(psa_desk_view_ref=self.field_desk.id).get_views([(False, "list"), (False, "search")])["views"]

        self.assertEqual(views["models"]["psa.ticket.sla"]["fields"]["priority_id"]["string"], "Urgency")
        self.assertEqual(search.xpath("//filter[@name='group_priority']/@string"), ["Urgency"])
        self.assertEqual(levels.fields_get(["priority_id"])["priority_id"]["string"], "Priority", "several desks in view")
        self.assertFalse(etree.fromstring(elsewhere["search"]["arch"]).xpath("//filter[@name='group_priority']"))
        hidden = etree.fromstring(elsewhere["list"]["arch"]).xpath("//field[@name='priority_id']/@column_invisible")
        self.assertEqual(hidden, ["True"])

    def test_exported_hit_rates_have_the_words_of_the_desk(self):
        from ..controllers.export import TicketCSVExport
        self.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": self.company.id, "hours": "always", "target_ids": [Command.create({"resolution_hours": 8})],
        })
        here, there = self._tickets()

        def label(levels):
            data = {"model": "psa.ticket.sla", "ids": levels.ids, "domain": [], "fields": [{"name": "priority_id", "label": "Priority"}]}
            sent = {}
            request = type("Request", (), {"env": self.env})()
            with patch("odoo.addons.psa_helpdesk.controllers.export.request", request), patch(
                "odoo.addons.web.controllers.export.ExportFormat.base", lambda self, data: sent.update(json.loads(data))
            ):
                TicketCSVExport().base(json.dumps(data))
            return sent["fields"][0]["label"]

        self.assertEqual(label(here.sla_ids), "Urgency")
        self.assertEqual(label((here | there).sla_ids), "Priority")

    def test_tickets_of_one_desk_are_edited_in_its_words(self):
        here, there = self._tickets()
        self._attribute(self.desk, "type").is_shown = False
        form = self._bulk(here).get_views([(False, "form")])
        fields, arch = form["models"]["psa.ticket.bulk.edit"]["fields"], etree.fromstring(form["views"]["form"]["arch"])
        both = self._bulk(here | there).get_views([(False, "form")])

        self.assertEqual(fields["priority_id"]["string"], "Urgency")
        self.assertEqual(fields["severity_id"]["string"], "Impact")
        self.assertEqual(arch.xpath("//field[@name='type_id']/@invisible"), ["True"], "the desk does not use it")
        self.assertEqual(both["models"]["psa.ticket.bulk.edit"]["fields"]["priority_id"]["string"], "Priority")
        arch = etree.fromstring(both["views"]["form"]["arch"])
        self.assertFalse(arch.xpath("//field[@name='type_id']/@invisible"))
