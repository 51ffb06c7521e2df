from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common_own_fields import DEFINITION, OwnFieldsCommon


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
