from odoo import models
from odoo.addons.psa_crm.core import access


class PsaBillingItem(models.Model):
    """The ledger follows the access to the client inside the company, and is lent to nobody."""

    _name = "psa.billing.item"
    _inherit = ["psa.billing.item", "psa.access.mixin"]

    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    # The ledger of few clients, or of all but few, in its order.
    _client_date_idx = models.Index("(client_id, date DESC, id DESC)")
