from odoo.tests import tagged
from odoo.tools import SQL

from .common_document import DocumentCommon


@tagged('post_install', '-at_install')
class TestDocumentPerformance(DocumentCommon):

    def _new_documents(self, count, start=0):
        documents, _refusals = self.env['psa.document']._create_from_files(
            [(f'file {number}.txt', b'%d' % number) for number in range(start, start + count)],
            {'client_id': self.client_dental.id, 'type_id': self.sla_type.id})
        return documents

    def _query_count(self, action):
        action()  # fills the caches that the server keeps
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        action()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def test_the_list_takes_as_many_queries_for_many_as_for_few(self):
        documents = self.env['psa.document'].with_user(self.technician)
        specification = {name: {} for name in (
            'name', 'version_number', 'version_date', 'file_size', 'date_end', 'validity', 'portal_visibility', 'download_count',
            'is_viewable', 'icon',
        )}
        specification |= {name: {'fields': {'display_name': {}}} for name in ('type_id', 'client_id', 'responsible_id')}

        def show(limit):
            return documents.web_search_read([], specification, limit=limit, count_limit=10001)

        self._new_documents(20)
        few = self._query_count(lambda: show(10))
        self._new_documents(80, start=20)
        many = self._query_count(lambda: show(80))

        self.assertEqual(few, many)
        self.assertLessEqual(many, 12)

    def test_many_files_are_taken_in_few_queries(self):
        self._new_documents(1)
        few = self._query_count(lambda: self._new_documents(2, start=100))
        many = self._query_count(lambda: self._new_documents(20, start=200))

        self.assertLessEqual(many - few, 18 * 2)

    def test_the_default_order_has_an_index(self):
        self._new_documents(2)
        self.env.cr.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; SET LOCAL enable_seqscan = off")
        for model, index in (('psa.document', 'psa_document_order_idx'), ('psa.document.download', 'psa_document_download_order_idx')):
            query = self.env[model].sudo().with_context(active_test=False)._search([], order=self.env[model]._order, limit=80)
            plan = '\n'.join(row[0] for row in self.env.execute_query(SQL("EXPLAIN %s", query.select())))
            with self.subTest(model=model):
                self.assertIn(index, plan)
