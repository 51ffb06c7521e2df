import json
from datetime import datetime, timezone

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..core.rules import Firing
from .test_rules import RuleCommon

ENGINE = "odoo.addons.psa_helpdesk.models.psa_rule_engine"


@tagged("post_install", "-at_install")
class TestRuleDiscretion(RuleCommon):
    """What rules say goes to those it is for, once; what they do, they do in nobody's name who may not do it himself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.admin_ids = cls.technician
        cls.manager = cls._new_staff("hy_manager", "psa_crm.group_technician")

    def _moves_to(self, state):
        return {"event": "updated", "change_ids": [Command.create({"field_name": "state", "new_kind": "is", "new_state": state})]}

    def _told(self, ticket):
        rows = self.env["psa.notification"].search([("ticket_id", "=", ticket.id)], order="id")
        return [(row.kind, row.target, row.event_id.code) for row in rows]

    def _errors(self, rule):
        return "\n".join(filter(None, self._logged(rule).mapped("error")))

    # Whose word it is

    def test_an_answer_of_a_rule_is_not_the_clients_word(self):
        heard = self._rule(self._says("The client said something"), event="entry_client")
        self._rule(("reply", {"body": "We wait for you, {{contact.first_name}}."}), **self._moves_to("waiting"))
        self._rule(("reply", {"body": "Thank you, {{contact.first_name}}."}), **self._moves_to("resolved"))
        ticket = self._new_ticket(stage_id=self.stage_by_state["open"].id)

        ticket.stage_id = self.stage_by_state["waiting"]
        self.env.flush_all()
        self.assertEqual(ticket.state, "waiting")
        ticket.stage_id = self.stage_by_state["resolved"]
        self.env.flush_all()

        self.assertEqual(ticket.state, "resolved")
        self.assertEqual(len(ticket.entry_ids.filtered(lambda entry: "Zoë" in entry.body)), 2)
        self.assertFalse(self._logged(heard))
        self.assertFalse(heard._basis_client_entry(ticket)[ticket.id])
        self.assertFalse(heard._replay(1, tickets=ticket)[0])

        ticket.message_post(body="It broke again", message_type="comment", subtype_xmlid="mail.mt_comment", author_id=self.zoe.id)

        self.assertEqual(ticket.state, "open")
        self.assertEqual(self._acted_on(heard), ticket)
        self.assertTrue(heard._basis_client_entry(ticket)[ticket.id])
        self.assertEqual(len(heard._replay(1, tickets=ticket)[0]), 1)

    # Who is told, and how often

    def test_a_firing_tells_a_shared_mailbox_once_in_however_many_texts(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.manager.write({"lang": "fr_FR", "email": "noc@brightwater.test"})
        self.technician.email = "noc@brightwater.test"
        self._rule(
            ("notify", {"user_ids": [Command.set((self.manager | self.technician).ids)], "via_mail": True, "body": "{{ticket.number}}"}),
            ("notify", {"emails": "noc@brightwater.test, hotline@vendor.test", "body": "Look at {{ticket.number}}"}),
        )

        ticket = self._new_ticket()

        self.assertEqual(
            [target for __, target, __ in self._told(ticket)], ["noc@brightwater.test", "hotline@vendor.test"]
        )

    def test_what_an_attempt_told_that_failed_is_told_again(self):
        rule = self._rule(
            ("notify", {"emails": "noc@brightwater.test", "body": "{{ticket.number}}"}),
            ("assign", {"assignment": "technician"}),
        )

        with self.assertLogs(ENGINE, "WARNING"):
            ticket = self._new_ticket()

        self.assertIn("Enter one on the client", self._errors(rule))
        self.assertEqual([target for __, target, __ in self._told(ticket)], ["noc@brightwater.test"])

    def test_who_is_assigned_and_notified_by_one_rule_hears_it_once(self):
        self.env["psa.notification.address"].create([
            {"user_id": self.manager.id, "kind": "mail"},
            {"user_id": self.manager.id, "kind": "pager", "target": "555@pager.test"},
        ])
        rule = self._rule(
            ("assign", {"user_id": self.manager.id}),
            ("notify", {"to_assignee": True, "via_mail": True, "via_pager": True, "body": "Web server down: {{ticket.number}}"}),
        )

        ticket = self._new_ticket()

        self.assertEqual(ticket.user_id, self.manager)
        self.assertEqual(self._told(ticket), [
            ("mail", "hy_manager@brightwater.test", "rule"), ("pager", "555@pager.test", "rule"),
        ])

        # Where the rule's words do not go, he hears that the ticket is his.
        rule.action_ids[1].via_mail = False
        other = self._new_ticket()
        self.assertEqual(self._told(other), [
            ("pager", "555@pager.test", "rule"), ("mail", "hy_manager@brightwater.test", "assigned"),
        ])

    # What is not for everybody

    def test_why_a_rule_acts_is_not_told_to_clients_or_other_systems(self):
        rule = self._rule(domain=str([("client_id", "in", (self.dental | self.hilltop).ids)]))
        with self.assertRaisesRegex(ValidationError, "rule.reason"):
            rule.action_ids = [Command.create({"kind": "reply", "body": "Because {{rule.reason}}"})]
        field = self.env["psa.desk.field"].create({"desk_id": self.desk.id, "name": "Why", "type": "char"})
        with self.assertRaisesRegex(ValidationError, "rule.reason"):
            rule.action_ids = [Command.create({
                "kind": "own_field", "own_field_id": field.id, "own_field_value": "Because {{ rule.reason }}",
            })]
        hook = self.env["psa.webhook"].create({"name": "Chat", "url": "https://hooks.example.com", "company_id": self.company.id})
        rule.action_ids = [Command.create({"kind": "webhook", "webhook_id": hook.id})]

        ticket = self._new_ticket()

        payload = self.env["psa.webhook.delivery"].search([("ticket_id", "=", ticket.id)]).payload
        self.assertEqual((payload["event"], payload["rule"]), ("created", "Rule"))
        self.assertNotIn("Hilltop", json.dumps(payload))

    def test_names_beyond_the_wall_are_not_read_off_a_rule(self):
        rule = self._rule(
            ("notify", {"user_ids": [Command.link(self.manager.id)], "body": "Look"}),
            active=False, domain=str([("partner_id", "in", (self.zoe | self.hal).ids)]),
        )
        # As one that was set up before somebody left the company.
        self.env.cr.execute(
            "INSERT INTO psa_rule_action_user_rel (action_id, user_id) VALUES (%s, %s)", [rule.action_ids.id, self.rival_technician.id]
        )
        self.env.invalidate_all()
        self.assertIn(self.rival_technician.name, rule.action_ids.summary)
        ticket = self._new_ticket()

        reader = rule.with_user(self.technician).with_context(show_email=True)
        firing = Firing(rule.id, "created", "", datetime.now(timezone.utc))
        texts = [
            reader.action_ids.summary, reader.action_ids.display_name, reader._export_text("json"), reader._export_text("xml"),
            repr(reader.action_ids._describe(ticket.sudo(), firing)),
            self.env["psa.rule.preview"].with_user(self.technician).create({"rule_id": rule.id, "ticket_id": ticket.id}).result,
        ]

        for text in texts:
            self.assertIn("…", text.replace("\\u2026", "…"))
            for name in (self.rival_technician.name, self.rival_technician.login, "Hal Hill", "hal@"):
                self.assertNotIn(name, text)
        self.assertIn("Zoë Marsh", texts[2].replace("\\u00eb", "ë"))
        self.assertIn("hy_manager", texts[2])

    def test_the_screens_of_one_are_not_those_of_another(self):
        rule = self._rule(active=False)
        for model, values in (
            ("psa.rule.import", {"file": "e30="}), ("psa.rule.export", {"rule_ids": rule.ids}), ("psa.rule.preview", {"rule_id": rule.id}),
        ):
            screen = self.env[model].with_user(self.manager).create(values)
            with self.subTest(model=model), self.assertRaises(AccessError):
                screen.with_user(self.technician).read()

    # What may be chosen, and who answers for it

    def test_actions_take_nothing_from_other_companies_and_desks(self):
        rule = self._rule(active=False)
        elsewhere = self.env["psa.desk"].create({"name": "Field", "company_id": self.company.id})
        rungs = self.env["psa.escalation.contact"].create([
            {"desk_id": elsewhere.id, "user_id": self.manager.id}, {"desk_id": self.rival_desk.id, "user_id": self.rival_technician.id},
        ])
        plan = self.env["mail.activity.plan"].create({
            "name": "Theirs", "res_model": "res.partner", "psa_is_checklist": True, "company_id": self.rival.id,
        })
        for user in (self.env.user, self.technician):
            Action = self.env["psa.rule.action"].with_user(user)
            for values in (
                {"kind": "assign", "user_id": self.rival_technician.id},
                {"kind": "notify", "body": "x", "user_ids": [Command.link(self.rival_technician.id)]},
                {"kind": "notify", "body": "x", "to_escalation": True, "escalation_contact_ids": [Command.link(rungs[0].id)]},
                {"kind": "notify", "body": "x", "to_escalation": True, "escalation_contact_ids": [Command.link(rungs[1].id)]},
                {"kind": "checklist", "plan_id": plan.id},
            ):
                with self.subTest(user=user.login, kind=values["kind"]), self.assertRaises(UserError):
                    Action.create({"rule_id": rule.id, **values})

    def test_what_the_writer_may_not_read_he_may_not_choose(self):
        rule = self._rule(active=False)
        action = self.env["psa.rule.action"].with_user(self.technician).create({"rule_id": rule.id, "kind": "note", "body": "x"})

        for command in (Command.link(self.hal.id), Command.set(self.hal.ids)):
            with self.assertRaises(AccessError) as refusal:
                action.partner_ids = [command]
            self.assertNotIn("Hal", str(refusal.exception))

    def test_templates_with_code_of_somebody_who_may_not_run_code_are_not_rendered(self):
        template = self.env["mail.template"].create({
            "name": "Clever", "model_id": self.env["ir.model"]._get_id("psa.ticket"), "subject": "About {{ object.name }}",
            "body_html": """<p t-out="object.env['res.users'].search([]).mapped('login')"/>""",
        })
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_template SET write_uid = %s WHERE id = %s", [self.administrator.id, template.id])
        self.env.invalidate_all()
        rule = self._rule(
            ("reply", {"template_id": template.id}), ("notify", {"to_client": True, "template_id": template.id}),
        )

        with self.assertLogs(ENGINE, "WARNING"):
            ticket = self._new_ticket()

        self.assertEqual(self._errors(rule).count("reach beyond the ticket"), 2)
        self.assertFalse(ticket.entry_ids)
        preview = self.env["psa.rule.preview"].with_user(self.technician).create({"rule_id": rule.id, "ticket_id": ticket.id})
        self.assertNotIn("hd_rival", preview.result)

        template.body_html = template.body_html + "<p>Checked</p>"
        self.assertIn("hd_rival", self._new_ticket().entry_ids.filtered(lambda entry: not entry.is_internal)[-1:].body)

    def test_a_client_is_lent_only_as_long_as_whoever_said_so_may_lend_him(self):
        rule = self._rule(active=False)
        self.env["psa.rule.action"].with_user(self.administrator).create({
            "rule_id": rule.id, "kind": "share", "share_user_id": self.rival_technician.id, "share_days": 3,
        })
        rule.active = True
        shares = self.env["psa.client.share"]
        criteria = [("client_id", "=", self.dental.id)]
        group = self.env.ref("psa_crm.group_company_admin")

        self.administrator.group_ids = [Command.unlink(group.id), Command.link(self.env.ref("psa_crm.group_technician").id)]
        with self.assertLogs(ENGINE, "WARNING"):
            self._new_ticket()
        self.assertIn("can share it", self._errors(rule))
        self.administrator.group_ids = [Command.link(group.id)]
        self.administrator.active = False
        with self.assertLogs(ENGINE, "WARNING"):
            self._new_ticket()
        self.assertIn("is gone", self._errors(rule))
        self.assertFalse(shares.search(criteria))

        self.administrator.active = True
        self._new_ticket()
        self.assertEqual(shares.search(criteria).giver_id, self.administrator)
