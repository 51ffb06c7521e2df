from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install", "mail_gateway")
class TestClientChange(HelpdeskCommon):
    """Zoë of Harbour Dental wrote, but it is Plain Ltd's printer: from then on nobody of Harbour Dental hears of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plain = cls._new_client("Plain Ltd", cls.company, "plain.test")
        cls.pat = cls._new_contact("Pat Plain", "pat@plain.test", cls.plain)

    def setUp(self):
        super().setUp()
        self.ticket = self._new_ticket(
            email_from="Zoë <zoe@harbour-dental.test>", email_cc="Omar <omar@harbour-dental.test>, ann@plain.test, ben@supplier.test",
            user_id=self.technician.id,
        ).with_user(self.technician)

    def _answered_to(self, ticket):
        """Answer the ticket's client and return the addresses that got a mail."""
        with self.mock_mail_gateway():
            ticket.with_user(self.technician)._add_entry("It is the toner")
            self.env.flush_all()
        return sorted({
            address for mail in self._new_mails for address in [mail.email_to, *mail.recipient_ids.mapped("email")] if address
        })

    def _told(self, ticket):
        """Return what history says of who was taken away."""
        return "\n".join(ticket.sudo().history_ids.filtered(lambda row: row.kind == "access").mapped("description"))

    def test_another_contact_leaves_nobody_of_the_former_client(self):
        self.ticket.message_subscribe(self.omar.ids)

        self.ticket.partner_id = self.pat

        self.assertEqual(self.ticket.client_id, self.plain)
        self.assertEqual(self._answered_to(self.ticket), ["ann@plain.test", "pat@plain.test"])
        self.assertEqual(self.ticket.email_cc, "ann@plain.test")
        self.assertNotIn(self.zoe, self.ticket.message_partner_ids)
        self.assertIn(self.technician.partner_id, self.ticket.message_partner_ids)

    def test_another_client_without_a_contact_leaves_nobody_either(self):
        self.ticket.write({"partner_id": False, "client_id": self.plain.id})

        self.assertEqual(self._answered_to(self.ticket), ["ann@plain.test"])
        self.assertFalse(self.ticket.email_from)

    def test_the_client_alone_takes_the_contact_along(self):
        self.ticket.client_id = self.plain

        self.assertFalse(self.ticket.partner_id)
        self.assertNotIn("zoe@harbour-dental.test", self._answered_to(self.ticket))

    def test_the_form_does_the_same(self):
        with Form(self.ticket) as form:
            form.partner_id = self.pat

        self.assertEqual(self._answered_to(self.ticket), ["ann@plain.test", "pat@plain.test"])

    def test_so_does_an_import(self):
        self.env["ir.model.data"].create({
            "module": "__test__", "name": "the_ticket", "model": "psa.ticket", "res_id": self.ticket.id})

        outcome = self.env["psa.ticket"].with_user(self.administrator).load(
            ["id", "partner_id/.id"], [["__test__.the_ticket", str(self.pat.id)]])

        self.assertTrue(outcome["ids"], outcome["messages"])
        self.assertEqual(self._answered_to(self.ticket), ["ann@plain.test", "pat@plain.test"])

    def test_what_is_said_on_many_tickets_does_not_reach_him(self):
        self.ticket.partner_id = self.pat
        wizard = self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({
            "ticket_ids": [Command.set(self.ticket.ids)], "comment": "<p>It is the toner</p>"})

        with self.mock_mail_gateway():
            wizard.action_apply()

        self.assertEqual(
            sorted([*self._new_mails.recipient_ids.mapped("email"), *filter(None, self._new_mails.mapped("email_to"))]),
            ["ann@plain.test", "pat@plain.test"])

    def test_links_of_earlier_mails_open_nothing(self):
        token = self.ticket.sudo()._portal_ensure_token()
        request = self._rating_request()

        self.ticket.partner_id = self.pat

        self.assertNotEqual(self.ticket.sudo()._portal_ensure_token(), token)
        self.assertTrue(request.is_superseded)

    def _rating_request(self):
        now = self.env.cr.now().replace(tzinfo=None)
        return self.env["psa.rating.request"].create({
            "ticket_id": self.ticket.id, "partner_id": self.zoe.id, "date_closed": now, "date_sent": now, "date_expires": now,
            "token_hash": "0" * 64})

    def test_history_and_conversation_say_who_was_taken_away(self):
        self.ticket.partner_id = self.pat

        told = self._told(self.ticket)
        for name in ("Harbour Dental", "Zoë Marsh", "omar@harbour-dental.test", "ben@supplier.test", "zoe@harbour-dental.test"):
            self.assertIn(name, told)
        self.assertNotIn("ann@plain.test", told)
        notes = self.ticket.message_ids.filtered(lambda message: "Zoë Marsh" in message.body and message.message_type == "notification")
        self.assertTrue(notes)
        self.assertTrue(all(note.is_internal for note in notes))

    def test_a_colleague_of_the_contact_takes_nothing_away(self):
        token = self.ticket.sudo()._portal_ensure_token()

        self.ticket.partner_id = self.omar

        self.assertIn(self.zoe, self.ticket.message_partner_ids)
        self.assertIn("ben@supplier.test", self.ticket.email_cc)
        self.assertEqual(self.ticket.sudo().access_token, token)
        self.assertFalse(self._told(self.ticket))

    def test_an_unknown_sender_who_becomes_known_keeps_his_copies(self):
        ticket = self._new_ticket(partner_id=False, email_from="pat@home.test", email_cc="ben@supplier.test")

        ticket.partner_id = self.pat

        self.assertEqual(ticket.email_cc, "ben@supplier.test")
        self.assertEqual(ticket.email_from, "pat@home.test")

    def test_many_tickets_are_changed_together(self):
        others = self._new_ticket() | self._new_ticket(email_cc="omar@harbour-dental.test")

        (self.ticket | others).write({"partner_id": self.pat.id})

        for ticket in self.ticket | others:
            self.assertNotIn(self.zoe, ticket.message_partner_ids)
            self.assertIn("Zoë Marsh", self._told(ticket))
        self.assertFalse(others[1].email_cc)

    def _lend(self, *clients):
        """Lend clients to the technician of the rival, who follows a ticket of Harbour Dental."""
        for client in clients:
            self.env["psa.client.share"].with_user(self.administrator).create({
                "client_id": client.id, "receiver_code": self.rival_technician.psa_share_code,
            }).with_user(self.rival_technician).action_accept()
        self.ticket.sudo().message_subscribe(self.rival_technician.partner_id.ids)
        self.assertIn(self.rival_technician.partner_id, self.ticket.sudo().message_partner_ids)

    def test_a_guest_of_both_clients_goes_on_following(self):
        self._lend(self.dental, self.plain)

        self.ticket.partner_id = self.pat

        self.assertIn(self.rival_technician.partner_id, self.ticket.sudo().message_partner_ids)

    def test_a_guest_of_the_former_client_only_does_not(self):
        self._lend(self.dental)

        self.ticket.partner_id = self.pat

        self.assertNotIn(self.rival_technician.partner_id, self.ticket.sudo().message_partner_ids)
        self.assertIn(self.rival_technician.name, self._told(self.ticket))

    def test_what_the_former_client_still_answers_is_a_note(self):
        first = self.ticket._add_entry("It is the toner").message_id
        self.ticket.partner_id = self.pat
        raw = f"""From: {self.zoe.email}
To: {self.address}
Subject: Re: {self.ticket.display_name}
Message-ID: <answer@harbour-dental.test>
In-Reply-To: {first.sudo().message_id}
Content-Type: text/plain; charset=utf-8

Thank you, and what of our scanner?
"""
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(False, raw)

        entry = self.ticket.entry_ids.filtered(lambda entry: "scanner" in (entry.body or ""))
        self.assertTrue(entry.is_internal)
        self.assertNotIn(self.pat, self._new_mails.recipient_ids)
        self.assertIn(self.technician.partner_id, self._new_mails.recipient_ids)

    def test_nor_does_the_number_let_him_in(self):
        self.ticket.partner_id = self.pat
        raw = f"""From: {self.zoe.email}
To: {self.address}
Subject: Re: [{self.ticket.number}] Printer jams
Message-ID: <number@harbour-dental.test>
Content-Type: text/plain; charset=utf-8

Thank you, and what of our scanner?
"""
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(False, raw)

        self.assertFalse(self.ticket.entry_ids.filtered(lambda entry: "scanner" in (entry.body or "")))
        self.assertEqual(self.env["psa.ticket"].search([("origin_message_id", "=", "<number@harbour-dental.test>")]).client_id, self.dental)
