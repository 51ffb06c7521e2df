import base64
from email.message import EmailMessage
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import SerializationFailure

from .common import HelpdeskCommon

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BOUNCE = """\
Return-Path: <>
From: MAILER-DAEMON@mx.harbour-dental.test (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-Id: <bounce-1@mx.harbour-dental.test>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

<zoe@harbour-dental.test>: mailbox unavailable

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.harbour-dental.test

Final-Recipient: rfc822; zoe@harbour-dental.test
Action: failed
Status: 5.1.1

--B
Content-Type: text/rfc822-headers

From: {to}
To: zoe@harbour-dental.test
Subject: Re: Help
Message-ID: {original}

--B--
"""


@tagged("post_install", "-at_install")
class TestMailIntake(HelpdeskCommon):

    def setUp(self):
        super().setUp()
        self.sent = 0

    def _mail(self, sender="Zoë Marsh <zoe@harbour-dental.test>", to=None, subject="Printer jams", text="It jams.", **headers):
        self.sent += 1
        mail = EmailMessage()
        mail["From"] = sender
        mail["To"] = to or self.address
        if subject is not None:
            mail["Subject"] = subject
        mail["Message-ID"] = headers.pop("message_id", f"<mail-{self.sent}@harbour-dental.test>")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        if text is not None:
            mail.set_content(text)
        return mail

    def _deliver(self, mail):
        """Give a mail to the gateway as odoo-mailgate does; return what it became: (ticket, kept mail)."""
        raw = mail if isinstance(mail, (str, bytes)) else mail.as_bytes()
        last_ticket = self.env["psa.ticket"].search([], limit=1).id or 0
        last_kept = self.env["psa.inbound.mail"].search([], limit=1).id or 0
        with self.mock_mail_gateway(), mute_logger("odoo.addons.mail.models.mail_thread"):
            self.env["mail.thread"].message_process(False, raw)
            self.flush_tracking()
            self.outbox = self._new_mails.mapped("email_to") + self._new_mails.recipient_ids.mapped("email")
        return (
            self.env["psa.ticket"].search([("id", ">", last_ticket)]),
            self.env["psa.inbound.mail"].search([("id", ">", last_kept)]),
        )

    def _answer_to(self, ticket, **values):
        """Let the technician answer, then return the mail the client writes back."""
        message = ticket.with_user(self.technician).message_post(body="Please try again", subtype_xmlid="mail.mt_comment")
        return self._mail(subject="Re: Printer jams", In_Reply_To=message.message_id, References=message.message_id, **values)

    def test_mail_of_a_contact_becomes_a_ticket_of_his_client(self):
        ticket, kept = self._deliver(self._mail(Cc="Omar <omar@harbour-dental.test>"))

        self.assertFalse(kept)
        self.assertRecordValues(ticket, [{
            "name": "Printer jams", "partner_id": self.zoe.id, "client_id": self.dental.id, "company_id": self.company.id,
            "desk_id": self.desk.id, "queue_id": self.queue.id, "source": "email", "state": "new", "user_id": False,
        }])
        self.assertIn("zoe@harbour-dental.test", ticket.email_from)
        self.assertIn("omar@harbour-dental.test", ticket.email_cc)
        self.assertIn("It jams.", ticket.description)
        self.assertIn(self.zoe, ticket.message_partner_ids, "so that answers reach her")
        self.assertEqual(ticket.message_ids[-1].author_id, self.zoe)

    def test_multipart_mail_with_quote_and_attachment(self):
        mail = self._mail(text="It jams.\n\n> On Monday you wrote:\n> Try again")
        mail.add_alternative("<p>It <b>jams</b>.</p><blockquote>On Monday you wrote</blockquote>", subtype="html")
        mail.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="Prüfbericht.pdf")

        ticket, __ = self._deliver(mail)

        self.assertIn("<b>jams</b>", ticket.description)
        self.assertEqual(ticket.message_ids.attachment_ids.mapped("name"), ["Prüfbericht.pdf"])
        self.assertEqual(ticket.message_ids.attachment_ids.res_id, ticket.id)

    def test_picture_in_the_text_is_shown_in_the_description(self):
        mail = self._mail()
        mail.add_alternative('<p>See <img src="cid:shot@client"></p>', subtype="html")
        mail.get_payload()[1].add_related(PIXEL, "image", "png", cid="<shot@client>", filename="shot.png")

        ticket, __ = self._deliver(mail)

        self.assertNotIn("cid:", ticket.description)
        self.assertIn("/web/image/", ticket.description)

    def test_html_only_mail_is_readable_and_harmless(self):
        mail = self._mail(text=None)
        mail.set_content("<p>Wi-Fi is <b>down</b></p><script>alert(1)</script>", subtype="html")

        ticket, __ = self._deliver(mail)

        self.assertIn("<b>down</b>", ticket.description)
        self.assertNotIn("<script", ticket.description)

    def test_subject_in_foreign_letters(self):
        ticket, __ = self._deliver(self._mail(subject="WG: Röntgengerät zeigt „Fehler“ – 緊急"))

        self.assertEqual(ticket.name, "Röntgengerät zeigt „Fehler“ – 緊急")

    def test_mail_without_subject_is_named_by_its_text(self):
        ticket, __ = self._deliver(self._mail(subject=None, text="Our scanner is broken since yesterday."))

        self.assertEqual(ticket.name, "(no subject) Our scanner is broken since yesterday.")

    def test_colleague_of_a_client_becomes_a_contact(self):
        ticket, __ = self._deliver(self._mail(sender="Ana Souza <ana.souza@harbour-dental.test>"))

        self.assertRecordValues(ticket.partner_id, [{
            "name": "Ana Souza", "email": "ana.souza@harbour-dental.test", "parent_id": self.dental.id,
        }])
        self.assertEqual(ticket.client_id, self.dental)
        again, __ = self._deliver(self._mail(sender="ANA.SOUZA@harbour-dental.test"))
        self.assertEqual(again.partner_id, ticket.partner_id, "one person, one contact")

    def test_unknown_sender_becomes_a_ticket_without_client(self):
        ticket, kept = self._deliver(self._mail(sender="Somebody <who@nowhere.test>"))

        self.assertFalse(kept)
        self.assertRecordValues(ticket, [{"partner_id": False, "client_id": False, "queue_id": self.queue.id}])
        self.assertIn("who@nowhere.test", ticket.email_from)
        self.assertIn(ticket, self.env["psa.ticket"].search([("client_id", "=", False), ("source", "=", "email")]))

    def test_answering_an_unknown_sender_makes_him_the_contact(self):
        ticket, __ = self._deliver(self._mail(sender="Somebody <who@nowhere.test>"))
        contact = self.env["res.partner"].create({"name": "Somebody", "email": "who@nowhere.test"})

        ticket.with_user(self.technician).message_post(body="Hello", partner_ids=contact.ids, subtype_xmlid="mail.mt_comment")

        self.assertEqual(ticket.partner_id, contact)

    def test_client_of_another_company_is_a_stranger_here(self):
        ticket, __ = self._deliver(self._mail(sender="Hal Hill <hal@hilltop.test>"))

        self.assertRecordValues(ticket, [{"partner_id": False, "client_id": False, "company_id": self.company.id}])
        self.assertFalse(ticket.message_ids[-1].author_id)
        self.assertNotIn(self.hal, ticket.message_partner_ids)

        theirs, __ = self._deliver(self._mail(sender="Hal Hill <hal@hilltop.test>", to=f"rival-help@{self.mail_alias_domain.name}"))
        self.assertRecordValues(theirs, [{"partner_id": self.hal.id, "client_id": self.hilltop.id, "company_id": self.rival.id}])

    def test_technicians_address_as_sender_acts_in_nobodys_name(self):
        ticket, __ = self._deliver(self._mail(sender="hd_technician@brightwater.test"))

        self.assertNotEqual(ticket.create_uid, self.technician)

    def test_reply_joins_and_reopens_what_waited(self):
        ticket, __ = self._deliver(self._mail())
        for state in ("waiting", "on_hold", "resolved", "closed"):
            ticket._move_to_state(state)

            new, kept = self._deliver(self._answer_to(ticket, text=f"No, still {state}"))

            self.assertFalse(new | new.browse(kept.ids[:0]))
            self.assertFalse(kept)
            self.assertIn(f"No, still {state}", ticket.message_ids.filtered(lambda m: m.message_type == "email")[0].body)
            self.assertEqual(ticket.state, "open", state)
        self.assertFalse(ticket.date_closed)

    def test_technician_answering_by_mail_reopens_nothing(self):
        ticket, __ = self._deliver(self._mail())
        ticket._move_to_state("waiting")

        self._deliver(self._answer_to(ticket, sender="hd_technician@brightwater.test"))

        self.assertEqual(ticket.state, "waiting")

    def test_answer_of_the_client_is_told_to_the_technician(self):
        ticket, __ = self._deliver(self._mail())
        ticket.user_id = self.technician

        self._deliver(self._answer_to(ticket))

        self.assertIn(self.technician.email, self.outbox)
        self.assertNotIn(self.zoe.email, self.outbox, "his own words do not come back to him")

    def test_answer_of_the_technician_reaches_the_client_in_his_thread(self):
        ticket, __ = self._deliver(self._mail(message_id="<first@harbour-dental.test>"))

        with self.mock_mail_gateway():
            ticket.with_user(self.technician).message_post(body="Please try again", subtype_xmlid="mail.mt_comment")

        (mail,) = self._mails
        self.assertIn("zoe@harbour-dental.test", mail["email_to"][0])
        self.assertIn("<first@harbour-dental.test>", mail["references"])
        self.assertIn(self.address, mail["reply_to"])

    def test_answer_that_lost_its_thread_joins_by_number(self):
        ticket, __ = self._deliver(self._mail())
        subject = f"Re: [{ticket.number}] Printer jams"

        new, kept = self._deliver(self._mail(subject=subject, sender="omar@harbour-dental.test", text="Me too"))
        self.assertFalse(new)
        self.assertFalse(kept)
        self.assertIn("Me too", ticket.message_ids[0].body)

        stranger, __ = self._deliver(self._mail(subject=subject, sender="who@nowhere.test"))
        self.assertEqual(len(stranger), 1, "a number can be guessed: strangers do not get in by it")

    def test_automatic_answer_joins_its_ticket_quietly(self):
        ticket, __ = self._deliver(self._mail())
        ticket.user_id = self.technician
        ticket._move_to_state("resolved")

        mail = self._answer_to(ticket, text="I am on vacation", Auto_Submitted="auto-replied")
        new, kept = self._deliver(mail)

        self.assertFalse(new)
        self.assertFalse(kept)
        note = ticket.message_ids.filtered(lambda m: "on vacation" in m.body)
        self.assertEqual(note.subtype_id, self.env.ref("mail.mt_note"))
        self.assertEqual(ticket.state, "resolved")
        self.assertFalse(self.outbox)

    def test_automatic_answer_to_nothing_is_kept(self):
        for headers in (
            {"Auto_Submitted": "auto-replied"},
            {"X_Autoreply": "yes"},
            {"Precedence": "auto_reply"},
            {"Auto_Submitted": "auto-generated", "In_Reply_To": "<never-seen@x.test>"},
        ):
            new, kept = self._deliver(self._mail(subject="Out of the building", **headers))

            self.assertFalse(new, headers)
            self.assertRecordValues(kept, [{
                "reason": "auto_reply", "desk_id": self.desk.id, "company_id": self.company.id, "state": "new", "ticket_id": False,
            }])
            self.assertFalse(self.outbox)

    def test_report_of_a_monitor_becomes_a_ticket(self):
        ticket, kept = self._deliver(self._mail(subject="Backup failed", Auto_Submitted="auto-generated"))

        self.assertFalse(kept)
        self.assertEqual(ticket.name, "Backup failed")
        self.assertEqual(ticket.announcement_due, "notice", "a machine is not answered")

    def test_bounce_is_noted_on_its_ticket_and_kept(self):
        ticket, __ = self._deliver(self._mail())
        answer = ticket.with_user(self.technician).message_post(body="Try", subtype_xmlid="mail.mt_comment")
        raw = BOUNCE.format(to=self.mail_alias_domain.bounce_email, original=answer.message_id)

        new, kept = self._deliver(raw)

        self.assertFalse(new)
        self.assertRecordValues(kept, [{"reason": "bounce", "ticket_id": ticket.id, "desk_id": self.desk.id}])
        self.assertIn("could not be delivered", ticket.message_ids[0].body)
        self.assertEqual(ticket.message_ids[0].subtype_id, self.env.ref("mail.mt_note"))
        self.assertFalse(self.outbox)

    def test_bounce_to_a_desk_is_kept_though_nothing_of_it_is_known(self):
        new, kept = self._deliver(BOUNCE.format(to=self.address, original="<never-seen@x.test>"))

        self.assertFalse(new)
        self.assertRecordValues(kept, [{"reason": "bounce", "ticket_id": False, "desk_id": self.desk.id}])

    def test_our_own_mail_coming_back_is_kept(self):
        new, kept = self._deliver(self._mail(sender=f"Help <{self.address}>"))
        self.assertFalse(new)
        self.assertEqual(kept.reason, "loop")

        new, kept = self._deliver(self._mail(X_Loop=self.address))
        self.assertFalse(new)
        self.assertEqual(kept.reason, "loop")
        self.assertFalse(self.outbox)

    def test_flood_of_one_sender_is_kept_and_not_answered(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", 3)
        results = [self._deliver(self._mail(subject=f"Disk full {number}")) for number in range(5)]

        self.assertEqual([len(ticket) for ticket, __ in results], [1, 1, 1, 0, 0])
        self.assertEqual([kept.reason for __, kept in results[3:]], ["loop", "loop"])
        self.assertFalse(self.outbox)

    def test_flood_is_noted_on_the_last_ticket_of_the_sender_once(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", 2)
        tickets = self.env["psa.ticket"]
        for number in range(5):
            tickets |= self._deliver(self._mail(subject=f"Disk full {number}"))[0]

        notes = tickets.message_ids.filtered(lambda message: "goes round in a loop" in (message.body or ""))
        self.assertEqual(notes.mapped("res_id"), tickets.sorted("id")[-1:].ids)

    def test_machine_that_says_the_same_again_and_again_is_stopped_with_a_note(self):
        ticket, __ = self._deliver(self._mail())
        answers = [
            self._deliver(self._mail(
                subject=f"Re: [{ticket.number}] Printer jams", text=f"Thank you, your request #{number} has arrived.",
                In_Reply_To=ticket.origin_message_id,
            ))[1]
            for number in range(6)
        ]

        self.assertEqual([kept.reason for kept in answers], [False, False, False, "loop", "loop", "loop"])
        said = ticket.entry_ids.filtered(lambda entry: "has arrived" in (entry.search_text or ""))
        self.assertEqual(len(said), 3)
        notes = ticket.message_ids.filtered(lambda message: "goes round in a loop" in (message.body or ""))
        self.assertEqual(len(notes), 1)
        self.assertTrue(notes.subtype_id.internal or not notes.subtype_id)

    def test_mail_the_desk_does_not_accept_is_kept(self):
        self.desk.alias_contact = "followers"

        new, kept = self._deliver(self._mail(sender="who@nowhere.test"))

        self.assertFalse(new)
        self.assertEqual(kept.reason, "unroutable")
        self.assertFalse(self.outbox)

    def test_mail_delivered_twice_is_one_ticket(self):
        mail = self._mail()

        first, __ = self._deliver(mail)
        second, kept = self._deliver(mail)

        self.assertEqual(len(first), 1)
        self.assertFalse(second)
        self.assertFalse(kept)

    def test_kept_mail_delivered_twice_is_kept_once(self):
        mail = self._mail(Auto_Submitted="auto-replied")

        __, first = self._deliver(mail)
        __, second = self._deliver(mail)

        self.assertEqual(len(first), 1)
        self.assertFalse(second)

    @mute_logger("odoo.sql_db")
    def test_two_workers_with_the_same_mail_make_one_ticket(self):
        """The other worker has committed its ticket, but this transaction does not see its message yet."""
        self._new_ticket(origin_message_id="<race@harbour-dental.test>")

        new, kept = self._deliver(self._mail(message_id="<race@harbour-dental.test>"))

        self.assertFalse(new)
        self.assertFalse(kept)

    def test_error_while_making_the_ticket_keeps_the_mail(self):
        mail = self._mail(subject="Very important", text="All is lost")
        with (
            patch.object(type(self.env["psa.ticket"]), "message_new", side_effect=ZeroDivisionError("boom")),
            mute_logger("odoo.addons.psa_helpdesk.models.mail_thread"),
        ):
            new, kept = self._deliver(mail)

        self.assertFalse(new)
        self.assertRecordValues(kept, [{"reason": "error", "name": "Very important", "desk_id": self.desk.id}])
        self.assertIn("ZeroDivisionError: boom", kept.detail)
        self.assertEqual(kept.raw_attachment_id.raw, mail.as_bytes())
        self.assertFalse(self.outbox)

    def test_error_on_a_reply_keeps_the_mail_with_its_ticket(self):
        ticket, __ = self._deliver(self._mail())
        mail = self._answer_to(ticket, to="somebody@else.test")
        with (
            patch.object(type(ticket), "message_update", side_effect=ZeroDivisionError("boom")),
            mute_logger("odoo.addons.psa_helpdesk.models.mail_thread"),
        ):
            __, kept = self._deliver(mail)

        self.assertEqual(kept.ticket_id, ticket)

    def test_conflict_with_another_transaction_is_tried_again_by_the_caller(self):
        with (
            patch.object(type(self.env["psa.ticket"]), "message_new", side_effect=SerializationFailure()),
            self.assertRaises(SerializationFailure),
        ):
            self._deliver(self._mail())

    def test_mail_that_cannot_be_parsed_is_kept(self):
        raw = self._mail(subject="Strange").as_bytes()
        with (
            patch.object(type(self.env["mail.thread"]), "_message_parse_extract_payload", side_effect=LookupError("charset")),
            mute_logger("odoo.addons.psa_helpdesk.models.mail_thread"),
        ):
            new, kept = self._deliver(raw)

        self.assertFalse(new)
        self.assertRecordValues(kept, [{"reason": "error", "name": "Strange", "desk_id": self.desk.id}])
        self.assertEqual(kept.raw_attachment_id.raw, raw)

    def test_mail_that_concerns_no_desk_goes_its_usual_way(self):
        with self.assertRaises(ValueError):
            self._deliver(self._mail(to="nobody@nowhere.test"))

    def test_nobody_outside_passes_for_the_gateway(self):
        thread = self.env["mail.thread"].with_context(psa_intake={"kind": "normal"})

        self.assertIsNone(thread._psa_intake())

    def test_kept_mail_can_be_made_a_ticket(self):
        mail = self._mail(subject="Out of office, but my PC burns", text="Help!", Auto_Submitted="auto-replied")
        __, kept = self._deliver(mail)

        action = kept.with_user(self.technician).action_make_ticket()

        ticket = self.env["psa.ticket"].browse(action["res_id"])
        self.assertRecordValues(ticket, [{
            "name": "Out of office, but my PC burns", "client_id": self.dental.id, "source": "email", "announcement_due": False,
        }])
        self.assertIn("Help!", ticket.description)
        self.assertRecordValues(kept, [{"state": "handled", "ticket_id": ticket.id}])

    def test_kept_mail_is_put_aside_and_taken_up_again(self):
        __, kept = self._deliver(self._mail(Auto_Submitted="auto-replied"))

        kept.with_user(self.technician).action_handle()
        self.assertEqual(kept.state, "handled")
        kept.with_user(self.technician).action_review_again()
        self.assertEqual(kept.state, "new")
