from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_rules import RuleCommon

ENGINE = "odoo.addons.psa_helpdesk.models.psa_rule_engine"


@tagged("post_install", "-at_install")
class TestRulePrivacy(RuleCommon):
    """What a rule lets people read, and change, beyond what they may."""

    def setUp(self):
        super().setUp()
        self.desk.admin_ids = self.technician
        self.Rule = self.env["psa.rule"].with_user(self.technician)

    def _history(self, ticket):
        rows = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("kind", "=", "rule")])
        return "\n".join(rows.mapped("description"))

    # What a condition asks

    def test_what_may_not_be_asked_may_not_be_asked_in_a_nested_part(self):
        for domain in (
            [("partner_id", "any", [("signup_type", "!=", False)])],
            [("client_id", "any", [("child_ids", "any", [("signup_type", "!=", False)])])],
            [("client_id", "not any", ["|", ("name", "=", "x"), ("signup_type", "!=", False)])],
        ):
            with self.subTest(domain), self.assertRaises(AccessError):
                self.Rule.create({"name": "Spy", "desk_id": self.desk.id, "domain": str(domain)})

    def test_a_desk_administrator_asks_about_no_other_ticket(self):
        for domain in (
            [("parent_id.name", "ilike", "secret")],
            [("parent_id", "ilike", "secret")],
            [("parent_id", "any", [("name", "ilike", "secret")])],
            [("tag_ids", "any", [("name", "=", "x")]), ("parent_id.desk_id.name", "=", "Board")],
        ):
            with self.subTest(domain):
                with self.assertRaisesRegex(AccessError, "other tickets"):
                    self.Rule.create({"name": "Spy", "desk_id": self.desk.id, "domain": str(domain)})
                self.env["psa.rule"].with_user(self.administrator).create({
                    "name": "May", "desk_id": self.desk.id, "domain": str(domain), "active": False,
                })
        self.Rule.create({"name": "Fine", "desk_id": self.desk.id, "domain": str([
            ("parent_id", "=", False), ("entry_ids.kind", "=", "comment"), ("client_id.name", "ilike", "harbour"),
        ])})

    def test_criteria_of_a_ladder_are_conditions_too(self):
        with self.assertRaisesRegex(AccessError, "other tickets"):
            self.desk.with_user(self.technician).write({
                "escalation_domain": "[('parent_id.name', 'ilike', 'secret')]",
                "escalation_contact_ids": [Command.create({"after_hours": 2, "user_id": self.technician.id})],
            })

    # What is told

    def test_a_condition_names_only_whom_its_reader_may_read(self):
        rule = self.Rule.create({
            "name": "List", "desk_id": self.desk.id, "active": False,
            "domain": str([("client_id", "in", [self.dental.id, self.hilltop.id])]),
        })
        rule.env.invalidate_all()

        text = rule.with_context(show_email=True, allowed_company_ids=self.company.ids).condition_text

        self.assertIn("Harbour Dental", text)
        self.assertNotIn("Hilltop", text)
        self.assertNotIn("@", text)

    def test_a_change_names_only_whom_its_reader_may_read(self):
        with self.assertRaises(UserError):
            self.Rule.create({"name": "List", "desk_id": self.desk.id, "change_ids": [Command.create({
                "field_name": "user_id", "new_kind": "is", "new_user_id": self.rival_technician.id,
            })]})

    def test_history_names_no_other_client_and_tells_what_was_met(self):
        rule = self._rule(self._says(), domain=str([
            "|", ("client_id", "in", [self.dental.id, self.hilltop.id]), ("priority_id", "=", self.high.id),
            ("partner_id", "!=", self.omar.id),
        ]))

        ticket = self._new_ticket()

        for told in (self._history(ticket), self._logged(rule).reason):
            self.assertIn("Harbour Dental", told)
            for other in ("Hilltop", "Omar", "High"):
                self.assertNotIn(other, told)

    @mute_logger(ENGINE, "odoo.addons.psa_helpdesk.models.psa_rule_action")
    def test_why_something_failed_is_told_to_the_company_only(self):
        rule = self._rule(self._says())
        self.patch(type(self.env["psa.ticket"]), "_add_entry", lambda *args, **kwargs: 1 / 0)

        ticket = self._new_ticket()

        self.assertIn("division", self._logged(rule, outcome="failed").error)
        self.assertNotIn("division", self._history(ticket))
        self.assertIn("log of rules", self._history(ticket))

    # Who changes what

    def test_what_sets_off_a_guarded_rule_is_changed_by_whoever_may_set_it_up(self):
        rule = self.env["psa.rule"].create({
            "name": "Code", "desk_id": self.desk.id, "event": "updated",
            "change_ids": [Command.create({"field_name": "name"})],
        })
        mine = self.Rule.create({"name": "Mine", "desk_id": self.desk.id, "event": "updated", "change_ids": [
            Command.create({"field_name": "queue_id"}),
        ]})
        self.patch(type(rule), "_check_guarded_actions", self._refuse_for(rule))

        change = rule.change_ids.with_user(self.technician)
        for attempt in (
            lambda: change.write({"field_name": "queue_id"}),
            change.unlink,
            lambda: change.create({"rule_id": rule.id, "field_name": "queue_id"}),
            lambda: mine.change_ids.write({"rule_id": rule.id}),
        ):
            with self.assertRaisesRegex(AccessError, "guarded"):
                attempt()
        mine.change_ids.field_name = "name"

    def _refuse_for(self, guarded):
        def check(rules):
            if guarded & rules.sudo():
                raise AccessError(rules.env._("guarded"))
        return check

    def test_a_change_is_not_handed_to_a_rule_of_another_desk(self):
        elsewhere = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id})
        theirs = self._rule(desk_id=elsewhere.id, event="updated")
        mine = self.Rule.create({"name": "Mine", "desk_id": self.desk.id, "event": "updated", "change_ids": [
            Command.create({"field_name": "queue_id"}),
        ]})
        with self.assertRaises(AccessError):
            mine.change_ids.rule_id = theirs

    def test_nobody_passes_a_rule_for_one_of_a_ladder(self):
        values = {"escalation_desk_id": self.desk.id, "escalation_minutes": 120, "ready_key": "mine"}
        made = self.Rule.create({"name": "Fake", "desk_id": self.desk.id, **values})
        by_default = self.Rule.with_context(**{f"default_{name}": value for name, value in values.items()}).create({
            "name": "Fake", "desk_id": self.desk.id,
        })
        made.write(values)
        for rule in (made, by_default):
            self.assertFalse(rule.escalation_desk_id or rule.escalation_minutes or rule.ready_key)

        # Wherever its rules were put, and whoever may read them: the ladder finds them again.
        self.desk.with_user(self.technician).escalation_contact_ids = [
            Command.create({"after_hours": 2, "user_id": self.technician.id})
        ]
        ladder = self.env["psa.rule"].search([("escalation_desk_id", "=", self.desk.id)])
        elsewhere = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id})
        self.env.cr.execute("UPDATE psa_rule SET desk_id = %s WHERE id = %s", [elsewhere.id, ladder.id])
        ladder.invalidate_recordset()
        self.desk.with_user(self.technician).escalation_hours = "company"
        self.assertEqual(self.env["psa.rule"].search([("escalation_desk_id", "=", self.desk.id)]), ladder)
        self.assertEqual(ladder.desk_id, self.desk)

    def test_what_a_ladders_rule_waits_for_is_changed_on_the_ladder(self):
        self.desk.escalation_contact_ids = [Command.create({"after_hours": 2, "user_id": self.technician.id})]
        ladder = self.env["psa.rule"].search([("escalation_desk_id", "=", self.desk.id)])
        with self.assertRaisesRegex(UserError, "page Escalation"):
            self.env["psa.rule.change"].with_user(self.technician).create({"rule_id": ladder.id, "field_name": "name"})

    def test_a_trial_is_read_by_whoever_made_it(self):
        rule = self._rule(self._says())
        self._new_ticket()
        trial = self.env["psa.rule.trial"].with_user(self.technician).create({"rule_id": rule.id})
        trial.action_try()
        self.assertTrue(trial.line_ids)
        for records in (trial, trial.line_ids):
            with self.assertRaises(AccessError):
                records.with_user(self.dispatcher).read(["create_uid"])

    # What cannot be asked at all

    @mute_logger(ENGINE, "odoo.sql_db")
    def test_a_condition_that_fails_in_any_way_stops_nobody(self):
        rule = self._rule(self._says())
        good = self._rule(self._sets(self.high), sequence=20)
        self.env.cr.execute("UPDATE psa_rule SET domain = %s WHERE id = %s", ["[('name', '=', 'x')]", rule.id])
        rule.invalidate_recordset()
        Ticket = type(self.env["psa.ticket"])
        original = Ticket.filtered_domain

        def filtered_domain(tickets, domain):
            if "'x'" in str(list(domain)):
                tickets.env.cr.execute("SELECT 1 / 0")
            return original(tickets, domain)

        self.patch(Ticket, "filtered_domain", filtered_domain)
        ticket = self._new_ticket()

        self.assertEqual(ticket.priority_id, self.high)
        self.assertEqual(len(self._logged(good, outcome="done")), 1)
        self.assertIn("division by zero", self._logged(rule, outcome="failed").error)

    @mute_logger(ENGINE, "odoo.addons.psa_helpdesk.models.psa_rule_action")
    def test_what_was_noted_before_an_action_that_fails_is_not_forgotten(self):
        seen = self._rule(self._says(), event="alert")
        self._rule(("queue", {"queue_id": self.dispatch.id}), event="updated", change_ids=[Command.create({"field_name": "name"})])
        ticket, other = self._new_ticket(), self._new_ticket()
        self.env.cr.flush()
        # Nobody's step: it waits for the transaction's hooks.
        other._psa_rules_event("alert")
        Action = type(self.env["psa.rule.action"])
        original = Action._run

        def run(action, tickets, firing):
            if action.kind == "queue":
                raise ValueError("no")
            return original(action, tickets, firing)

        self.patch(Action, "_run", run)
        ticket.name = "Other"
        self.env.cr.flush()

        self.assertEqual(self._acted_on(seen), other)

    def test_a_rule_that_can_never_act_says_so(self):
        self.env["psa.sla.policy"].create({
            "name": "Round the clock", "company_id": self.company.id, "hours": "always", "warning_percents": "75",
            "target_ids": [Command.create({"response_hours": 1, "resolution_hours": 4})],
        })
        self.assertIn("60%", self._rule(event="sla_warning", sla_percent=60).notice)
        self.assertFalse(self._rule(event="sla_warning", sla_percent=75).notice)
        for event in (False, "alert"):
            self.assertFalse(self._rule(**({"event": event} if event else {})).notice)
        self.patch(type(self.env["psa.rule"]), "_events_nothing_raises", lambda rules: {"approval"})
        self.assertIn("reports", self._rule(event="approval").notice)

    def test_a_condition_of_either_or_is_told_in_words_too(self):
        rule = self.Rule.create({
            "name": "Either", "desk_id": self.desk.id, "active": False,
            "domain": str([
                ("state", "=", "new"), "|", ("name", "ilike", "mail"), "!", ("client_id", "in", [self.dental.id, self.hilltop.id]),
            ]),
        })
        text = rule.with_context(allowed_company_ids=self.company.ids).condition_text

        self.assertEqual(text, "State is New; Subject contains mail or not (Client is Harbour Dental, …)")
