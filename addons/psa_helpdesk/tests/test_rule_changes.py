import json
from datetime import datetime, timedelta
from email.message import EmailMessage

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..models.psa_rule_exchange import UnknownReferences
from .test_rule_time import TimedRuleCommon

NOON = datetime(2030, 5, 1, 12)
DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestRuleChanges(TimedRuleCommon):
    """A rule waits for any field of the ticket to go from one value to another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.env.user | cls.administrator).tz = "Europe/Brussels"
        cls.vip, cls.spare = cls.env["psa.ticket.tag"].create([{"name": "VIP"}, {"name": "Spare"}])
        cls.harbour = cls.dental
        cls.quay = cls.env["res.partner"].create({
            "name": "Quay Law", "is_company": True, "psa_is_client": True, "company_id": cls.company.id,
        })
        cls.quentin = cls.env["res.partner"].create({"name": "Quentin Quay", "parent_id": cls.quay.id, "company_id": cls.company.id})

    def _waits(self, field_name, **values):
        return self._rule(
            self._says(), event="updated", name=values.pop("name", field_name), active=values.pop("active", True),
            change_ids=[Command.create({"field_name": field_name, **values})],
        )

    def _set_off(self, rule, before, after, **values):
        """Return whether the rule acts on a ticket with these values that gets others."""
        ticket = self._new_ticket(**values, **before)
        self.env.flush_all()
        ticket.with_user(self.technician).write(after)
        return ticket in self._acted_on(rule)

    # Each kind of field

    def test_from_one_client_to_another(self):
        rule = self._waits(
            "client_id", old_kind="is", old_partner_id=self.harbour.id, new_kind="is", new_partner_id=self.quay.id,
        )
        to_quay = {"partner_id": self.quentin.id, "client_id": self.quay.id}

        self.assertTrue(self._set_off(rule, {}, to_quay))
        self.assertFalse(self._set_off(rule, to_quay, {"partner_id": self.zoe.id, "client_id": self.harbour.id}))
        self.assertFalse(self._set_off(rule, {}, {"partner_id": False, "client_id": False}))
        self.assertEqual(rule.change_ids.display_name, "Client: Harbour Dental → Quay Law")

    def test_a_contact_somebody_and_a_desk(self):
        elsewhere = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id, "sequence": 50})
        contact = self._waits("partner_id", new_kind="is", new_partner_id=self.quentin.id)
        unassigned = self._waits("user_id", old_kind="is", old_user_id=self.technician.id, new_kind="empty")
        moved = self._waits("desk_id", new_kind="is", new_at_desk_id=elsewhere.id)
        moved.desk_id = False

        self.assertTrue(self._set_off(contact, {}, {"partner_id": self.quentin.id, "client_id": self.quay.id}))
        self.assertFalse(self._set_off(contact, {}, {"partner_id": False}))
        self.assertTrue(self._set_off(unassigned, {"user_id": self.technician.id}, {"user_id": False}))
        self.assertTrue(self._set_off(moved, {}, {"desk_id": elsewhere.id}))
        self.assertFalse(self._set_off(moved, {"desk_id": elsewhere.id}, {"desk_id": self.desk.id}))

    def test_a_subject_that_gets_a_word(self):
        marked = self._waits("name", old_kind="lacks", old_value="urgent", new_kind="contains", new_value="urgent")
        exact = self._waits("name", new_kind="is", new_value="Closed by phone")

        self.assertTrue(self._set_off(marked, {"name": "Printer"}, {"name": "Printer URGENT"}))
        self.assertFalse(self._set_off(marked, {"name": "Urgent printer"}, {"name": "Printer is urgent"}), "it was there before")
        self.assertFalse(self._set_off(marked, {"name": "Printer"}, {"name": "Printer jams"}))
        self.assertTrue(self._set_off(exact, {}, {"name": "Closed by phone"}))
        self.assertFalse(self._set_off(exact, {}, {"name": "closed by phone"}))
        self.assertEqual(marked.change_ids.display_name, "Subject: does not contain “urgent” → contains “urgent”")

    def test_what_the_client_reported_is_read_without_its_formatting(self):
        rule = self._waits("description", new_kind="contains", new_value="no light")

        self.assertTrue(self._set_off(rule, {"description": "<p>Dead</p>"}, {"description": "<p>There is <b>no light</b></p>"}))
        self.assertFalse(self._set_off(rule, {"description": "<p>Dead</p>"}, {"description": '<p title="no light">Dead again</p>'}))

    def test_a_deadline_that_moves(self):
        later, earlier = self._waits("date_deadline", new_kind="later"), self._waits("date_deadline", new_kind="earlier")
        soon = self._waits("date_deadline", old_kind="after", old_moment=NOON, new_kind="before", new_moment=NOON)
        gone = self._waits("date_deadline", old_kind="filled", new_kind="empty")
        rules = later | earlier | soon | gone

        for before, after, expected in (
            (NOON, NOON + DAY, later), (NOON, NOON - DAY, earlier), (NOON + DAY, NOON - DAY, earlier | soon), (NOON, False, gone),
            (False, NOON, rules.browse()),
        ):
            ticket = self._new_ticket(date_deadline=before)
            self.env.flush_all()
            ticket.with_user(self.technician).write({"date_deadline": after})
            self.assertEqual(rules.filtered(lambda rule, ticket=ticket: ticket in self._acted_on(rule)), expected, (before, after))
        self.assertEqual(later.change_ids.display_name, "Deadline: moved later")
        self.assertIn("Europe/Brussels", soon.change_ids.display_name)

    def test_a_tag_and_an_asset_that_come_and_go(self):
        came = self._waits("tag_ids", new_kind="added", new_tag_id=self.vip.id)
        went = self._waits("tag_ids", new_kind="removed", new_tag_id=self.vip.id)
        either = self._waits("tag_ids", new_kind="added")

        vip, spare = Command.link(self.vip.id), Command.link(self.spare.id)
        self.assertTrue(self._set_off(came, {}, {"tag_ids": [vip]}))
        self.assertFalse(self._set_off(came, {"tag_ids": [vip]}, {"tag_ids": [spare]}))
        self.assertTrue(self._set_off(went, {"tag_ids": [vip, spare]}, {"tag_ids": [Command.unlink(self.vip.id)]}))
        self.assertFalse(self._set_off(went, {"tag_ids": [vip, spare]}, {"tag_ids": [Command.unlink(self.spare.id)]}))
        self.assertTrue(self._set_off(either, {"tag_ids": [vip]}, {"tag_ids": [spare]}))
        self.assertFalse(self._set_off(either, {"tag_ids": [vip]}, {"tag_ids": [Command.clear()]}))
        self.assertEqual(
            (came | went | either).change_ids.mapped("display_name"), ["Tags: VIP added", "Tags: VIP removed", "Tags: one added"],
        )
        printer = self.env["psa.asset"].create({"name": "Printer", "client_id": self.harbour.id, "company_id": self.company.id})
        asset = self._waits("asset_ids", new_kind="added", new_asset_id=printer.id)
        self.assertTrue(self._set_off(asset, {}, {"asset_ids": [Command.link(printer.id)]}))

    def test_a_source_and_a_box(self):
        source = self._waits("source", old_kind="is", old_source="manual", new_kind="is", new_source="phone")
        problem = self._waits("is_problem", old_kind="is", old_answer="no", new_kind="is", new_answer="yes")

        self.assertTrue(self._set_off(source, {}, {"source": "phone"}))
        self.assertFalse(self._set_off(source, {"source": "email"}, {"source": "phone"}))
        self.assertTrue(self._set_off(problem, {}, {"is_problem": True}))
        self.assertFalse(self._set_off(problem, {"is_problem": True}, {"is_problem": False}))

    def test_own_fields_too(self):
        self.desk.properties_definition = [
            {"name": "rack", "string": "Rack", "type": "char"}, {"name": "on", "string": "On", "type": "date"},
            {"name": "marks", "string": "Marks", "type": "tags", "tags": [["r", "Red", 1], ["b", "Blue", 2]]},
        ]
        rules = [
            self._waits("properties", own_field=name, name=name, new_kind=kind, new_value=value)
            for name, kind, value in (("rack", "contains", "r7"), ("on", "later", False), ("marks", "added", "Red"))
        ]
        before = {"properties": {"rack": "A", "on": "2030-05-01", "marks": ["b"]}}
        for rule, after, other in zip(
            rules, ({"rack": "Row R7"}, {"on": "2030-06-01"}, {"marks": ["b", "r"]}),
            ({"rack": "B"}, {"on": "2030-04-01"}, {"marks": []}), strict=True,
        ):
            self.assertTrue(self._set_off(rule, before, {"properties": after}), rule.name)
            self.assertFalse(self._set_off(rule, before, {"properties": other}), rule.name)
        self.assertEqual(
            [rule.change_ids.display_name for rule in rules],
            ["Rack: anything → contains “r7”", "On: moved later", "Marks: Red added"],
        )

    # Every way a ticket is changed

    def test_form_list_bulk_edit_and_mail(self):
        rule = self._waits("date_deadline", new_kind="later")
        tickets = self._new_ticket(date_deadline=NOON) | self._new_ticket(date_deadline=NOON) | self._new_ticket(date_deadline=NOON)
        self.env.flush_all()
        with Form(tickets[0].with_user(self.technician)) as form:
            form.date_deadline = NOON + DAY
        tickets[1].with_user(self.technician).web_save({"date_deadline": "2030-05-03 12:00:00"}, {})
        tagged = self._waits("tag_ids", new_kind="added", new_tag_id=self.vip.id)
        self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({
            "ticket_ids": [Command.set(tickets[1:].ids)], "date_deadline": NOON + 9 * DAY, "tag_add_ids": [Command.link(self.vip.id)],
        }).action_apply()
        self.assertEqual(self._acted_on(rule), tickets)
        self.assertEqual(self._acted_on(tagged), tickets[1:])

        copied = self._waits("email_cc", old_kind="lacks", old_value="boss@", new_kind="contains", new_value="boss@")
        ticket = self._new_ticket()
        self.env.flush_all()
        ticket.with_user(self.technician).write({"email_cc": "boss@harbour-dental.test"})
        self.assertEqual(self._acted_on(copied), ticket)

        opened = self._waits("state", old_kind="is", old_state="waiting", new_kind="is", new_state="open")
        ticket = self._new_ticket(stage_id=self.stage_by_state["waiting"].id)
        self.env.flush_all()
        asked = ticket.with_user(self.technician).message_post(body="Which one?", message_type="comment", subtype_xmlid="mail.mt_comment")
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.zoe.email, self.desk.alias_id.alias_full_name or "desk@msp.test", "Re: Printer"
        mail["Message-ID"], mail["References"] = "<again@harbour-dental.test>", asked.message_id
        mail.set_content("It broke again")
        self.assertEqual(self.env["mail.thread"].message_process(False, mail.as_bytes()), ticket.id)
        self.assertEqual(self._acted_on(opened), ticket)

    # In words

    def test_history_and_log_say_which_change_it_was(self):
        rule = self._rule(self._says(), event="updated", change_ids=[
            Command.create({"field_name": "date_deadline", "new_kind": "later"}),
            Command.create({"field_name": "client_id", "new_kind": "is", "new_partner_id": self.quay.id}),
            Command.create({"field_name": "name"}),
        ])
        ticket = self._new_ticket(date_deadline=NOON)
        self.env.flush_all()
        ticket.write({"date_deadline": NOON + DAY, "name": "Other"})
        self.env.flush_all()
        ticket.write({"partner_id": self.quentin.id, "client_id": self.quay.id})

        reasons = self._logged(rule).mapped("reason")
        self.assertEqual(reasons, [
            "A ticket is changed (Deadline: moved later, Subject)", "A ticket is changed (Client: anything → Quay Law)",
        ])
        rows = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("kind", "=", "rule")], order="id")
        self.assertEqual([row.description.splitlines()[0] for row in rows], [f"Rule “Rule”: {reason}" for reason in reasons])
        self.assertEqual(rule.condition_text, "Deadline: moved later or Client: anything → Quay Law or Subject")

    def test_what_is_told_to_anybody_names_no_client(self):
        rule = self._rule(("note", {"body": "Because: {{rule.reason}}"}), event="updated", change_ids=[
            Command.create({"field_name": "client_id", "new_kind": "is", "new_partner_id": self.quay.id}),
        ])
        ticket = self._new_ticket()
        self.env.flush_all()
        ticket.write({"partner_id": self.quentin.id, "client_id": self.quay.id})

        self.assertEqual(self._acted_on(rule), ticket)
        self.assertIn("Client: anything → …", ticket.message_ids.mapped("body")[0])

    # On history

    def test_the_trial_finds_the_same(self):
        rules = {
            self._waits("client_id", old_kind="is", old_partner_id=self.harbour.id, new_kind="is", new_partner_id=self.quay.id):
                {"partner_id": self.quentin.id, "client_id": self.quay.id},
            self._waits("name", old_kind="lacks", old_value="Urgent", new_kind="contains", new_value="urgent"): {"name": "URGENT"},
            self._waits("date_deadline", new_kind="later"): {"date_deadline": NOON + DAY},
            self._waits("date_deadline", old_kind="is", old_moment=NOON, name="exact"): {"date_deadline": NOON + DAY},
            self._waits("tag_ids", new_kind="added", new_tag_id=self.vip.id): {"tag_ids": [Command.link(self.vip.id)]},
            self._waits("description", new_kind="contains", new_value="no light"): {"description": "<p><b>no</b> light</p>"},
            self._waits("is_problem", new_kind="is", new_answer="yes"): {"is_problem": True},
            self._waits("source", new_kind="is", new_source="phone"): {"source": "phone"},
        }
        for minute, (rule, values) in enumerate(rules.items(), start=1):
            ticket, other = self._new_ticket(date_deadline=NOON), self._new_ticket(date_deadline=NOON + DAY)
            self.env.flush_all()
            with self._at(minute):
                ticket.with_user(self.technician).write(values)
                other.with_user(self.technician).write({"name": "Other", "date_deadline": NOON})
                self.env.flush_all()
            with self._at(60):
                trial = self.env["psa.rule.trial"].with_user(self.administrator).create({"rule_id": rule.id, "days": 1})
                trial.action_try()
            self.assertEqual(set(trial.line_ids.ticket_id), set(self._acted_on(rule)), rule.name)
            self.assertIn(ticket, trial.line_ids.ticket_id, rule.name)
            self.assertNotIn(other, trial.line_ids.ticket_id, rule.name)
            self.assertIn(rule.change_ids.display_name, trial.line_ids[0].reason)
            self.assertFalse(trial.note)

    def test_deadlines_are_judged_by_what_they_were(self):
        ticket = self._new_ticket(date_deadline=NOON)
        self.env.flush_all()
        for minute, values in ((5, {"name": "Other"}), (10, {"date_deadline": NOON + DAY}), (15, {"priority_id": self.high.id})):
            with self._at(minute):
                ticket.with_user(self.technician).write(values)
                self.env.flush_all()
        for sign, field_name, count in (("<", "name", 1), (">", "name", 0), ("<", "priority_id", 0), (">", "priority_id", 1)):
            rule = self._rule(
                self._says(), event="updated", active=False, domain=f"[('date_deadline', '{sign}', '2030-05-01 18:00:00')]",
                change_ids=[Command.create({"field_name": field_name})],
            )
            with self._at(60):
                trial = self.env["psa.rule.trial"].with_user(self.administrator).create({"rule_id": rule.id, "days": 1})
                trial.action_try()
            self.assertEqual((trial.count, trial.note or False), (count, False), (sign, field_name))

    def test_what_cannot_be_told_any_more_is_not_claimed(self):
        rule = self._waits("tag_ids", new_kind="added", new_tag_id=self.vip.id)
        ticket = self._new_ticket()
        self.env.flush_all()
        with self._at(5):
            ticket.tag_ids = self.vip
            self.env.flush_all()
        self.vip.name = "Important"
        with self._at(60):
            trial = self.env["psa.rule.trial"].with_user(self.administrator).create({"rule_id": rule.id, "days": 1})
            trial.action_try()

        self.assertFalse(trial.line_ids)
        self.assertRegex(trial.note, "1 tickets have moments that are not listed.*Tags")

    # Elsewhere

    def test_a_copy_waits_for_the_same(self):
        rule = self._waits("client_id", old_kind="is", old_partner_id=self.harbour.id, new_kind="is", new_partner_id=self.quay.id)
        copied = rule.copy()

        self.assertEqual(copied.change_ids.display_name, rule.change_ids.display_name)
        self.assertEqual(copied.change_ids.new_partner_id, self.quay)

    def _many(self):
        rule = self._rule(self._says(), event="updated", active=False, change_ids=[Command.create(values) for values in (
            {"field_name": "client_id", "old_kind": "is", "old_partner_id": self.harbour.id, "new_kind": "is",
             "new_partner_id": self.quay.id},
            {"field_name": "date_deadline", "old_kind": "before", "old_moment": NOON, "new_kind": "later"},
            {"field_name": "tag_ids", "new_kind": "added", "new_tag_id": self.vip.id},
            {"field_name": "name", "new_kind": "contains", "new_value": "ürgent <b>"},
            {"field_name": "source", "new_kind": "is", "new_source": "phone"},
            {"field_name": "is_problem", "new_kind": "is", "new_answer": "yes"},
        )])
        return rule.with_user(self.administrator)

    def test_it_goes_to_another_database_and_back(self):
        rule = self._many()
        for kind in ("json", "xml"):
            with self.subTest(kind=kind):
                text = rule._export_text(kind)
                copied = self.env["psa.rule"].with_user(self.administrator)._import_text(text, kind, self.company, self.desk)

                self.assertEqual(copied.change_ids.mapped("display_name"), rule.change_ids.mapped("display_name"))
                self.assertEqual(copied._export_document()["rules"], rule._export_document()["rules"])
        [document] = json.loads(rule._export_text("json"))["rules"]
        self.assertEqual(document["changes"][0]["new_partner_id"], {"model": "res.partner", "name": "Quay Law"})
        self.assertEqual(document["changes"][1]["old_moment"], "2030-05-01 12:00:00")

    def test_what_is_not_there_is_left_to_be_chosen_and_met_by_nothing(self):
        text = self._many()._export_text("json")
        self.quay.name = "Quay & Sons"
        self.vip.unlink()
        Rule = self.env["psa.rule"].with_user(self.administrator)

        with self.assertRaises(UnknownReferences) as refusal:
            Rule._import_text(text, "json", self.company, self.desk)
        for name in ("Quay Law", "VIP"):
            self.assertIn(name, str(refusal.exception))
        rule = Rule._import_text(text, "json", self.company, self.desk, leave_open=True)
        self.assertIn("Quay Law", rule.description)
        self.assertIn("what is not there any more", rule.notice)
        with self.assertRaisesRegex(ValidationError, "Choose the value of Client"):
            rule.active = True
        rule.change_ids[0].new_partner_id = self.quay
        rule.active = True
        self.assertFalse(rule.notice)

    def test_a_file_with_a_moment_that_is_none_is_refused(self):
        text = self._many()._export_text("json").replace("2030-05-01 12:00:00", "soon")
        with self.assertRaisesRegex(UserError, "old_moment.*soon"):
            self.env["psa.rule"].with_user(self.administrator)._import_text(text, "json", self.company, self.desk)

    def test_a_rule_does_not_wait_for_everything_once_its_value_is_gone(self):
        stage = self.stage_by_state["waiting"].copy({"name": "Parts", "sequence": 99})
        rule = self._waits("stage_id", new_kind="is", new_stage_id=stage.id)
        client = self._waits("client_id", new_kind="is", new_partner_id=self.quay.id)
        stage.unlink()
        self.quentin.unlink()
        self.quay.unlink()
        self.env.invalidate_all()
        self.assertEqual(len(rule.change_ids), 1)
        self.assertIn("what is not there any more", rule.notice)
        self.assertIn("what is not there any more", client.notice)

        self.assertFalse(self._set_off(rule, {}, {"name": "Other"}))
        self.assertFalse(self._set_off(client, {}, {"partner_id": False, "client_id": False}))

    def test_what_makes_no_sense_is_refused(self):
        for values, told in (
            ({"field_name": "client_id", "new_kind": "contains", "new_value": "x"}, "cannot wait for"),
            ({"field_name": "name", "new_kind": "later"}, "cannot wait for"),
            ({"field_name": "tag_ids", "new_kind": "is"}, "cannot wait for"),
            ({"field_name": "client_id", "new_kind": "is"}, "Choose the value of Client"),
            ({"field_name": "date_deadline", "new_kind": "before"}, "Choose the value of Deadline"),
            ({"field_name": "name", "new_kind": "contains"}, "Choose the value of Subject"),
            ({"field_name": "priority_id", "new_kind": "is", "new_option_id": self.env.ref("psa_helpdesk.option_type_incident").id},
             "is no value of"),
        ):
            with self.subTest(**values), self.assertRaisesRegex(ValidationError, told):
                self._waits(**values)

    def test_nobody_chooses_whom_he_may_not_see(self):
        self.desk.admin_ids = self.technician
        rule = self._waits("client_id", active=False).with_user(self.technician)

        rule.change_ids.write({"new_kind": "is", "new_partner_id": self.quay.id})
        for write in (
            lambda: rule.change_ids.write({"new_partner_id": self.hilltop.id}),
            lambda: rule.change_ids.write({"old_kind": "is", "old_partner_id": self.hilltop.id}),
            lambda: self.env["psa.rule.change"].with_user(self.technician).create({
                "rule_id": rule.id, "field_name": "client_id", "new_kind": "is", "new_partner_id": self.hilltop.id,
            }),
        ):
            with self.assertRaises(AccessError) as refusal:
                write()
            self.assertNotIn("Hilltop", str(refusal.exception))

    def test_the_form_offers_what_the_field_can(self):
        with Form(self.env["psa.rule"].with_user(self.administrator)) as form:
            form.name, form.event, form.desk_id = "Later", "updated", self.desk
            with form.change_ids.new() as change:
                change.field_name = "name"
                change.new_kind = "contains"
                change.new_value = "urgent"
                change.field_name = "date_deadline"
                self.assertEqual((change.new_kind, change.new_value), ("any", False))
                self.assertNotIn("contains", change.new_kinds)
                change.new_kind = "later"
        self.assertEqual(form.record.change_ids.display_name, "Deadline: moved later")
