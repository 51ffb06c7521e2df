from odoo.tests import tagged

from .common import PsaCrmCommon


class ChangesTheSetUp:
    """Finds what the common set-up makes as it was made, then changes all of it for its own tests."""

    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found = cls._look()
        cls.client_dental.name = "Renamed"
        cls.zoe.unlink()
        cls.technician.group_ids = [(5,)]
        cls.env['ir.config_parameter'].set_param('psa_crm.test_set_up', 'changed')

    @classmethod
    def _look(cls):
        return (
            cls.client_dental.name, bool(cls.zoe.exists()), cls.technician.has_group('psa_crm.group_technician'),
            cls.env['ir.config_parameter'].get_param('psa_crm.test_set_up'),
        )

    def test_the_class_found_what_was_set_up_and_its_tests_what_it_changed(self):
        self.assertEqual(self.found, ("Harbour Dental", True, True, False))
        self.assertEqual(self._look(), ("Renamed", False, False, 'changed'))
        self.client_dental.name = "Renamed again"

    def test_what_a_test_changed_is_taken_back(self):
        self.assertEqual(self.client_dental.name, "Renamed")
        self.client_dental.name = "Renamed again"


@tagged('post_install', '-at_install')
class TestSetUpOfOne(ChangesTheSetUp, PsaCrmCommon):
    """The first to change it."""


@tagged('post_install', '-at_install')
class TestSetUpOfAnother(ChangesTheSetUp, PsaCrmCommon):
    """The second, which finds nothing of what the first has changed."""
