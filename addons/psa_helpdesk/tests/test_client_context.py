from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestClientContext(HelpdeskCommon):

    def setUp(self):
        super().setUp()
        Ticket = self.env["psa.ticket"]
        self.ticket, self.other = Ticket.create([
            {"name": name, "desk_id": self.desk.id, "partner_id": self.zoe.id} for name in ("This one", "Another one")
        ])
        self.laptop = self.env["psa.asset"].create({
            "name": "LT-1", "serial": "SN-77", "client_id": self.dental.id, "company_id": self.company.id})

    def _sections(self, user, client=None):
        Ticket = self.env["psa.ticket"].with_user(user)
        return {section["key"]: section for section in Ticket.client_context((client or self.dental).id, self.ticket.id)}

    def test_a_technician_sees_the_other_tickets_and_the_assets_of_the_client(self):
        sections = self._sections(self.technician)

        self.assertEqual([row["id"] for row in sections["tickets"]["rows"]], self.other.ids)
        self.assertEqual(sections["tickets"]["count"], 1)
        self.assertEqual([row["id"] for row in sections["assets"]["rows"]], self.laptop.ids)
        self.assertIn("SN-77", sections["assets"]["rows"][0]["detail"])
        self.assertIn("notes", sections)

    def test_nobody_sees_a_client_of_another_company(self):
        self.assertFalse(self._sections(self.technician, self.hilltop))
        self.assertFalse(self._sections(self.rival_technician))

    def test_clients_ask_in_vain(self):
        self.zoe.psa_portal_role = "administrator"

        self.assertFalse(self._sections(self.zoe.user_ids))

    def test_it_takes_as_many_queries_for_a_client_with_many_tickets(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._sections(self.technician)
            return self.env.cr.sql_log_count - before

        queries()
        few = queries()
        self.env["psa.ticket"].create([
            {"name": f"x {number}", "desk_id": self.desk.id, "partner_id": self.omar.id} for number in range(30)
        ])
        self._sections(self.technician)

        self.assertLessEqual(queries(), few + 1)  # once there are more than shown, they are counted
