from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from .common import PsaCrmCommon


@tagged('post_install', '-at_install')
class TestMailDomain(PsaCrmCommon):

    def _add(self, name, client=None, **values):
        return self.env['psa.mail.domain'].create({
            'name': name, 'partner_id': (client or self.client_dental).id, **values,
        })

    def test_a_domain_is_kept_in_one_form(self):
        self.assertEqual(self._add(' @Zähne.TEST. ').name, 'xn--zhne-loa.test')

    def test_a_domain_is_kept_in_one_form_when_it_is_changed(self):
        domain = self._add('old.test')

        domain.name = 'NEW.Test'

        self.assertEqual(domain.name, 'new.test')

    def test_what_is_no_domain_is_refused_with_an_example(self):
        for text in ('zoe@harbour.test', 'https://harbour.test', 'localhost', 'harbour dental.test', '10.0.0.1'):
            with self.assertRaisesRegex(ValidationError, "is not a mail domain", msg=text):
                self._add(text)

    def test_public_mail_providers_are_refused(self):
        for name in ('gmail.com', 'GMX.de', 'yahoo.co.uk', 'eu.outlook.com', 'co.uk'):
            with self.assertRaisesRegex(ValidationError, "anybody can have an address", msg=name):
                self._add(name)

    def test_a_domain_belongs_to_a_client(self):
        supplier = self.env['res.partner'].create({'name': "Supplier", 'is_company': True})

        with self.assertRaisesRegex(ValidationError, "Supplier is not a client"):
            self._add('supplier.test', supplier)

    def test_two_clients_cannot_have_the_same_domain(self):
        other = self._new_client("Other")

        with self.assertRaises(UniqueViolation), mute_logger('odoo.sql_db'):
            self._add('Harbour-Dental.test', other)

    def test_two_companies_can_have_the_same_domain_for_their_own_clients(self):
        ours = self._new_client("Ours", company_id=self.company.id)
        theirs = self._new_client("Theirs", company_id=self.other_company.id)

        domains = self._add('shared-building.test', ours) | self._add('shared-building.test', theirs)

        self.assertEqual(domains.company_id, self.company | self.other_company)

    def test_a_domain_goes_with_its_client_to_another_company(self):
        client = self._new_client("Moving", company_id=self.company.id)
        domain = self._add('moving.test', client)

        client.company_id = self.other_company

        self.assertEqual(domain.company_id, self.other_company)
