import io
from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger
from PIL import Image
from psycopg2.errors import CheckViolation

from .common_document import PDF, DocumentCommon

NEW_PDF = PDF + b'% second'


@tagged('post_install', '-at_install')
class TestDocument(DocumentCommon):

    def test_a_technician_enters_a_document_in_the_form(self):
        with Form(self.env['psa.document'].with_user(self.technician).with_context(
            default_client_id=self.client_dental.id,
        )) as form:
            form.name = "Network plan"
            form.upload = self._base64(PDF)

        document = form.record
        self.assertEqual(document.client_id, self.client_dental)
        self.assertEqual(document.version_ids.author_id, self.technician)

    def test_the_file_gives_the_document_its_name(self):
        document = self.env['psa.document'].with_user(self.technician).create({
            'upload_name': 'Network_plan.pdf', 'upload': self._base64(PDF)})

        self.assertRecordValues(document, [{
            'name': "Network plan", 'version_number': 1, 'file_name': 'Network_plan.pdf', 'file_size': len(PDF),
            'company_id': self.company.id, 'portal_visibility': 'hidden', 'is_viewable': True,
            'type_id': self.env.ref('psa_crm.document_type_other').id,
        }])
        self.assertEqual(document.version_ids.author_id, self.technician)
        self.assertEqual(document.version_ids.mimetype, 'application/pdf')

    def test_many_files_become_as_many_documents(self):
        documents, refusals = self.env['psa.document'].with_user(self.technician)._create_from_files(
            [('a.txt', b'first'), ('b.txt', b'second'), ('a.txt', b'third')], {'client_id': self.client_dental.id})

        self.assertEqual(documents.mapped('name'), ["a", "b", "a"])
        self.assertEqual([self._content(version) for version in documents.current_version_id], [b'first', b'second', b'third'])
        self.assertFalse(refusals)

    def test_a_bad_file_among_good_ones_is_named_and_the_others_are_taken(self):
        self.env['ir.config_parameter'].set_param('web.max_file_upload_size', '10')

        documents, refusals = self.env['psa.document']._create_from_files(
            [('good.txt', b'good'), ('empty.txt', b''), ('huge.txt', b'x' * 11), ('', b'nameless'), ('ten.txt', b'x' * 10)])

        self.assertEqual(documents.mapped('name'), ["good", "ten"])
        self.assertEqual(len(refusals), 3)
        self.assertIn("empty.txt is empty", refusals[0])
        self.assertIn("up to 10", refusals[1])
        self.assertIn("no name", refusals[2])

    def test_a_new_version_keeps_the_old_one(self):
        first = self.sla.current_version_id

        second = self.sla.with_user(self.technician)._add_version('SLA v2.pdf', NEW_PDF, "Longer hours")

        self.assertEqual(self.sla.current_version_id, second)
        self.assertEqual(self.sla.version_ids.mapped('number'), [2, 1])
        self.assertEqual((second.comment, second.author_id, second.is_current), ("Longer hours", self.technician, True))
        self.assertFalse(first.is_current)
        self.assertEqual((self._content(first), self._content(second)), (PDF, NEW_PDF))
        self.assertNotEqual(first.checksum, second.checksum)

    def test_restoring_makes_a_new_version_of_the_old_file_and_stores_nothing_twice(self):
        first = self.sla.current_version_id
        self.sla._add_version('SLA v2.pdf', NEW_PDF)

        first.with_user(self.technician).action_restore()

        third = self.sla.current_version_id
        self.assertEqual(self.sla.version_ids.mapped('number'), [3, 2, 1])
        self.assertEqual(third.restored_from_id, first)
        self.assertEqual((third.checksum, third.file_name), (first.checksum, first.file_name))
        self.assertEqual(third.sudo().attachment_id, first.sudo().attachment_id)
        with self.assertRaisesRegex(UserError, "is the current one"):
            third.with_user(self.technician).action_restore()

    def test_the_same_file_again_is_no_new_version(self):
        with self.assertRaisesRegex(UserError, "same as version 1"):
            self.sla._add_version('SLA again.pdf', PDF)

        self.assertEqual(self.sla.version_number, 1)

    def test_files_that_cannot_be_taken_are_refused_with_a_reason(self):
        for name, content, reason in (('empty.pdf', b'', "is empty"), ('', b'x', "no name"), ('/', b'x', "no name")):
            with self.subTest(name=name), self.assertRaisesRegex(UserError, reason):
                self.sla._add_version(name, content)
        with self.assertRaisesRegex(ValidationError, "base64"):
            self.sla.with_user(self.technician).write({'upload': "not base64 at all!", 'upload_name': 'x.pdf'})

    def test_a_path_in_the_name_is_cut_off(self):
        version = self.sla._add_version('..\\..\\boot.ini', b'x')

        self.assertEqual(version.file_name, 'boot.ini')

    def test_a_large_picture_stays_as_it_was_given(self):
        buffer = io.BytesIO()
        Image.new('RGB', (2600, 20), 'white').save(buffer, 'PNG')

        version = self.sla._add_version('wiring.png', buffer.getvalue())

        self.assertEqual(self._content(version), buffer.getvalue())

    def test_the_wizard_adds_a_version_and_forgets_the_file(self):
        action = self.sla.with_user(self.technician).action_add_version()
        wizard = self.env[action['res_model']].with_user(self.technician).with_context(**action['context']).create({
            'file': self._base64(NEW_PDF), 'file_name': 'SLA v2.pdf', 'comment': "Second",
        })

        wizard.action_add()

        self.assertEqual(self.sla.version_number, 2)
        self.assertFalse(wizard.exists())

    def test_a_document_without_file_says_what_to_do(self):
        empty = self._new_document("Contract to come", content=None)

        for action in (empty.action_download, empty.action_preview):
            with self.assertRaisesRegex(UserError, "New Version"):
                action()

    def test_versions_are_neither_changed_nor_deleted(self):
        version = self.sla.current_version_id
        for user in (self.technician, self.company_admin, self.env.ref('base.user_admin')):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    version.with_user(user).write({'comment': "Forged"})
                with self.assertRaises(AccessError):
                    version.with_user(user).unlink()
                with self.assertRaises(AccessError):
                    self.sla.with_user(user).write({'version_ids': [(2, version.id)]})
                with self.assertRaises(AccessError):
                    self.env['psa.document.version'].with_user(user).create({'document_id': self.sla.id, 'number': 9})
        with self.assertRaises(AccessError):
            version.sudo().write({'comment': "Forged"})

    def test_only_the_company_administrator_deletes_a_document_and_the_files_go_with_it(self):
        self.sla._add_version('SLA v2.pdf', NEW_PDF)
        self.sla.version_ids[-1].action_restore()
        attachments = self.sla.version_ids.sudo().attachment_id
        self.env['psa.document.download'].with_user(self.technician)._log(self.sla.current_version_id, 'backend', 'download')
        log = self.sla.download_ids
        for user in (self.technician, self.dispatcher, self.billing):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.sla.with_user(user).unlink()

        self.sla.with_user(self.company_admin).unlink()

        self.assertFalse(attachments.exists())
        self.assertRecordValues(log, [{
            'document_id': False, 'version_id': False, 'document_name': "SLA 2026", 'version_number': 3,
            'user_name': self.technician.name, 'client_id': self.client_dental.id,
        }])

    def test_validity_and_its_filters_agree_on_every_day(self):
        documents = self.env['psa.document']
        for start, end, days in (
            (None, None, 30), ('2026-03-01', None, 30), (None, '2026-03-31', 10), ('2026-03-10', '2026-03-31', 10),
            ('2026-03-10', '2026-03-31', 0), ('2026-03-31', '2026-03-31', 30),
        ):
            documents |= self._new_document("x", content=None, date_start=start, date_end=end, reminder_days=days)
        states = [key for key, _label in documents._fields['validity'].selection]
        for today in ('2026-02-28', '2026-03-09', '2026-03-10', '2026-03-20', '2026-03-21', '2026-03-31', '2026-04-01'):
            with freeze_time(today):
                documents.invalidate_recordset(['validity'])
                for state in states:
                    with self.subTest(today=today, state=state):
                        found = documents.search([('id', 'in', documents.ids), ('validity', '=', state)])
                        self.assertEqual(found, documents.filtered(lambda document, state=state: document.validity == state))

    def test_dates_in_the_wrong_order_are_refused(self):
        with mute_logger('odoo.sql_db'), self.assertRaises(CheckViolation), self.cr.savepoint():
            self.sla.write({'date_start': date(2026, 5, 1), 'date_end': date(2026, 4, 30)})

    def test_only_clients_have_documents(self):
        with self.assertRaisesRegex(ValidationError, "is not a client"):
            self.sla.client_id = self.zoe

    def test_a_document_follows_the_company_of_its_client(self):
        theirs = self._new_client("Theirs", company_id=self.other_company.id)

        document = self.env['psa.document'].create({'name': "Of theirs", 'client_id': theirs.id, 'type_id': self.sla_type.id})

        self.assertEqual(document.company_id, self.other_company)

    def test_a_copy_has_no_file_and_is_not_on_the_portal(self):
        self.sla.portal_visibility = 'everybody'

        copy = self.sla.copy()

        self.assertRecordValues(copy, [{
            'name': "SLA 2026 (copy)", 'version_ids': [], 'current_version_id': False, 'portal_visibility': 'hidden',
        }])

    def test_the_button_of_a_client_counts_and_opens_its_documents(self):
        self._new_document("Price list")
        client = self.client_dental.with_user(self.technician)

        action = client.action_psa_documents()

        self.assertEqual(client.psa_document_count, 1)
        self.assertEqual(self.env['psa.document'].search(action['domain']), self.sla)
        self.assertEqual(action['context']['default_client_id'], self.client_dental.id)

    def test_who_may_put_a_document_on_the_portal_is_written_down(self):
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.sla.with_user(self.technician).portal_visibility = 'everybody'
        self.env.flush_all()
        self.env.cr.precommit.run()

        self.assertIn('portal_visibility', self.sla.message_ids.tracking_value_ids.field_id.mapped('name'))

    def test_days_before_the_end_come_from_the_type_and_can_be_changed(self):
        self.assertEqual(self.sla.reminder_days, self.sla_type.reminder_days)
        self.sla.write({'date_end': '2030-12-31', 'reminder_days': 5})

        self.assertEqual(self.sla.notice_date, fields.Date.to_date('2030-12-26'))
