from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, freeze_time, new_test_user, tagged

from .common import PsaCrmCommon

NOW = datetime(2026, 3, 2, 10, 0)


@tagged('post_install', '-at_install')
class TestClientAbsence(PsaCrmCommon):
    """A technician goes on holiday; a colleague, or a professional of another company, stands in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.managed = cls._new_client("Managed", company_id=cls.company.id, psa_account_manager_id=cls.technician.id)
        cls.served = cls._new_client("Served", company_id=cls.company.id, psa_primary_technician_id=cls.technician.id)
        cls.other = cls._new_client("Of a Colleague", company_id=cls.company.id, psa_account_manager_id=cls.dispatcher.id)
        cls.clients = cls.managed | cls.served | cls.other
        cls.rival = new_test_user(
            cls.env, 'rival_cover', groups='psa_crm.group_technician', email='cover@rival.test', company_id=cls.other_company.id,
            company_ids=[Command.set(cls.other_company.ids)])
        cls.company.psa_access_default = 'need_to_know'

    def _away(self, cover, **values):
        with Form(self.env['psa.client.absence'].with_user(self.technician)) as form:
            if cover == self.rival:
                form.receiver_code = cover.psa_share_code
            else:
                form.cover_user_id = cover
            form.date_from = NOW
            form.date_to = NOW + timedelta(days=14)
            for name, value in values.items():
                setattr(form, name, value)
        return form.record

    def _sees(self, user):
        return self.clients.with_user(user)._filtered_access('read').with_user(self.env.user)

    def test_my_clients_are_listed_and_shared_in_one_go(self):
        with freeze_time(NOW):
            absence = self._away(self.billing)
            self.assertEqual(absence.client_ids, self.managed | self.served)
            self.assertFalse(self._sees(self.billing))

            absence.action_share()

            self.assertEqual(self._sees(self.billing), self.managed | self.served)
            self.assertEqual(absence.state, 'shared')
        with freeze_time(NOW + timedelta(days=14)):
            self.env.invalidate_all()
            self.assertFalse(self._sees(self.billing))

    def test_back_early_means_one_click(self):
        with freeze_time(NOW):
            absence = self._away(self.billing)
            absence.action_share()
            absence.action_revoke()

            self.assertFalse(self._sees(self.billing))
            self.assertEqual(absence.state, 'over')

    def test_a_professional_of_another_company_accepts_all_at_once(self):
        with freeze_time(NOW):
            self.served.psa_account_manager_id = self.technician
            absence = self._away(self.rival)
            absence.action_share()
            self.assertTrue(absence.is_waiting)
            self.assertFalse(self._sees(self.rival))

            absence.with_user(self.rival).action_accept()

            self.assertEqual(self._sees(self.rival), self.managed | self.served)
            absence.with_user(self.rival).action_return()
            self.assertFalse(self._sees(self.rival))

    def test_what_is_not_mine_to_give_away_stops_all_of_it(self):
        with freeze_time(NOW):
            absence = self._away(self.rival)
            with self.assertRaisesRegex(AccessError, "Served"), self.env.cr.savepoint():
                absence.action_share()

        self.assertFalse(absence.share_ids, "no half state")
        self.assertFalse(self._sees(self.rival))

    def test_each_wrong_absence_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "for himself"):
            self._away(self.technician)
        with freeze_time(NOW):
            with self.assertRaises(AccessError):
                self.env['psa.client.absence'].with_user(self.technician).create({
                    'user_id': self.dispatcher.id, 'cover_user_id': self.technician.id, 'date_to': NOW + timedelta(days=1)})
            empty = self._away(self.billing)
            empty.client_ids = False
            with self.assertRaisesRegex(UserError, "No client"):
                empty.action_share()
            done = self._away(self.billing)
            done.action_share()
            with self.assertRaises(UserError):
                done.action_share()
            with self.assertRaises(UserError):
                done.date_to = NOW + timedelta(days=20)
            with self.assertRaises(UserError):
                done.unlink()

    def test_an_administrator_arranges_it_for_somebody_who_fell_ill(self):
        with freeze_time(NOW):
            absence = self.env['psa.client.absence'].with_user(self.company_admin).create({
                'user_id': self.technician.id, 'cover_user_id': self.billing.id, 'date_to': NOW + timedelta(days=1)})
            absence.action_share()

            self.assertEqual(self._sees(self.billing), self.managed | self.served)

    def test_absences_are_seen_by_those_concerned(self):
        with freeze_time(NOW):
            absence = self._away(self.rival)
        for user in (self.technician, self.rival, self.company_admin):
            self.assertTrue(absence.with_user(user).has_access('read'), user.login)
        self.assertFalse(absence.with_user(self.rival).has_access('write'))
        for user in (self.dispatcher, self.billing):
            self.assertFalse(absence.with_user(user).has_access('read'), user.login)
