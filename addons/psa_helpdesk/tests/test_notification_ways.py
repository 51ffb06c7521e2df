import json

from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestNotificationWays(HelpdeskCommon):
    """The ways that are no mail: the browser, the phone, and the gateway that makes a short message of a mail."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["mail.push.device"].get_web_push_vapid_public_key()
        cls.device = cls.env["mail.push.device"].create({
            "partner_id": cls.technician.partner_id.id, "endpoint": "https://push.test/theo",
            "keys": json.dumps({"p256dh": "x", "auth": "y"}),
        })

    def _address(self, kind, **values):
        return self.env["psa.notification.address"].create({"user_id": self.technician.id, "kind": kind, **values})

    def _told(self, **kwargs):
        """Tell the technician of an escalated ticket; return the ticket and its rows by kind."""
        ticket = self._new_ticket()
        with self.mock_mail_gateway():
            ticket._psa_notify("escalated", users=self.technician, **kwargs)
        return ticket, {row.kind: row for row in ticket.notification_ids}

    def _run_cron(self):
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_send_notifications").method_direct_trigger()

    def test_a_browser_that_takes_push_messages_gets_one_that_opens_the_ticket(self):
        self.env["mail.push"].search([]).unlink()

        ticket, rows = self._told(note="Line is down")

        push = self.env["mail.push"].search([("mail_push_device_id", "=", self.device.id)])
        payload = json.loads(push.payload)
        self.assertEqual(rows["push"].state, "sent")
        self.assertIn(ticket.number, payload["title"])
        self.assertIn("Line is down", payload["options"]["body"])
        self.assertEqual(payload["options"]["data"], {"model": "psa.ticket", "res_id": ticket.id})

    def test_without_a_browser_nothing_is_pushed_and_nothing_fails(self):
        self.device.unlink()

        __, rows = self._told()

        self.assertEqual(set(rows), {"mail"})

    def test_a_browser_that_is_gone_when_its_time_comes_is_told_as_failed(self):
        self.technician.write({"psa_quiet_from": 0, "psa_quiet_to": 23.99, "tz": "UTC"})
        __, rows = self._told()
        push = rows["push"]
        self.assertEqual(push.state, "waiting")

        self.device.unlink()
        push.due_at = "2020-01-01"
        self._run_cron()

        self.assertIn(push.state, ("failed", "withheld"))
        self.assertTrue(push.reason)

    def _needs_sms(self):
        if "sms.sms" not in self.env:
            self.skipTest("Odoo's SMS app is not installed")

    def test_a_phone_gets_a_short_message(self):
        self._needs_sms()
        self._address("sms", target="+44 20 7946 0000")

        ticket, rows = self._told(note="They do not pay " * 40)

        sms = self.env["sms.sms"].search([("id", "=", rows["sms"].sms_id)])
        self.assertEqual(rows["sms"].state, "sending")
        self.assertEqual(sms.number, "+44 20 7946 0000")
        self.assertIn(ticket.number, sms.body)
        self.assertLessEqual(len(sms.body), 160)

        sms.write({"state": "sent"})
        self._run_cron()
        self.assertEqual(rows["sms"].state, "sent")

    def test_a_short_message_that_could_not_be_sent_is_told_as_failed(self):
        self._needs_sms()
        self._address("sms", target="+44 20 7946 0000")
        __, rows = self._told()

        self.env["sms.sms"].browse(rows["sms"].sms_id).write({"state": "error", "failure_type": "sms_credit"})
        self._run_cron()

        self.assertEqual(rows["sms"].state, "failed")
        self.assertTrue(rows["sms"].reason)

    def test_a_gateway_gets_a_bare_text_without_subject(self):
        self._address("sms_mail", target="447700900123@sms.test")

        ticket, rows = self._told()

        (mail,) = [mail for mail in self._mails if "447700900123@sms.test" in mail["email_to"][0]]
        self.assertFalse(mail["subject"])
        self.assertIn(ticket.number, mail["body"])
        self.assertEqual(rows["sms_mail"].target, "447700900123@sms.test")
