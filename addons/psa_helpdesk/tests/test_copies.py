from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install", "mail_gateway")
class TestCopies(HelpdeskCommon):
    """Who is put in copy stays in the conversation, and in nothing else."""

    def _mail(self, sender="Zoë <zoe@harbour-dental.test>", to=None, cc="", subject="Help", reply_to="", number=1):
        headers = [
            f"From: {sender}", f"To: {to or self.address}", *([f"Cc: {cc}"] if cc else []), f"Subject: {subject}",
            f"Message-ID: <copies-{number}@harbour-dental.test>", *([f"In-Reply-To: {reply_to}"] if reply_to else []),
            "Content-Type: text/plain; charset=utf-8",
        ]
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(False, ("\r\n".join(headers) + "\r\n\r\nPlease help\r\n").encode())
            self.env.flush_all()
        return self.env["psa.ticket"].search([], order="id desc", limit=1)

    def _post(self, ticket, user=None, subtype="mail.mt_comment", **values):
        """Post and return the addresses that got a mail."""
        with self.mock_mail_gateway():
            ticket.with_user(user or self.technician).message_post(
                body="Done", message_type="comment", subtype_xmlid=subtype, **values)
            self.env.flush_all()
        return sorted(
            address for mail in self._new_mails for address in
            [*(mail.email_to or "").replace(";", ",").split(","), *mail.recipient_ids.mapped("email")] if address
        )

    def test_who_is_in_copy_gets_every_answer(self):
        ticket = self._mail(cc="Ann <ann@harbour-dental.test>, ben@supplier.test")

        self.assertEqual(ticket.email_cc, "Ann <ann@harbour-dental.test>, ben@supplier.test")
        for _time in range(2):
            got = " ".join(self._post(ticket))
            for address in ("zoe@harbour-dental.test", "ann@harbour-dental.test", "ben@supplier.test"):
                self.assertEqual(got.count(address), 1, got)

    def test_notes_never_go_to_copies(self):
        ticket = self._new_ticket(email_cc="ann@harbour-dental.test")

        self.assertNotIn("ann", " ".join(self._post(ticket, subtype="mail.mt_note")))
        self.assertNotIn("ann", " ".join(self._post(ticket, is_internal=True)))

    def test_our_own_addresses_never_become_copies(self):
        domain = self.mail_alias_domain
        rival = f"rival-help@{domain.name}"
        ticket = self._mail(cc=f"HELP@{domain.name}, {rival}, {domain.catchall_email}, ann@harbour-dental.test")

        self.assertEqual(ticket.email_cc, "ann@harbour-dental.test")
        ticket.email_cc = f"{self.address}"
        self.assertFalse(ticket.email_cc)

    def test_an_address_is_there_once_and_is_one(self):
        ticket = self._new_ticket(email_cc="Ann@harbour-dental.test, ann <ann@HARBOUR-dental.test>")

        self.assertEqual(ticket.email_cc, "ann <ann@harbour-dental.test>")
        with self.assertRaisesRegex(ValidationError, "not an e-mail address"):
            ticket.email_cc = "ann"

    def test_a_contact_in_copy_gets_one_mail_only(self):
        ticket = self._new_ticket(email_cc="zoe@harbour-dental.test, omar@harbour-dental.test")

        got = " ".join(self._post(ticket, partner_ids=self.omar.ids))

        self.assertEqual((got.count("zoe@"), got.count("omar@")), (1, 1))

    def test_the_answer_of_who_is_in_copy_joins_by_its_thread(self):
        ticket = self._mail(cc="ben@supplier.test")
        self._post(ticket)
        ours = ticket.message_ids.sorted("id")[-1].message_id

        self._mail(sender="Ben <ben@supplier.test>", reply_to=ours, subject="Re: Help", number=2)

        self.assertIn("ben@supplier.test", ticket.message_ids.sorted("id")[-1].email_from)

    def test_the_answer_of_who_is_in_copy_joins_by_number_but_no_strangers(self):
        ticket = self._new_ticket(email_cc="ben@supplier.test")

        self._mail(sender="ben@supplier.test", subject=f"Re: [{ticket.number}] Printer", number=3)
        self.assertEqual(ticket.message_ids.sorted("id")[-1].email_from, "ben@supplier.test")

        other = self._mail(sender="eve@supplier.test", subject=f"Re: [{ticket.number}] Printer", number=4)
        self.assertNotEqual(other, ticket)

    def test_what_one_in_copy_answers_reaches_the_others_and_not_himself(self):
        ticket = self._new_ticket(email_cc="ben@supplier.test, ann@harbour-dental.test", user_id=self.technician.id)

        self._mail(sender="ben@supplier.test", subject=f"[{ticket.number}]", cc="cid@supplier.test", number=5)

        got = " ".join(
            f"{mail.email_to or ''} {' '.join(mail.recipient_ids.mapped('email'))}" for mail in self._new_mails)
        self.assertIn("ann@harbour-dental.test", got)
        self.assertNotIn("ben@supplier.test", got)
        self.assertNotIn("cid@supplier.test", got)  # had the mail itself
        self.assertIn("cid@supplier.test", ticket.email_cc)

    def test_the_composer_does_not_offer_them_once_more(self):
        ticket = self._new_ticket(email_cc="ben@supplier.test")

        suggested = ticket.with_user(self.technician)._message_get_suggested_recipients(reply_discussion=True)

        self.assertNotIn("ben@supplier.test", [info["email"] for info in suggested])
