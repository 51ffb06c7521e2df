from odoo.addons.psa_crm.tests.common import PsaCrmCommon


class PsaAssetsCommon(PsaCrmCommon):
    """The client "Harbour Dental" with a laptop that Zoë uses, and a spare one in our own stock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.laptop_type = cls.env['psa.asset.type'].create({'name': "Test Laptop", 'color': 4})
        cls.laptop = cls._new_asset("HDG-LT-014", serial='5CG3120XYZ', contact_id=cls.zoe.id)
        cls.spare = cls._new_asset("Spare laptop", client_id=False, status='in_stock')

    @classmethod
    def _new_asset(cls, name, **values):
        return cls.env['psa.asset'].create({
            'name': name, 'type_id': cls.laptop_type.id, 'client_id': cls.client_dental.id, **values,
        })
