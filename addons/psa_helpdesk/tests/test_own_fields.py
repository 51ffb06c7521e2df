import json
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import HelpdeskCommon

DEFINITION = [
    {"name": "rack", "string": "Rack", "type": "char", "required": "never", "portal": "hidden", "indexed": False},
    {"name": "seats", "string": "Seats", "type": "integer", "required": "never", "portal": "hidden", "indexed": False},
    {"name": "site", "string": "Site", "type": "selection", "selection": [["n", "North"], ["s", "South"]],
     "required": "never", "portal": "hidden", "indexed": False},
    {"name": "marks", "string": "Marks", "type": "tags", "tags": [["a", "Alpha", 1], ["b", "Beta", 2]],
     "required": "never", "portal": "hidden", "indexed": False},
    {"name": "who", "string": "Who", "type": "many2one", "comodel": "res.partner",
     "required": "never", "portal": "hidden", "indexed": False},
    {"name": "story_html", "string": "Story", "type": "html", "required": "never", "portal": "hidden", "indexed": False},
]


class OwnFieldsCommon(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk_admin = cls._new_staff("hd_own_admin", "psa_crm.group_technician")
        cls.desk.write({"admin_ids": [Command.link(cls.desk_admin.id)], "properties_definition": DEFINITION})
        cls.other_desk = cls.env["psa.desk"].create({"name": "Field", "company_id": cls.company.id})
        cls.ticket = cls.env["psa.ticket"].create({
            "name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "properties": {"rack": "R7", "site": "n"},
        })

    def _values(self, ticket):
        self.env.flush_all()
        self.env.cr.execute("SELECT properties FROM psa_ticket WHERE id = %s", [ticket.id])
        return self.env.cr.fetchone()[0] or {}

    def _as_form(self, ticket, **values):
        """Return what the web client sends back after somebody changed these values."""
        [read] = ticket.read(["properties"])
        return [
            {**field, "value": values[field["name"]]} if field["name"] in values else field for field in read["properties"]
        ]

    def _field(self, key):
        return self.desk.own_field_ids.filtered(lambda field: field.key == key)

    def _history(self, ticket):
        self.env.flush_all()
        rows = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("field_name", "like", "properties.%")], order="id")
        return [(row.field_label, row.old_value or "", row.new_value or "") for row in rows]


