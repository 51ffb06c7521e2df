import json

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ..core.own_field_index import PREFIX, index_name
from ..models.psa_desk_field_index import create_statement, drop_statement, read_plan
from .common_own_fields import OwnFieldsCommon

# Enough tickets that PostgreSQL takes an index because it is faster, not because there is nothing to lose.
MANY = 20_000


@tagged("post_install", "-at_install")
class TestOwnFieldIndex(OwnFieldsCommon):

    def _follow(self):
        """Build and drop as the background does, but in this transaction, which has locked the tickets already."""
        plan = read_plan(self.env.cr)
        for index in plan.drop:
            self.env.cr.execute(drop_statement(index, concurrently=False))
        for step in plan.build:
            self.env.cr.execute(create_statement(*step, concurrently=False))
        return plan

    def _indexes(self):
        self.env.cr.execute("SELECT indexname FROM pg_indexes WHERE starts_with(indexname, %s)", [PREFIX])
        return {row[0] for row in self.env.cr.fetchall()}

    def _fill(self):
        """Put many tickets beside the one there is, each a copy of it with another rack."""
        self.env.flush_all()
        columns = [
            name for name, field in self.env["psa.ticket"]._fields.items()
            if field.store and field.column_type and name not in ("id", "number", "properties")
        ]
        self.env.cr.execute(SQL(
            """
            INSERT INTO psa_ticket (number, properties, %(columns)s)
            SELECT 'X' || n, jsonb_build_object('rack', 'S' || n, 'marks', jsonb_build_array('a')), %(columns)s
            FROM psa_ticket, generate_series(1, %(many)s) n WHERE id = %(id)s
            """,
            columns=SQL(", ").join(map(SQL.identifier, columns)), many=MANY, id=self.ticket.id,
        ))

    def _plan(self, domain):
        query = self.env["psa.ticket"].sudo()._search(domain, order="id")
        self.env.cr.execute(SQL("EXPLAIN (FORMAT JSON) %s", query.select()))
        return json.dumps(self.env.cr.fetchone()[0])

    def test_odoos_own_search_takes_the_index_because_it_is_faster(self):
        self._fill()
        self.env.cr.execute("ANALYZE psa_ticket")
        for domain in ([("properties.rack", "=", "S77")], [("properties.rack", "in", ["S77"])]):
            self.assertNotIn(PREFIX, self._plan(domain))
        self._field("rack").is_indexed = True

        self._follow()
        self.env.cr.execute("ANALYZE psa_ticket")

        for domain in ([("properties.rack", "=", "S77")], [("properties.rack", "in", ["S77"])]):
            with self.subTest(domain):
                plan = self._plan(domain)
                for method in ("btree", "gin"):
                    self.assertIn(index_name("rack", method), plan)
        self.assertEqual(self.env["psa.ticket"].search_count([("properties.rack", "=", "S77")]), 1)

    def test_indexes_come_and_go_with_the_fields(self):
        self.assertFalse(self._indexes())
        self._field("rack").is_indexed = True
        self._field("marks").is_indexed = True
        self._follow()
        names = {index_name(key, method) for key in ("rack", "marks") for method in ("btree", "gin")}
        self.assertEqual(self._indexes(), names)

        self._field("marks").is_indexed = False
        self._follow()
        self.assertEqual(self._indexes(), {name for name in names if name in (index_name("rack", "btree"), index_name("rack", "gin"))})
        copied = self.desk.copy()
        self._field("rack").write({"active": False})
        self.assertFalse(self._follow().drop, "the copied desk still searches by it")
        copied.unlink()
        self._follow()
        self.assertFalse(self._indexes())

    def test_ticking_the_box_wakes_the_background_once(self):
        cron = self.env.ref("psa_helpdesk.ir_cron_own_fields")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])

        self._field("rack").is_indexed = True
        self.assertGreater(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), triggers)
        self._follow()
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self._field("rack").name = "Rack Position"

        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), triggers)

    def test_no_lock_on_tickets_is_taken_for_the_length_of_a_building(self):
        for statement in (create_statement("i", "f", "gin"), drop_statement("i")):
            self.assertIn("CONCURRENTLY", statement.code)

    def test_an_update_of_the_addon_leaves_the_indexes(self):
        self._field("rack").is_indexed = True
        self._follow()
        before = self._indexes()

        self.env.registry.init_models(self.env.cr, ["psa.ticket"], {"module": "psa_helpdesk"}, install=False)
        self.env.registry.check_indexes(self.env.cr, ["psa.ticket"])

        self.assertEqual(self._indexes(), before)

    def test_a_hostile_name_stays_a_value(self):
        name = "x'||pg_sleep(9)||\\'"
        self.env.cr.execute(create_statement(index_name(name, "gin"), name, "gin", concurrently=False))

        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index_name(name, "gin")])
        self.assertRegex(self.env.cr.fetchone()[0], r"properties -> E?'x''\|\|pg_sleep")

    def test_a_value_no_index_can_hold_is_refused_with_its_label(self):
        self._field("rack").is_indexed = True

        with self.assertRaisesRegex(ValidationError, "Rack: the value is too long for a field with Fast Search"):
            self.ticket.write({"properties": {"rack": "R" * 2001}})
