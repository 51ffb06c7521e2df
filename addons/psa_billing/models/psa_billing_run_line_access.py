from odoo import models
from odoo.addons.psa_crm.core import access


class PsaBillingRunLine(models.Model):
    """The lines of a run are seen by whom the access to their client lets, as the ledger is."""

    _name = "psa.billing.run.line"
    _inherit = ["psa.billing.run.line", "psa.access.mixin"]

    _psa_access_part = access.CONTRACTS
    _psa_access_write_level = access.FULL
    _psa_access_lent = False

    _client_idx = models.Index("(client_id, run_id DESC, id)")
    _company_idx = models.Index("(company_id, run_id DESC, id)")
