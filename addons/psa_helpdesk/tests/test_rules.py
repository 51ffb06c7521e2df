from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..core.rules import MAX_DEPTH
from .common import HelpdeskCommon


class RuleCommon(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.low, cls.high, cls.critical = (
            cls.env.ref(f"psa_helpdesk.option_priority_{name}") for name in ("low", "high", "critical")
        )
        cls.dispatch = cls.env["psa.queue"].create({"name": "Dispatch", "company_id": cls.company.id})
        cls.Log = cls.env["psa.rule.log"]

    def _rule(self, *actions, **values):
        """Return an active rule of the desk with these actions: (kind, values)."""
        return self.env["psa.rule"].create({
            "name": "Rule", "company_id": self.company.id, "desk_id": self.desk.id,
            "action_ids": [Command.create({"kind": kind, **of_kind}) for kind, of_kind in actions],
            **values,
        })

    def _sets(self, option):
        return ("priority", {"option_id": option.id})

    def _says(self, text="Seen"):
        return ("note", {"body": text})

    def _logged(self, rule, **criteria):
        self.env.flush_all()
        rows = self.Log.search([("rule_id", "=", rule.id)], order="id")
        return rows.filtered(lambda row: all(row[name] == value for name, value in criteria.items()))

    def _acted_on(self, rule):
        return self._logged(rule, outcome="done").ticket_id


@tagged("post_install", "-at_install")
class TestRules(RuleCommon):

    # What sets a rule off

    def test_a_new_ticket_of_the_desk(self):
        rule = self._rule(self._sets(self.high))

        ticket = self._new_ticket()

        self.assertEqual(ticket.priority_id, self.high)
        self.assertEqual(self._acted_on(rule), ticket)
        elsewhere = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id})
        other = self._new_ticket(desk_id=elsewhere.id)
        self.assertFalse(other.priority_id)

    def test_a_rule_of_no_desk_is_about_every_desk_of_its_company_only(self):
        rule = self._rule(self._sets(self.high), desk_id=False)

        ours = self._new_ticket()
        theirs = self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})

        self.assertEqual(self._acted_on(rule), ours)
        self.assertFalse(theirs.priority_id)

    def test_a_change_from_one_value_to_another(self):
        rule = self._rule(self._says(), event="updated", change_ids=[Command.create({
            "field_name": "stage_id", "old_kind": "is", "old_stage_id": self.stage_by_state["open"].id,
            "new_kind": "is", "new_stage_id": self.stage_by_state["on_hold"].id,
        })])
        from_open = self._new_ticket(stage_id=self.stage_by_state["open"].id)
        from_new = self._new_ticket()
        self.assertFalse(self._logged(rule))

        (from_open | from_new).write({"stage_id": self.stage_by_state["on_hold"].id})

        self.assertEqual(self._acted_on(rule), from_open)

    def test_a_state_a_field_that_gets_empty_and_an_own_field(self):
        self.env["psa.desk.field"].create({"name": "Lane", "desk_id": self.desk.id, "type": "char"})
        lane = self.desk.properties_definition[0]["name"]
        resolved = self._rule(self._says("a"), event="updated", change_ids=[
            Command.create({"field_name": "state", "new_kind": "is", "new_state": "resolved"}),
        ])
        unassigned = self._rule(self._says("b"), event="updated", change_ids=[
            Command.create({"field_name": "user_id", "old_kind": "filled", "new_kind": "empty"}),
        ])
        own = self._rule(self._says("c"), event="updated", change_ids=[
            Command.create({"field_name": "properties", "own_field": lane}),
        ])
        ticket = self._new_ticket(user_id=self.technician.id)

        ticket.user_id = False
        ticket.properties = {lane: "7"}
        ticket.action_resolve()

        for rule in (resolved, unassigned, own):
            self.assertEqual(len(self._acted_on(rule)), 1, rule.change_ids.display_name)
        self.assertIn("Lane", self._logged(own).reason)

    def test_a_change_that_is_taken_back_in_the_same_step_is_none(self):
        rule = self._rule(self._says(), event="updated")
        ticket = self._new_ticket(name="Printer jams")

        ticket.write({"name": "Printer jams"})

        self.assertFalse(self._logged(rule))

    def test_what_client_and_staff_say(self):
        by_client = self._rule(self._says("client"), event="entry_client")
        by_staff = self._rule(self._says("staff"), event="entry_staff", audience="public")
        ticket = self._new_ticket(description="<p>It jams</p>")
        self.assertFalse(self._logged(by_client))

        ticket.with_user(self.technician)._add_entry("We look at it")
        ticket.with_user(self.technician)._add_entry("Strange", is_internal=True)
        ticket._add_entry("Any news?", author=self.zoe)

        self.assertEqual(len(self._logged(by_staff)), 1)
        self.assertEqual(len(self._logged(by_client)), 1)

    def test_a_mail_that_opens_a_ticket_and_one_that_answers(self):
        rule = self._rule(self._says(), event="mail")
        created = self._rule(self._sets(self.high), event="created", domain="[('source', '=', 'email')]")
        answered = self._rule(self._says("answer"), event="entry_client")

        self._mail("Broken", "<one@harbour-dental.test>")
        ticket = self._acted_on(rule)
        self.assertEqual((len(ticket), ticket.priority_id), (1, self.high))
        self._mail(f"Re: [{ticket.number}] Broken", "<two@harbour-dental.test>", "In-Reply-To: <one@harbour-dental.test>\r\n")

        self.assertEqual(len(self._logged(rule)), 2)
        self.assertEqual((len(self._logged(created)), len(self._logged(answered))), (1, 1))

    def test_events_of_other_modules(self):
        approved = self._rule(self._says("ok"), event="approval", approval="approved")
        at_risk = self._rule(self._says("risk"), event="sla_warning", sla_target="resolution", sla_percent=75)
        alert = self._rule(self._says("alert"), event="alert")
        ticket = self._new_ticket()

        ticket._psa_rules_event("approval", approved=False)
        ticket._psa_rules_event("sla_warning", target="resolution", percent=50)
        ticket._psa_rules_event("sla_warning", target="first_response", percent=75)
        self.env.cr.flush()
        self.assertFalse(self._logged(approved) | self._logged(at_risk))
        ticket._psa_rules_event("approval", approved=True)
        ticket._psa_rules_event("sla_warning", target="resolution", percent=75)
        ticket._psa_rules_event("alert")
        self.env.cr.flush()

        for rule in (approved, at_risk, alert):
            self.assertEqual(len(self._logged(rule)), 1, rule.event)

    # Conditions

    def test_condition_class_and_source(self):
        premier = self.env["psa.client.class"].create({"name": "Gold", "company_id": self.company.id})
        rule = self._rule(
            self._says(), domain="[('name', 'ilike', 'server')]", client_class_ids=[Command.set(premier.ids)], source="phone",
        )
        self._new_ticket(name="Server down", source="phone")
        self.assertFalse(self._logged(rule))
        self.dental.psa_client_class_id = premier

        self._new_ticket(name="Printer", source="phone")
        self._new_ticket(name="Server down", source="portal")
        meant = self._new_ticket(name="Server down", source="phone")

        self.assertEqual(self._acted_on(rule), meant)
        self.assertIn("Gold", self._logged(rule).reason)
        self.assertIn("Subject contains server", self._logged(rule).reason)

    def test_a_condition_on_an_own_field(self):
        self.env["psa.desk.field"].create({"name": "Lane", "desk_id": self.desk.id, "type": "char"})
        lane = self.desk.properties_definition[0]["name"]
        rule = self._rule(self._says(), domain=f"[('properties.{lane}', '=', '7')]")

        self._new_ticket(properties={lane: "8"})
        meant = self._new_ticket(properties={lane: "7"})

        self.assertEqual(self._acted_on(rule), meant)

    def test_a_condition_that_cannot_be_read_is_refused_when_it_is_written(self):
        for domain, told in (
            ("[('nonsense', '=', 1)]", "do not have"), ("[oops", "cannot be read"), ("__import__('os')", "cannot be read"),
        ):
            with self.subTest(domain), self.assertRaisesRegex(ValidationError, told):
                self._rule(domain=domain)

    def test_nobody_learns_by_a_condition_what_he_may_not_read(self):
        self.desk.admin_ids = self.technician
        with self.assertRaises(AccessError):
            self.env["psa.rule"].with_user(self.technician).create({
                "name": "Spy", "desk_id": self.desk.id, "domain": "[('partner_id.signup_type', '!=', False)]",
            })

    # Order

    def test_rules_run_in_their_order_and_see_what_those_before_them_did(self):
        second = self._rule(self._says(), sequence=20, domain=f"[('priority_id', '=', {self.high.id})]")
        self._rule(self._sets(self.high), sequence=10)

        ticket = self._new_ticket()

        self.assertEqual(self._acted_on(second), ticket)

    def test_after_the_last_rule_no_other_is_asked(self):
        self._rule(self._says("stop"), sequence=10, is_last=True, domain="[('name', '=', 'Stop')]")
        after = self._rule(self._says(), sequence=20)

        self._new_ticket(name="Stop")
        goes_on = self._new_ticket(name="Go")

        self.assertEqual(self._acted_on(after), goes_on)

    # Chains

    def test_what_a_rule_changes_sets_off_others_but_never_itself(self):
        first = self._rule(self._sets(self.high), event="updated", name="First")
        second = self._rule(("queue", {"queue_id": self.dispatch.id}), name="Second", event="updated", change_ids=[
            Command.create({"field_name": "priority_id", "new_kind": "is", "new_option_id": self.high.id}),
        ])
        ticket = self._new_ticket()

        ticket.name = "Other"

        self.assertEqual((ticket.priority_id, ticket.queue_id), (self.high, self.dispatch))
        self.assertEqual(len(self._logged(first, outcome="done")), 1)
        self.assertEqual(self._logged(second).mapped("chain"), ["First"])
        # The second set the first off again: that circle ends, and says so.
        self.assertEqual(len(self._logged(first, outcome="bound")), 1)

    def test_a_chain_ends_at_its_bound_and_says_so(self):
        names = [f"Step {number}" for number in range(MAX_DEPTH + 3)]
        steps = [
            self._rule(("tags", {"tag_add_ids": [Command.link(self._tag(number + 1).id)]}), name=names[number], event="updated",
                       sequence=100 - number, change_ids=[Command.create({"field_name": "tag_ids"})])
            for number in range(MAX_DEPTH + 3)
        ]
        # Each of them adds the tag the next one waits for, and only that.
        for number, step in enumerate(steps):
            step.domain = f"[('tag_ids', 'in', {self._tag(number).ids}), ('tag_ids', 'not in', {self._tag(number + 1).ids})]"
        ticket = self._new_ticket()

        ticket.tag_ids = self._tag(0)

        done = [step.name for step in steps if self._logged(step, outcome="done")]
        self.assertEqual(done, names[:MAX_DEPTH + 1])
        self.assertEqual([step.name for step in steps if self._logged(step, outcome="bound")], [names[MAX_DEPTH + 1]])
        told = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("kind", "=", "rule")], limit=1)
        self.assertIn("chain", told.description)

    # What is written down

    def test_each_firing_is_on_the_ticket_and_in_the_log(self):
        rule = self._rule(self._sets(self.high), self._says("Look at {{ticket.number}}"), name="Hurry", domain="[('name', 'ilike', 'jam')]")

        ticket = self._new_ticket()

        row = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("kind", "=", "rule")])
        self.assertEqual(len(row), 1)
        for words in ("Rule “Hurry”", "A ticket is created", "Subject", "jam", "High"):
            self.assertIn(words, row.description)
        self.assertRecordValues(self._logged(rule), [{
            "ticket_id": ticket.id, "desk_id": self.desk.id, "company_id": self.company.id, "outcome": "done", "depth": 0,
            "rule_name": "Hurry", "event": "created",
        }])

    def test_the_log_is_nobodys_to_write(self):
        rule = self._rule(self._says())
        self._new_ticket()
        row = self._logged(rule)
        for user in (self.technician, self.administrator):
            for attempt in (
                lambda row: row.write({"outcome": "done"}), lambda row: row.unlink(),
                lambda row: row.create({"company_id": self.company.id}),
            ):
                with self.assertRaises(AccessError):
                    attempt(row.with_user(user))

    def _tag(self, number):
        name = f"Chain {number}"
        Tag = self.env["psa.ticket.tag"]
        return Tag.search([("name", "=", name)]) or Tag.create({"name": name})

    def _mail(self, subject, message_id, headers=""):
        self.env["mail.thread"].message_process(False, (
            f"From: Zoe <zoe@harbour-dental.test>\r\nTo: {self.address}\r\nSubject: {subject}\r\nMessage-ID: {message_id}\r\n"
            f"{headers}\r\nPlease help\r\n"
        ))
