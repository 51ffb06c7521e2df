from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from ..core.lifecycle import STATES
from ..models.psa_ticket_stage import STATE_SELECTION
from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestConfiguration(HelpdeskCommon):

    def test_stages_and_core_speak_of_the_same_states(self):
        self.assertEqual([key for key, __ in STATE_SELECTION], list(STATES))
        self.assertEqual({stage.state for stage in self.stage_by_state.values()}, set(STATES))

    def test_default_stages_serve_every_desk_of_every_company(self):
        desk = self.env["psa.desk"].create({"name": "Brand New", "company_id": self.rival.id})

        ticket = self.env["psa.ticket"].create({"name": "x", "desk_id": desk.id})
        for state in STATES[1:]:
            ticket._move_to_state(state)
            self.assertEqual(ticket.state, state)

    def test_a_desk_prefers_its_own_stage(self):
        own = self.env["psa.ticket.stage"].create({
            "name": "Incoming", "state": "new", "sequence": 99, "desk_ids": [(4, self.desk.id)],
        })

        self.assertEqual(self._new_ticket().stage_id, own)
        self.assertEqual(
            self.env["psa.ticket"].create({"name": "x", "desk_id": self.rival_desk.id}).stage_id, self.stage_by_state["new"]
        )

    def test_the_meaning_of_a_used_stage_cannot_change(self):
        ticket = self._new_ticket()

        with self.assertRaisesRegex(ValidationError, "Create another stage"):
            ticket.stage_id.state = "closed"
        ticket.stage_id.name = "Incoming"
        self.assertEqual(ticket.state, "new")

    def test_a_desk_with_tickets_keeps_its_company(self):
        self._new_ticket()

        with self.assertRaisesRegex(ValidationError, "Create a new desk"):
            self.desk.write({"company_id": self.rival.id, "default_queue_id": False, "queue_ids": [(5,)]})
        with self.assertRaisesRegex(UserError, "Archive it"):
            self.desk.unlink()

    def test_a_queue_with_tickets_keeps_its_company(self):
        self._new_ticket()
        self.desk.write({"default_queue_id": False, "queue_ids": [(5,)]})

        with self.assertRaisesRegex(ValidationError, "Create a new queue"):
            self.queue.company_id = self.rival

    def test_counters_of_desk_and_queue(self):
        late = fields.Datetime.now() - timedelta(hours=1)
        self._new_ticket(user_id=self.technician.id, date_deadline=late)
        self._new_ticket(date_deadline=late)
        self._new_ticket()
        self._new_ticket(stage_id=self.stage_by_state["closed"].id, date_deadline=late)

        self.assertRecordValues(self.desk.with_user(self.technician), [{
            "open_ticket_count": 3, "unassigned_ticket_count": 2, "overdue_ticket_count": 2,
        }])
        self.assertRecordValues(self.queue.with_user(self.technician), [{"open_ticket_count": 3, "unassigned_ticket_count": 2}])
        self.assertEqual(self.dental.with_user(self.technician).psa_open_ticket_count, 3)
        self.assertEqual(self.zoe.with_user(self.technician).psa_open_ticket_count, 3)

    def test_the_counters_open_what_they_count(self):
        self._new_ticket(user_id=self.technician.id)
        free = self._new_ticket()

        action = self.desk.with_user(self.technician).with_context(search_default_unassigned=1).action_view_tickets()

        self.assertEqual(action["context"], {
            "default_desk_id": self.desk.id, "psa_desk_view_ref": self.desk.id, "search_default_unassigned": 1,
        })
        found = self.env["psa.ticket"].search([*action["domain"], ("user_id", "=", False)])
        self.assertEqual(found, free)

    def test_assets_know_their_tickets(self):
        asset = self.env["psa.asset"].create({"name": "LASER-1", "client_id": self.dental.id, "company_id": self.company.id})
        ticket = self._new_ticket(asset_ids=[(4, asset.id)])
        self._new_ticket(asset_ids=[(4, asset.id)], stage_id=self.stage_by_state["closed"].id)

        self.assertEqual(asset.with_user(self.technician).open_ticket_count, 1)
        self.assertIn(ticket, self.env["psa.ticket"].search(asset.action_view_tickets()["domain"]))

    def test_options_need_their_category(self):
        with self.assertRaisesRegex(ValidationError, "set the field Category"):
            self.env["psa.ticket.option"].create({"attribute": "subcategory", "name": "Lost"})
        with self.assertRaisesRegex(ValidationError, "Only a subcategory"):
            self.env["psa.ticket.option"].create({
                "attribute": "module", "name": "Lost", "parent_id": self.env.ref("psa_helpdesk.option_category_other").id,
            })

    def test_an_option_in_use_keeps_its_attribute(self):
        module = self.env["psa.ticket.option"].create({"attribute": "module", "name": "Ledger"})
        self._new_ticket(module_id=module.id)

        with self.assertRaisesRegex(ValidationError, "already use"):
            module.attribute = "phase"

    def test_an_option_is_unique_where_it_is_offered(self):
        values = {"attribute": "module", "name": "Ledger", "desk_id": self.desk.id}
        self.env["psa.ticket.option"].create([values, {**values, "desk_id": self.rival_desk.id}, {**values, "desk_id": False}])

        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.env["psa.ticket.option"].create({**values, "name": "LEDGER"})

    def test_the_board_shows_empty_columns(self):
        self._new_ticket()
        board = self.env["psa.ticket"].with_user(self.technician).with_context(read_group_expand=True)

        groups = board.web_read_group([("desk_id", "=", self.desk.id)], ["stage_id"], ["__count"])["groups"]

        names = {group["stage_id"][0] for group in groups}
        self.assertLessEqual({stage.id for stage in self.stage_by_state.values()}, names)

    def test_shared_code_of_two_desks_is_refused_in_one_company_only(self):
        self.env["psa.desk"].create({"name": "Twin", "code": "HLP", "company_id": self.rival.id})

        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.cr.savepoint():
            self.env["psa.desk"].create({"name": "Twin", "code": "HLP", "company_id": self.company.id})
