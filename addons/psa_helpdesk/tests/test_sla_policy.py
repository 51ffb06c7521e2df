from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.psa_helpdesk.wizard import psa_sla_trial
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged, users
from odoo.tools import mute_logger

from .sla import HOUR, MONDAY, SlaCommon


@tagged("post_install", "-at_install")
class TestSlaPolicy(SlaCommon):
    """Which of several policies counts and why, templates, reports, and what a policy had meant for the past."""

    def test_the_hit_rate_leaves_out_what_is_undecided(self):
        kept, missed, __ = self._open_ticket(), self._open_ticket(), self._open_ticket()
        self._move(kept, "resolved", 1)
        self._sweep(24)
        (missed | kept).invalidate_recordset()
        self._move(missed, "resolved", 25)

        Sla = self.env["psa.ticket.sla"].with_user(self.technician)
        domain = [("ticket_id", "in", (kept | missed).ids)]
        rates = dict(Sla._read_group(domain, ["kind"], ["hit_rate:avg"]))
        self.assertEqual(rates, {"first_response": 50.0, "resolution": 50.0})
        by_client = Sla.formatted_read_group(domain, ["client_id"], ["hit_rate:avg", "first_hit_rate:avg", "elapsed_hours:avg"])
        self.assertEqual(by_client[0]["client_id"][0], self.dental.id)
        fresh = self._open_ticket(30)
        self.assertEqual(Sla._read_group([("ticket_id", "=", fresh.id)], [], ["hit_rate:avg"])[0][0] or None, None)
        measures = Sla.fields_get(["hit_rate", "elapsed_hours"], ["aggregator"])
        self.assertEqual({info["aggregator"] for info in measures.values()}, {"avg"})

    def test_a_list_of_tickets_costs_the_same_with_clocks(self):
        specification = {name: {} for name in (
            "number", "sla_due_at", "sla_state", "sla_kind", "sla_warn_at", "sla_remaining_seconds", "sla_missed_names",
        )}
        self._open_ticket()
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            Ticket.web_search_read([("sla_state", "=", "running")], specification, limit=80)
            return self.env.cr.sql_log_count - before

        few = (queries(), queries())[1]
        for __ in range(5):
            self._open_ticket()
        self.assertEqual(queries(), few)

    @users("hd_technician")
    def test_why_this_policy_names_every_row_in_order(self):
        ticket = self._open_ticket().with_env(self.env)

        wizard = self.env["psa.sla.explanation"].create({"ticket_id": ticket.id})

        self.assertEqual(wizard.summary, "Standard, Every priority counts for this ticket.")
        self.assertIn("Does not fit: Priorities", wizard.explanation)
        self.assertIn("Counts: the first that fits", wizard.explanation)
        self.assertEqual(ticket.action_explain_sla()["context"], {"default_ticket_id": ticket.id})

    # ------------------------------------------------------------------ which policy counts

    def _policy(self, name, **criteria):
        return self.env["psa.sla.policy"].create({
            "name": name, "company_id": self.company.id, "hours": "always", "target_ids": [(0, 0, {"resolution_hours": 1})],
            **{fname: [(6, 0, records.ids)] for fname, records in criteria.items()},
        })

    def test_oca_no_order_the_most_specific_policy_counts_and_the_list_shows_the_order(self):
        incident, network = self.env.ref("psa_helpdesk.option_type_incident"), self.env.ref("psa_helpdesk.option_category_network")
        premier = self.env["psa.client.class"].create({"name": "Premier", "company_id": self.company.id})
        self.dental.psa_client_class_id = premier
        server = self.env["psa.asset.type"].create({"name": "Rack server"})
        asset = self.env["psa.asset"].create({
            "name": "SRV1", "client_id": self.dental.id, "type_id": server.id, "company_id": self.company.id,
        })
        by_name = {
            policy.name: policy for policy in (
                self._policy("type", type_ids=incident), self._policy("category", category_ids=network),
                self._policy("asset", asset_type_ids=server), self._policy("desk", desk_ids=self.desk),
                self._policy("class", class_ids=premier), self._policy("client", client_ids=self.dental),
                self._policy("client and type", client_ids=self.dental, type_ids=incident),
            )
        }
        order = ["client and type", "client", "class", "desk", "asset", "category", "type", "Standard"]
        listed = self.env["psa.sla.policy"].search([("company_id", "=", self.company.id)])
        self.assertEqual(listed.mapped("name"), order)
        self.assertEqual([policy.position for policy in listed], list(range(1, 9)))

        for name in order:
            ticket = self._open_ticket(type_id=incident.id, category_id=network.id, asset_ids=[(6, 0, asset.ids)])
            self.assertEqual(ticket.sla_policy_id.name, name)
            if name in by_name:
                by_name[name].active = False

    def test_a_policy_of_another_company_counts_for_none_of_ours(self):
        self.policy.active = False
        self.env["psa.sla.policy"].create({
            "name": "Rival", "company_id": self.rival.id, "hours": "always", "target_ids": [(0, 0, {"resolution_hours": 1})],
        })

        self.assertFalse(self._open_ticket().sla_ids)

    def test_archived_policies_count_for_nobody_whatever_the_context_says(self):
        self._policy("Resting", client_ids=self.dental).active = False

        ticket = self.env["psa.ticket"].with_context(active_test=False).create({
            "name": "x", "desk_id": self.desk.id, "partner_id": self.zoe.id,
        })

        self.assertEqual(ticket.sla_policy_id, self.policy)

    def test_a_policy_for_what_is_archived_does_not_widen_to_everything(self):
        module = self.env["psa.ticket.option"].create({"attribute": "category", "name": "Fax", "company_id": self.company.id})
        fax = self._policy("Fax", category_ids=module)

        module.active = False
        fax.sequence = 1

        self.assertEqual(self._open_ticket().sla_policy_id, self.policy)
        self.assertGreater(fax.specificity, 0)

    def test_a_policy_that_lacks_the_priority_leaves_it_to_the_next(self):
        special = self._policy("Harbour", client_ids=self.dental)
        special.target_ids.priority_ids = self.priority["high"]

        self.assertEqual(self._open_ticket(priority_id=self.priority["high"].id).sla_policy_id, special)
        self.assertEqual(self._open_ticket().sla_policy_id, self.policy)

    def test_wrong_policies_are_refused_with_a_word_of_help(self):
        with self.assertRaisesRegex(ValidationError, "“soon” is no percentage"):
            self.policy.warning_percents = "75, soon"
        with self.assertRaisesRegex(ValidationError, "promises nothing. Fill in First Response"):
            self.usual.write({"response_hours": 0, "resolution_hours": 0})
        with self.assertRaisesRegex(ValidationError, "promises nothing and has targets"):
            self.policy.is_exempt = True
        with self.assertRaisesRegex(ValidationError, "choose them in Own Hours"):
            self.policy.hours = "own"

    def test_a_policy_by_which_was_measured_is_archived_not_deleted(self):
        self._open_ticket()

        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self.policy.unlink()

    def test_a_form_makes_a_policy(self):
        with Form(self.env["psa.sla.policy"].with_user(self.administrator)) as form:
            form.name = "Gold"
            form.client_ids.add(self.dental)
            with form.target_ids.new() as target:
                target.priority_ids.add(self.priority["critical"])
                target.response_hours = 0.25
        policy = form.record

        self.assertEqual(policy.criteria_summary, "Clients: Harbour Dental")
        self.assertEqual(policy.target_ids._budgets(), {"first_response": 900})
        self.assertIn("Clients → Client Classes → Desks", policy.order_explanation)
        self.assertIn("Severities → Priorities", policy.order_explanation)

    def test_a_template_is_adopted_archived_and_stays_as_it_is(self):
        template = self.env.ref("psa_helpdesk.sla_template_cisco").with_user(self.administrator)

        adopted = self.env["psa.sla.policy"].browse(template.action_adopt()["res_id"])

        self.assertRecordValues(adopted, [{"company_id": self.company.id, "is_template": False, "active": False, "name": "Cisco P1–P4"}])
        self.assertEqual(adopted.target_ids.mapped("response_hours"), template.target_ids.mapped("response_hours"))
        adopted.with_user(self.administrator).action_unarchive()
        ticket = self._open_ticket(priority_id=self.priority["high"].id)
        self.assertEqual(ticket.sla_policy_id, adopted)
        self.assertEqual(self._clock(ticket).hours, "always")
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_rule"):
            template.name = "Mine"

    def test_the_itil_matrix_has_a_row_for_each_impact_and_urgency(self):
        template = self.env.ref("psa_helpdesk.sla_template_itil")
        pairs = {(row.severity_ids, row.priority_ids) for row in template.target_ids}

        self.assertEqual(len(pairs), 17)
        self.assertTrue(all(row._budgets() for row in template.target_ids))

    # ------------------------------------------------------------------ try on history

    def test_a_policy_is_tried_on_the_past_without_touching_it(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=2)):
            fast, slow = self._new_ticket(), self._new_ticket()
        with freeze_time(fields.Datetime.now() - timedelta(days=2) + timedelta(minutes=30)):
            fast.with_user(self.technician)._add_entry("Done")
            fast.stage_id = self.stage_by_state["resolved"]
            self.env.flush_all()
        history = len((fast | slow).history_ids)
        promise = self._policy("Within the hour")
        promise.write({"active": False, "type_ids": [(5,)], "client_ids": [(6, 0, self.dental.ids)]})
        promise.target_ids.response_hours = 0.75

        trial = self.env["psa.sla.trial"].with_user(self.administrator).create({"policy_id": promise.id, "days": 30})
        trial.action_run()

        found = {line.ticket_id: (line.response_state, line.resolution_state) for line in trial.line_ids}
        self.assertEqual((found[fast], found[slow]), (("met", "met"), ("missed", "missed")))
        self.assertEqual(trial.line_ids[0].ticket_id, slow)
        self.assertIn("50.0 %", trial.summary)
        self.assertEqual((fast | slow).sla_policy_id, self.policy)
        self.assertEqual(len((fast | slow).history_ids), history)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models.ir_model"):
            self.env["psa.sla.trial"].with_user(self.technician).create({"policy_id": promise.id})
        trial.days = 0
        with self.assertRaisesRegex(ValidationError, "correct Days Back"):
            trial.action_run()

    def test_a_trial_counts_each_update_that_was_owed(self):
        start = fields.Datetime.now() - timedelta(days=2)
        with freeze_time(start):
            ticket = self._new_ticket()
        for hours in (1, 2, 6):
            with freeze_time(start + timedelta(hours=hours)):
                ticket.with_user(self.technician)._add_entry("Still on it")
        with freeze_time(start + timedelta(hours=7)):
            ticket.stage_id = self.stage_by_state["resolved"]
            self.env.flush_all()
        promise = self._policy("Every two hours", client_ids=self.dental)
        promise.target_ids.write({"response_hours": 4, "update_hours": 2})

        trial = self.env["psa.sla.trial"].with_user(self.administrator).create({"policy_id": promise.id, "days": 30})
        trial.action_run()

        line = trial.line_ids.filtered(lambda line: line.ticket_id == ticket)
        self.assertEqual((line.response_state, line.update_count, line.update_missed_count), ("met", 3, 1))
        self.assertIn("Next Update", trial.summary)
        self.assertIn("66.7 %", trial.summary)

    def test_a_trial_says_what_it_leaves_out(self):
        self._new_ticket()
        self._new_ticket()
        trial = self.env["psa.sla.trial"].with_user(self.administrator).create({"policy_id": self.policy.id, "days": 30})

        trial.action_run()
        self.assertNotIn("alert", trial.summary)
        with patch.object(psa_sla_trial, "MOST_TICKETS", 1):
            trial.action_run()

        self.assertEqual(trial.seen_count, 1)
        self.assertIn("only the latest 1 were looked at", trial.summary)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_a_trial_of_another_companys_policy_is_refused(self):
        foreign = self.env["psa.sla.policy"].create({
            "name": "Rival", "company_id": self.rival.id, "hours": "always", "target_ids": [(0, 0, {"resolution_hours": 1})],
        })
        template = self.env.ref("psa_helpdesk.sla_template_cisco")

        for policy in (foreign, template):
            with self.subTest(policy=policy.name), self.assertRaises(AccessError):
                self.env["psa.sla.trial"].with_user(self.administrator).create({"policy_id": policy.id}).action_run()

    # ------------------------------------------------------------------ timers

    def test_the_sweep_itself_tells_and_records(self):
        with freeze_time(fields.Datetime.now() - timedelta(days=7)):
            ticket = self._new_ticket()

        with self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_fire_timers").method_direct_trigger()

        self.assertEqual(set(ticket.sla_ids.mapped("state")), {"missed"})
        self.assertEqual(len([text for text in self._told(ticket) if "missed" in text]), 2)

    def test_people_and_rules_are_told_of_warnings_and_misses(self):
        ticket = self._open_ticket()
        Ticket = type(self.env["psa.ticket"])

        with patch.object(Ticket, "_psa_notify") as notify, patch.object(Ticket, "_psa_rules_event") as rules:
            self._sweep(4)

        self.assertEqual([call.args[0] for call in notify.call_args_list], ["sla_warning", "sla_breach"])
        self.assertEqual(
            [(call.args[0], call.kwargs) for call in rules.call_args_list],
            [("sla_warning", {"target": "first_response", "percent": 75}), ("sla_breach", {"target": "first_response", "percent": 100})],
        )
        with self._at(4.5), patch.object(Ticket, "_psa_rules_event") as rules:
            ticket.priority_id = self.priority["critical"]
        self.assertIn("sla_moved", [call.args[0] for call in rules.call_args_list])

    def test_what_comes_after_a_miss_is_a_warning_not_another_miss(self):
        self.policy.warning_percents = "120"
        ticket = self._open_ticket()
        Ticket = type(self.env["psa.ticket"])

        with patch.object(Ticket, "_psa_notify") as notify, patch.object(Ticket, "_psa_rules_event") as rules:
            self._sweep(5)

        self.assertEqual([call.args[0] for call in notify.call_args_list], ["sla_breach", "sla_warning"])
        self.assertEqual(
            [(call.args[0], call.kwargs["percent"]) for call in rules.call_args_list], [("sla_breach", 100), ("sla_warning", 120)])
        self.assertEqual(self._clock(ticket, "first_response").state, "missed")

    def test_rules_count_from_when_a_target_is_due(self):
        ticket = self._open_ticket()
        Rule = self.env["psa.rule"]
        self.assertEqual(Rule._basis_sla(ticket, "resolution"), {ticket.id: MONDAY + 8 * HOUR})

        self._move(ticket, "waiting", 1)

        self.assertEqual(Rule._basis_sla(ticket, "resolution"), {ticket.id: None})
        self.assertEqual(Rule._basis_sla(ticket, "next_update"), {ticket.id: None})

    def test_what_the_system_says_by_itself_is_no_answer(self):
        ticket = self._open_ticket()

        with self._at(1):
            ticket.with_user(self.env.ref("base.user_root"))._add_entry("We have received your request")

        self.assertClock(self._clock(ticket, "first_response"), "running", due=4)
