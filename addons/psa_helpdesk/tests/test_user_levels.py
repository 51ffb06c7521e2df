from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import HelpdeskCommon

# The three levels. A desk administrator is a technician who is named in the desk; he is asked twice: about his own desk
# and about another desk of the company.
LEVELS = ("user", "own desk", "other desk", "company administrator", "another company's")
YES, NO = True, False
CAPABILITIES = {
    #                                           user  own   other  company  another
    # What everybody does, at every desk of the company
    "see the desk":                            (YES,  YES,  YES,   YES,     NO),
    "create a client":                         (YES,  YES,  YES,   YES,     YES),
    "see the client":                          (YES,  YES,  YES,   YES,     NO),
    "create a contact":                        (YES,  YES,  YES,   YES,     NO),
    "see the contact":                         (YES,  YES,  YES,   YES,     NO),
    "write a note on the client":              (YES,  YES,  YES,   YES,     NO),
    "create a ticket":                         (YES,  YES,  YES,   YES,     NO),
    "see the ticket":                          (YES,  YES,  YES,   YES,     NO),
    "see the history of the ticket":           (YES,  YES,  YES,   YES,     NO),
    "edit many tickets":                       (YES,  YES,  YES,   YES,     NO),
    # What a desk administrator does at his desk
    "choose the members":                      (NO,   YES,  NO,    YES,     NO),
    "choose who is notified":                  (NO,   YES,  NO,    YES,     NO),
    "describe the desk":                       (NO,   YES,  NO,    YES,     NO),
    "have clients asked for a rating":         (NO,   YES,  NO,    YES,     NO),
    "resolve parents with their parts":        (NO,   YES,  NO,    YES,     NO),
    "ask for a resolution":                    (NO,   YES,  NO,    YES,     NO),
    "set the time to correct entries":         (NO,   YES,  NO,    YES,     NO),
    "set the largest file":                    (NO,   YES,  NO,    YES,     NO),
    "choose the language of its tickets":      (NO,   YES,  NO,    YES,     NO),
    "define own ticket fields":                (NO,   YES,  NO,    YES,     NO),
    "define them in the form of a ticket":     (NO,   YES,  NO,    YES,     NO),
    "add an own ticket field":                 (NO,   YES,  NO,    YES,     NO),
    "require an own ticket field":             (NO,   YES,  NO,    YES,     NO),
    "delete an own ticket field":              (NO,   YES,  NO,    YES,     NO),
    "choose how tickets are assigned":         (NO,   YES,  NO,    YES,     NO),
    "allow a move at the desk":                (NO,   YES,  NO,    YES,     NO),
    "change a move of the desk":               (NO,   YES,  NO,    YES,     NO),
    "forbid a move at the desk":               (NO,   YES,  NO,    YES,     NO),
    "name an escalation contact of the desk":  (NO,   YES,  NO,    YES,     NO),
    "change an escalation contact":            (NO,   YES,  NO,    YES,     NO),
    "delete an escalation contact":            (NO,   YES,  NO,    YES,     NO),
    "add an option of the desk":               (NO,   YES,  NO,    YES,     NO),
    "rename an option of the desk":            (NO,   YES,  NO,    YES,     NO),
    "delete an option of the desk":            (NO,   YES,  NO,    YES,     NO),
    "add a stage of the desk":                 (NO,   YES,  NO,    YES,     NO),
    "rename a stage of the desk":              (NO,   YES,  NO,    YES,     NO),
    "delete a stage of the desk":              (NO,   YES,  NO,    YES,     NO),
    "add a macro of the desk":                 (NO,   YES,  NO,    YES,     NO),
    "rename a macro of the desk":              (NO,   YES,  NO,    YES,     NO),
    "keep an answer for the desk":             (NO,   YES,  NO,    YES,     NO),
    "set the seconds to undo":                 (NO,   YES,  NO,    YES,     NO),
    "rule the access to the desk":             (NO,   YES,  NO,    YES,     NO),
    "name a field as the desk does":           (NO,   YES,  NO,    YES,     NO),
    "pull the template into the desk":         (NO,   YES,  NO,    YES,     NO),
    # What is for the administrators of the company
    "name a desk administrator":               (NO,   NO,   NO,    YES,     NO),
    "rename the desk":                         (NO,   NO,   NO,    YES,     NO),
    "choose the e-mail that asks":             (NO,   NO,   NO,    YES,     NO),
    "change the mail address":                 (NO,   NO,   NO,    YES,     NO),
    "choose the queues":                       (NO,   NO,   NO,    YES,     NO),
    "take a shared stage for the desk":        (NO,   NO,   NO,    YES,     NO),
    "archive the desk":                        (NO,   NO,   NO,    YES,     NO),
    "delete the desk":                         (NO,   NO,   NO,    YES,     NO),
    "create a desk":                           (NO,   NO,   NO,    YES,     NO),
    "create a queue":                          (NO,   NO,   NO,    YES,     NO),
    "create a team":                           (NO,   NO,   NO,    YES,     NO),
    "allow a move at every desk":              (NO,   NO,   NO,    YES,     NO),
    "hand a move of the desk to all":          (NO,   NO,   NO,    YES,     NO),
    "name an escalation contact of a queue":   (NO,   NO,   NO,    YES,     NO),
    "hand an escalation contact to a queue":   (NO,   NO,   NO,    YES,     NO),
    "choose how a queue's tickets are assigned": (NO, NO,   NO,    YES,     NO),
    "add a skill":                             (NO,   NO,   NO,    YES,     NO),
    "say who has a skill":                     (NO,   NO,   NO,    YES,     NO),
    "add an option for every desk":            (NO,   NO,   NO,    YES,     NO),
    "rename an option of every desk":          (NO,   NO,   NO,    NO,      NO),
    "add a stage for every desk":              (NO,   NO,   NO,    YES,     NO),
    "rename a stage of every desk":            (NO,   NO,   NO,    NO,      NO),
    "add a macro for every desk":              (NO,   NO,   NO,    YES,     NO),
    "keep an answer for the company":          (NO,   NO,   NO,    YES,     NO),
    "hand a macro of the desk to all":         (NO,   NO,   NO,    YES,     NO),
    "hand an option of the desk to all":       (NO,   NO,   NO,    YES,     NO),
    "hand a stage of the desk to all":         (NO,   NO,   NO,    YES,     NO),
    "name a field of the template":            (NO,   NO,   NO,    YES,     NO),
    "save the desk as template":               (NO,   NO,   NO,    YES,     NO),
    "delete a ticket":                         (NO,   NO,   NO,    YES,     NO),
    "rule the access to a client":             (NO,   NO,   NO,    YES,     NO),
    "rule the access to every desk":           (NO,   NO,   NO,    YES,     NO),
    # What nobody does
    "add to the history of the ticket":        (NO,   NO,   NO,    NO,      NO),
    "change the history of the ticket":        (NO,   NO,   NO,    NO,      NO),
    "delete the history of the ticket":        (NO,   NO,   NO,    NO,      NO),
    # What waits for its moment
    "try a timer of the desk again":           (NO,   YES,  NO,    YES,     NO),
    "change the working hours":                (NO,   NO,   NO,    YES,     NO),
    "add a day off":                           (NO,   NO,   NO,    YES,     NO),
    "change what a timer waits for":           (NO,   NO,   NO,    NO,      NO),
    # What rules do
    "choose which tickets the desk escalates": (NO,   YES,  NO,    YES,     NO),
    "add an action to a rule of the desk":     (NO,   YES,  NO,    YES,     NO),
    "have a rule of the desk lend the client": (NO,   NO,   NO,    YES,     NO),
    "keep a webhook":                          (NO,   NO,   NO,    YES,     NO),
    "have a rule run a server action":         (NO,   NO,   NO,    NO,      NO),
    # Rules
    "see a rule of the desk":                  (YES,  YES,  YES,   YES,     NO),
    "add a rule of the desk":                  (NO,   YES,  NO,    YES,     NO),
    "change a rule of the desk":               (NO,   YES,  NO,    YES,     NO),
    "try a rule of the desk on history":       (NO,   YES,  NO,    YES,     NO),
    "delete a rule of the desk":               (NO,   YES,  NO,    YES,     NO),
    "settle what a rule could not do":         (NO,   YES,  NO,    YES,     NO),
    "hand a rule of the desk to all":          (NO,   NO,   NO,    YES,     NO),
    "add a rule for every desk":               (NO,   NO,   NO,    YES,     NO),
    "forge the log of rules":                  (NO,   NO,   NO,    NO,      NO),
    # Notifications
    "have a pager of his own":                 (YES,  YES,  YES,   YES,     YES),
    "change a pager set up for a colleague":   (NO,   NO,   NO,    YES,     NO),
    "change a pager a colleague has set up":   (NO,   NO,   NO,    NO,      NO),
    "say what new users are told":             (NO,   NO,   NO,    YES,     NO),
    "see what a colleague was told":           (NO,   NO,   NO,    YES,     NO),
    "change what was told":                    (NO,   NO,   NO,    NO,      NO),
    "unsubscribe a contact":                   (NO,   NO,   NO,    YES,     NO),
    "sign for the desk":                       (NO,   YES,  NO,    YES,     NO),
    # Service levels
    "choose the service hours of the desk":    (NO,   YES,  NO,    YES,     NO),
    "show what is promised on the portal":     (NO,   YES,  NO,    YES,     NO),
    "write an SLA policy":                     (NO,   NO,   NO,    YES,     NO),
    "change an SLA target":                    (NO,   NO,   NO,    YES,     NO),
    "try an SLA policy on history":            (NO,   NO,   NO,    YES,     NO),
    "change how a promise stands":             (NO,   NO,   NO,    NO,      NO),
    "add to the log of states":                (NO,   NO,   NO,    NO,      NO),
}