@tagged("post_install", "-at_install")
class TestOwnFieldValues(OwnFieldsCommon):

    def test_what_is_left_out_is_kept(self):
        for user in (self.technician, self.env.ref("base.user_root")):
            self.ticket.with_user(user).write({"properties": {"seats": 4}})
            self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n", "seats": 4})
            self.ticket.with_user(user).write({"properties": [{"name": "seats", "type": "integer", "value": 5}]})
            self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n", "seats": 5})
        self.ticket.properties = {"rack": False}
        self.ticket.properties = {}
        self.assertEqual(self._values(self.ticket), {"rack": False, "site": "n", "seats": 5})

    def test_one_error_names_each_field_by_its_label_and_the_remedy(self):
        wrong = {"seats": "many", "site": "w", "marks": ["a", "z"], "who": 10**8, "rack": 7, "nowhere": 1}
        for env in (self.env, self.env(su=False, user=self.technician)):
            for attempt in (
                lambda env=env: self.ticket.with_env(env).sudo().write({"properties": wrong}),
                lambda env=env: self.ticket.with_env(env).write({"properties": wrong}),
                lambda env=env: env["psa.ticket"].create({"name": "x", "desk_id": self.desk.id, "properties": wrong}),
                lambda env=env: env["psa.ticket"].create(
                    {"name": "x", "desk_id": self.desk.id, "properties": json.dumps(wrong)}),
            ):
                with self.assertRaises(ValidationError) as refusal:
                    attempt()
                for part in (
                    "Seats: “many” does not fit. Give a whole number", "Site: “w” is none of the options. Use one of: North (n), South (s)",
                    "Marks: “z”", "Who: there is no Contact", "Rack: “7” does not fit. Give a text", "has no own field “nowhere”",
                ):
                    self.assertIn(part, str(refusal.exception))
        self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n"})

    def test_a_context_brings_nothing_in_unchecked(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        for context in ({"default_properties": {"seats": "many"}}, {"default_properties.seats": "many"}):
            with self.subTest(context), self.assertRaisesRegex(ValidationError, "Seats"):
                Ticket.with_context(**context).create({"name": "x", "desk_id": self.desk.id})
        ticket = Ticket.with_context(**{"default_properties.site": "s", "default_properties.elsewhere": 1}).create(
            {"name": "x", "desk_id": self.desk.id, "properties": {"rack": "R1"}})
        self.assertEqual(self._values(ticket), {"rack": "R1", "site": "s"})

    def test_a_link_to_what_one_cannot_see_is_refused_and_one_there_is_kept(self):
        hidden = self.hal.id
        with self.assertRaisesRegex(ValidationError, "that you can see"):
            self.ticket.with_user(self.technician).write({"properties": {"who": hidden}})
        self.ticket.write({"properties": {"who": hidden}})

        self.ticket.with_user(self.technician).write({"properties": self._as_form(self.ticket.with_user(self.technician), seats=1)})

        self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n", "who": hidden, "seats": 1})

    def test_nothing_and_zero_are_told_apart(self):
        for value in (0, False, 0, 1, False):
            self.ticket.with_user(self.technician).write({"properties": {"seats": value}})
            self.assertIs(self.ticket.properties._values["seats"], value)
            self.assertIs(self._values(self.ticket)["seats"], value)

    def test_formatted_text_is_made_harmless(self):
        self.ticket.write({"properties": {"story_html": "<p>One<script>alert(1)</script></p>"}})

        self.assertEqual(self._values(self.ticket)["story_html"], "<p>One</p>")

    def test_tickets_written_together_keep_each_its_own(self):
        other = self._new_ticket(properties={"rack": "R8"})

        (self.ticket | other).with_user(self.technician).write({"properties": {"seats": 2}, "name": "Both"})

        self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n", "seats": 2})
        self.assertEqual(self._values(other), {"rack": "R8", "seats": 2})
        self.assertEqual((self.ticket | other).mapped("name"), ["Both", "Both"])

    def test_a_copy_has_the_values_that_still_stand(self):
        self.ticket.write({"properties": {"who": self.zoe.id, "marks": ["a", "b"]}})
        copied = self.ticket.with_user(self.technician).copy()
        self.assertEqual(self._values(copied), {"rack": "R7", "site": "n", "who": self.zoe.id, "marks": ["a", "b"]})

        gone = self.env["res.partner"].create({"name": "Gone", "company_id": self.company.id})
        self.ticket.write({"properties": {"who": gone.id}})
        gone.unlink()
        self.assertEqual(self._values(self.ticket.with_user(self.technician).copy()), {"rack": "R7", "site": "n", "marks": ["a", "b"]})

    def test_a_form_changes_one_value(self):
        with Form(self.ticket.with_user(self.technician)) as form:
            form.properties = self._as_form(self.ticket, rack="R9")

        self.assertEqual(self._values(self.ticket)["rack"], "R9")
        self.assertEqual(self._values(self.ticket)["site"], "n")

    def test_an_import_finds_fields_by_name_or_label_and_options_by_theirs(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        result = Ticket.load(
            ["name", "desk_id/.id", "properties.rack", "properties.Site", "properties.who"],
            [["Imported", str(self.desk.id), "R3", "South", self.zoe.display_name]],
        )
        self.assertFalse(result["messages"])
        ticket = Ticket.browse(result["ids"])
        self.assertEqual(self._values(ticket), {"rack": "R3", "site": "s", "who": self.zoe.id})

        result = Ticket.load([".id", "properties.Rack"], [[str(ticket.id), "R4"]])
        self.assertFalse(result["messages"])
        self.assertEqual(self._values(ticket), {"rack": "R4", "site": "s", "who": self.zoe.id})
        self.assertTrue(Ticket.load([".id", "properties.seats"], [[str(ticket.id), "many"]])["messages"])
        for title in ("Nowhere", "Rack (Field)"):
            [message] = Ticket.load(["name", f"properties.{title}"], [["x", "y"]])["messages"]
            self.assertIn(f"No desk has an own field “{title}”", message["message"])

    def test_an_import_asks_which_desk_is_meant_where_two_have_a_field_of_that_label(self):
        self.other_desk.properties_definition = [{"name": "shelf", "string": "rack", "type": "monetary"}]
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        [message] = Ticket.load(["name", "properties.Rack"], [["x", "y"]])["messages"]
        self.assertIn("rack (Field), Rack (Help)", message["message"])
        result = Ticket.load(["name", "desk_id/id", "properties.Rack (Field)"], [["x", self._external_id(self.other_desk), "12.50"]])

        self.assertFalse(result["messages"])
        self.assertEqual(self._values(Ticket.browse(result["ids"])), {"shelf": 12.5})

    def _external_id(self, record):
        self.env["ir.model.data"].create({"module": "psa_test", "name": "desk", "model": record._name, "res_id": record.id})
        return "psa_test.desk"

    def test_searched_grouped_sorted_and_exported(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        other = self._new_ticket(properties={"rack": "R8", "site": "s", "marks": ["b"], "seats": 3})

        self.assertEqual(Ticket.search([("properties.rack", "ilike", "r8")]), other)
        self.assertEqual(Ticket.search([("properties.site", "in", ["n"]), ("desk_id", "=", self.desk.id)]), self.ticket)
        self.assertEqual(Ticket.search([("properties.marks", "in", ["b"])]), other)
        self.assertEqual(Ticket.search([("properties.seats", ">", 2)]), other)
        groups = Ticket.formatted_read_group([("desk_id", "=", self.desk.id)], ["properties.site"], ["__count"])
        self.assertEqual({group["properties.site"]: group["__count"] for group in groups}, {"n": 1, "s": 1})
        self.assertEqual(
            other.export_data(["properties.rack", "properties.site", "properties.marks"])["datas"],
            [["R8", "South", "Beta"]],
        )


@tagged("post_install", "-at_install")
class TestOwnFieldMoves(OwnFieldsCommon):

    def test_another_desk_keeps_what_it_has_too_and_history_tells_the_rest(self):
        self.other_desk.properties_definition = [
            {"name": "place", "string": "Site", "type": "selection", "selection": [["north", "North"]]},
            {"name": "rack", "string": "Rack", "type": "integer"},
        ]
        self.ticket.with_user(self.technician).write({"desk_id": self.other_desk.id, "properties": {"rack": 7}})

        self.assertEqual(self._values(self.ticket), {"place": "north", "rack": 7})
        self.assertEqual(self._history(self.ticket), [("Rack", "R7", "7")])

    def test_what_has_no_place_at_the_new_desk_is_told_by_history(self):
        self.ticket.write({"properties": {"marks": ["b"]}})
        self.env.flush_all()

        self.ticket.with_user(self.technician).write({"desk_id": self.other_desk.id})

        self.assertFalse(self._values(self.ticket))
        self.assertEqual(self._history(self.ticket)[1:], [("Rack", "R7", ""), ("Site", "North", ""), ("Marks", "Beta", "")])

    def test_the_form_shows_what_will_be_kept(self):
        self.other_desk.properties_definition = [{"name": "place", "string": "Rack", "type": "char"}]
        with Form(self.ticket.with_user(self.technician)) as form:
            form.desk_id = self.other_desk
            self.assertEqual([field.get("value") for field in form.properties], ["R7"])

        self.assertEqual(self._values(self.ticket), {"place": "R7"})

    def test_a_copied_desk_takes_tickets_over_whole(self):
        copied = self.desk.copy()
        self.assertEqual(len(copied.own_field_ids), len(DEFINITION))

        self.ticket.desk_id = copied

        self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n"})

    def test_history_reads_as_the_form_did(self):
        self.ticket.write({"properties": {
            "rack": "R8", "seats": 0, "site": "s", "marks": ["a", "b"], "who": self.zoe.id, "story_html": "<p>One</p>"}})
        self.env.flush_all()
        self.ticket.write({"properties": {"rack": False, "marks": ["b"], "seats": 0}})

        self.assertEqual(self._history(self.ticket), [
            ("Rack", "R7", "R8"), ("Seats", "", "0"), ("Site", "North", "South"), ("Marks", "", "Alpha, Beta"),
            ("Who", "", self.zoe.name), ("Story", "", "One"), ("Rack", "R8", ""), ("Marks", "Alpha, Beta", "Beta"),
        ])

    def test_a_write_without_change_writes_no_history(self):
        self.ticket.with_user(self.technician).write({"properties": self._as_form(self.ticket)})

        self.assertEqual(self._history(self.ticket), [])


@tagged("post_install", "-at_install")
class TestOwnFieldDefinition(OwnFieldsCommon):

    def test_rows_and_definition_say_the_same(self):
        self.assertEqual(self.desk.own_field_ids.mapped("key"), [field["name"] for field in DEFINITION])
        self.assertEqual(self.desk.properties_definition, DEFINITION)

        self._field("rack").with_user(self.desk_admin).write({"name": "Rack Position", "required": "resolve", "help": "On the door"})
        self._field("site").with_user(self.desk_admin).option_ids[0].name = "Far North"

        definition = {field["name"]: field for field in self.desk.properties_definition}
        self.assertEqual(definition["rack"], {
            "name": "rack", "string": "Rack Position", "type": "char", "required": "resolve", "portal": "hidden", "indexed": False,
            "help": "On the door"})
        self.assertEqual(definition["site"]["selection"], [["n", "Far North"], ["s", "South"]])

    def test_a_definition_by_api_keeps_what_it_does_not_say(self):
        self._field("rack").write({"required": "create", "portal": "asked", "help": "On the door"})

        self.desk.with_user(self.desk_admin).properties_definition = [
            {"name": "seats", "string": "Places", "type": "integer", "default": 3},
            {"name": "rack", "string": "Rack", "type": "char", "view_in_cards": True},
            {"name": "site", "string": "Site", "type": "selection", "selection": [["n", "North"], ["s", "South"]]},
        ]

        self.assertEqual(self.desk.own_field_ids.filtered("active").mapped("key"), ["seats", "rack", "site"])
        self.assertFalse(self._field("marks"))
        self.assertRecordValues(self._field("rack"), [{"required": "create", "portal": "asked", "help": "On the door"}])
        self.assertEqual(self.desk.properties_definition[0]["default"], 3)
        self.assertTrue(self.desk.properties_definition[1]["view_in_cards"])

    def test_a_field_left_out_while_tickets_hold_values_is_archived_and_comes_back_whole(self):
        self.desk.properties_definition = [field for field in DEFINITION if field["name"] != "rack"]
        self.assertFalse(self._field("rack").active)
        self.ticket.write({"properties": {"seats": 1}})
        self.assertEqual(self._values(self.ticket), {"rack": "R7", "site": "n", "seats": 1})

        self._field("rack").action_restore()

        self.assertEqual(self.ticket.properties["rack"], "R7")

    def test_definitions_from_before_there_were_rows_get_theirs(self):
        self.env.cr.execute("DELETE FROM psa_desk_field WHERE desk_id = %s", [self.desk.id])
        self.env.invalidate_all()

        self.env["psa.desk"]._adopt_own_fields()

        self.assertEqual(self.desk.own_field_ids.mapped("key"), [field["name"] for field in DEFINITION])
        self.assertEqual(self.desk.properties_definition, DEFINITION)

    def test_rows_are_made_and_ordered_in_the_desk_form(self):
        with Form(self.other_desk.with_user(self.administrator)) as desk:
            for name, kind in (("Floor", "integer"), ("Sealed", "boolean")):
                with desk.own_field_ids.new() as row:
                    row.name = name
                    row.type = kind
        self.assertEqual([field["string"] for field in self.other_desk.properties_definition], ["Floor", "Sealed"])

        floor, sealed = self.other_desk.own_field_ids
        self.other_desk.own_field_ids = [Command.update(floor.id, {"sequence": 9}), Command.update(sealed.id, {"sequence": 1})]

        self.assertEqual([field["string"] for field in self.other_desk.properties_definition], ["Sealed", "Floor"])

    def test_what_makes_no_sense_is_refused(self):
        for key, vals, why in (
            ("who", {"portal": "asked"}, "portal cannot ask"), ("story_html", {"is_indexed": True}, "Fast Search"),
            ("who", {"comodel": False}, "links to nothing"), ("rack", {"key": "other"}, "keeps its technical name"),
            ("rack", {"desk_id": self.other_desk.id}, "stays with its desk"), ("rack", {"type": "integer"}, "1 tickets hold a value"),
        ):
            with self.subTest(vals), self.assertRaisesRegex((UserError, ValidationError), why), self.cr.savepoint():
                self._field(key).write(vals)
                self.env.flush_all()
        for change, why in (
            ({"required": "sometimes"}, "is no value of required"), ({"type": "many2one", "comodel": "ir.config_parameter"}, "cannot link"),
            ({"default": 7}, "default value"),
        ):
            with self.subTest(change), self.assertRaisesRegex(ValidationError, why), self.cr.savepoint():
                self.other_desk.properties_definition = [{"name": "x", "string": "X", "type": "char", **change}]
        with self.assertRaisesRegex(UserError, "1 tickets have “North”"), self.cr.savepoint():
            self._field("site").option_ids[0].unlink()

    def test_retiring_counts_the_tickets(self):
        field = self._field("rack").with_user(self.desk_admin)
        retire = self.env["psa.desk.field.retire"].with_user(self.desk_admin).browse(field.action_retire()["res_id"])
        self.assertEqual(retire.ticket_count, 1)
        with self.assertRaisesRegex(UserError, "1 tickets hold a value"), self.cr.savepoint():
            field.unlink()

        retire.action_archive_field()
        self.assertEqual(self._values(self.ticket)["rack"], "R7")
        retire.action_remove_field()
        self.assertNotIn("rack", self.desk.own_field_ids.mapped("key"))
        with patch.object(type(self.env["ir.cron"]), "_commit_progress", return_value=60.0):
            self.env["psa.desk.field"]._purge_values()

        self.assertEqual(self._values(self.ticket), {"site": "n"})
        self.assertEqual(self._history(self.ticket), [("Rack", "R7", "")])
        self.assertFalse(self.env["psa.desk.field"].with_context(active_test=False).search([("key", "=", "rack")]))

    def test_a_technician_changes_no_definition_by_way_of_a_ticket(self):
        edits = {
            "rename": lambda form: form[0].update(string="Renamed", definition_changed=True),
            "delete": lambda form: form[0].update(definition_deleted=True),
            "add": lambda form: form.append({"name": "new", "string": "New", "type": "char", "definition_changed": True, "value": "x"}),
            "smuggle a tag": lambda form: form[3].update(tags=[["z", "Zulu", 1]], definition_changed=True, value=["z"]),
        }
        for name, edit in edits.items():
            for ticket in (self.ticket.with_user(self.technician), self.ticket.with_user(self.technician).sudo()):
                with self.subTest(name, su=ticket.env.su):
                    form = self._as_form(self.ticket)
                    edit(form)
                    with self.assertRaisesRegex(AccessError, "Only administrators"), self.cr.savepoint():
                        ticket.write({"properties": form})
                    with self.assertRaisesRegex(AccessError, "Only administrators"), self.cr.savepoint():
                        ticket.create({"name": "x", "desk_id": self.desk.id, "properties": form})
        # Without the mark that says so, a definition sent along changes nothing.
        form = self._as_form(self.ticket, rack="R8")
        form[0]["string"] = "Renamed"
        self.ticket.with_user(self.technician).write({"properties": form})
        self.assertEqual(self.desk.properties_definition, DEFINITION)

    def test_the_administrator_of_the_desk_changes_it_in_the_ticket(self):
        form = self._as_form(self.ticket, rack="R8")
        self._field("seats").name = "Changed meanwhile"
        form[0].update(string="Rack Position", definition_changed=True)
        form.append({"name": "new", "string": "New", "type": "char", "definition_changed": True, "value": "x"})

        self.ticket.with_user(self.desk_admin).write({"properties": form})

        self.assertEqual(self._values(self.ticket), {"rack": "R8", "site": "n", "new": "x"})
        labels = [field["string"] for field in self.desk.properties_definition]
        self.assertEqual(labels, ["Rack Position", "Changed meanwhile", "Site", "Marks", "Who", "Story", "New"])


@tagged("post_install", "-at_install")
class TestOwnFieldRequired(OwnFieldsCommon):

    def test_one_error_names_all_that_is_missing_by_the_desks_labels(self):
        self._field("seats").required = "create"
        self._field("marks").required = "resolve"
        category = self.env["psa.desk.attribute"].search([("desk_id", "=", self.desk.id), ("attribute", "=", "category")])
        category.write({"required": "resolve", "label": "Area"})
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        for properties in ({}, {"rack": "R1"}, {"seats": False}, [{"name": "seats", "type": "integer", "value": None}]):
            with self.subTest(properties), self.assertRaisesRegex(ValidationError, "Please fill in: Seats"), self.cr.savepoint():
                Ticket.create({"name": "x", "desk_id": self.desk.id, "properties": properties})
        ticket = Ticket.create({"name": "x", "desk_id": self.desk.id, "properties": {"seats": 0}})
        with self.assertRaisesRegex(ValidationError, "Please fill in: Seats"), self.cr.savepoint():
            ticket.write({"properties": {"seats": False}})
        with self.assertRaisesRegex(ValidationError, "Please fill in: Area, Marks"), self.cr.savepoint():
            ticket.action_resolve()
        ticket.write({
            "stage_id": self.stage_by_state["resolved"].id, "properties": {"marks": ["a"]},
            "category_id": self.env["psa.ticket.option"].search([("attribute", "=", "category"), ("desk_id", "=", False)], limit=1).id,
        })
        self.assertEqual(ticket.state, "resolved")

    def test_imports_are_asked_too_and_mail_is_only_marked(self):
        self._field("seats").required = "create"
        result = self.env["psa.ticket"].with_user(self.technician).load(
            ["name", "desk_id/.id", "properties.Rack"], [["Imported", str(self.desk.id), "R1"]])
        self.assertIn("Please fill in: Seats", str(result["messages"]))

        self.env["mail.thread"].message_process(
            False, f"From: zoe@harbour-dental.test\r\nTo: {self.address}\r\nSubject: Own\r\nMessage-ID: <own@x>\r\n\r\nHelp\r\n")

        ticket = self.env["psa.ticket"].search([("name", "=", "Own")])
        self.assertTrue(ticket.is_incomplete)
        self.assertIn("Seats", ticket.missing_text)
        ticket.write({"properties": {"seats": 3}})
        self.assertFalse(ticket.is_incomplete)

    def test_requiring_a_field_marks_the_open_tickets_that_lack_it(self):
        self.assertFalse(self.ticket.is_incomplete)

        self._field("seats").required = "create"
        self.assertTrue(self.ticket.is_incomplete)
        self._field("seats").active = False

        self.assertFalse(self.ticket.is_incomplete)

    def test_several_tickets_are_filled_in_and_resolved_together(self):
        self._field("seats").required = "resolve"
        tickets = self.ticket | self._new_ticket()

        tickets.with_user(self.technician).write({"properties": {"seats": 2}, "stage_id": self.stage_by_state["resolved"].id})

        self.assertEqual(tickets.mapped("state"), ["resolved"] * 2)


@tagged("post_install", "-at_install")
class TestOwnFieldAccess(OwnFieldsCommon):

    def test_who_may_do_what_with_own_fields(self):
        other_admin = self._new_staff("hd_own_other", "psa_crm.group_technician")
        self.other_desk.admin_ids = other_admin
        rival_administrator = self._new_staff("hd_own_rival", "psa_crm.group_company_admin", company=self.rival)
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "partner_id": self.zoe.id, "login": "hd_own_portal", "company_id": self.company.id,
            "company_ids": [Command.set(self.company.ids)],
            "group_ids": [Command.set(self.env.ref("psa_crm.group_client_admin").ids)],
        })
        field, option = self._field("seats"), self._field("marks").option_ids[0]
        attempts = {
            "read": lambda env: field.with_env(env).read(["name"]) and option.with_env(env).read(["name"]),
            "rename": lambda env: field.with_env(env).write({"name": "Places"}),
            "rename an option": lambda env: option.with_env(env).write({"name": "Aleph"}),
            "add": lambda env: env["psa.desk.field"].create({"name": "New", "desk_id": self.desk.id}),
            "add an option": lambda env: env["psa.desk.field.option"].create({"name": "New", "field_id": field.id}),
            "retire": lambda env: field.with_env(env).action_retire(),
            "remove": lambda env: field.with_env(env).unlink(),
        }
        table = {
            #                      read   change
            self.technician:      (True,  False),
            self.dispatcher:      (True,  False),
            self.billing:         (True,  False),
            self.desk_admin:      (True,  True),
            other_admin:          (True,  False),
            self.administrator:   (True,  True),
            rival_administrator:  (False, False),
            portal:               (False, False),
        }
        for user, (reads, changes) in table.items():
            for name, attempt in attempts.items():
                with self.subTest(user=user.login, attempt=name):
                    self.assertEqual(self._can(attempt, user), reads if name == "read" else changes)

    def _can(self, attempt, user):
        self.env.flush_all()
        self.env.invalidate_all()
        env = self.env(user=user, context={"allowed_company_ids": user.company_ids.ids})
        savepoint = self.env.cr.savepoint()
        try:
            attempt(env)
            env.flush_all()
        except AccessError:
            return False
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)
            self.env.registry.clear_cache()
        return True

    def test_a_ticket_costs_no_query_more_for_own_fields(self):
        plain = {"name": "x", "desk_id": self.rival_desk.id}

        def count(vals):
            for _run in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self.env["psa.ticket"].create(vals)
                self.env.flush_all()
            return self.env.cr.sql_log_count - before

        self.assertLessEqual(count({"name": "x", "desk_id": self.desk.id, "properties": {"rack": "R1", "seats": 2}}), count(plain))
