from odoo.tests import tagged
from odoo.tools import SQL

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestPerformance(PsaCrmCommon):

    def _new_clients(self, count, start=0):
        return self.env['res.partner'].create([
            {
                'name': f"Client {number}", 'is_company': True, 'psa_is_client': True,
                'psa_mail_domain_ids': [(0, 0, {'name': f'client-{number}.test'})],
                'child_ids': [(0, 0, {'name': f"Contact {number}", 'email': f'contact@client-{number}.test'})],
            }
            for number in range(start, start + count)
        ])

    def _query_count(self, action):
        action()  # fills the caches that the server keeps
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        action()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_senders_are_matched_in_a_constant_number_of_queries(self):
        self._new_clients(60)

        def match(count):
            addresses = [f'{who}@client-{number}.test' for number in range(count) for who in ('contact', 'stranger')]
            senders = self.env['res.partner']._psa_match_sender(addresses, self.company)
            self.assertTrue(all(client for _contact, client in senders.values()))

        few = self._query_count(lambda: match(3))
        many = self._query_count(lambda: match(60))

        self.assertEqual(few, many)
        self.env.invalidate_all()
        with self.assertQueryCount(6):
            match(60)

    def test_a_known_contact_is_matched_without_looking_at_domains(self):
        def match():
            self.env['res.partner']._psa_match_sender(['zoe@harbour-dental.test'], self.company)

        match()
        self.env.invalidate_all()
        with self.assertQueryCount(3):
            match()

    def test_the_list_of_clients_takes_as_many_queries_for_many_as_for_few(self):
        view = self.env.ref('psa_crm.view_res_partner_client_list')
        # One environment for all: a new one reads its user and companies again.
        partners = self.env['res.partner'].with_user(self.technician)
        fields = partners.get_views([(view.id, 'list')])['models']['res.partner']['fields']
        specification = {name: {} for name in (
            'complete_name', 'psa_client_status', 'psa_account_manager_id', 'psa_primary_technician_id', 'phone', 'email',
            'city', 'psa_mail_domain_ids', 'category_id', 'psa_portal_user_count',
        )}
        self.assertIn('psa_mail_domain_ids', fields)

        def show(limit):
            return partners.web_search_read(
                [('psa_is_client', '=', True)], specification, limit=limit, count_limit=10001)

        self._new_clients(20)
        few = self._query_count(lambda: show(10))
        self._new_clients(60, start=20)
        many = self._query_count(lambda: show(80))

        self.assertEqual(few, many)

    def test_roles_of_many_contacts_are_read_in_a_constant_number_of_queries(self):
        # Browsed as a list view does: read through a field, they would be prefetched client by client.
        contacts = self.env['res.partner'].browse(self._new_clients(20).child_ids.ids)
        contacts[:3].psa_portal_role = 'employee'
        contacts[3:9].psa_portal_role = 'administrator'

        few = self._query_count(lambda: contacts[:4].mapped('psa_portal_role'))
        many = self._query_count(lambda: contacts.mapped('psa_portal_role'))

        self.assertEqual(few, many)

    def test_the_list_of_clients_has_an_index_in_its_order(self):
        self._new_clients(2)
        # On a table this small sorting is as cheap; without it only an index in exactly this order is left.
        self.env.cr.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; SET LOCAL enable_seqscan = off")
        query = self.env['res.partner'].sudo()._search([('psa_is_client', '=', True)], order='complete_name ASC, id DESC', limit=80)

        plan = '\n'.join(row[0] for row in self.env.execute_query(SQL("EXPLAIN %s", query.select())))

        self.assertIn('res_partner_psa_client_idx', plan)
