import json

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common_own_fields import DEFINITION, OwnFieldsCommon


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
