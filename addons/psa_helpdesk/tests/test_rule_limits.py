from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .test_rules import RuleCommon

ENGINE = "odoo.addons.psa_helpdesk.models.psa_rule_engine"
ACTION = "odoo.addons.psa_helpdesk.models.psa_rule_action"


@tagged("post_install", "-at_install")
class TestRuleLimits(RuleCommon):

    # What goes wrong

    @mute_logger(ENGINE, ACTION)
    def test_one_ticket_of_many_that_fails_does_not_stop_the_others(self):
        rule = self._rule(self._says("Hello"), self._sets(self.high))
        Ticket = type(self.env["psa.ticket"])
        original = Ticket._add_entry

        def add_entry(ticket, *args, **kwargs):
            if ticket.name == "Bad":
                raise ValueError("no words for this")
            return original(ticket, *args, **kwargs)

        with patch.object(Ticket, "_add_entry", add_entry):
            tickets = self.env["psa.ticket"].create([
                {"name": "Bad" if number == 3 else f"Good {number}", "desk_id": self.desk.id} for number in range(6)
            ])

        bad = tickets[3]
        self.assertEqual(tickets.mapped("priority_id"), self.high, "the other action was done on all")
        self.assertEqual(self._logged(rule, outcome="failed").ticket_id, bad)
        self.assertEqual(self._acted_on(rule), tickets - bad)
        self.assertIn("no words for this", self._logged(rule, outcome="failed").error)
        self.assertEqual(rule.attention_count, 1)
        self.assertEqual(len(rule.activity_ids), 1)

    def test_a_rule_whose_condition_broke_stops_nobody_and_is_shown(self):
        self.env["psa.desk.field"].create({"name": "Lane", "desk_id": self.desk.id, "type": "char"})
        broken = self._rule(self._says(), sequence=1)
        self.env.cr.execute("UPDATE psa_rule SET domain = '[(''gone'', ''='', 1)]' WHERE id = %s", [broken.id])
        broken.invalidate_recordset()
        good = self._rule(self._sets(self.high), sequence=2)

        ticket = self._new_ticket()
        self._new_ticket()

        self.assertEqual(ticket.priority_id, self.high)
        self.assertEqual(len(self._logged(good)), 2)
        self.assertIn("gone", self._logged(broken)[0].error)
        self.assertIn(broken, self.env["psa.rule"].search([("attention_count", ">", 0)]))
        self.assertEqual(len(broken.activity_ids), 1, "one reminder, however often it fails")
        self._logged(broken).with_user(self.administrator).action_settle()
        broken.invalidate_recordset()
        self.assertFalse(broken.attention_count or broken.activity_ids)

    def test_what_failed_and_was_taken_back_sets_nothing_off(self):
        rule = self._rule(self._says(), event="updated")
        ticket = self._new_ticket()

        with self.assertRaises(ValidationError):
            ticket.write({"name": "Other", "desk_id": self.rival_desk.id, "client_id": self.dental.id})
        ticket.invalidate_recordset()
        self.env.cr.flush()

        self.assertFalse(self._logged(rule))

    # Who keeps rules

    def test_a_desk_administrator_keeps_the_rules_of_his_desk_and_no_other(self):
        self.desk.admin_ids = self.technician
        Rule = self.env["psa.rule"].with_user(self.technician)
        rule = Rule.create({"name": "Mine", "desk_id": self.desk.id, "action_ids": [Command.create({"kind": "note", "body": "x"})]})
        rule.domain = "[('name', '=', 'x')]"
        rule.copy()
        for vals in ({"desk_id": False, "company_id": self.company.id}, {"desk_id": self.rival_desk.id}):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                rule.write(vals)
        for desk in (self.env["psa.desk"], self.rival_desk):
            with self.assertRaisesRegex(AccessError, "choose one of them in Desk"):
                Rule.create({"name": "All", "company_id": self.company.id, "desk_id": desk.id, "change_ids": [
                    Command.create({"field_name": "name"}),
                ]})
        with self.assertRaisesRegex(AccessError, "choose one of them in Desk"):
            Rule.create({"name": "All", "company_id": self.company.id})
        self.assertEqual(Form(Rule).desk_id, self.desk, "nobody has to choose what cannot be otherwise")
        shared = self._rule(desk_id=False)
        with self.assertRaises(AccessError):
            shared.with_user(self.technician).active = False
        with self.assertRaises(AccessError):
            rule.with_user(self.dispatcher).name = "Yours"
        self.assertFalse(self.env["psa.rule"].with_user(self.rival_technician).search([("id", "in", (rule | shared).ids)]))

    def test_no_rule_ever_acts_on_a_ticket_of_another_company(self):
        rule = self._rule(self._sets(self.high), desk_id=False)
        theirs = self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})
        rule._act(theirs)
        rule._act(theirs, cycles={theirs.id: 1})
        self.assertFalse(theirs.priority_id)
        self.assertFalse(self._logged(rule))

    def test_no_context_switches_rules_off(self):
        rule = self._rule(self._says())
        keys = dict.fromkeys((
            "tracking_disable", "mail_notrack", "mail_create_nolog", "install_mode", "import_file", "no_rules", "psa_rules",
            "psa_ticket_create",
        ), True)

        self.env["psa.ticket"].with_user(self.technician).with_context(**keys).create({"name": "x", "desk_id": self.desk.id})

        self.assertEqual(len(self._logged(rule)), 1)

    # What it costs

    def test_without_rules_nothing_is_asked(self):
        ticket = self._new_ticket()
        ticket._psa_rules_event("alert")
        with self.assertQueryCount(0):
            ticket._psa_rules_event("alert")
            ticket._psa_rules_event("created")
            self.env.cr.precommit.run()

    def test_rules_about_other_events_and_desks_cost_nothing(self):
        elsewhere = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id})
        self._rule(self._says(), desk_id=elsewhere.id)
        self._rule(self._says(), event="alert")
        ticket = self._new_ticket()
        self.env.flush_all()
        with self.assertQueryCount(0):
            ticket._psa_rules_event("created")
            ticket._psa_rules_event("updated", changes=[("name", "a", "b")])
            self.env.cr.precommit.run()

    def test_five_hundred_tickets_take_hardly_more_queries_than_fifty(self):
        rule = self._rule(self._sets(self.high), event="updated", change_ids=[Command.create({"field_name": "name"})])
        rule.domain = "[('state', '=', 'new')]"
        tickets = self.env["psa.ticket"].create([{"name": f"T{number}", "desk_id": self.desk.id} for number in range(500)])
        self.env.flush_all()
        counts = []
        for number, batch in enumerate((tickets[:50], tickets)):
            batch.write({"priority_id": self.low.id})
            self.env.flush_all()
            self.env.cr.precommit.run()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            batch.write({"name": f"Renamed {number}"})
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(len(self._logged(rule)), 550)
        # Odoo sends 100 rows an INSERT and 128 an UPDATE.
        self.assertLessEqual(counts[1], counts[0] + 12)
        self.assertLessEqual(counts[1], 60)
