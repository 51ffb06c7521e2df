from unittest.mock import patch

from freezegun import freeze_time
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import SerializationFailure

from .common import HelpdeskCommon

SEND = "odoo.addons.psa_helpdesk.models.psa_notification_send"


@tagged("post_install", "-at_install")
class TestNotificationDiscretion(HelpdeskCommon):
    """Whom notifications do not reach: who is not there any more, may not see the ticket, or works for somebody else as well."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.event = {event.code: event for event in cls.env["psa.notification.event"].search([])}
        cls.Address = cls.env["psa.notification.address"]
        cls.both = cls._new_staff("hd_both", "psa_crm.group_technician")
        cls.both.company_ids |= cls.rival
        cls.vendor = cls.env["res.partner"].create({"name": "Hotline", "email": "hotline@vendor.test"})

    def _told(self, tickets, event, **kwargs):
        """Tell of an event; return the addresses that mails went to."""
        with self.mock_mail_gateway():
            self.heard = tickets._psa_notify(event, **kwargs)
        return sorted(mail["email_to"][0].split("<")[-1].rstrip(">") for mail in self._mails)

    def _run_cron(self):
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_send_notifications").method_direct_trigger()
        return self._mails

    def _rival_ticket(self):
        return self._new_ticket(desk_id=self.rival_desk.id, partner_id=self.hal.id)

    def _wait_for_morning(self):
        """Return a notification that waits until the technician is awake."""
        self.technician.write({"psa_quiet_from": 22, "psa_quiet_to": 7, "tz": "UTC"})
        self.env["psa.notification.address"]._ensure_own(self.technician)
        ticket = self._new_ticket()
        with freeze_time("2026-03-01 23:30:00"):
            self.assertFalse(self._told(ticket, "escalated", users=self.technician, note="They do not pay"))
        row = ticket.notification_ids
        self.assertEqual(row.state, "waiting")
        return row

    def test_administrator_sets_up_no_address_for_people_of_another_company(self):
        values = {"user_id": self.rival_technician.id, "kind": "pager", "target": "tap@evil.test"}
        for vals in (values, {**values, "company_id": self.company.id}):
            with self.assertRaises(UserError):
                self.Address.with_user(self.administrator).create(vals)
        theirs = self.Address.create(values)
        with self.assertRaises(UserError):
            theirs.company_id = self.company

    def test_who_works_for_two_companies_is_neither_overheard_nor_silenced_by_one(self):
        Address = self.Address.with_user(self.administrator)
        pager = Address.create({"user_id": self.both.id, "kind": "pager", "target": "tap@evil.test"})
        silent = Address.create({"user_id": self.both.id, "kind": "mail", "event_ids": False})
        pager.write({"only_company_ids": False})

        self.assertEqual((pager | silent).only_company_ids, self.company)
        self.assertEqual(self._told(self._rival_ticket(), "escalated", users=self.both), ["hd_both@brightwater.test"])
        self.assertEqual(self._told(self._new_ticket(), "escalated", users=self.both), ["tap@evil.test"])

        pager.with_user(self.both).sequence = 3
        self.assertTrue(pager.only_company_ids, "he has only moved it")
        pager.with_user(self.both).target = "own@pager.test"
        self.assertEqual(
            self._told(self._rival_ticket(), "escalated", users=self.both), ["hd_both@brightwater.test", "own@pager.test"]
        )

    def test_defaults_of_a_company_count_for_its_tickets(self):
        self.Address.create({
            "user_id": False, "company_id": self.company.id, "kind": "pager", "target": "shift@pager.test",
            "event_ids": [(6, 0, self.event["escalated"].ids)],
        })

        self.assertEqual(self._told(self._new_ticket(), "escalated", users=self.both), ["shift@pager.test"])
        self.assertEqual(self._told(self._rival_ticket(), "escalated", users=self.both), ["hd_both@brightwater.test"])

    def test_pager_by_default_can_be_written_down_and_unsubscribed(self):
        self.Address.create({
            "user_id": False, "company_id": self.company.id, "kind": "pager", "target": "shift@pager.test",
            "event_ids": [(6, 0, self.event["escalated"].ids)],
        })
        ticket = self._new_ticket()
        self._told(ticket, "escalated", users=self.technician | self.both)
        row = ticket.notification_ids
        row._unsubscribe()

        self.assertTrue(row._is_unsubscribed())
        self.assertFalse(self._told(ticket, "escalated", users=row.user_id))
        self.Address.with_user(self.dispatcher).action_my_notifications()
        own = self.Address.search([("user_id", "=", self.dispatcher.id)])
        self.assertRecordValues(own, [{"kind": "pager", "target": "shift@pager.test", "only_company_ids": self.company.ids}])

    def test_what_waits_is_not_told_to_who_may_not_read_the_ticket_any_more(self):
        row = self._wait_for_morning()
        self.technician.write({"company_id": self.rival.id, "company_ids": [(6, 0, self.rival.ids)]})

        self.assertFalse(self._run_cron())
        self.assertRecordValues(row, [{"state": "withheld", "reason": "May not read the ticket."}])

    def test_what_waits_is_not_told_to_former_colleagues(self):
        row = self._wait_for_morning()
        self.technician.active = False

        self.assertFalse(self._run_cron())
        self.assertRecordValues(row, [{"state": "withheld", "reason": "Archived: not told any more."}])

    def test_what_waits_is_not_told_at_an_address_that_is_off_or_gone(self):
        row = self._wait_for_morning()
        row.address_id.active = False
        self.assertFalse(self._run_cron())
        self.assertEqual(row.state, "withheld")

        row.write({"state": "waiting", "due_at": "2026-03-02 07:00:00"})
        row.address_id.unlink()
        self.assertEqual(row.state, "withheld")
        self.assertFalse(self._run_cron())

    def test_what_waits_goes_to_where_the_address_leads_by_then(self):
        row = self._wait_for_morning()
        row.address_id.target = "new@brightwater.test"

        self.assertIn("new@brightwater.test", self._run_cron()[0]["email_to"][0])
        self.assertEqual(row.state, "sent")

    def test_former_colleague_is_no_contact(self):
        self.technician.active = False
        ticket = self._new_ticket()

        self.assertFalse(self._told(ticket, "escalated", partners=self.technician.partner_id, note="They do not pay"))
        self.assertFalse(self._told(ticket, "escalated", emails=["HD_Technician@brightwater.test"], note="They do not pay"))
        self.assertEqual(ticket.notification_ids.mapped("state"), ["withheld", "withheld"])
        self.assertIn("Archived", self.heard.failures[ticket.id][0])

    def test_mail_address_of_a_colleague_is_the_colleague(self):
        ticket = self._new_ticket()

        self._told(ticket, "escalated", emails=["hd_dispatcher@brightwater.test", "hd_rival@brightwater.test"])

        self.assertRecordValues(ticket.notification_ids.sorted("id"), [
            {"user_id": self.dispatcher.id, "state": "sent"}, {"user_id": self.rival_technician.id, "state": "withheld"},
        ])
        self.assertFalse(ticket.notification_ids.with_user(self.rival_technician).search([]), "not even what it is called")

    def test_list_says_of_each_ticket_what_its_reader_may_know_of_that_one(self):
        ours, theirs = self._new_ticket(), self._new_ticket(email_cc="hotline@vendor.test")

        self.assertEqual(len(self._told(ours | theirs, "rule", partners=self.vendor, note="They do not pay")), 1)
        listed = self._mails[0]["body"].partition("<ul>")[2]  # what comes before is the preview
        self.assertEqual(listed.count("They do not pay"), 1)

    def test_who_cannot_be_told_is_said(self):
        silent = self.env["res.partner"].create({"name": "Silent"})
        ticket = self._new_ticket()

        self.assertFalse(self._told(ticket, "escalated", users=self.rival_technician, partners=silent))

        self.assertEqual(set(ticket.notification_ids.mapped("state")), {"withheld", "failed"})
        self.assertFalse(self.heard[ticket.id])
        self.assertEqual(len(self.heard.failures[ticket.id]), 2)

    def test_told_is_only_who_was(self):
        ticket = self._new_ticket()

        def refuse(*args):
            raise ValueError("no words")

        with mute_logger(SEND), patch.object(type(ticket), "_psa_words", refuse):
            self.assertFalse(self._told(ticket, "escalated", users=self.technician))

        self.assertEqual(self.heard, {ticket.id: []})
        self.assertIn("no words", self.heard.failures[ticket.id][0])

    def test_what_the_database_wants_tried_again_is_no_failure(self):
        ticket = self._new_ticket()

        def collide(*args):
            raise SerializationFailure

        with patch.object(type(ticket), "_psa_words", collide), self.assertRaises(SerializationFailure):
            self._told(ticket, "escalated", users=self.technician)

    def test_link_with_letters_that_no_token_has(self):
        ticket = self._new_ticket()
        self._told(ticket, "escalated", users=self.technician)

        self.assertFalse(self.env["psa.notification"]._find_by_token(ticket.notification_ids.id, "ä" * 64))

    def test_pager_wakes_unless_it_is_told_not_to(self):
        values = {"user_id": self.technician.id, "kind": "pager", "target": "own@pager.test"}

        self.assertTrue(self.Address.create(values).wakes)
        self.assertFalse(self.Address.create({**values, "wakes": False}).wakes)
        self.assertFalse(self.Address.create({**values, "kind": "mail"}).wakes)
