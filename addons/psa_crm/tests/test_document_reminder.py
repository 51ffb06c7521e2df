from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ..models.psa_document_reminder import REMINDER_ACTIVITY
from .common_document import DocumentCommon


@tagged('post_install', '-at_install')
class TestDocumentReminder(DocumentCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time('2091-01-10'))
        cls.contract = cls._new_document(
            "Contract", client_id=cls.client_dental.id, date_end='2091-06-30', reminder_days=30,
            responsible_id=cls.technician.id)

    def _run(self, today):
        with freeze_time(today), self.enter_registry_test_mode():
            self.env.ref('psa_crm.ir_cron_document_reminder').method_direct_trigger()

    def _reminders(self, document=None):
        return (document or self.contract).activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref(REMINDER_ACTIVITY))

    def test_the_responsible_is_reminded_once_however_often_the_job_runs(self):
        self._run('2091-05-30')
        self.assertFalse(self._reminders())

        for today in ('2091-05-31', '2091-05-31', '2091-06-15', '2091-07-01'):
            self._run(today)

        reminder = self._reminders()
        self.assertEqual(len(reminder), 1)
        self.assertEqual(reminder.user_id, self.technician)
        self.assertEqual(str(reminder.date_deadline), '2091-06-30')
        self.assertIn("Contract", reminder.summary)

    def test_a_prolonged_document_closes_the_reminder_and_is_reminded_of_again(self):
        self._run('2091-05-31')

        with freeze_time('2091-06-01'):
            self.contract.with_user(self.technician).date_end = '2092-06-30'
        self.assertFalse(self._reminders())
        self._run('2091-06-02')
        self.assertFalse(self._reminders())
        self._run('2092-06-01')

        self.assertEqual(len(self._reminders()), 1)

    def test_without_responsible_the_account_manager_is_reminded_else_who_entered_it(self):
        self.client_dental.psa_account_manager_id = self.dispatcher
        managed = self._new_document("Managed", client_id=self.client_dental.id, date_end='2091-06-30', reminder_days=30)
        entered = self.env['psa.document'].with_user(self.billing).create({
            'name': "Entered", 'type_id': self.sla_type.id, 'date_end': '2091-06-30', 'reminder_days': 30})
        self.technician.active = False

        self._run('2091-06-01')

        self.assertEqual(self._reminders(managed).user_id, self.dispatcher)
        self.assertEqual(self._reminders(entered).user_id, self.billing)
        # Who has left is not reminded; the next one in the row is.
        self.assertEqual(self._reminders().user_id, self.dispatcher)

    def test_who_may_not_read_the_document_is_not_reminded_of_it(self):
        self.contract.responsible_id = self.plain_user
        self.client_dental.psa_account_manager_id = False
        self.contract.sudo().create_uid  # noqa: B018

        self._run('2091-06-01')

        self.assertNotEqual(self._reminders().user_id, self.plain_user)

    def test_what_had_ended_when_it_was_entered_or_is_archived_reminds_nobody(self):
        old = self._new_document("Old", date_end='2025-12-31', reminder_days=30, responsible_id=self.technician.id)
        self.contract.active = False

        self._run('2091-06-15')

        self.assertFalse(self._reminders(old))
        self.assertFalse(self._reminders())

    def test_a_day_that_was_missed_is_made_up_for(self):
        self._run('2091-08-01')

        self.assertEqual(len(self._reminders()), 1)
        self.assertEqual(str(self._reminders().date_deadline), '2091-08-01')

    def test_many_at_once_are_reminded_in_few_queries_and_an_index_finds_them(self):
        documents = self.env['psa.document'].create([
            {'name': f"D{number}", 'type_id': self.sla_type.id, 'date_end': '2091-06-30', 'reminder_days': 30,
             'responsible_id': (self.technician if number % 2 else self.dispatcher).id}
            for number in range(250)
        ])
        self.env.flush_all()
        before = self.cr.sql_log_count

        self._run('2091-06-01')

        self.assertEqual(len(documents.activity_ids), 250)
        self.assertLess(self.cr.sql_log_count - before, 250)
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = self.env['psa.document'].sudo()._search([('reminder_date', '<=', '2091-06-01')], order='reminder_date, id', limit=100)
        plan = '\n'.join(row[0] for row in self.env.execute_query(SQL("EXPLAIN %s", query.select())))
        self.assertIn('psa_document_reminder_idx', plan)
