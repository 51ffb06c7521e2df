from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestClientNote(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_dental.company_id = cls.company
        cls.colleague = cls._new_staff('psa_colleague', 'psa_crm.group_technician')
        cls.friday = fields.Date.today() + timedelta(days=3)

    def _new_note(self, user=None, **values):
        return self.env['psa.client.note'].with_user(user or self.technician).create({
            'name': "Asked for an offer", 'client_id': self.client_dental.id, **values})

    def test_a_note_is_written_in_two_clicks(self):
        action = self.client_dental.with_user(self.technician).action_psa_new_note()
        notes = self.env['psa.client.note'].with_user(self.technician).with_context(**action['context'])

        with Form(notes, view=action['views'][0][0]) as form:
            form.name = "Called about the scanner"

        note = form.record
        self.assertEqual(action['target'], 'new')
        self.assertEqual((note.client_id, note.user_id, note.kind), (self.client_dental, self.technician, 'call'))
        self.assertEqual(note.company_id, self.company)
        self.assertEqual(self.client_dental.with_user(self.technician).psa_note_count, 1)

    def test_a_note_from_a_person_names_the_person(self):
        context = self.zoe.with_user(self.technician).action_psa_new_note()['context']

        self.assertEqual(context, {'default_client_id': self.client_dental.id, 'default_contact_id': self.zoe.id})
        self._new_note(contact_id=self.zoe.id)
        self.assertEqual(self.zoe.with_user(self.technician).psa_note_count, 1)

    def test_the_contact_belongs_to_the_client(self):
        other = self._new_client("Other")

        with self.assertRaisesRegex(ValidationError, "Zoë Marsh does not belong to Other"):
            self._new_note(client_id=other.id, contact_id=self.zoe.id)
        with self.assertRaisesRegex(ValidationError, "is not a client"):
            self._new_note(client_id=self.zoe.id)

    def test_a_follow_up_is_on_the_list_of_its_author(self):
        note = self._new_note(follow_up_date=self.friday)

        activity = note.activity_ids
        self.assertEqual((activity.user_id, activity.date_deadline, activity.summary), (self.technician, self.friday, note.name))
        self.assertEqual(note.follow_up_state, 'planned')

    def test_note_and_activity_move_together(self):
        note = self._new_note(follow_up_date=self.friday)
        activity = note.activity_ids

        note.follow_up_date = self.friday + timedelta(days=7)
        self.assertEqual(activity.date_deadline, self.friday + timedelta(days=7))

        activity.date_deadline = self.friday + timedelta(days=1)
        self.assertEqual(note.follow_up_date, self.friday + timedelta(days=1))
        self.assertEqual(note.activity_ids, activity)

    def test_a_follow_up_done_on_the_list_is_done_on_the_note(self):
        note = self._new_note(follow_up_date=self.friday)

        note.activity_ids.with_user(self.technician).action_feedback(feedback="Sent the offer")

        self.assertEqual((note.follow_up_state, note.follow_up_done_on), ('done', fields.Date.today()))
        self.assertEqual(note.follow_up_date, self.friday)

    def test_a_follow_up_done_on_the_note_is_done_on_the_list(self):
        note = self._new_note(follow_up_date=self.friday)
        activity = note.activity_ids

        note.action_follow_up_done()

        self.assertFalse(activity.active)
        self.assertEqual(note.follow_up_state, 'done')

    def test_a_new_date_asks_for_it_again(self):
        note = self._new_note(follow_up_date=self.friday)
        note.action_follow_up_done()

        note.follow_up_date = self.friday + timedelta(days=30)

        self.assertEqual(note.follow_up_state, 'planned')
        self.assertEqual(note.activity_ids.date_deadline, self.friday + timedelta(days=30))

    def test_a_cancelled_activity_and_an_emptied_date_are_the_same(self):
        first, second = self._new_note(follow_up_date=self.friday), self._new_note(follow_up_date=self.friday)

        first.activity_ids.with_user(self.technician).unlink()
        second.follow_up_date = False

        self.assertFalse(first.follow_up_date)
        self.assertFalse(second.activity_ids)
        self.assertEqual((first | second).mapped('follow_up_state'), ['none', 'none'])

    def test_the_follow_up_goes_with_the_note_and_comes_back_with_it(self):
        note = self._new_note(follow_up_date=self.friday)

        note.action_archive()
        self.assertFalse(self.env['mail.activity'].search([('res_model', '=', note._name), ('res_id', '=', note.id)]))
        note.action_unarchive()
        self.assertEqual(note.activity_ids.date_deadline, self.friday)
        note_id = note.id
        note.unlink()

        self.assertFalse(self.env['mail.activity'].search([('res_model', '=', 'psa.client.note'), ('res_id', '=', note_id)]))

    def test_who_took_the_follow_up_over_keeps_it(self):
        note = self._new_note(follow_up_date=self.friday)
        note.activity_ids.user_id = self.colleague

        note.with_user(self.dispatcher).follow_up_date = self.friday + timedelta(days=1)

        self.assertEqual(note.activity_ids.user_id, self.colleague)

    def test_everybody_reads_and_only_the_author_and_dispatchers_correct(self):
        note = self._new_note()

        for user in (self.colleague, self.billing):
            self.assertEqual(note.with_user(user).name, "Asked for an offer")
            for attempt in (lambda user=user: note.with_user(user).write({'name': "Changed"}), note.with_user(user).unlink):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attempt()
        note.with_user(self.technician).name = "Corrected"
        note.with_user(self.dispatcher).name = "Corrected again"
        self.assertEqual(note.name, "Corrected again")
        self._new_note(self.billing)

    def test_nobody_writes_in_the_name_of_another(self):
        with self.assertRaises(AccessError):
            self._new_note(user_id=self.colleague.id)
        with self.assertRaises(AccessError):
            self._new_note().user_id = self.colleague
        self.assertEqual(self._new_note(self.dispatcher, user_id=self.colleague.id).user_id, self.colleague)

    def test_outsiders_read_nothing(self):
        note = self._new_note()
        employee, administrator = self._new_portal_users()
        rival = self.env['res.users'].create({
            'name': "Rival", 'login': 'rival_tech', 'company_id': self.other_company.id,
            'company_ids': [fields.Command.set(self.other_company.ids)],
            'group_ids': [fields.Command.set(self.env.ref('psa_crm.group_technician').ids)],
        })
        for user in (employee, administrator, self.plain_user, rival):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                note.with_user(user).read(['name'])

    def test_a_note_is_found_by_any_word_of_it(self):
        note = self._new_note(body="<p>The <b>centrifuge</b> hums</p>")

        found = self.env['psa.client.note'].with_user(self.technician).search([('search_text', 'ilike', 'centrifuge hums')])

        self.assertEqual(found, note)

    def test_notes_move_with_their_client(self):
        note = self._new_note()

        self.client_dental.company_id = self.other_company

        self.assertEqual(note.company_id, self.other_company)

    def test_a_client_with_notes_is_not_deleted(self):
        self._new_note()

        with self.assertRaises(IntegrityError), mute_logger('odoo.sql_db'), self.env.cr.savepoint():
            self.client_dental.child_ids.unlink()
            self.client_dental.unlink()

    def test_many_notes_take_as_many_queries_as_few(self):
        def write(count):
            before = self.cr.sql_log_count
            notes = self.env['psa.client.note'].with_user(self.technician).create([
                {'name': f"Note {number}", 'client_id': self.client_dental.id, 'follow_up_date': date(2030, 1, 1)}
                for number in range(count)
            ])
            self.env.flush_all()
            created = self.cr.sql_log_count - before
            notes.write({'follow_up_date': date(2030, 2, 1)})
            self.env.flush_all()
            return created, self.cr.sql_log_count - before - created

        write(2)
        few, many = write(5), write(25)

        # The activities' own followers and counters come with each record; ours must not add a growing share.
        self.assertLessEqual(many[0], few[0] + 25 * 2)
        self.assertLessEqual(many[1], few[1] + 5)
