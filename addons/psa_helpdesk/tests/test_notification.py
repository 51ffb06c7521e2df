from unittest.mock import patch

from freezegun import freeze_time
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestNotification(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.event = {event.code: event for event in cls.env["psa.notification.event"].search([])}
        cls.Notification = cls.env["psa.notification"]

    def _address(self, user=None, events=None, **values):
        return self.env["psa.notification.address"].create({
            "user_id": (user or self.technician).id, "kind": "pager", "target": "pager@beeper.test",
            **({"event_ids": [(6, 0, [self.event[code].id for code in events])]} if events is not None else {}), **values,
        })

    def _told(self, tickets, event, **kwargs):
        """Tell of an event; return the mails that went out as pairs of address and subject."""
        with self.mock_mail_gateway():
            tickets._psa_notify(event, **kwargs)
        return [(mail["email_to"][0].split("<")[-1].rstrip(">"), mail["subject"]) for mail in self._mails]

    def _run_cron(self):
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_send_notifications").method_direct_trigger()
        return self._mails

    def test_works_without_any_configuration(self):
        ticket = self._new_ticket(user_id=self.technician.id)

        told = self._told(ticket, "sla_warning")

        self.assertEqual(told, [("hd_technician@brightwater.test", f"Service level at risk: {ticket.display_name}")])
        row = ticket.notification_ids.filtered(lambda row: row.event_id.code == "sla_warning")
        self.assertRecordValues(row, [{"user_id": self.technician.id, "kind": "mail", "state": "sent", "company_id": self.company.id}])

    def test_pager_gets_a_short_text_besides_the_mail(self):
        self._address(events=["escalated"])
        ticket = self._new_ticket()

        told = self._told(ticket, "escalated", users=self.technician, note="Line is down")

        self.assertEqual({address for address, __ in told}, {"hd_technician@brightwater.test", "pager@beeper.test"})
        short = next(mail for mail in self._mails if "pager@beeper.test" in mail["email_to"][0])
        self.assertIn("Printer jams", short["body"])
        self.assertIn("Line is down", short["body"])
        self.assertEqual(short["headers"]["Auto-Submitted"], "auto-generated")

    def test_filters_of_an_address(self):
        self._address(events=["escalated"], severity_ids=[(6, 0, self.env.ref("psa_helpdesk.option_severity_company").ids)])
        ticket = self._new_ticket()

        self.assertNotIn("pager@beeper.test", dict(self._told(ticket, "escalated", users=self.technician)))
        ticket.severity_id = self.env.ref("psa_helpdesk.option_severity_company")
        self.assertIn("pager@beeper.test", dict(self._told(ticket, "escalated", users=self.technician)))
        self.assertNotIn("pager@beeper.test", dict(self._told(ticket, "sla_breach", users=self.technician)))

    def test_channels_narrow_the_ways(self):
        self._address(events=["escalated"])

        told = self._told(self._new_ticket(), "escalated", users=self.technician, channels=["pager"])

        self.assertEqual([address for address, __ in told], ["pager@beeper.test"])

    def test_two_people_with_one_mailbox_get_one_mail(self):
        for user in (self.technician, self.dispatcher):
            self._address(user, ["escalated"], target="shift@beeper.test")

        told = self._told(self._new_ticket(), "escalated", users=self.technician | self.dispatcher, channels=["pager"])

        self.assertEqual(len(told), 1)

    def test_client_is_never_told_what_is_internal(self):
        ticket = self._new_ticket()

        told = self._told(ticket, "sla_breach", partners=self.zoe, emails=["omar@harbour-dental.test"], note="They do not pay")

        self.assertFalse(told)
        self.assertEqual(set(ticket.notification_ids.mapped("state")), {"withheld"})
        self._told(ticket, "rule", partners=self.zoe, note="They do not pay")
        (mail,) = self._mails
        self.assertNotIn("do not pay", mail["body"])
        self.assertIn(ticket.number, mail["body"])

    def test_client_is_never_told_of_the_ticket_of_another(self):
        other = self._new_client("Mill Lane Dairy", self.company, "mill-lane.test")
        stranger = self._new_contact("Ida Lane", "ida@mill-lane.test", other)
        template = self.env["mail.template"].create({
            "name": "x", "model_id": self.env["ir.model"]._get("psa.ticket").id, "subject": "News", "body_html": "<p>Dear client</p>",
        })
        ticket = self._new_ticket()

        self.assertFalse(self._told(ticket, "rule", partners=stranger, template=template))
        self.assertFalse(self._told(ticket, "rule", emails=["ida@mill-lane.test"]))
        self.assertEqual(set(ticket.notification_ids.mapped("reason")), {"The ticket of another client."})
        self.assertEqual(len(self._told(ticket, "rule", partners=self.omar, template=template)), 1)

    def test_manager_of_a_client_who_is_contact_of_a_desk_hears_of_his_own_new_tickets(self):
        other = self._new_client("Mill Lane Dairy", self.company, "mill-lane.test")
        self.desk.contact_ids = self.omar
        mine = self._new_ticket()
        theirs = self._new_ticket(partner_id=self._new_contact("Ida Lane", "ida@mill-lane.test", other).id)

        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_announce_tickets").method_direct_trigger()

        (mail,) = [mail for mail in self._mails if "omar@" in mail["email_to"][0]]
        self.assertIn(mine.number, mail["body"])
        self.assertNotIn(theirs.number, mail["body"])
        self.assertNotIn(self.queue.name, mail["body"])

    def test_colleague_who_may_not_read_the_ticket_is_not_told(self):
        self.assertFalse(self._told(self._new_ticket(), "escalated", users=self.rival_technician))

    def test_hotline_of_a_vendor_is_told(self):
        hotline = self.env["res.partner"].create({"name": "Hotline", "email": "hotline@vendor.test"})
        self.env["psa.escalation.contact"].create({"desk_id": self.desk.id, "partner_id": hotline.id})

        told = self._told(self._new_ticket(), "escalated")

        self.assertEqual([address for address, __ in told], ["hotline@vendor.test"])

    def test_words_of_a_template_and_one_that_breaks(self):
        template = self.env["mail.template"].create({
            "name": "x", "model_id": self.env["ir.model"]._get("psa.ticket").id, "subject": "Look at {{ object.number }}",
            "body_html": "<p>Now: <t t-out='object.name'/><t t-out='1 // len(object.name[:7])'/></p>",
        })
        good, bad = self._new_ticket(), self._new_ticket()
        self.env.cr.execute("UPDATE psa_ticket SET name = '' WHERE id = %s", [bad.id])
        bad.invalidate_recordset(["name"])

        with mute_logger("odoo.addons.psa_helpdesk.models.psa_notification_send", "odoo.addons.mail.models.mail_render_mixin"):
            told = self._told(bad | good, "rule", users=self.technician, template=template)

        self.assertEqual(told, [("hd_technician@brightwater.test", f"Look at {good.number}")], good.notification_ids.reason)
        self.assertEqual(bad.notification_ids.state, "failed")
        self.assertIn("ZeroDivisionError", bad.notification_ids.reason)

    def test_several_tickets_at_once_are_one_mail(self):
        tickets = self._new_ticket() | self._new_ticket()

        told = self._told(tickets, "escalated", users=self.technician)

        self.assertEqual(len(told), 1)
        for ticket in tickets:
            self.assertIn(ticket.number, self._mails[0]["body"])

    def test_inbox_instead_of_mail(self):
        self.technician.notification_type = "inbox"
        ticket = self._new_ticket()

        self.assertFalse(self._told(ticket, "escalated", users=self.technician))
        row = ticket.notification_ids
        self.assertRecordValues(row, [{"kind": "inapp", "state": "sent"}])
        self.assertEqual(row.message_id.notification_ids.res_partner_id, self.technician.partner_id)

    def test_defaults_of_the_company(self):
        self.env["psa.notification.address"].create({
            "user_id": False, "company_id": self.company.id, "kind": "mail", "event_ids": [(6, 0, self.event["escalated"].ids)],
        })
        ticket = self._new_ticket()

        self.assertFalse(self._told(ticket, "sla_breach", users=self.technician))
        self.assertTrue(self._told(ticket, "escalated", users=self.technician))
        self.env["psa.notification.address"].with_user(self.technician).action_my_notifications()
        own = self.env["psa.notification.address"].search([("user_id", "=", self.technician.id)])
        self.assertEqual(own.event_ids, self.event["escalated"])

    def test_quiet_hours_wait_until_morning(self):
        self.technician.write({"psa_quiet_from": 22, "psa_quiet_to": 7, "tz": "UTC"})
        self._address(events=["escalated"], wakes=True)
        first, second = self._new_ticket(), self._new_ticket(name="Server down")

        with freeze_time("2026-03-01 23:30:00"):
            told = self._told(first, "escalated", users=self.technician)
            self.assertEqual([address for address, __ in told], ["pager@beeper.test"])
            self._told(second, "sla_breach", users=self.technician)
            self.assertFalse(self._run_cron())
        waiting = (first | second).notification_ids.filtered(lambda row: row.state == "waiting")
        self.assertEqual({str(row.due_at) for row in waiting}, {"2026-03-02 07:00:00"})

        with freeze_time("2026-03-02 07:01:00"):
            mails = self._run_cron()

        self.assertEqual(len(mails), 1)
        self.assertIn(first.number, mails[0]["body"])
        self.assertIn("Service level missed", mails[0]["body"])
        self.assertEqual(set(waiting.mapped("state")), {"sent"})
        self.assertFalse(self._run_cron(), "once is enough")

    def test_too_many_at_a_time_are_put_together(self):
        self.technician.write({"psa_digest_limit": 2, "psa_digest_minutes": 10})
        tickets = [self._new_ticket(name=f"Alarm {number}") for number in range(5)]

        told = [self._told(ticket, "escalated", users=self.technician) for ticket in tickets]

        self.assertEqual([len(mails) for mails in told], [1, 1, 0, 0, 0])
        waiting = self.Notification.search([("state", "=", "waiting"), ("user_id", "=", self.technician.id)])
        self.assertEqual(len(set(waiting.mapped("due_at"))), 1)
        waiting.due_at = "2020-01-01"
        self.assertEqual(len(self._run_cron()), 1)

    def test_assignment_is_told_once_and_on_all_ways(self):
        self._address(events=["assigned"])
        ticket = self._new_ticket()

        with self.mock_mail_gateway():
            ticket.with_user(self.dispatcher).user_id = self.technician

        self.assertEqual(
            sorted(mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails),
            ["hd_technician@brightwater.test", "pager@beeper.test"],
        )
        self.assertIn("assigned", next(mail["subject"] for mail in self._mails if "hd_tech" in mail["email_to"][0]))

    def test_reopening_tells_technician_and_contacts(self):
        lead = self.env["res.partner"].create({"name": "Lead", "email": "lead@brightwater.test"})
        self.queue.contact_ids = lead
        ticket = self._new_ticket(user_id=self.technician.id)
        ticket.action_resolve()

        with self.mock_mail_gateway():
            ticket.with_user(self.dispatcher).action_reopen()

        self.assertEqual(
            sorted(mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails),
            ["hd_technician@brightwater.test", "lead@brightwater.test"],
        )

    def test_client_who_answers_a_resolved_ticket_is_told_of_once(self):
        ticket = self._new_ticket(user_id=self.technician.id)
        ticket.action_resolve()

        with self.mock_mail_gateway():
            ticket.message_post(body="Still broken", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")

        self.assertEqual(ticket.state, "open")
        self.assertEqual([mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails], ["hd_technician@brightwater.test"])
        events = ticket.notification_ids.filtered(lambda row: row.event_id.code != "assigned").mapped("event_id.code")
        self.assertEqual(events, ["client_replied"])

    def test_answer_to_a_ticket_that_nobody_has_reaches_the_queue(self):
        lead = self.env["res.partner"].create({"name": "Lead", "email": "lead@brightwater.test"})
        self.queue.contact_ids = lead
        ticket = self._new_ticket()

        with self.mock_mail_gateway():
            ticket.message_post(body="Any news?", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")

        self.assertIn("lead@brightwater.test", [mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails])

    def test_who_does_not_want_answers_is_spared_them_but_not_mentions(self):
        self.env["psa.notification.address"]._ensure_own(self.technician)
        own = self.env["psa.notification.address"].search([("user_id", "=", self.technician.id)])
        own.event_ids -= self.event["client_replied"]
        ticket = self._new_ticket(user_id=self.technician.id)

        with self.mock_mail_gateway():
            ticket.message_post(body="Hello?", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")
        self.assertFalse(self._mails)

        with self.mock_mail_gateway():
            ticket.with_user(self.dispatcher).message_post(
                body="Please look", partner_ids=self.technician.partner_id.ids, subtype_xmlid="mail.mt_note", message_type="comment"
            )
        self.assertEqual(len(self._mails), 1)
        self.assertIn("mentioned", ticket.notification_ids.mapped("event_id.code"))

    def test_second_mail_address_gets_the_whole_message_without_showing_others(self):
        self._address(kind="mail", target="home@private.test", events=["client_replied"])
        ticket = self._new_ticket(user_id=self.technician.id)

        with self.mock_mail_gateway():
            ticket.message_post(body="Hello there", author_id=self.zoe.id, message_type="email", subtype_xmlid="mail.mt_comment")

        self.assertEqual(len(self._mails), 2)
        for mail in self._mails:
            self.assertEqual(len(mail["email_to"]), 1)
            self.assertIn("Hello there", mail["body"])

    def test_moving_into_a_queue_tells_its_contacts_and_who_watches_it(self):
        second = self.env["psa.queue"].create({"name": "Second Line", "company_id": self.company.id, "desk_ids": [(4, self.desk.id)]})
        self.desk.queue_ids |= second
        self._address(kind="mail", target="watch@brightwater.test", events=["queue_new"], queue_ids=[(6, 0, second.ids)])
        ticket = self._new_ticket()

        with self.mock_mail_gateway():
            ticket.with_user(self.dispatcher).queue_id = second

        self.assertIn("watch@brightwater.test", [mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails])

    def test_watcher_of_a_queue_hears_of_new_tickets(self):
        self._address(kind="pager", events=["queue_new"], queue_ids=[(6, 0, self.queue.ids)])
        ticket = self._new_ticket()

        self.assertEqual(ticket.announcement_due, "notice")
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_announce_tickets").method_direct_trigger()
        self.assertIn("pager@beeper.test", [mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails])

    def test_failure_is_visible_and_can_be_sent_again(self):
        ticket = self._new_ticket()

        def refuse(*args, **kwargs):
            raise OSError("connection refused")

        with (
            self.mock_mail_gateway(), mute_logger("odoo.addons.mail.models.mail_mail"),
            patch.object(type(self.env["ir.mail_server"]), "send_email", refuse),
        ):
            ticket._psa_notify("escalated", users=self.technician)
        row = ticket.notification_ids
        self.assertEqual(row.state, "failed")
        self.assertIn("connection refused", row.reason)

        row.with_user(self.administrator).action_retry()
        self.assertEqual(len(self._run_cron()), 1)
        self.assertEqual(row.state, "sent")

    def test_unsubscribing_stops_one_event_at_one_address(self):
        ticket = self._new_ticket()
        self._told(ticket, "escalated", users=self.technician)
        headers = self._mails[0]["headers"]
        row = ticket.notification_ids

        self.assertIn(f"/psa/notification/{row.id}/", headers["List-Unsubscribe"])
        self.assertEqual(headers["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click")
        self.assertFalse(self.Notification._find_by_token(row.id, "0" * 64))
        found = self.Notification._find_by_token(row.id, row._token())
        self.assertFalse(found._is_unsubscribed())
        found._unsubscribe()

        self.assertTrue(found._is_unsubscribed())
        self.assertFalse(self._told(ticket, "escalated", users=self.technician))
        self.assertTrue(self._told(ticket, "sla_breach", users=self.technician))

    def test_contact_without_account_unsubscribes(self):
        lead = self.env["res.partner"].create({"name": "Lead", "email": "lead@brightwater.test"})
        ticket = self._new_ticket()
        self._told(ticket, "escalated", partners=lead)

        ticket.notification_ids._unsubscribe()
        ticket.notification_ids._unsubscribe()

        self.assertFalse(self._told(ticket, "escalated", partners=lead))
        self.assertTrue(self._told(ticket, "sla_breach", partners=lead))

    def test_what_is_set_up_costs_a_new_ticket_no_query(self):
        def queries():
            for _run in range(2):
                self.env.flush_all()
                self.flush_tracking()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                self._new_ticket()
                self.env.flush_all()
                count = self.env.cr.sql_log_count - before
            return count

        without = queries()
        other = self.env["psa.queue"].create({"name": "Other", "company_id": self.company.id})
        self._address(events=["queue_new", "escalated"], queue_ids=[(6, 0, other.ids)])

        self.assertEqual(queries(), without)

    def test_addresses_are_checked(self):
        for values in (
            {"target": "nobody"}, {"target": False}, {"kind": "inapp"}, {"kind": "sms", "target": "12"}, {"target": self.address},
        ):
            with self.assertRaises(ValidationError):
                self._address(**values)

    def test_who_sees_and_changes_addresses(self):
        mine = self._address()
        default = self.env["psa.notification.address"].create({"user_id": False, "company_id": self.company.id, "kind": "mail"})
        #                        own   of a colleague  defaults
        matrix = {
            self.technician:    (True, False, False),
            self.dispatcher:    (False, False, False),
            self.billing:       (False, False, False),
            self.administrator: (True, True, True),
            self.rival_technician: (False, False, False),
        }
        theirs = self._address(self.dispatcher, target="other@beeper.test")
        for user, (sees_mine, sees_other, sees_default) in matrix.items():
            found = self.env["psa.notification.address"].with_user(user).search([])
            self.assertEqual(
                (mine in found, theirs in found, default in found),
                (sees_mine, sees_other or user == self.dispatcher, sees_default), user.login,
            )
        with self.assertRaises(AccessError):
            mine.with_user(self.dispatcher).note = "x"
        with self.assertRaises(AccessError):
            self.env["psa.notification.address"].with_user(self.dispatcher).create({
                "user_id": self.technician.id, "kind": "pager", "target": "evil@beeper.test",
            })
        mine.with_user(self.technician).note = "night shift"

    def test_what_somebody_has_set_up_himself_he_alone_changes(self):
        """An administrator sees it, and adds what counts for tickets of his company."""
        own = self._address(kind="mail", target="home@private.test").with_user(self.administrator)

        self.assertEqual((own.target, own.is_personal), ("home@private.test", True))
        self.assertFalse(own.with_user(self.technician).is_personal)
        for change in (
            lambda: own.write({"target": "tap@evil.test"}), lambda: own.write({"active": False}), own.unlink,
            lambda: own.write({"only_company_ids": self.company.ids}),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                change()
        added = self._address(self.technician).with_user(self.administrator)
        added.sudo().only_company_ids = self.company
        added.target = "shift@beeper.test"
        self.assertFalse(added.is_personal)
        added.unlink()

        # The technician takes over what an administrator has set up; from then on it is his.
        added = self.env["psa.notification.address"].with_user(self.administrator).create({
            "user_id": self.technician.id, "kind": "pager", "target": "shift@beeper.test",
        })
        added.with_user(self.technician).target = "mine@beeper.test"
        with self.assertRaises(AccessError):
            added.note = "x"

    def test_administrator_opens_the_notifications_of_a_colleague(self):
        staff = self.env["psa.staff"].search([("user_id", "=", self.technician.id)]).with_user(self.administrator)
        action = staff.action_view_notification_addresses()

        rows = self.env[action["res_model"]].with_user(self.administrator).search(action["domain"])
        self.assertRecordValues(rows, [{"user_id": self.technician.id, "kind": "mail", "only_company_ids": self.company.ids}])
        self.assertIn(self.technician.name, action["name"])
        self.assertEqual(action["context"], {"default_user_id": self.technician.id})
        rows.event_ids -= self.event["escalated"]
        self.assertFalse(self._told(self._new_ticket(), "escalated", users=self.technician))
        staff.action_view_notification_addresses()
        self.assertEqual(rows.search_count(action["domain"]), 1, "what is there is not written down twice")
        with self.assertRaises(AccessError):
            staff.with_user(self.technician).action_view_notification_addresses()
        arch = self.env["psa.staff"].with_user(self.administrator).get_view(view_type="form")["arch"]
        self.assertIn("action_view_notification_addresses", arch)

    def test_staff_reads_on_a_ticket_what_was_sent(self):
        ticket = self._new_ticket()
        self._told(ticket, "escalated", users=self.technician | self.dispatcher)
        self._told(ticket, "rule", partners=self.zoe)

        for user, count in ((self.technician, 2), (self.dispatcher, 2), (self.administrator, 3), (self.billing, 1)):
            self.assertEqual(ticket.with_user(user).notification_count, count, user.login)
            action = ticket.with_user(user).action_view_notifications()
            self.assertEqual(self.Notification.with_user(user).search_count(action["domain"]), count, user.login)
        self.assertIn("action_view_notifications", ticket.with_user(self.technician).get_view(view_type="form")["arch"])
        with self.assertRaises(AccessError):
            ticket.with_user(self.rival_technician).action_view_notifications()
        self.env["psa.access.rule"].create({
            "level": "refuse", "resource": "desk", "desk_id": self.desk.id, "subject": "user",
            "user_id": self.dispatcher.id, "company_id": self.company.id,
        })
        told = self.Notification.with_user(self.dispatcher).search([("ticket_id", "=", ticket.id)])
        self.assertEqual(told.user_id, self.dispatcher, "of what contacts were told he reads nothing any more")

    def test_who_sees_what_was_sent(self):
        ticket = self._new_ticket()
        self._told(ticket, "escalated", users=self.technician)
        row = ticket.notification_ids

        for user, sees in (
            (self.technician, True), (self.dispatcher, False), (self.billing, False), (self.administrator, True),
            (self.rival_technician, False),
        ):
            self.assertEqual(row in self.Notification.with_user(user).search([]), sees, user.login)
        for user in (self.technician, self.administrator):
            with self.assertRaises(AccessError):
                row.with_user(user).write({"state": "sent"})
        row.state = "failed"
        with self.assertRaises(AccessError):
            row.with_user(self.technician).action_retry()

    def test_signature_of_the_desk(self):
        self.desk.signature = "<p>Help Desk, 24 hours</p>"
        ticket = self._new_ticket()

        with self.mock_mail_gateway():
            ticket.with_user(self.technician).message_post(body="Try again", subtype_xmlid="mail.mt_comment", message_type="comment")

        mail = next(mail for mail in self._mails if "zoe" in mail["email_to"][0])
        self.assertIn("Help Desk, 24 hours", mail["body"])
        self.assertIn(self.technician.name, mail["body"])
