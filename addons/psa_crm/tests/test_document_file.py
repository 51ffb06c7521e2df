import json

from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common_document import PDF, DocumentCommon

CANARY = b'canary in the document'


@tagged('post_install', '-at_install')
class TestDocumentFile(DocumentCommon, HttpCase):
    """The files: through our door only, and each passage is written down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in (cls.technician, cls.billing, cls.plain_user, cls.company_admin):
            user.password = user.login
        (cls.technician | cls.company_admin).group_ids += cls.env.ref('base.group_allow_export')
        cls.document = cls._new_document("Plan", content=CANARY, file_name='plan.txt', client_id=cls.client_dental.id)
        cls.version = cls.document.current_version_id
        cls.attachment = cls.version.sudo().attachment_id
        cls.route = f'/psa/documents/version/{cls.version.id}'

    def _sign_in(self, user):
        self.authenticate(user.login, user.login)

    def _rows(self):
        return self.env['psa.document.download'].search([('document_id', '=', self.document.id)])

    def test_a_download_is_answered_and_logged(self):
        self._sign_in(self.technician)

        answer = self.url_open(f'{self.route}?download=1')

        self.assertEqual(answer.content, CANARY)
        self.assertIn('attachment', answer.headers['Content-Disposition'])
        self.assertIn('no-store', answer.headers['Cache-Control'])
        self.assertRecordValues(self._rows(), [{
            'user_id': self.technician.id, 'version_id': self.version.id, 'version_number': 1, 'channel': 'backend',
            'kind': 'download', 'client_id': self.client_dental.id, 'company_id': self.company.id, 'document_name': "Plan",
        }])

    def test_a_preview_is_shown_in_place_and_logged_as_one(self):
        self._sign_in(self.technician)

        answer = self.url_open(self.route)

        self.assertNotIn('attachment', answer.headers['Content-Disposition'])
        self.assertEqual(self._rows().kind, 'preview')

    def test_part_of_a_file_is_not_to_be_had_past_the_log(self):
        self._sign_in(self.technician)
        first = self.url_open(self.route)

        answers = [
            self.url_open(self.route, headers={'Range': 'bytes=5-9'}),
            self.url_open(self.route, headers={'If-Modified-Since': 'Thu, 31 Dec 2099 00:00:00 GMT'}),
        ]

        for answer in answers:
            self.assertEqual((answer.status_code, answer.content), (200, CANARY))
        self.assertNotIn('ETag', first.headers)
        self.assertEqual(len(self._rows()), 3)

    def test_what_could_run_in_the_browser_is_saved_not_shown(self):
        page = self._new_document("Page", content=b'<html><script>alert(1)</script></html>', file_name='page.html')
        picture = self._new_document("Picture", content=b'<svg xmlns="http://www.w3.org/2000/svg"/>', file_name='picture.svg')
        self._sign_in(self.technician)
        for document in (page, picture):
            with self.subTest(document=document.name):
                answer = self.url_open(f'/psa/documents/version/{document.current_version_id.id}')
                self.assertTrue(
                    'attachment' in answer.headers['Content-Disposition'] or answer.headers['Content-Type'].startswith('text/plain'))
                self.assertEqual(answer.headers['X-Content-Type-Options'], 'nosniff')

    def test_who_may_not_see_the_document_sees_no_difference_to_none(self):
        self._sign_in(self.plain_user)

        forbidden = self.url_open(self.route)
        missing = self.url_open(f'/psa/documents/version/{self.version.id + 100_000}')

        self.assertEqual((forbidden.status_code, missing.status_code), (404, 404))
        self.assertNotIn(CANARY, forbidden.content)
        self.assertFalse(self._rows())

    def test_a_visitor_is_sent_to_the_sign_in(self):
        self.authenticate(None, None)

        self.assertIn('/web/login', self.url_open(self.route).url)

    def test_no_general_route_of_odoo_gives_the_file(self):
        urls = [
            f'/web/content/{self.attachment.id}', f'/web/content/{self.attachment.id}?download=true',
            f'/web/content/ir.attachment/{self.attachment.id}/datas', f'/web/content/ir.attachment/{self.attachment.id}/raw',
            f'/web/content/psa.document.version/{self.version.id}/attachment_id',
            f'/web/content/psa.document/{self.document.id}/upload', f'/web/image/{self.attachment.id}',
            f'/web/content/{self.attachment.id}?access_token=False', f'/web/content/{self.attachment.id}?access_token=',
        ]
        for user in (self.technician, self.company_admin):
            self._sign_in(user)
            for url in urls:
                with self.subTest(user=user.login, url=url), mute_logger('odoo.http', 'odoo.addons.base.models.ir_binary'):
                    self.assertNotIn(CANARY, self.url_open(url).content)
        self.assertFalse(self._rows())

    def test_the_api_gives_neither_the_file_nor_its_attachment(self):
        for user in (self.technician, self.company_admin, self.env.ref('base.user_admin')):
            self.env.invalidate_all()
            Attachment = self.env['ir.attachment'].with_user(user)
            own = Attachment.browse(self.attachment.id)
            attempts = {
                'read': lambda own=own: own.read(['datas']),
                'read raw': lambda own=own: own.read(['raw']),
                'write': lambda own=own: own.write({'public': True}),
                'token': lambda own=own: own.generate_access_token(),
                'move': lambda own=own, user=user: own.write({'res_model': 'res.partner', 'res_id': user.partner_id.id}),
                'copy': lambda own=own: own.copy(),
                'unlink': lambda own=own: own.unlink(),
                'field': lambda user=user: self.version.with_user(user).read(['attachment_id']),
                'export': lambda user=user: self.version.with_user(user).export_data(['attachment_id/datas']),
                'search': lambda user=user: self.version.with_user(user).search([('attachment_id.index_content', 'ilike', 'canary')]),
                'post': lambda user=user: user.partner_id.with_user(user).message_post(body="x", attachment_ids=[self.attachment.id]),
                'plant': lambda Attachment=Attachment: Attachment.create({
                    'name': 'x', 'raw': b'x', 'public': True, 'res_model': 'psa.document.version', 'res_id': self.version.id}),
                'plant later': lambda Attachment=Attachment: Attachment.create({'name': 'x', 'raw': b'x'}).write(
                    {'res_model': 'psa.document.version', 'res_id': self.version.id}),
            }
            for name, attempt in attempts.items():
                with self.subTest(user=user.login, attempt=name), self.assertRaises(AccessError), self.cr.savepoint():
                    attempt()
                    self.env.flush_all()
            for domain in ([('id', '=', self.attachment.id)], [('res_model', '=', 'psa.document.version')],
                           [('index_content', 'ilike', 'canary')], [('name', '=', 'plan.txt')]):
                with self.subTest(user=user.login, domain=domain):
                    self.assertFalse(Attachment.search_read(domain, ['name', 'datas']))
                    self.assertFalse(Attachment.search_count(domain))
        self.assertFalse(self._rows())

    def test_other_attachments_are_as_open_as_before(self):
        mine = self.env['ir.attachment'].with_user(self.technician).create({
            'name': 'mine.txt', 'raw': b'mine', 'res_model': 'res.partner', 'res_id': self.client_dental.id})

        self.assertEqual(mine.read(['raw'])[0]['raw'], b'mine')
        self.assertIn(mine, self.env['ir.attachment'].with_user(self.billing).search([('name', '=', 'mine.txt')]))
        both = self.env['ir.attachment'].with_user(self.technician).browse([mine.id, self.attachment.id])
        self.assertEqual(both._filtered_access('read'), mine)

    def test_files_are_uploaded_and_become_documents(self):
        self._sign_in(self.technician)

        answer = self._upload([('one.pdf', PDF), ('two.txt', b'two'), ('none.txt', b'')], client_id=self.client_dental.id)

        documents = self.env['psa.document'].browse(answer['ids'])
        self.assertEqual(documents.mapped('name'), ["one", "two"])
        self.assertEqual(documents.client_id, self.client_dental)
        self.assertEqual(documents.create_uid, self.technician)
        self.assertEqual(len(answer['refusals']), 1)

    def test_an_upload_without_the_right_leaves_nothing(self):
        before = self.env['psa.document'].search_count([])
        self._sign_in(self.plain_user)

        answer = self._upload([('one.pdf', PDF)])

        self.assertFalse(answer['ids'])
        self.assertTrue(answer['refusals'])
        self.assertEqual(self.env['psa.document'].search_count([]), before)

    def test_an_upload_needs_the_token_of_the_session(self):
        self._sign_in(self.technician)

        with mute_logger('odoo.http'):
            answer = self.url_open('/psa/documents/upload', data={'client_id': ''}, files=[('ufile', ('a.txt', b'a'))])

        self.assertEqual(answer.status_code, 400)

    def _upload(self, files, **values):
        data = {'csrf_token': Request.csrf_token(self), **values}
        answer = self.url_open('/psa/documents/upload', data=data, files=[('ufile', file) for file in files])
        self.assertEqual(answer.status_code, 200)
        return json.loads(answer.text)
