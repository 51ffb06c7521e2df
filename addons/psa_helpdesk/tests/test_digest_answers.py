from odoo.fields import Command
from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install", "mail_gateway")
class TestDigestAnswers(HelpdeskCommon):
    """What Zoë answers to a mail about many tickets, or to the notice of a merger, is a word of the client as any other."""

    def setUp(self):
        super().setUp()
        self.tickets = self._new_ticket(user_id=self.technician.id) | self._new_ticket(name="Scanner is slow", user_id=self.technician.id)
        self.tickets.stage_id = self.stage_by_state["waiting"]

    def _ask(self, tickets):
        """Ask the same on these tickets; return the mail Zoë gets."""
        wizard = self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({
            "ticket_ids": [Command.set(tickets.ids)], "comment": "<p>Does it still happen?</p>"})
        with self.mock_mail_gateway():
            wizard.action_apply()
        return self._new_mails.filtered(lambda mail: self.zoe in mail.recipient_ids).ensure_one()

    def _answer(self, mail, sender=None):
        """Let somebody answer a mail; return the entry it becomes."""
        raw = f"""From: {sender or self.zoe.email}
To: {self.address}
Subject: Re: {mail.subject}
Message-ID: <digest-answer@harbour-dental.test>
In-Reply-To: {mail.message_id}
References: {mail.message_id}
Content-Type: text/plain; charset=utf-8

Yes, every morning.
"""
        with self.mock_mail_gateway():
            self.env["mail.thread"].message_process(False, raw)
            self.env.flush_all()
        message = self.env["mail.message"].search([("message_id", "=", "<digest-answer@harbour-dental.test>")])
        return self.env["psa.ticket.entry"].search([("message_id", "=", message.id)]).ensure_one()

    def _assert_heard(self, entry):
        self.assertFalse(entry.is_internal)
        self.assertEqual(entry.kind, "comment")
        self.assertEqual(entry.author_id, self.zoe)
        self.assertEqual(entry.ticket_id.state, "open")
        self.assertIn(self.technician.partner_id, self._new_mails.recipient_ids)

    def test_an_answer_to_a_comment_on_one_ticket(self):
        entry = self._answer(self._ask(self.tickets[0]))

        self.assertEqual(entry.ticket_id, self.tickets[0])
        self._assert_heard(entry)

    def test_an_answer_to_a_comment_on_many_tickets(self):
        entry = self._answer(self._ask(self.tickets))

        self.assertIn(entry.ticket_id, self.tickets)
        self._assert_heard(entry)
        other = self.tickets - entry.ticket_id
        self.assertEqual(other.state, "open")
        self.assertIn(entry.ticket_id.number, " ".join(other.message_ids.filtered("is_internal").mapped("body")))

    def test_it_touches_no_ticket_that_was_only_named_in_it(self):
        hidden = self._new_ticket(partner_id=self._new_contact(
            "Sue", "sue@quarry.test", self._new_client("Quarry", self.company, "quarry.test")).id)
        hidden.stage_id = self.stage_by_state["waiting"]
        wizard = self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({
            "ticket_ids": [Command.set(self.tickets.ids)], "comment": f"<p>As in <a href='/my/tickets/{hidden.id}'>that</a></p>"})
        with self.mock_mail_gateway():
            wizard.action_apply()

        self._answer(self._new_mails.filtered(lambda mail: self.zoe in mail.recipient_ids).ensure_one())

        self.assertEqual(hidden.state, "waiting")

    def test_an_answer_to_the_notice_of_a_merger(self):
        survivor, merged = self.tickets
        wizard = self.env["psa.ticket.merge"].with_user(self.technician).create({
            "ticket_ids": [Command.set(self.tickets.ids)], "survivor_id": survivor.id, "notify_contact": True})
        with self.mock_mail_gateway():
            wizard.action_merge()
        survivor.stage_id = self.stage_by_state["waiting"]
        mail = self._new_mails.filtered(lambda mail: self.zoe in mail.recipient_ids and merged.number in mail.body_html)

        entry = self._answer(mail)

        self.assertEqual(entry.ticket_id, survivor)
        self._assert_heard(entry)

    def test_the_answer_lets_the_clock_go_on(self):
        self.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": self.company.id, "hours": "always", "desk_ids": [Command.link(self.desk.id)],
            "warning_percents": "", "target_ids": [Command.create({"resolution_hours": 4})]})
        ticket = self._new_ticket(user_id=self.technician.id)
        ticket.stage_id = self.stage_by_state["waiting"]
        self.assertEqual(ticket.sla_ids.state, "paused")

        self._answer(self._ask(ticket))

        self.assertEqual(ticket.sla_ids.state, "running")

    def test_it_takes_a_resolved_ticket_up_again(self):
        self.tickets[0].stage_id = self.stage_by_state["resolved"]

        self._answer(self._ask(self.tickets[0]))

        self.assertEqual(self.tickets[0].state, "open")

    def test_the_mail_itself_is_not_a_second_entry(self):
        self._ask(self.tickets[0])

        entries = self.tickets[0].entry_ids.filtered(lambda entry: "still happen" in (entry.body or ""))
        self.assertEqual(len(entries), 1)
        domain = [*self.env["mail.message"]._get_search_domain_share(), ("model", "=", "psa.ticket"), ("res_id", "=", self.tickets[0].id)]
        self.assertEqual(len(self.env["mail.message"].search(domain).filtered(lambda message: "still happen" in message.body)), 1)

    def test_what_one_of_ours_answers_stays_among_us(self):
        colleague = self._new_staff("hd_colleague", "psa_crm.group_technician")
        self.tickets[0].message_subscribe(colleague.partner_id.ids)
        wizard = self.env["psa.ticket.bulk.edit"].with_user(self.technician).create({
            "ticket_ids": [Command.set(self.tickets[0].ids)], "comment": "<p>Does it still happen?</p>"})
        with self.mock_mail_gateway():
            wizard.action_apply()
        mail = self._new_mails.filtered(lambda mail: colleague.partner_id in mail.recipient_ids)[:1]

        entry = self._answer(mail, sender=colleague.email)

        self.assertTrue(entry.is_internal)
        self.assertEqual(self.tickets[0].state, "waiting")
