from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestAnnouncement(HelpdeskCommon):

    def _announce(self):
        """Run the job; return the mails that went out."""
        with self.mock_mail_gateway(), self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_announce_tickets").method_direct_trigger()
        return self._mails

    def _from_mail(self, **values):
        return self._new_ticket(**{
            "source": "email", "email_from": "Zoë <zoe@harbour-dental.test>", "origin_message_id": "<first@harbour-dental.test>",
            **values,
        })

    def test_sender_is_told_once_that_his_mail_arrived(self):
        ticket = self._from_mail()

        (mail,) = self._announce()

        self.assertIn("zoe@harbour-dental.test", mail["email_to"][0])
        self.assertIn(ticket.number, mail["subject"])
        self.assertIn(self.address, mail["email_from"])
        self.assertIn("<first@harbour-dental.test>", mail["references"])
        self.assertEqual(mail["headers"]["Auto-Submitted"], "auto-replied")
        self.assertEqual(mail["headers"]["X-Loop"], self.address)
        self.assertFalse(self._announce(), "once is enough")

    def test_answer_to_the_acknowledgement_is_a_comment(self):
        ticket = self._from_mail()
        self._announce()
        acknowledgement = ticket.message_ids.filtered(lambda message: message.message_type == "email_outgoing")
        raw = (
            f"From: zoe@harbour-dental.test\nTo: {self.address}\nSubject: Re: x\nMessage-ID: <second@harbour-dental.test>\n"
            f"In-Reply-To: {acknowledgement.message_id}\n\nOne more thing\n"
        )

        self.env["mail.thread"].message_process(False, raw)

        message = ticket.message_ids.filtered(lambda message: "One more thing" in (message.body or ""))
        self.assertEqual(message.subtype_id, self.env.ref("mail.mt_comment"))

    def test_unknown_senders_get_no_answer_unless_the_desk_says_so(self):
        values = {"partner_id": False, "email_from": "who@nowhere.test"}
        self._from_mail(**values)
        self.assertFalse(self._announce())

        self.desk.acknowledgement = "all"
        self._from_mail(origin_message_id="<other@nowhere.test>", **values)
        (mail,) = self._announce()
        self.assertIn("who@nowhere.test", mail["email_to"][0])

    def test_desk_may_keep_silent(self):
        self.desk.acknowledgement = "none"
        self._from_mail()

        self.assertFalse(self._announce())

    def test_nobody_is_thanked_for_a_phone_call(self):
        self._new_ticket(source="phone")

        self.assertFalse(self._announce())

    def test_ticket_done_meanwhile_is_not_acknowledged(self):
        self._from_mail().action_close()

        self.assertFalse(self._announce())

    def test_contacts_of_desk_and_queue_are_told(self):
        chief, lead = self.env["res.partner"].create([
            {"name": "Chief", "email": "chief@brightwater.test"}, {"name": "Lead", "email": "lead@brightwater.test"},
        ])
        self.desk.contact_ids = chief
        self.queue.contact_ids = chief | lead
        ticket = self._new_ticket(source="phone")

        mails = self._announce()

        self.assertEqual(sorted(mail["email_to"][0] for mail in mails), sorted([chief.email_formatted, lead.email_formatted]))
        self.assertIn(ticket.number, mails[0]["subject"])
        self.assertNotIn(chief, ticket.message_partner_ids, "told, not subscribed")

    def test_language_of_the_client(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.desk.acknowledgement_template_id.with_context(lang="fr_FR").subject = "Reçu {{ object.number }}"
        self.zoe.lang = "fr_FR"
        ticket = self._from_mail()

        (mail,) = self._announce()

        self.assertEqual(mail["subject"], f"Reçu {ticket.number}")

    def test_portal_customers_get_a_button(self):
        ticket = self._new_ticket()
        with self.mock_mail_gateway():
            ticket.with_user(self.technician).message_post(body="Please try", subtype_xmlid="mail.mt_comment")

        self.assertIn("View Ticket", self._mails[0]["body"])
