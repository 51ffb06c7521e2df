from odoo.tests import tagged

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestSender(PsaCrmCommon):

    def _match(self, *addresses, company=None):
        return self.env['res.partner']._psa_match_sender(addresses, company or self.company)

    def assertSender(self, address, contact, client, company=None):
        self.assertEqual(self._match(address, company=company)[address], (contact, client))

    def test_a_contact_is_found_by_his_address_however_it_is_written(self):
        self.assertSender('zoe@harbour-dental.test', self.zoe, self.client_dental)
        self.assertSender('"Marsh, Zoë" <ZOE@Harbour-Dental.TEST>', self.zoe, self.client_dental)

    def test_a_stranger_at_a_known_domain_is_filed_under_the_client(self):
        nobody = self.env['res.partner']

        self.assertSender('new.hire@harbour-dental.test', nobody, self.client_dental)
        self.assertSender('scanner@ground-floor.harbour-dental.test', nobody, self.client_dental)

    def test_the_most_specific_domain_decides(self):
        north = self._new_client("Harbour North", psa_mail_domain_ids=[(0, 0, {'name': 'north.harbour-dental.test'})])

        self.assertSender('x@lab.north.harbour-dental.test', self.env['res.partner'], north)

    def test_a_contact_with_a_private_address_belongs_to_his_client(self):
        self.zoe.email = 'zoe.marsh.1990@gmail.com'

        self.assertSender('Zoe.Marsh.1990@gmail.com', self.zoe, self.client_dental)

    def test_an_address_wins_over_the_domain(self):
        consultant = self._new_contact("Consultant", 'consultant@harbour-dental.test', self._new_client("Consulting"))

        self.assertSender('consultant@harbour-dental.test', consultant, consultant.parent_id)

    def test_strangers_and_nonsense_match_nobody(self):
        nobody = self.env['res.partner']
        for address in ('someone@elsewhere.test', 'x@gmail.com', 'not an address', '', 'x@fakeharbour-dental.test'):
            self.assertSender(address, nobody, nobody)

    def test_a_contact_of_no_client_matches_nobody(self):
        self.env['res.partner'].create({'name': "Supplier", 'email': 'sales@supplier.test'})

        self.assertSender('sales@supplier.test', self.env['res.partner'], self.env['res.partner'])

    def test_a_person_wins_over_the_company_with_the_same_address(self):
        self.client_dental.email = self.zoe.email

        self.assertSender('zoe@harbour-dental.test', self.zoe, self.client_dental)

    def test_the_newest_of_equal_contacts_wins(self):
        newer = self._new_contact("Zoë M. Marsh", 'zoe@harbour-dental.test')

        self.assertSender('zoe@harbour-dental.test', newer, self.client_dental)

    def test_a_client_still_served_wins_over_a_former_one(self):
        former = self._new_client("Sold Practice", psa_client_status='former')
        self._new_contact("Zoë Marsh", 'zoe@harbour-dental.test', former)

        self.assertSender('zoe@harbour-dental.test', self.zoe, self.client_dental)

    def test_archived_contacts_and_clients_are_passed_over(self):
        nobody = self.env['res.partner']
        self.zoe.active = False
        self.assertSender('zoe@harbour-dental.test', nobody, self.client_dental)

        self.client_dental.active = False
        self.assertSender('zoe@harbour-dental.test', nobody, nobody)

    def test_one_company_never_gets_the_clients_of_another(self):
        nobody = self.env['res.partner']
        self.client_dental.company_id = self.other_company

        for address in ('zoe@harbour-dental.test', 'new.hire@harbour-dental.test'):
            self.assertSender(address, nobody, nobody, company=self.company)
        self.assertSender('zoe@harbour-dental.test', self.zoe, self.client_dental, company=self.other_company)
        self.assertSender('new.hire@harbour-dental.test', nobody, self.client_dental, company=self.other_company)

    def test_a_domain_of_the_company_wins_over_a_shared_one(self):
        own = self._new_client("Own Harbour", company_id=self.company.id)
        self.env['psa.mail.domain'].create({'name': 'harbour-dental.test', 'partner_id': own.id})

        self.assertSender('new.hire@harbour-dental.test', self.env['res.partner'], own)
        self.assertSender('new.hire@harbour-dental.test', self.env['res.partner'], self.client_dental, company=self.other_company)

    def test_international_domains_match_in_both_spellings(self):
        client = self._new_client("Zahnarzt", psa_mail_domain_ids=[(0, 0, {'name': 'zähne.test'})])
        contact = self._new_contact("Uwe", 'uwe@zähne.test', client)

        for address in ('uwe@zähne.test', 'uwe@xn--zhne-loa.test', 'UWE@ZÄHNE.test'):
            self.assertSender(address, contact, client)
        self.assertSender('neu@xn--zhne-loa.test', self.env['res.partner'], client)

    def test_nothing_is_created(self):
        before = self.env['res.partner'].with_context(active_test=False).search_count([])

        self._match('someone@elsewhere.test', 'new.hire@harbour-dental.test')

        self.assertEqual(self.env['res.partner'].with_context(active_test=False).search_count([]), before)
