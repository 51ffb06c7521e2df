from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..core.rules import Firing
from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestRuleActions(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Action = cls.env["psa.rule.action"]
        cls.high = cls.env.ref("psa_helpdesk.option_priority_high")
        cls.other_queue = cls.env["psa.queue"].create({"name": "Dispatch", "company_id": cls.company.id})
        cls.manager = cls._new_staff("hd_manager", "psa_crm.group_technician")
        cls.rule = cls.env["psa.rule"].create({
            "name": "Routing", "company_id": cls.company.id, "event": "created", "active": False,
        })

    def _action(self, kind, **values):
        return self.Action.create({"rule_id": self.rule.id, "kind": kind, **values})

    def _firing(self, **values):
        return Firing(**{
            "rule_id": self.rule.id, "event": "created", "reason": "the ticket was created", "at": datetime.now(timezone.utc), **values
        })

    def _run(self, action, tickets, **firing):
        """Let the rule do this one thing; return {ticket id: [Outcome]}."""
        (self.rule.action_ids - action).unlink()
        return self.rule._as_system()._fire(tickets.sudo(), self._firing(**firing))

    def _error(self, ticket):
        """Return what the log of the rule says went wrong on a ticket."""
        return self.env["psa.rule.log"].search([("ticket_id", "=", ticket.id)], limit=1).error

    def _told(self):
        """Return a patch that writes down who is told instead of telling them."""
        calls = []

        def notify(tickets, event, users=None, partners=None, emails=(), template=None, note="", channels=None, taken=None):
            calls.append({
                "event": event, "tickets": tickets, "users": users, "partners": partners, "emails": tuple(emails), "template": template,
                "note": note, "channels": channels,
            })
            return {ticket.id: [*users.mapped("name"), *partners.mapped("name"), *emails] for ticket in tickets}

        return calls, patch.object(type(self.env["psa.ticket"]), "_psa_notify", notify)

    # Changes of the ticket

    def test_what_is_set_is_set_on_all_tickets_by_one_write(self):
        tickets = self.env["psa.ticket"].union(*(self._new_ticket() for _number in range(5)))
        tag, gone = self.env["psa.ticket.tag"].create([{"name": "Rule VIP"}, {"name": "Rule Gone"}])
        tickets.tag_ids = gone
        severity = self.env.ref("psa_helpdesk.option_severity_company")
        actions = self.Action.union(
            self._action("priority", option_id=self.high.id), self._action("severity", option_id=severity.id),
            self._action("stage", stage_id=self.stage_by_state["on_hold"].id), self._action("queue", queue_id=self.other_queue.id),
            self._action("assign", user_id=self.technician.id),
            self._action("tags", tag_add_ids=[Command.link(tag.id)], tag_remove_ids=[Command.link(gone.id)]),
        )

        outcomes = self._run(actions, tickets)

        self.assertEqual([len(of_ticket) for of_ticket in outcomes.values()], [6] * 5)
        self.assertFalse(any(self._error(ticket) for ticket in tickets))
        self.assertEqual(set(tickets.mapped("state")), {"on_hold"})
        self.assertEqual((tickets.priority_id, tickets.severity_id), (self.high, severity))
        self.assertEqual((tickets.queue_id, tickets.user_id, tickets.tag_ids), (self.other_queue, self.technician, tag))

    def test_the_number_of_queries_does_not_grow_with_the_tickets(self):
        action = self._action("priority", option_id=self.high.id)
        few = self.env["psa.ticket"].create([{"name": f"T{number}", "desk_id": self.desk.id} for number in range(2)])
        many = self.env["psa.ticket"].create([{"name": f"T{number}", "desk_id": self.desk.id} for number in range(40)])
        self.env.flush_all()
        counts = []
        for tickets in (few, many):
            before = self.env.cr.sql_log_count
            self._run(action, tickets)
            counts.append(self.env.cr.sql_log_count - before)

        self.assertLessEqual(counts[1], counts[0] + 2)

    def test_one_ticket_that_refuses_does_not_hold_up_the_others(self):
        other_desk = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id})
        own_stage = self.env["psa.ticket.stage"].create({
            "name": "In the van", "state": "open", "desk_ids": [Command.link(self.desk.id)], "company_id": self.company.id,
        })
        here = self.env["psa.ticket"].union(*(self._new_ticket() for _number in range(4)))
        there = self._new_ticket(desk_id=other_desk.id)

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_rule_engine", "WARNING"):
            self._run(self._action("stage", stage_id=own_stage.id), here[:2] | there | here[2:])

        self.assertEqual(here.stage_id, own_stage)
        self.assertEqual(there.state, "new")
        self.assertIn("is not one of desk", self._error(there))
        self.assertFalse(self._error(here[0]))

    def test_an_archived_user_gets_no_ticket_and_that_is_told(self):
        action = self._action("assign", user_id=self.manager.id)
        self.manager.active = False
        ticket = self._new_ticket()

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_rule_engine", "WARNING"):
            self._run(action, ticket)

        self.assertIn("hd_manager", self._error(ticket).lower())
        self.assertFalse(ticket.user_id)

    def test_the_lead_technician_of_the_client_gets_it(self):
        self.dental.psa_primary_technician_id = self.technician
        ticket = self._new_ticket()

        self._run(self._action("assign", assignment="technician"), ticket)

        self.assertEqual(ticket.user_id, self.technician)

    def test_a_client_without_lead_technician_is_told(self):
        ticket = self._new_ticket()

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_rule_engine", "WARNING"):
            self._run(self._action("assign", assignment="account_manager"), ticket)

        self.assertIn("Enter one on the client", self._error(ticket))

    def test_the_desk_gives_it_to_somebody(self):
        self.desk.write({"assignment_method": "round_robin", "member_ids": [Command.link(self.technician.id)]})
        ticket = self._new_ticket()
        ticket.user_id = False

        self._run(self._action("assign", assignment="automatic"), ticket)

        self.assertEqual(ticket.user_id, self.technician)

    def test_deadlines_are_counted_from_what_is_said(self):
        ticket = self._new_ticket()
        at = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)

        self._run(self._action("deadline", deadline_amount=90, deadline_unit="minutes"), ticket, at=at)
        self.assertEqual(ticket.date_deadline, datetime(2026, 3, 2, 10, 30))

        self._run(self._action("deadline", deadline_basis="deadline", deadline_amount=1, deadline_unit="days"), ticket)
        self.assertEqual(ticket.date_deadline, datetime(2026, 3, 3, 10, 30))

        self._run(self._action("deadline", deadline_basis="created", deadline_amount=2), ticket)
        self.assertEqual(ticket.date_deadline, ticket.create_date.replace(microsecond=0) + timedelta(hours=2))

        self._run(self._action("deadline", deadline_basis="none"), ticket)
        self.assertFalse(ticket.date_deadline)

    def test_deadlines_can_count_working_hours_of_the_client(self):
        self.dental.psa_calendar_id = self.env["resource.calendar"].create({
            "name": "Mornings", "tz": "UTC", "company_id": self.company.id, "attendance_ids": [
                Command.create({"name": day, "dayofweek": day, "hour_from": 8, "hour_to": 12}) for day in "01234"
            ],
        })
        self.dental.psa_tz = "UTC"
        ticket = self._new_ticket()
        friday = datetime(2026, 3, 6, 10, 0, tzinfo=timezone.utc)

        self._run(self._action("deadline", deadline_amount=3, deadline_hours="client"), ticket, at=friday)
        self.assertEqual(ticket.date_deadline, datetime(2026, 3, 9, 9, 0))

    def test_own_fields_are_filled_in(self):
        floor, urgent, colour = self.env["psa.desk.field"].create([
            {"desk_id": self.desk.id, "name": "Floor", "type": "integer"}, {"desk_id": self.desk.id, "name": "Why", "type": "char"},
            {"desk_id": self.desk.id, "name": "Colour", "type": "selection", "option_ids": [Command.create({"name": "Red"})]},
        ])
        ticket = self._new_ticket()

        self._run(self._action("own_field", own_field_id=floor.id, own_field_value="7"), ticket)
        self._run(self._action("own_field", own_field_id=urgent.id, own_field_value="{{ticket.number}} by {{rule.name}}"), ticket)
        self._run(self._action("own_field", own_field_id=colour.id, own_field_value="red"), ticket)

        self.assertEqual(ticket._own_field_values(), {
            floor.key: 7, urgent.key: f"{ticket.number} by Routing", colour.key: colour.option_ids.key,
        })
        with self.assertRaisesRegex(ValidationError, "a whole number"):
            self._action("own_field", own_field_id=floor.id, own_field_value="seventh")

    # People

    def test_everybody_named_is_told_once_with_the_text_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.lang = "fr_FR"
        self.queue.contact_ids = self.technician.partner_id
        hotline = self.env["res.partner"].create({"name": "Hotline", "email": "hotline@vendor.test", "company_id": self.company.id})
        self.desk.contact_ids = hotline
        action = self._action(
            "notify", to_assignee=True, to_queue=True, to_desk=True, user_ids=[Command.link(self.manager.id)],
            emails="555@pager.test", via_mail=True, via_pager=True, body="{{ticket.number}} waits: {{ticket.link}}",
        )
        action.with_context(lang="fr_FR").body = "{{ticket.number}} attend: {{ticket.link}}"
        ticket = self._new_ticket(user_id=self.technician.id)

        calls, patched = self._told()
        with patched:
            outcomes = self._run(action, ticket)

        told = {call["users"]: call["note"] for call in calls}
        self.assertEqual(set(told), {self.technician, self.manager})
        self.assertIn(f"{ticket.number} waits:", told[self.technician])
        self.assertIn(f"{ticket.number} attend:", told[self.manager])
        self.assertIn(f"/mail/view?model=psa.ticket&res_id={ticket.id}", told[self.manager])
        self.assertEqual([partner for call in calls for partner in call["partners"]], [hotline])
        self.assertEqual({tuple(call["channels"]) for call in calls}, {("mail", "pager")})
        self.assertEqual(
            set(outcomes[ticket.id][0].recipients), {self.technician.name, self.manager.name, "Hotline", "555@pager.test"}
        )

    def test_of_several_people_one_of_whom_has_left_the_others_are_told(self):
        action = self._action("notify", user_ids=[Command.set([self.manager.id, self.technician.id])], body="Look")
        self.manager.active = False
        ticket = self._new_ticket()

        calls, patched = self._told()
        with patched:
            told, failed = self._run(action, ticket)[ticket.id]

        self.assertEqual(calls[0]["users"], self.technician)
        self.assertEqual(told.recipients, (self.technician.name,))
        self.assertIn("archived", failed.error)
        self.assertIn("archived", self._error(ticket))

    def test_tickets_of_one_audience_and_text_are_told_by_one_call(self):
        tickets = self._new_ticket() | self._new_ticket()
        action = self._action("notify", user_ids=[Command.link(self.manager.id)], body="Look at the queue")

        calls, patched = self._told()
        with patched:
            self._run(action, tickets)

        self.assertEqual([call["tickets"] for call in calls], [tickets])

    def test_the_escalation_ladder_of_the_queue_goes_first(self):
        contacts = self.env["psa.escalation.contact"].create([
            {"desk_id": self.desk.id, "user_id": self.technician.id}, {"queue_id": self.queue.id, "user_id": self.manager.id},
        ])
        ticket = self._new_ticket()
        action = self._action("notify", to_escalation=True, body="Look")

        calls, patched = self._told()
        with patched:
            self._run(action, ticket)
            contacts[1].unlink()
            self._run(action, ticket)

        self.assertEqual([call["users"] for call in calls], [self.manager, self.technician])
        self.assertEqual({call["event"] for call in calls}, {"escalated"})

    def test_a_template_that_fails_for_one_ticket_of_500_is_told_there(self):
        tickets = self.env["psa.ticket"].create([
            {"name": f"T{number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(500)
        ])
        tickets[321].name = "Bad"
        template = self.env["mail.template"].create({
            "name": "Fragile", "model_id": self.env["ir.model"]._get_id("psa.ticket"), "subject": "About {{ object.name }}",
            "body_html": """<p t-if="object.name == 'Bad'" t-out="1 / 0"/><p t-else="">Fine</p>""",
        })
        action = self._action("reply", template_id=template.id)

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_rule_engine", "WARNING"):
            self._run(action, tickets)

        failed = [ticket.name for ticket in tickets if self._error(ticket)]
        self.assertEqual(failed, ["Bad"])
        said = tickets.message_ids.filtered(lambda message: message.message_type == "comment")
        self.assertEqual(len(said), 499)
        self.assertNotIn(tickets[321].id, said.mapped("res_id"))

    def test_notes_stay_inside_and_are_said_by_the_desk(self):
        ticket = self._new_ticket()

        self._run(self._action("note", body="{{rule.name}}: {{rule.reason}}"), ticket)

        note = ticket.entry_ids.filtered("is_internal")
        self.assertIn("Routing: the ticket was created", note.body)
        self.assertEqual(note.author_id, self.company.partner_id)

    def test_the_client_is_answered_in_his_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.zoe.lang = "fr_FR"
        action = self._action("reply", body="We are on it, {{contact.first_name}}.")
        action.with_context(lang="fr_FR").body = "Nous y travaillons, {{contact.first_name}}."
        ticket = self._new_ticket()

        self._run(action, ticket)

        self.assertIn("Nous y travaillons, Zoë.", ticket.entry_ids.filtered(lambda entry: not entry.is_internal)[-1:].body)

    def test_activities_are_planned(self):
        ticket = self._new_ticket(user_id=self.technician.id)

        self._run(self._action("activity", activity_summary="Call back", activity_days=2, body="{{contact.name}}"), ticket)

        activity = ticket.activity_ids
        self.assertEqual((activity.summary, activity.user_id), ("Call back", self.technician))
        self.assertEqual(activity.date_deadline, fields.Date.today() + timedelta(days=2))
        self.assertIn("Zoë Marsh", activity.note)

    # Beyond the ticket

    def test_the_client_is_shared_once(self):
        action = self._action("share", share_user_id=self.rival_technician.id, share_days=3)
        tickets = self._new_ticket() | self._new_ticket()

        self._run(action, tickets)
        outcomes = self._run(action, tickets)

        share = self.env["psa.client.share"].search([("client_id", "=", self.dental.id)])
        self.assertEqual((len(share), share.user_id, share.state), (1, self.rival_technician, "offered"))
        self.assertIn("already", outcomes[tickets[0].id][0].text)

    def test_a_checklist_is_started_once(self):
        plan = self.env["mail.activity.plan"].create({
            "name": "Site visit", "res_model": "res.partner", "psa_is_checklist": True, "company_id": self.company.id,
            "template_ids": [Command.create({
                "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id, "summary": "Badge",
                "responsible_type": "psa_dispatcher",
            })],
        })
        action = self._action("checklist", plan_id=plan.id)
        tickets = self._new_ticket() | self._new_ticket()

        self._run(action, tickets)
        outcomes = self._run(action, tickets)

        self.assertEqual(self.env["psa.checklist"].search_count([("client_id", "=", self.dental.id), ("plan_id", "=", plan.id)]), 1)
        self.assertIn("running already", outcomes[tickets[0].id][0].text)

    def test_a_webhook_is_written_down_with_what_the_other_system_needs(self):
        hook = self.env["psa.webhook"].create({"name": "Chat", "url": "https://hooks.example.com", "company_id": self.company.id})
        ticket = self._new_ticket()

        self._run(self._action("webhook", webhook_id=hook.id), ticket)

        delivery = self.env["psa.webhook.delivery"].search([("ticket_id", "=", ticket.id)])
        self.assertEqual((delivery.state, delivery.rule_name), ("waiting", "Routing"))
        self.assertEqual(delivery.payload["ticket"]["number"], ticket.number)
        self.assertEqual(delivery.payload["ticket"]["client"]["name"], "Harbour Dental")

    def test_server_actions_are_for_administrators_of_the_server(self):
        code = self.env["ir.actions.server"].create({
            "name": "Rename", "model_id": self.env["ir.model"]._get_id("psa.ticket"), "state": "code",
            "code": "records.write({'name': 'By code'})",
        })
        ticket = self._new_ticket()
        action = self._action("server_action", server_action_id=code.id)

        self._run(action, ticket)

        self.assertEqual(ticket.name, "By code")
        with self.assertRaises(AccessError):
            self.Action.with_user(self.administrator).create({
                "rule_id": self.rule.id, "kind": "server_action", "server_action_id": code.id,
            })
        with self.assertRaises(AccessError):
            self.rule.with_user(self.administrator).domain = "[('state', '=', 'new')]"
        self.rule.with_user(self.administrator).copy_data()
        with self.assertRaises(AccessError):
            self.rule.with_user(self.administrator).copy()
        self.rule.with_user(self.administrator).active = False

    def test_desk_administrators_keep_the_actions_of_their_rules_and_lend_no_clients(self):
        self.desk.admin_ids = self.technician
        own = self.env["psa.rule"].create({"name": "Own", "desk_id": self.desk.id, "active": False})
        Action = self.Action.with_user(self.technician)

        action = Action.create({"rule_id": own.id, "kind": "note", "body": "Look"})
        action.body = "Look again"
        for refused in (
            {"rule_id": own.id, "kind": "share", "share_user_id": self.rival_technician.id},
            {"rule_id": self.rule.id, "kind": "note", "body": "x"},
        ):
            with self.assertRaises(AccessError):
                Action.create(refused)
        with self.assertRaises(AccessError):
            action.rule_id = self.rule
        with self.assertRaises(AccessError):
            action.write({"kind": "share", "share_user_id": self.rival_technician.id})
        with self.assertRaises(AccessError):
            self.Action.with_user(self.dispatcher).create({"rule_id": own.id, "kind": "note", "body": "x"})

    # Rule and actions

    def test_a_rule_runs_only_when_its_actions_are_complete(self):
        action = self._action("queue")

        self.assertEqual(action.missing_text, "Queue")
        with self.assertRaisesRegex(ValidationError, "fill in Queue"):
            self.rule.active = True

        action.queue_id = self.other_queue
        self.rule.active = True
        with self.assertRaises(ValidationError):
            action.queue_id = False

    def test_texts_with_unknown_placeholders_are_refused(self):
        with self.assertRaisesRegex(ValidationError, "ticket.password"):
            self._action("note", body="{{ticket.password}}")

    def test_who_is_told_what_has_to_fit(self):
        with self.assertRaisesRegex(ValidationError, "E-mail Template"):
            self._action("notify", to_client=True, body="Internal gossip")
        with self.assertRaisesRegex(ValidationError, "no mail address"):
            self._action("notify", emails="nobody", body="x")
        with self.assertRaisesRegex(ValidationError, "no value for"):
            self._action("severity", option_id=self.high.id)

    def test_a_copy_has_the_actions_and_sleeps(self):
        self._action("queue", queue_id=self.other_queue.id)
        self.rule.active = True

        copy = self.rule.copy()

        self.assertEqual((copy.name, copy.active, copy.action_ids.queue_id), ("Routing (copy)", False, self.other_queue))

    def test_describing_does_nothing(self):
        ticket = self._new_ticket()
        actions = (
            self._action("priority", option_id=self.high.id) | self._action("note", body="{{ticket.number}}")
            | self._action("notify", user_ids=[Command.link(self.manager.id)], body="x") | self._action("queue")
        )

        calls, patched = self._told()
        with patched:
            texts = [action._describe(ticket, self._firing())[ticket.id][0] for action in actions]

        self.assertEqual(texts[0].text, "Priority: P2 High")
        self.assertIn(ticket.number, texts[1].text)
        self.assertEqual(texts[2].recipients, (self.manager.name,))
        self.assertIn("Fill in Queue", texts[3].error)
        self.assertEqual((ticket.priority_id == self.high, len(ticket.entry_ids), calls), (False, 0, []))

    def test_the_preview_shows_what_people_would_read(self):
        self._action("notify", user_ids=[Command.link(self.manager.id)], body="{{ticket.number}} of {{client.name}}: <b>")
        ticket = self._new_ticket()

        preview = self.env["psa.rule.preview"].with_user(self.administrator).create({"rule_id": self.rule.id, "ticket_id": ticket.id})

        self.assertIn(f"{ticket.number} of Harbour Dental: &lt;b&gt;", preview.result)
        self.assertIn("hd_manager", preview.result.lower())
        self.assertFalse(ticket.entry_ids)
        foreign = self.env["psa.ticket"].create({"name": "Theirs", "desk_id": self.rival_desk.id})
        with self.assertRaises(AccessError):
            self.env["psa.rule.preview"].with_user(self.administrator).create({
                "rule_id": self.rule.id, "ticket_id": foreign.id,
            })._result()

    def test_incomplete_actions_fail_and_are_told(self):
        ticket = self._new_ticket()
        with self.assertRaises(UserError):
            self._action("queue")._plan(ticket, self._firing())