@tagged("post_install", "-at_install")
class TestUserLevels(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk_admin = cls._new_staff("hd_desk_admin", "psa_crm.group_technician")
        cls.other_desk_admin = cls._new_staff("hd_other_desk_admin", "psa_crm.group_technician")
        cls.rival_administrator = cls._new_staff("hd_rival_admin", "psa_crm.group_company_admin", company=cls.rival)
        cls.desk.admin_ids = cls.desk_admin
        cls.other_desk = cls.env["psa.desk"].create({
            "name": "Field", "company_id": cls.company.id, "admin_ids": [(4, cls.other_desk_admin.id)],
        })
        cls.option, cls.shared_option = cls.env["psa.ticket.option"].create([
            {"attribute": "module", "name": "Till", "desk_id": cls.desk.id},
            {"attribute": "module", "name": "Everywhere"},
        ])
        cls.stage = cls.env["psa.ticket.stage"].create({
            "name": "At the Vendor", "state": "waiting", "desk_ids": [(4, cls.desk.id)], "company_id": cls.company.id,
        })
        cls.rule = cls.env["psa.rule"].create({"name": "Route", "desk_id": cls.desk.id, "event": "alert"})
        cls.rule._note_failure("x", cls.env["psa.ticket"])
        cls.rule_log = cls.rule.log_ids
        cls.own_field = cls.env["psa.desk.field"].create({"name": "Lane", "desk_id": cls.desk.id})
        cls.shared_stage = cls.stage_by_state["on_hold"]
        cls.move = cls.env["psa.ticket.transition"].create({
            "desk_id": cls.desk.id, "to_stage_id": cls.stage_by_state["closed"].id})
        cls.rule = cls.env["psa.rule"].create({"name": "Of the desk", "desk_id": cls.desk.id, "active": False})
        cls.server_action = cls.env["ir.actions.server"].create({
            "name": "Code", "model_id": cls.env["ir.model"]._get_id("psa.ticket"), "state": "code", "code": "pass",
        })
        cls.escalation = cls.env["psa.escalation.contact"].create({"desk_id": cls.desk.id, "user_id": cls.administrator.id})
        cls.skill = cls.env["psa.skill"].create({"name": "Tills", "company_id": cls.company.id})
        cls.macro = cls.env["psa.ticket.macro"].create({"name": "Take", "desk_id": cls.desk.id, "assignment": "me"})
        cls.sla_policy = cls.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": cls.company.id, "hours": "desk", "target_ids": [(0, 0, {"response_hours": 4})],
        })
        cls.ticket = cls.env["psa.ticket"].create({"name": "Of Zoë", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})
        cls.by_level = dict(zip(LEVELS, (
            cls.technician, cls.desk_admin, cls.other_desk_admin, cls.administrator, cls.rival_administrator,
        ), strict=True))

    def _attempts(self):
        """Return {capability: what a person does to use it}; a person is an environment."""
        desk, option, stage, ticket, company = self.desk, self.option, self.stage, self.ticket, self.company
        own_pager, pager = self.env["psa.notification.address"].create([
            {"user_id": self.billing.id, "kind": "pager", "target": "9@pager.test"},
            {"user_id": self.billing.id, "kind": "pager", "target": "0@pager.test", "only_company_ids": [(6, 0, company.ids)]},
        ])
        notice = self.env["psa.notification"].create({
            "ticket_id": ticket.id, "company_id": company.id, "user_id": self.billing.id, "kind": "pager", "target": "0@pager.test",
            "event_id": self.env.ref("psa_helpdesk.notification_event_escalated").id,
        })
        person = {"level": "read", "subject": "user", "user_id": self.technician.id, "company_id": company.id}
        timer = self.env["psa.timer"].create({
            "ticket_id": ticket.id, "kind": "rule", "res_id": 1, "due_at": "2026-01-01 00:00:00", "next_try": "2026-01-01 00:00:00",
            "state": "failed",
        })

        def change(record, **vals):
            return lambda env: record.with_env(env).write(vals)

        def create(model, **vals):
            return lambda env: env[model].create(vals)

        def see(record):
            return lambda env: record.with_env(env).read(["display_name"])

        def delete(record):
            return lambda env: record.with_env(env).unlink()

        return {
            "see the desk": see(desk),
            "create a client": lambda env: env["res.partner"].create({
                "name": "Quarry", "is_company": True, "psa_is_client": True, "company_id": env.company.id}),
            "see the client": see(self.dental),
            "create a contact": create("res.partner", name="Una", parent_id=self.dental.id, company_id=company.id),
            "see the contact": see(self.zoe),
            "write a note on the client": lambda env: self.dental.with_env(env).message_post(
                body="Called", subtype_xmlid="mail.mt_note"),
            "create a ticket": create("psa.ticket", name="New", desk_id=desk.id, partner_id=self.zoe.id),
            "see the ticket": see(ticket),
            "see the history of the ticket": lambda env: ticket.history_ids.with_env(env).read(["new_value"]),
            "edit many tickets": lambda env: env["psa.ticket.bulk.edit"].create({
                "ticket_ids": [(6, 0, ticket.ids)], "note": "<p>Seen</p>"}).action_apply(),
            "choose the members": change(desk, member_ids=[(4, self.technician.id)]),
            "choose who is notified": change(desk, contact_ids=[(4, self.omar.id)]),
            "describe the desk": change(desk, description="Tills"),
            "have clients asked for a rating": change(desk, asks_rating=True, rating_delay_hours=2, rating_expiry_days=7),
            "resolve parents with their parts": change(desk, resolves_parents=True),
            "ask for a resolution": change(desk, resolution_required=True),
            "set the time to correct entries": change(desk, correction_minutes=5),
            "set the largest file": change(desk, max_attachment_mb=5),
            "choose the language of its tickets": change(desk, search_language="de"),
            "define own ticket fields": change(desk, properties_definition=[
                {"name": "a1b2c3d4e5f60718", "string": "Till number", "type": "char"}]),
            "define them in the form of a ticket": change(ticket, properties=[
                {"name": "a1b2c3d4e5f60718", "string": "Till number", "type": "char", "definition_changed": True}]),
            "add an own ticket field": create("psa.desk.field", name="Till number", desk_id=desk.id),
            "require an own ticket field": change(self.own_field, required="close"),
            "delete an own ticket field": delete(self.own_field),
            "choose how tickets are assigned": change(desk, assignment_method="round_robin"),
            "allow a move at the desk": create(
                "psa.ticket.transition", desk_id=desk.id, to_stage_id=self.shared_stage.id, company_id=company.id),
            "change a move of the desk": change(self.move, staff="desk_admin"),
            "forbid a move at the desk": delete(self.move),
            "name an escalation contact of the desk": create(
                "psa.escalation.contact", desk_id=desk.id, user_id=self.technician.id, after_hours=2),
            "change an escalation contact": change(self.escalation, after_hours=8),
            "delete an escalation contact": delete(self.escalation),
            "add an option of the desk": create("psa.ticket.option", attribute="module", name="Scale", desk_id=desk.id),
            "rename an option of the desk": change(option, name="Tills"),
            "delete an option of the desk": delete(option),
            "add a stage of the desk": create(
                "psa.ticket.stage", name="Ordered", state="waiting", desk_ids=[(4, desk.id)], company_id=company.id),
            "rename a stage of the desk": change(stage, name="Sent in"),
            "delete a stage of the desk": delete(stage),
            "add a macro of the desk": create("psa.ticket.macro", name="Take", desk_id=desk.id, assignment="me"),
            "rename a macro of the desk": change(self.macro, name="Take it over"),
            "keep an answer for the desk": create(
                "mail.canned.response", source="hi", substitution="Hello", psa_scope="desk", psa_desk_id=desk.id),
            "set the seconds to undo": change(desk, undo_seconds=5),
            "rule the access to the desk": create("psa.access.rule", resource="desk", desk_id=desk.id, **person),
            "name a field as the desk does": change(self._attribute(desk, "severity"), label="Impact"),
            "pull the template into the desk": lambda env: desk.with_env(env).action_compare_with_template(),
            "name a desk administrator": change(desk, admin_ids=[(4, self.technician.id)]),
            "rename the desk": change(desk, name="Renamed"),
            "choose the e-mail that asks": change(desk, rating_template_id=False),
            "change the mail address": change(desk, alias_name="elsewhere"),
            "choose the queues": change(desk, queue_ids=[(5,)]),
            "take a shared stage for the desk": change(desk, stage_ids=[(4, self.shared_stage.id)]),
            "archive the desk": change(desk, active=False),
            "delete the desk": lambda env: (ticket.sudo().unlink(), desk.with_env(env).unlink()),
            "create a desk": create("psa.desk", name="Another", company_id=company.id),
            "create a queue": create("psa.queue", name="Another", company_id=company.id),
            "create a team": create("psa.team", name="Another", company_id=company.id),
            "allow a move at every desk": create(
                "psa.ticket.transition", to_stage_id=self.shared_stage.id, company_id=company.id),
            "hand a move of the desk to all": change(self.move, desk_id=False),
            "name an escalation contact of a queue": create(
                "psa.escalation.contact", queue_id=self.queue.id, user_id=self.technician.id, after_hours=2),
            "hand an escalation contact to a queue": change(self.escalation, desk_id=False, queue_id=self.queue.id),
            "choose how a queue's tickets are assigned": change(self.queue, assignment_method="round_robin"),
            "add a skill": create("psa.skill", name="Scales", company_id=company.id),
            "say who has a skill": create("psa.skill.user", skill_id=self.skill.id, user_id=self.technician.id),
            "add an option for every desk": create("psa.ticket.option", attribute="module", name="Any", company_id=company.id),
            "rename an option of every desk": change(self.shared_option, name="Anywhere"),
            "add a stage for every desk": create("psa.ticket.stage", name="Any", state="open", company_id=company.id),
            "rename a stage of every desk": change(self.shared_stage, name="Later"),
            "add a macro for every desk": create("psa.ticket.macro", name="Take", company_id=company.id, assignment="me"),
            "keep an answer for the company": create(
                "mail.canned.response", source="hi", substitution="Hello", psa_scope="company", company_id=company.id),
            "hand a macro of the desk to all": change(self.macro, desk_id=False),
            "hand an option of the desk to all": change(option, desk_id=False),
            "hand a stage of the desk to all": change(stage, desk_ids=[(5,)]),
            "name a field of the template": change(
                company.psa_attribute_ids.filtered(lambda row: row.attribute == "severity"), label="Impact"),
            "save the desk as template": lambda env: desk.with_env(env).action_save_as_template(),
            "delete a ticket": delete(ticket),
            "rule the access to a client": create("psa.access.rule", resource="client", client_id=self.dental.id, **person),
            "rule the access to every desk": create("psa.access.rule", resource="all_desks", **person),
            "add to the history of the ticket": create(
                "psa.ticket.history", ticket_id=ticket.id, company_id=company.id, kind="change"),
            "change the history of the ticket": lambda env: ticket.history_ids.with_env(env).write({"description": "Forged"}),
            "delete the history of the ticket": lambda env: ticket.history_ids.with_env(env).unlink(),
            "try a timer of the desk again": lambda env: timer.with_env(env).action_try_again(),
            "change the working hours": change(company.resource_calendar_id, tz="Asia/Tokyo"),
            "add a day off": create(
                "resource.calendar.leaves", name="Fair", calendar_id=company.resource_calendar_id.id, date_from="2026-05-01 00:00:00",
                date_to="2026-05-01 23:59:59"),
            "change what a timer waits for": change(timer, due_at="2026-01-01 00:00:00"),
            "choose which tickets the desk escalates": change(desk, escalation_domain="[('user_id', '=', False)]"),
            "add an action to a rule of the desk": create("psa.rule.action", rule_id=self.rule.id, kind="note", body="Look"),
            "have a rule of the desk lend the client": create(
                "psa.rule.action", rule_id=self.rule.id, kind="share", share_user_id=self.rival_technician.id),
            "keep a webhook": create("psa.webhook", name="Chat", url="https://chat.example.com", company_id=company.id),
            "have a rule run a server action": create(
                "psa.rule.action", rule_id=self.rule.id, kind="server_action", server_action_id=self.server_action.id),
            "see a rule of the desk": see(self.rule),
            "add a rule of the desk": create("psa.rule", name="Another", desk_id=desk.id, domain="[('name', '=', 'x')]"),
            "change a rule of the desk": change(self.rule, event="updated"),
            "try a rule of the desk on history": lambda env: env["psa.rule.trial"].browse(
                self.rule.with_env(env).action_try()["res_id"]).action_try(),
            "delete a rule of the desk": delete(self.rule),
            "settle what a rule could not do": lambda env: self.rule_log.with_env(env).action_settle(),
            "hand a rule of the desk to all": change(self.rule, desk_id=False),
            "add a rule for every desk": create("psa.rule", name="Another", company_id=company.id),
            "forge the log of rules": lambda env: self.rule_log.with_env(env).write({"outcome": "done"}),
            "have a pager of his own": lambda env: env["psa.notification.address"].create({
                "user_id": env.uid, "kind": "pager", "target": "1@pager.test"}),
            "change a pager set up for a colleague": change(pager, target="2@pager.test"),
            "change a pager a colleague has set up": change(own_pager, target="2@pager.test"),
            "say what new users are told": create("psa.notification.address", user_id=False, kind="mail", company_id=company.id),
            "see what a colleague was told": lambda env: notice.with_env(env).read(["target"]),
            "change what was told": change(notice, state="sent"),
            "unsubscribe a contact": create(
                "psa.notification.optout", email="lead@x.test", company_id=company.id,
                event_id=self.env.ref("psa_helpdesk.notification_event_escalated").id),
            "sign for the desk": change(desk, signature="<p>The help desk</p>"),
            "choose the service hours of the desk": change(desk, sla_calendar_id=company.resource_calendar_id.id),
            "show what is promised on the portal": change(desk, sla_on_portal=True),
            "write an SLA policy": create(
                "psa.sla.policy", name="Gold", company_id=company.id, target_ids=[(0, 0, {"response_hours": 1})]),
            "change an SLA target": change(self.sla_policy.target_ids, response_hours=2),
            "try an SLA policy on history": lambda env: env["psa.sla.trial"].create({"policy_id": self.sla_policy.id}).action_run(),
            "change how a promise stands": lambda env: ticket.sla_ids.with_env(env).write({"state": "met"}),
            "add to the log of states": create("psa.ticket.state.interval", ticket_id=ticket.id, company_id=company.id, state="new"),
        }

    def test_each_level_can_do_exactly_what_the_table_says(self):
        attempts = self._attempts()
        self.assertEqual(list(attempts), list(CAPABILITIES))
        for capability, cells in CAPABILITIES.items():
            for level, allowed in zip(LEVELS, cells, strict=True):
                with self.subTest(capability=capability, level=level):
                    self.assertEqual(self._can(attempts[capability], self.by_level[level]), allowed)

    def _can(self, attempt, user):
        """Try it, and take it back."""
        self.env.flush_all()
        self.env.invalidate_all()
        env = self.env(user=user, context={"allowed_company_ids": user.company_ids.ids})
        savepoint = self.env.cr.savepoint()
        try:
            with mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule", "odoo.models.unlink"):
                attempt(env)
                env.flush_all()
        except AccessError:
            return False
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)
            # As after a request that failed: what the attempt had cleared is read anew, the rest is still right.
            self.env.registry.reset_changes()
        return True

    def test_nothing_of_the_desk_is_handed_to_another_desk(self):
        for record, vals in (
            (self.option, {"desk_id": self.other_desk.id}), (self.stage, {"desk_ids": [(4, self.other_desk.id)]}),
        ):
            with self.subTest(model=record._name), self.assertRaises(AccessError), self.cr.savepoint():
                record.with_user(self.desk_admin).write(vals)
                self.env.flush_all()
        with self.assertRaises(AccessError):
            self.env["psa.ticket.option"].with_user(self.desk_admin).create(
                {"attribute": "module", "name": "Foreign", "desk_id": self.other_desk.id})

    def test_a_rule_about_his_desk_is_turned_on_nothing_else(self):
        rule = self.env["psa.access.rule"].with_user(self.desk_admin).create({
            "level": "refuse", "resource": "desk", "desk_id": self.desk.id, "user_id": self.technician.id,
            "company_id": self.company.id,
        })
        self.assertFalse(self.desk.with_user(self.technician).has_access("read"))
        for vals in ({"desk_id": self.other_desk.id}, {"resource": "all_desks"}, {"resource": "client", "client_id": self.dental.id}):
            with self.subTest(vals=vals), self.assertRaises(AccessError), self.cr.savepoint():
                rule.write(vals)
                self.env.flush_all()
        of_all = self.env["psa.access.rule"].create({
            "level": "read", "resource": "all_desks", "user_id": self.technician.id, "company_id": self.company.id})
        self.assertFalse(of_all.with_user(self.desk_admin).has_access("read"))

    def test_an_administrator_sees_his_desk_where_access_is_by_need_to_know(self):
        self.company.psa_desk_access_default = "need_to_know"
        self.assertTrue(self.desk.with_user(self.desk_admin).has_access("write"))
        self.assertFalse(self.other_desk.with_user(self.desk_admin).has_access("read"))

        self.desk.admin_ids = self.technician

        self.assertFalse(self.desk.with_user(self.desk_admin).has_access("read"))
        self.assertTrue(self.desk.with_user(self.technician).has_access("read"))

    def test_a_stage_that_another_desk_uses_too_is_not_his_alone(self):
        self.stage.desk_ids += self.other_desk

        with self.assertRaises(AccessError):
            self.stage.with_user(self.desk_admin).name = "Mine"

    def test_the_right_ends_when_he_is_taken_out(self):
        self.assertTrue(self.desk.with_user(self.desk_admin).has_access("write"))

        self.desk.admin_ids = False

        self.assertFalse(self.desk.with_user(self.desk_admin).has_access("write"))
        self.assertFalse(self.option.with_user(self.desk_admin).has_access("write"))
        self.assertFalse(self.env["psa.ticket.option"].with_user(self.desk_admin).has_access("create"))

    def test_no_context_and_no_other_way_opens_the_desk(self):
        desk = self.desk.with_user(self.desk_admin).with_context(
            install_mode=True, import_file=True, tracking_disable=True, mail_notrack=True)
        for vals in ({"name": "x"}, {"admin_ids": [(5,)]}, {"alias_contact": "everyone"}, {"company_id": self.rival.id}):
            with self.subTest(vals=vals), self.assertRaisesRegex(AccessError, "Ask a company administrator"):
                desk.write(vals)
        # The same relation from its other side
        with self.assertRaises(AccessError):
            self.shared_stage.with_user(self.desk_admin).write({"desk_ids": [(4, self.desk.id)]})
        with self.assertRaises(AccessError):
            self.queue.with_user(self.desk_admin).write({"name": "x"})

    def test_only_technicians_of_the_company_administer_a_desk(self):
        with self.assertRaisesRegex(ValidationError, "only technicians can"):
            self.desk.admin_ids = self.billing
        with self.assertRaisesRegex(ValidationError, "does not belong to"):
            self.desk.admin_ids = self.rival_technician

    def test_my_desks_is_in_the_menu_of_desk_administrators(self):
        menu = self.env.ref("psa_helpdesk.menu_psa_desk_mine")
        for user, shown in ((self.desk_admin, True), (self.technician, False), (self.administrator, False)):
            with self.subTest(user=user.login):
                self.assertEqual(menu.id in self.env["ir.ui.menu"].with_user(user).load_menus(False), shown)
        self.desk.admin_ids += self.technician
        self.assertIn(menu.id, self.env["ir.ui.menu"].with_user(self.technician).load_menus(False))

    def test_the_form_lets_a_desk_administrator_change_what_is_his(self):
        with Form(self.desk.with_user(self.desk_admin)) as form:
            form.description = "Tills and scales"
            form.member_ids.add(self.technician)
            with self.assertRaises(AssertionError):
                form.name = "Renamed"
        self.assertEqual(self.desk.description, "Tills and scales")

        with Form(self.other_desk.with_user(self.desk_admin)) as form, self.assertRaises(AssertionError):
            form.description = "Not mine"

    def test_the_buttons_of_the_desk_add_options_and_stages_of_the_desk(self):
        desk = self.desk.with_user(self.desk_admin)
        options, stages = desk.action_view_own_options(), desk.action_view_own_stages()

        option = self.env["psa.ticket.option"].with_user(self.desk_admin).with_context(**options["context"]).create(
            {"attribute": "module", "name": "Scanner"})
        stage = self.env["psa.ticket.stage"].with_user(self.desk_admin).with_context(**stages["context"]).create(
            {"name": "Ordered", "state": "waiting"})

        self.assertEqual((option.desk_id, stage.desk_ids), (self.desk, self.desk))
        self.assertEqual(desk.own_option_count, 2)
        self.assertEqual(desk.own_stage_count, 2)
        self.assertIn(option, self.env["psa.ticket.option"].search(options["domain"]))
        self.assertIn(stage, self.env["psa.ticket.stage"].search(stages["domain"]))

    def test_asking_who_administers_costs_nothing_when_it_was_asked_before(self):
        desks = self.env["psa.desk"].with_user(self.technician)
        desks._may_configure_some()

        with self.assertQueryCount(0):
            desks._may_configure_some()
