from itertools import count

from odoo.tests import tagged
from odoo.tools import SQL

from .common import PsaAssetsCommon


@tagged('post_install', '-at_install')
class TestPerformance(PsaAssetsCommon):

    def _new_assets(self, number_of, prefix):
        return self.env['psa.asset'].create([
            {
                'name': f"{prefix}-{number}", 'serial': f'{prefix}-SN-{number}', 'type_id': self.laptop_type.id,
                'client_id': self.client_dental.id, 'contact_id': self.zoe.id, 'warranty_date': '2030-01-01',
            }
            for number in range(number_of)
        ])

    def _query_count(self, action):
        action()  # fills the caches that the server keeps
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        action()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_the_list_of_assets_takes_as_many_queries_for_many_as_for_few(self):
        specification = {
            'name': {}, 'serial': {}, 'status': {}, 'location': {}, 'warranty_date': {}, 'warranty_state': {}, 'color': {},
            'type_id': {'fields': {'display_name': {}}}, 'client_id': {'fields': {'display_name': {}}},
            'contact_id': {'fields': {'display_name': {}}},
        }

        # One environment for all: a new one reads its user and companies again.
        assets = self.env['psa.asset'].with_user(self.technician)

        def show(limit):
            assets.web_search_read([], specification, limit=limit, count_limit=10001)

        self._new_assets(20, 'A')
        few = self._query_count(lambda: show(10))
        self._new_assets(60, 'B')
        many = self._query_count(lambda: show(80))

        self.assertEqual(few, many)

    def test_creating_twice_as_many_assets_does_not_take_twice_the_queries(self):
        names = count()
        ten = self._query_count(lambda: self._new_assets(10, f'A{next(names)}'))
        twenty = self._query_count(lambda: self._new_assets(20, f'B{next(names)}'))

        # Odoo writes followers and the first message of each record in batches of its own; ours adds nothing per record.
        self.assertLessEqual(twenty - ten, 10)

    def test_assets_of_many_clients_are_counted_at_once(self):
        clients = self.env['res.partner'].create([
            {'name': f"Client {number}", 'is_company': True, 'psa_is_client': True} for number in range(30)])

        few = self._query_count(lambda: self.env['res.partner'].browse(clients[:3].ids).mapped('psa_asset_count'))
        many = self._query_count(lambda: self.env['res.partner'].browse(clients.ids).mapped('psa_asset_count'))

        self.assertEqual(few, many)

    def test_the_list_of_assets_has_an_index_in_its_order(self):
        # On a table this small sorting is as cheap; without it only an index in exactly this order is left.
        self.env.cr.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; SET LOCAL enable_seqscan = off")
        query = self.env['psa.asset'].sudo()._search([], order=self.env['psa.asset']._order, limit=80)

        plan = '\n'.join(row[0] for row in self.env.execute_query(SQL("EXPLAIN %s", query.select())))

        self.assertIn('psa_asset_name_order_idx', plan)
