from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import PsaAssetsCommon


@tagged('post_install', '-at_install')
class TestClientOverview(PsaAssetsCommon):

    def _warranties(self):
        self.env.invalidate_all()
        overview = self.client_dental.with_user(self.technician).psa_overview
        return [section for section in overview['sections'] if section['key'] == 'warranties']

    def test_it_shows_warranties_that_end_soon(self):
        today = fields.Date.today()
        soon = self._new_asset("Ends soon", warranty_date=today + timedelta(days=20))
        for days in (-1, 400):
            self._new_asset(f"In {days}", warranty_date=today + timedelta(days=days))

        sections = self._warranties()

        self.assertEqual([row['id'] for row in sections[0]['rows']], soon.ids)

    def test_it_leaves_them_out_when_none_ends(self):
        self.assertFalse(self._warranties())
