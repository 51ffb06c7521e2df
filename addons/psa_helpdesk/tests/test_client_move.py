from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestClientMove(HelpdeskCommon):
    """Hilltop Legal moves from Rival IT, where Ingrid works alone, to her new company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rival_technician.active = False
        cls.rival.user_ids -= cls.env.user
        cls.pro = new_test_user(
            cls.env, "ingrid", groups="psa_crm.group_company_admin", email="ingrid@fjord-it.test",
            company_id=cls.rival.id, company_ids=[Command.set(cls.rival.ids)])
        cls.tag = cls.env["psa.ticket.tag"].create({"name": "court", "company_id": cls.rival.id})
        cls.option = cls.env["psa.ticket.option"].create(
            {"attribute": "module", "name": "Own module", "company_id": cls.rival.id})
        cls.asset = cls.env["psa.asset"].create({
            "name": "HT-01", "client_id": cls.hilltop.id, "company_id": cls.rival.id,
            "vendor_id": cls.env["res.partner"].create({"name": "Their vendor", "company_id": cls.rival.id}).id})
        cls.open_ticket = cls._new_rival_ticket(
            asset_ids=[Command.set(cls.asset.ids)], tag_ids=[Command.set(cls.tag.ids)], module_id=cls.option.id,
            priority_id=cls.env.ref("psa_helpdesk.option_priority_high").id, user_id=cls.pro.id)
        cls.closed_ticket = cls._new_rival_ticket(stage_id=cls.stage_by_state["closed"].id)

    @classmethod
    def _new_rival_ticket(cls, **values):
        return cls.env["psa.ticket"].create({
            "name": "Scanner is slow", "desk_id": cls.rival_desk.id, "partner_id": cls.hal.id, "company_id": cls.rival.id, **values})

    def _move(self):
        self.env["psa.service.company"].with_user(self.pro).create({
            "name": "Fjord IT", "country_id": self.env.ref("base.us").id, "client_ids": [Command.set(self.hilltop.ids)],
        }).action_create()
        return self.env["res.company"].search([("name", "=", "Fjord IT")])

    def test_tickets_and_assets_move_and_keep_their_numbers_and_states(self):
        numbers = (self.open_ticket | self.closed_ticket).mapped("number")

        company = self._move()

        tickets = self.open_ticket | self.closed_ticket
        self.assertEqual(tickets.company_id, company)
        self.assertEqual(tickets.mapped("number"), numbers)
        self.assertEqual(tickets.mapped("state"), ["new", "closed"])
        self.assertEqual(tickets.desk_id.company_id, company)
        self.assertEqual(tickets.queue_id.company_id, company)
        self.assertEqual(self.asset.company_id, company)
        self.assertEqual(self.asset.vendor_id.company_id, company)
        self.assertEqual(self.asset.vendor_id.name, "Their vendor")
        self.assertEqual(self.open_ticket.asset_ids, self.asset)
        self.assertEqual(self.open_ticket.user_id, self.pro)

    def test_options_and_tags_are_matched_by_name(self):
        company = self._move()

        self.assertEqual(self.open_ticket.priority_id, self.env.ref("psa_helpdesk.option_priority_high"))
        self.assertFalse(self.open_ticket.module_id)
        self.assertEqual(self.open_ticket.tag_ids.company_id, company)
        self.assertEqual(self.open_ticket.tag_ids.name, "court")

    def test_the_next_ticket_gets_the_next_number(self):
        company = self._move()

        ticket = self.env["psa.ticket"].with_user(self.pro).with_company(company).create({"name": "New"})

        self.assertGreater(ticket.number, max((self.open_ticket | self.closed_ticket).mapped("number")))

    def test_who_leaves_the_company_hands_over_his_tickets_and_leaves_desks_and_queues(self):
        owner = self._new_staff("hd_owner", "psa_crm.group_owner")
        ticket = self._new_ticket(user_id=self.technician.id)
        self.desk.member_ids = self.technician | self.dispatcher
        member = self.env["psa.staff"].search([("user_id", "=", self.technician.id)])

        member.with_user(owner)._psa_deactivate(self.dispatcher)

        self.assertEqual(ticket.user_id, self.dispatcher)
        self.assertEqual(self.desk.member_ids, self.dispatcher)
