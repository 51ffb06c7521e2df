from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from .common import HelpdeskCommon


@tagged("post_install", "-at_install")
class TestParentChild(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        values = {"desk_id": cls.desk.id, "partner_id": cls.zoe.id}
        cls.move = cls.env["psa.ticket"].create({"name": "Office moves", **values})
        cls.cabling, cls.phones = cls.env["psa.ticket"].create([
            {"name": "Cabling", "parent_id": cls.move.id, **values}, {"name": "Phones", "parent_id": cls.move.id, **values},
        ])
        cls.quarry = cls._new_client("Quarry", cls.company, "quarry.test")
        cls.secret = cls.env["psa.ticket"].create({
            "name": "Quarry is being sold", "desk_id": cls.desk.id, "partner_id": cls._new_contact("Sue", "sue@quarry.test", cls.quarry).id,
        })

    def _hide_quarry(self):
        self.env["psa.access.rule"].create({
            "resource": "client", "client_id": self.quarry.id, "subject": "user",
            "user_id": self.technician.id, "level": "refuse", "company_id": self.company.id,
        })
        self.env.invalidate_all()

    def test_a_parent_knows_how_many_of_its_parts_are_open(self):
        move = self.move.with_user(self.technician)
        self.assertEqual((move.open_child_count, move.child_count), (2, 2))

        self.cabling.action_resolve()

        move.invalidate_recordset()
        self.assertEqual((move.open_child_count, move.child_count), (1, 2))
        self.assertFalse(move.children_done)
        self.phones.action_cancel()
        move.invalidate_recordset()
        self.assertTrue(move.children_done)
        self.assertEqual(move.state, "new")

    def test_the_parent_is_resolved_with_its_last_part_where_the_desk_wants_it(self):
        self.desk.resolves_parents = True
        grandparent = self._new_ticket(name="Everything new")
        self.move.parent_id = grandparent

        self.cabling.action_resolve()
        self.assertEqual(self.move.state, "new")
        self.phones.with_user(self.technician).action_resolve()

        self.assertEqual((self.move.state, grandparent.state), ("resolved", "resolved"))

    def test_a_part_is_entered_with_what_its_parent_is_about(self):
        action = self.move.with_user(self.technician).action_create_child()

        with Form(self.env["psa.ticket"].with_user(self.technician).with_context(**action["context"])) as form:
            form.name = "Furniture"
        part = form.record
        self.assertEqual((part.parent_id, part.partner_id, part.desk_id, part.client_id),
                         (self.move, self.zoe, self.desk, self.dental))

    def test_a_family_has_no_circle(self):
        for parent in (self.cabling, self.move):
            with self.assertRaisesRegex(ValidationError, "cannot be its parent"), self.cr.savepoint():
                self.move.with_user(self.technician).parent_id = parent

    def test_a_family_has_at_most_five_levels(self):
        last = self.cabling
        for level in range(3, 6):
            last = self._new_ticket(name=f"Level {level}", parent_id=last.id)

        with self.assertRaisesRegex(ValidationError, "too deep"), self.cr.savepoint():
            self._new_ticket(name="Level 6", parent_id=last.id)
        with self.assertRaisesRegex(ValidationError, "too deep"), self.cr.savepoint():
            self.move.parent_id = self._new_ticket(name="On top")

    def test_parts_are_found_by_their_parent(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        scope = [("id", "in", (self.move | self.cabling | self.phones).ids)]

        self.assertEqual(Ticket.search([*scope, ("parent_id", "=", self.move.id)]), self.phones | self.cabling)
        self.assertEqual(Ticket.search([*scope, ("parent_id", "=", False)]), self.move)
        self.assertEqual(Ticket.search([*scope, ("parent_id", "!=", False)]), self.phones | self.cabling)
        self.assertEqual(Ticket.search([*scope, ("parent_id", "ilike", "office mov")]), self.phones | self.cabling)
        self.assertEqual(Ticket.search([*scope, ("parent_id.name", "=", "Office moves")]), self.phones | self.cabling)

    def test_a_parent_that_may_not_be_read_is_not_shown(self):
        self.cabling.with_user(self.administrator).parent_id = self.secret
        self._hide_quarry()
        cabling = self.cabling.with_user(self.technician)

        self.assertFalse(cabling.parent_id)
        self.assertFalse(cabling.read(["parent_id"])[0]["parent_id"])
        self.assertFalse(cabling.web_read({"parent_id": {"fields": {"display_name": {}}}})[0]["parent_id"])
        self.assertFalse(cabling.search([("parent_id", "ilike", "sold")]))
        self.assertFalse(cabling.search([("parent_id", "=", self.secret.id)]))
        for operation in (lambda: cabling.read(["parent_ref_id"]), lambda: cabling.search([("parent_ref_id", "=", self.secret.id)]),
                          lambda: cabling.formatted_read_group([], ["parent_ref_id"], ["__count"])):
            with self.assertRaises(AccessError):
                operation()
        # Saving something else keeps it.
        cabling.name = "Cables"
        self.assertEqual(self.cabling.sudo().parent_ref_id, self.secret)

    def test_nobody_makes_a_ticket_part_of_one_he_may_not_read(self):
        self._hide_quarry()

        with self.assertRaises(AccessError):
            self.cabling.with_user(self.technician).parent_id = self.secret.with_user(self.technician)

    def test_children_that_may_not_be_read_are_not_counted(self):
        self.secret.with_user(self.administrator).parent_id = self.move
        self._hide_quarry()

        self.assertEqual(self.move.with_user(self.technician).child_count, 2)
        self.assertEqual(self.move.with_user(self.administrator).child_count, 3)

    def test_a_parent_is_of_the_same_company(self):
        foreign = self.env["psa.ticket"].create({"name": "Theirs", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})

        with self.assertRaises(ValidationError):
            self.cabling.parent_id = foreign

    def test_both_histories_tell_of_the_parent(self):
        self.assertIn(self.move.number, self.cabling.history_ids.filtered(lambda row: row.kind == "link").mapped("new_value"))
        self.assertIn(self.cabling.number, " ".join(self.move.history_ids.filtered(lambda row: row.kind == "link").mapped("description")))

    def test_the_portal_knows_nothing_of_families(self):
        self.zoe.psa_portal_role = "administrator"
        fields = self.env["psa.ticket"].with_user(self.zoe.user_ids).fields_get()

        self.assertFalse({"parent_id", "child_ids", "problem_id", "workaround", "link_ids", "satisfaction"} & fields.keys())
