from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestSites(PsaCrmCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_dental.company_id = cls.company
        cls.early, cls.late = cls.env['resource.calendar'].create([
            {'name': "Early", 'tz': 'Europe/Paris', 'company_id': cls.company.id},
            {'name': "Late", 'tz': 'Asia/Tokyo', 'company_id': cls.company.id},
        ])
        cls.site = cls._new_site("Harbour practice")

    @classmethod
    def _new_site(cls, name, client=None, **values):
        return cls.env['res.partner'].create({
            'name': name, 'parent_id': (client or cls.client_dental).id, 'type': 'other', 'psa_is_site': True, **values})

    def _hours(self, partner):
        return partner._psa_calendar_and_tz()[partner]

    def test_the_nearest_hours_count(self):
        self.zoe.psa_site_id = self.site
        company_calendar = self.company.resource_calendar_id
        self.assertEqual(self._hours(self.zoe), (company_calendar, company_calendar.tz))

        self.client_dental.psa_calendar_id = self.early
        self.assertEqual(self._hours(self.zoe), (self.early, 'Europe/Paris'))

        self.site.psa_calendar_id = self.late
        self.assertEqual(self._hours(self.zoe), (self.late, 'Asia/Tokyo'))
        self.assertEqual(self._hours(self.omar), (self.early, 'Europe/Paris'))

        self.client_dental.psa_tz = 'America/New_York'
        self.assertEqual(self._hours(self.site), (self.late, 'America/New_York'))
        self.site.psa_tz = 'America/Boise'
        self.assertEqual(self._hours(self.zoe), (self.late, 'America/Boise'))

    def test_hours_of_many_are_found_at_once_by_whoever_asks(self):
        sites = self.env['res.partner'].concat(*(self._new_site(f"Site {number}", psa_calendar_id=self.early.id) for number in range(10)))
        people = self.env['res.partner'].create([
            {'name': f"P{site.id}", 'parent_id': self.client_dental.id, 'psa_site_id': site.id} for site in sites])
        employee, _administrator = self._new_portal_users()
        self.env.flush_all()

        def ask(records):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            hours = records._psa_calendar_and_tz()
            self.assertEqual(set(hours.values()), {(self.early, 'Europe/Paris')})
            return self.cr.sql_log_count - before

        ask(people)
        self.assertEqual(ask(people[:2]), ask(people))
        self.assertEqual(people[0].with_user(employee)._psa_calendar_and_tz()[people[0]][0], self.early)

    def test_a_site_is_an_address_of_a_client(self):
        for values in ({'type': 'invoice'}, {'parent_id': self.zoe.id}, {'parent_id': False}):
            with self.subTest(**values), self.assertRaisesRegex(ValidationError, "cannot be a site"), self.env.cr.savepoint():
                self.site.write(values)

    def test_a_person_works_at_a_site_of_his_client(self):
        other = self._new_client("Other")
        theirs = self._new_site("Theirs", other)

        for place in (theirs, self.omar):
            with self.assertRaisesRegex(ValidationError, "choose a site of Harbour Dental"), self.env.cr.savepoint():
                self.zoe.psa_site_id = place
        self.zoe.psa_site_id = self.site
        self.assertEqual(self.site.psa_site_contact_count, 1)

    def test_who_changes_to_another_client_leaves_the_site(self):
        self.zoe.psa_site_id = self.site
        desk = self._new_contact("Reception desk", False)

        self.zoe.parent_id = desk
        self.assertEqual(self.zoe.psa_site_id, self.site)
        self.zoe.parent_id = self._new_client("Other")

        self.assertFalse(self.zoe.psa_site_id)

    def test_there_is_one_primary_address(self):
        home, flat = self.env['res.partner'].create([
            {'name': "Home", 'parent_id': self.zoe.id, 'type': 'other', 'psa_address_use': 'primary'},
            {'name': "Flat", 'parent_id': self.zoe.id, 'type': 'other', 'psa_address_use': 'secondary'},
        ])

        flat.psa_address_use = 'primary'
        self.assertEqual((home.psa_address_use, flat.psa_address_use), ('secondary', 'primary'))
        boat = self.env['res.partner'].create({
            'name': "Boat", 'parent_id': self.zoe.id, 'type': 'other', 'psa_address_use': 'primary'})

        self.assertEqual((flat.psa_address_use, boat.psa_address_use), ('secondary', 'primary'))
        # Of somebody else it says nothing.
        self.env['res.partner'].create({'name': "X", 'parent_id': self.omar.id, 'type': 'other', 'psa_address_use': 'primary'})
        self.assertEqual(boat.psa_address_use, 'primary')

    def test_billing_and_shipping_addresses_are_shown(self):
        client = self.client_dental.with_user(self.technician)
        self.assertEqual((client.psa_billing_address_id, client.psa_shipping_address_id), (client, client))

        billing = self.env['res.partner'].create({'name': "Accounts", 'parent_id': client.id, 'type': 'invoice'})
        client.invalidate_recordset()

        self.assertEqual((client.psa_billing_address_id, client.psa_shipping_address_id), (billing, client))

    def test_a_technician_enters_a_site_in_the_form(self):
        with (
            Form(self.client_dental.with_user(self.technician)) as form,
            form.psa_site_ids.new() as site,
        ):
            site.name = "Hill practice"
            site.city = "Boise"
            site.psa_tz = 'America/Boise'

        site = self.client_dental.psa_site_ids.filtered(lambda place: place.name == "Hill practice")
        self.assertEqual((site.type, site.psa_is_site, site.psa_tz), ('other', True, 'America/Boise'))
