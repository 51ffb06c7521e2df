from odoo.tests import tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestClientOverview(HelpdeskCommon):

    def _section(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        overview = self.dental.with_user(user or self.technician).psa_overview
        return next(section for section in overview["sections"] if section["key"] == "tickets")

    def test_it_shows_the_newest_open_tickets_first_of_all(self):
        tickets = self.env["psa.ticket"].create([
            {"name": f"Ticket {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(7)
        ])
        tickets[6].stage_id = self.stage_by_state["closed"]

        section = self._section()

        self.assertEqual([row["id"] for row in section["rows"]], tickets[5:0:-1].ids)
        self.assertEqual(section["count"], 6)
        first = self.dental.with_user(self.technician).psa_overview["sections"][0]
        self.assertEqual(first["key"], "tickets")

    def test_it_takes_as_many_queries_for_many_tickets_as_for_few(self):
        def open_it():
            before = self.cr.sql_log_count
            self._section()
            return self.cr.sql_log_count - before

        def add(count):
            self.env["psa.ticket"].create([
                {"name": f"Ticket {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(count)
            ])

        def warm():
            """Count when what is cached is in the cache, whatever ran before."""
            open_it()
            return open_it()

        add(6)
        few = warm()
        add(40)

        self.assertLessEqual(warm(), few)

    def test_an_approver_sees_the_tickets_of_his_company(self):
        self.omar.psa_portal_role = "approver"
        approver = self.omar.user_ids
        ours = self._new_ticket(name="Of Zoë", partner_id=self.zoe.id)
        theirs = self.env["psa.ticket"].create({
            "name": "Theirs", "desk_id": self.rival_desk.id, "partner_id": self.hal.id, "company_id": self.rival.id,
        })

        seen = self.env["psa.ticket"].with_user(approver).search([("id", "in", (ours | theirs).ids)])

        self.assertEqual(seen, ours)
        self.assertFalse(ours.with_user(approver).has_access("write"))
