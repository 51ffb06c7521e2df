from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install", "mail_gateway")
class TestReach(HelpdeskCommon):
    """What is said to the client reaches who asked, also while nobody knows him; where it cannot, whoever writes is told."""

    def setUp(self):
        super().setUp()
        self.ticket = self._unknown().with_user(self.technician)

    def _unknown(self, sender="Bob <bob@home.test>"):
        return self.env["psa.ticket"].create({
            "name": "Cannot sign in", "desk_id": self.desk.id, "email_from": sender, "source": "email"})

    def _got(self):
        return sorted({
            address for mail in self._new_mails for address in [mail.email_to, *mail.recipient_ids.mapped("email")] if address})

    def _written(self, method, *arguments, **values):
        """Do something and return the addresses that got a mail."""
        with self.mock_mail_gateway():
            method(*arguments, **values)
            self.env.flush_all()
        return self._got()

    def test_an_entry_reaches_the_unknown_sender(self):
        got = self._written(self.env["psa.ticket.entry"].with_user(self.technician).create, {
            "ticket_id": self.ticket.id, "kind": "comment", "body": "<p>Which account?</p>"})

        self.assertEqual(len(got), 1)
        self.assertIn("bob@home.test", got[0])
        self.assertFalse(self.ticket.partner_id)

    def test_a_note_does_not(self):
        self.assertFalse(self._written(self.ticket._add_entry, "Who is that?", is_internal=True))

    def test_so_do_the_dialogs(self):
        for dialog in ("compose", "resolve", "macro", "bulk"):
            with self.subTest(dialog=dialog):
                got = self._written(getattr(self, f"_{dialog}"), self._unknown().with_user(self.technician))
                self.assertEqual(len(got), 1, got)
                self.assertIn("bob@home.test", got[0])

    def _compose(self, ticket):
        self.env["psa.ticket.entry.compose"].with_user(self.technician).create({
            "ticket_id": ticket.id, "audience": "public", "body": "<p>Which account?</p>"}).action_save()

    def _resolve(self, ticket):
        wizard = self.env["psa.ticket.resolve"].with_user(self.technician).create({
            "ticket_ids": [Command.set(ticket.ids)], "body": "<p>Unlocked</p>", "audience": "public"})
        self.assertFalse(wizard.unreached)
        wizard.action_resolve()

    def _macro(self, ticket):
        self.env["psa.ticket.macro"].create({
            "name": "Ask", "company_id": self.company.id, "message_kind": "reply", "message_body": "Which account?",
        }).with_user(self.technician)._run(ticket)

    def _bulk(self, ticket):
        self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({
            "ticket_ids": [Command.set(ticket.ids)], "comment": "<p>Which account?</p>"}).action_apply()

    def test_one_mail_about_many_of_his_tickets(self):
        tickets = self.ticket | self._unknown().with_user(self.technician)

        with self.mock_mail_gateway():
            self._bulk(tickets)

        self.assertEqual(len(self._new_mails), 1)
        self.assertIn("bob@home.test", self._new_mails.email_to)

    def test_the_incidents_of_a_problem(self):
        problem = self._new_ticket(is_problem=True)
        self.ticket.sudo().problem_id = problem
        wizard = self._problem_dialog(problem)
        self.assertEqual(wizard.contact_count, 1)
        self.assertFalse(wizard.unreached)

        got = self._written(wizard.action_resolve)

        self.assertIn("bob@home.test", " ".join(got))

    def _problem_dialog(self, problem):
        dialog = Form(self.env["psa.problem.resolve"].with_user(self.technician).with_context(default_problem_id=problem.id))
        dialog.resolution = "<p>The directory is back</p>"
        return dialog.save()

    def test_his_answer_comes_back_to_the_ticket(self):
        with self.mock_mail_gateway():
            message = self.ticket._add_entry("Which account?").message_id
            self.env.flush_all()
        raw = f"""From: Bob <bob@home.test>
To: {self.address}
Subject: Re: {self.ticket.display_name}
Message-ID: <bob-2@home.test>
In-Reply-To: {message.sudo().message_id}
Content-Type: text/plain; charset=utf-8

The one for payroll.
"""
        got = self._written(self.env["mail.thread"].message_process, False, raw)

        self.assertTrue(self.ticket.entry_ids.filtered(lambda entry: "payroll" in (entry.body or "") and not entry.is_internal))
        self.assertNotIn("bob@home.test", " ".join(got))

    def test_once_he_is_the_contact_he_gets_it_once(self):
        bob = self._new_contact("Bob", "bob@home.test", self.dental)
        self.ticket.partner_id = bob

        self.assertEqual(self._written(self.ticket._add_entry, "Which account?"), ["bob@home.test"])

    def test_our_own_addresses_and_those_nobody_reads_get_nothing(self):
        for sender in (self.address, "Shop <no-reply@shop.test>", "MAILER-DAEMON@shop.test"):
            with self.subTest(sender=sender):
                self.assertFalse(self._written(self._unknown(sender).with_user(self.technician)._add_entry, "Which account?"))

    def test_where_nobody_is_reached_the_dialogs_say_so(self):
        silent = self._new_ticket(partner_id=False).with_user(self.technician)
        mute = self._new_contact("Mia Mute", False, self.dental)
        nameless = self._new_ticket(partner_id=mute.id).with_user(self.technician)
        reached = self._new_ticket().with_user(self.technician)

        self.assertEqual((silent | nameless | reached | self.ticket)._unreached(), silent | nameless)
        problem = self._new_ticket(is_problem=True)
        silent.sudo().problem_id = problem
        dialogs = (
            self.env["psa.ticket.entry.compose"].with_user(self.technician).create({"ticket_id": silent.id, "audience": "public"}),
            self.env["psa.ticket.resolve"].with_user(self.technician).create({"ticket_ids": [Command.set(silent.ids)]}),
            self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({"ticket_ids": [Command.set((silent | reached).ids)]}),
            self._problem_dialog(problem),
        )
        for dialog in dialogs:
            with self.subTest(dialog=dialog._name):
                self.assertIn(silent.number, dialog.unreached)
                self.assertNotIn(reached.number, dialog.unreached)
        self.assertEqual(dialogs[-1].contact_count, 0)

    def test_both_composers_say_so_before_the_answer_leaves(self):
        silent = self._new_ticket(partner_id=False).with_user(self.technician)
        reached = self._new_ticket().with_user(self.technician)

        self.assertIn(silent.number, silent.psa_unreached())
        self.assertFalse(reached.psa_unreached())
        Composer = self.env["mail.compose.message"].with_user(self.technician)
        values = {"model": "psa.ticket", "composition_mode": "comment", "subtype_id": self.env.ref("mail.mt_comment").id}
        composer = Composer.create({**values, "res_ids": str(silent.ids), "partner_ids": False})
        self.assertIn(silent.number, composer.psa_unreached)
        composer.partner_ids = self.zoe
        self.assertFalse(composer.psa_unreached)
        composer.write({"partner_ids": False, "subtype_id": self.env.ref("mail.mt_note").id})
        self.assertFalse(composer.psa_unreached, "a note reaches nobody outside anyway")
        self.assertFalse(Composer.create({**values, "res_ids": str(reached.ids), "partner_ids": False}).psa_unreached)
        self.assertFalse(Composer.create({**values, "model": "res.partner", "res_ids": str(self.zoe.ids)}).psa_unreached)

    def test_a_macro_says_so_when_it_ran(self):
        silent = self._new_ticket(partner_id=False).with_user(self.technician)

        self._reset_bus()
        self._macro(silent)
        self.env.cr.precommit.run()

        told = self.env["bus.bus"].sudo().search([]).filtered(lambda row: "simple_notification" in row.message)
        self.assertIn(silent.number, told[-1:].message)
