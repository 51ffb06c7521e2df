from odoo.tests import new_test_user, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestMention(HelpdeskCommon):
    """Whoever is mentioned gets the message only if it is for his eyes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal_user = new_test_user(cls.env, "hd_portal", groups="base.group_portal", email="pia@harbour-dental.test")
        cls.portal_user.partner_id.write({"parent_id": cls.dental.id, "company_id": cls.company.id})
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _post(self, partners, subtype="mail.mt_note"):
        self._reset_bus()
        with self.mock_mail_gateway():
            message = self.ticket.with_user(self.technician).message_post(
                body="Look", message_type="comment", subtype_xmlid=subtype, partner_ids=partners.ids)
            self.env.flush_all()
            self.env.cr.precommit.run()
        return message, "\n".join(self.env["bus.bus"].search([]).mapped("message"))

    def test_a_colleague_who_is_mentioned_is_told(self):
        message, bus = self._post(self.dispatcher.partner_id)

        self.assertEqual(message.notified_partner_ids, self.dispatcher.partner_id)
        self.assertNotIn("Not everybody", bus)

    def test_a_colleague_whom_the_rules_refuse_the_ticket_is_not_told_and_the_author_knows(self):
        self.env["psa.access.rule"].create({
            "level": "refuse", "resource": "desk", "desk_id": self.desk.id, "subject": "user",
            "user_id": self.dispatcher.id, "company_id": self.company.id,
        })

        message, bus = self._post(self.dispatcher.partner_id)

        self.assertFalse(message.partner_ids | message.notified_partner_ids)
        self.assertFalse(message.with_user(self.dispatcher).has_access("read"))
        self.assertIn("may not read this ticket", bus)
        self.assertIn(self.dispatcher.name, bus)

    def test_nobody_of_another_company_is_told(self):
        message, __ = self._post(self.rival_technician.partner_id, subtype="mail.mt_comment")

        self.assertFalse(message.partner_ids)

    def test_no_note_reaches_a_client(self):
        for client in (self.portal_user.partner_id, self.zoe):
            with self.subTest(client=client.name):
                message, bus = self._post(client)

                self.assertFalse(message.partner_ids | message.notified_partner_ids)
                self.assertFalse(self._new_mails)
                self.assertIn("internal notes do not go to clients", bus)
        message, __ = self._post(self.portal_user.partner_id, subtype="mail.mt_comment")
        self.assertIn(self.portal_user.partner_id, message.partner_ids)

    def test_a_mention_added_later_is_no_way_round(self):
        message, __ = self._post(self.dispatcher.partner_id)

        self.ticket.with_user(self.technician)._message_update_content(
            message, body="Look at it", partner_ids=(self.portal_user | self.rival_technician).partner_id.ids)

        self.assertFalse(message.partner_ids & (self.portal_user | self.rival_technician).partner_id)
