from datetime import timedelta

from freezegun import freeze_time
from odoo.fields import Command
from odoo.tests import tagged

from .test_rule_time import TimedRuleCommon

SERVER = "<monitor@harbour-dental.test>"


@tagged("post_install", "-at_install")
class TestRuleAlert(TimedRuleCommon):
    """The monitoring opens a ticket, and speaks up again on it: each time, the rules about alerts act once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.monitor = cls._new_staff("hd_monitor", "psa_crm.group_technician")
        cls.stopped = cls.env.ref("psa_helpdesk.option_severity_company")

    def _alert(self, name="Disk of the file server is full", **values):
        """Return the ticket the monitoring opens with its own account."""
        return self.env["psa.ticket"].with_user(self.monitor).create({
            "name": name, "description": "<p>97% of D:</p>", "desk_id": self.desk.id, "partner_id": self.zoe.id, "source": "alert",
            **values,
        }).with_env(self.env)

    def _again(self, ticket, **values):
        """Return the entry by which a further alert joins a ticket."""
        return self.env["psa.ticket.entry"].with_user(self.monitor).create({
            "ticket_id": ticket.id, "body": "<p>98% of D:</p>", "source": "alert", "is_internal": True, **values,
        })

    def test_an_alert_raises_the_severity_and_somebody_is_told(self):
        rule = self._rule(
            ("severity", {"option_id": self.stopped.id}),
            ("notify", {"user_ids": [Command.set(self.technician.ids)], "body": "Look at {{ticket.number}}"}), event="alert",
        )

        ticket = self._alert()

        self.assertEqual(ticket.severity_id, self.stopped)
        [row] = self._logged(rule)
        self.assertRecordValues(row, [{"ticket_id": ticket.id, "outcome": "done", "event": "alert"}])
        self.assertIn(self.technician.name, row.recipients)
        history = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("kind", "=", "rule")])
        self.assertIn("A monitoring alert arrives", history.description)

    def test_other_tickets_and_words_are_no_alerts(self):
        rule = self._rule(self._says(), event="alert")

        ticket = self._new_ticket(source="phone")
        ticket.with_user(self.technician)._add_entry("We look at it")
        ticket._add_entry("Any news?", author=self.zoe)
        # That somebody says later what it had been brings no alert.
        ticket.source = "alert"
        # Nor does the monitoring saying that all is well again.
        self._again(ticket, kind="resolution")
        # Who duplicates the ticket of an alert enters one by hand.
        duplicate = self._duplicate_of_an_alert()

        self.assertFalse(self._logged(rule, ticket_id=ticket) | self._logged(rule, ticket_id=duplicate))
        self.assertEqual(duplicate.source, "manual")

    def _duplicate_of_an_alert(self):
        return self._alert().with_user(self.technician).copy().with_env(self.env)

    def test_each_alert_counts_once(self):
        rule = self._rule(self._says(), event="alert")

        ticket, other = self._alert(), self._alert("Another disk")
        self.assertEqual([len(self._logged(rule, ticket_id=each)) for each in (ticket, other)], [1, 1])
        self._again(ticket)
        self._again(ticket, is_internal=False)
        ticket.with_user(self.technician).name = "Disk of the file server"

        self.assertEqual([len(self._logged(rule, ticket_id=each)) for each in (ticket, other)], [3, 1])

    def test_many_tickets_of_one_call_are_each_an_alert(self):
        rule = self._rule(self._sets(self.high), event="alert")

        tickets = self.env["psa.ticket"].with_user(self.monitor).create([
            {"name": f"Host {number}", "desk_id": self.desk.id, "source": source}
            for number, source in enumerate(("alert", "api", "alert"))
        ])

        self.assertEqual(self._acted_on(rule), (tickets[0] | tickets[2]).with_env(self.env))

    def test_a_further_alert_is_met_by_what_the_ticket_is_like_now(self):
        rule = self._rule(self._sets(self.critical), event="alert", domain=f"[('priority_id', '=', {self.high.id})]")
        ticket = self._alert()
        self.assertFalse(self._logged(rule))

        ticket.priority_id = self.high
        self._again(ticket)

        self.assertEqual(ticket.priority_id, self.critical)

    def test_an_alert_is_nobodys_word(self):
        by_staff, by_client = (self._rule(self._says(), event=f"entry_{who}") for who in ("staff", "client"))
        idle = self._timed(time_basis="activity")
        unanswered = self._timed(time_basis="client_entry")
        ticket = self._alert()

        with self._at(8):
            self._again(ticket, is_internal=False)
        self._sweep(11)

        self.assertFalse(self._logged(by_staff) | self._logged(by_client))
        self.assertEqual(self._acted_on(idle), ticket, "nobody looks at it, however often it is reported")
        self.assertFalse(self._pending(unanswered))
        with self._at(12):
            ticket.with_user(self.technician)._add_entry("I free some space")
        self.assertEqual(len(self._logged(by_staff)), 1)

    def test_an_alert_is_no_first_response(self):
        self.env["psa.sla.policy"].create({
            "name": "Round the clock", "company_id": self.company.id, "hours": "always",
            "target_ids": [Command.create({"response_hours": 1, "resolution_hours": 4})],
        })
        ticket = self._alert(partner_id=False, client_id=self.dental.id)
        level = ticket.sla_ids.filtered(lambda row: row.kind == "first_response")

        self._again(ticket, is_internal=False)
        self.env.flush_all()
        self.assertEqual(level.state, "running")
        ticket.with_user(self.technician)._add_entry("I free some space")
        self.env.flush_all()

        self.assertEqual(level.state, "met")

    # By mail

    def _mail(self, message_id, headers="", sender=SERVER):
        self.env["mail.thread"].message_process(False, (
            f"From: {sender}\r\nTo: alerts@{self.address.partition('@')[2]}\r\nSubject: Disk is full\r\nMessage-ID: {message_id}\r\n"
            f"Auto-Submitted: auto-generated\r\n{headers}\r\n97% of D:\r\n"
        ))

    def test_an_address_of_its_own_for_the_monitoring(self):
        self.env["mail.alias"].create({
            "alias_name": "alerts", "alias_domain_id": self.company.alias_domain_id.id, "alias_contact": "everyone",
            "alias_model_id": self.env["ir.model"]._get_id("psa.ticket"),
            "alias_defaults": repr({"desk_id": self.desk.id, "source": "alert"}),
        })
        rule, by_mail = self._rule(self._says(), event="alert"), self._rule(self._says(), event="mail")

        self._mail("<one@monitor.test>")
        ticket = self._acted_on(rule)
        self.assertRecordValues(ticket, [{"source": "alert", "desk_id": self.desk.id}])
        self._mail("<two@monitor.test>", "In-Reply-To: <one@monitor.test>\r\nReferences: <one@monitor.test>\r\n")
        self.assertEqual(len(self._logged(rule)), 2)
        # What a person answers on it is no alert.
        self._mail("<three@monitor.test>", "In-Reply-To: <one@monitor.test>\r\n", sender="Zoe <zoe@harbour-dental.test>")

        self.assertEqual(len(self._logged(rule)), 2)
        said = ticket.entry_ids.sorted("id").filtered(lambda entry: entry.source != "manual")  # without the rule's own notes
        self.assertEqual(said.mapped("source"), ["alert", "alert", "email"])
        self.assertGreaterEqual(len(self._logged(by_mail)), 1, "a mail it is all the same")

    # On the form, on history, in a file

    def test_the_trial_finds_the_alerts_there_were(self):
        live = self._rule(self._says(), event="alert", domain="[('name', 'not ilike', 'test')]")
        with self._at(1):
            ticket, phoned = self._alert(), self._new_ticket(source="phone")
            self._alert("A test")
        for minutes, act in (
            (5, lambda: self._again(ticket)), (6, lambda: ticket.with_user(self.technician)._add_entry("I look at it")),
            (7, lambda: ticket.with_user(self.technician).write({"source": "phone"})),
            (8, lambda: phoned.with_user(self.technician).write({"source": "alert"})), (9, lambda: self._again(phoned)),
        ):
            with self._at(minutes):
                act()
                self.env.flush_all()

        with freeze_time(self.start + timedelta(minutes=20)):
            trial = self.env["psa.rule.trial"].with_user(self.administrator).create({"rule_id": live.id, "days": 1})
            trial.action_try()

        did = sorted((row.ticket_id.id, row.date) for row in self._logged(live))
        self.assertEqual(sorted((line.ticket_id.id, line.date) for line in trial.line_ids), did)
        self.assertEqual(trial.line_ids.ticket_id, ticket | phoned)
        self.assertEqual(trial.count, 3)

    def test_nothing_warns_of_it_and_a_file_takes_it_along(self):
        rule = self._rule(self._sets(self.high), event="alert", name="Take it along")
        self.assertFalse(rule.notice)

        copied = self.env["psa.rule"].browse()
        for kind in ("json", "xml"):
            export = self.env["psa.rule.export"].with_user(self.administrator).create({"rule_ids": [Command.set(rule.ids)], "kind": kind})
            taken = self.env["psa.rule.import"].with_user(self.administrator).create({
                "file": export.file, "file_name": export.file_name, "company_id": self.company.id,
            })
            copied |= copied.with_context(active_test=False).search(taken.action_import()["domain"])

        self.assertEqual(copied.mapped("event"), ["alert", "alert"])

    def test_the_ready_rule(self):
        rules = self.env["psa.rule"]._add_ready_rules(self.rival)
        rule = rules.filtered(lambda rule: rule.ready_key == "alert_arrives")
        self.assertFalse(rule.active or rule.action_ids.filtered("missing_text"))
        rule.active = True

        ticket = self.env["psa.ticket"].create({
            "name": "Disk is full", "desk_id": self.rival_desk.id, "source": "alert", "user_id": self.rival_technician.id,
        })

        self.assertEqual(ticket.severity_id, self.env.ref("psa_helpdesk.option_severity_team"))
        self.assertIn(self.rival_technician.name, self._logged(rule).recipients)
