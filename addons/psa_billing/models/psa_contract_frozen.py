from odoo import api, models
from odoo.fields import Domain

# Ledger rows that keep price and draw whatever is rated again.
FROZEN_STATES = ("approved", "invoiced", "written_off")
FROZEN = Domain("state", "in", FROZEN_STATES) | Domain("settled_on", "!=", False) | Domain("is_adjusted", "=", True)


class PsaContractLineMixin(models.AbstractModel):
    """Lines of a version: they are made, changed and deleted only while the version may change."""

    _name = "psa.contract.line.mixin"
    _description = "Line of Contract Terms"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.version_id._psa_check_open()
        return lines

    def write(self, vals):
        self.version_id._psa_check_open()
        result = super().write(vals)
        if "version_id" in vals:
            # Odoo checks the line as it was: it goes to no terms that are not one's own to change.
            self.check_access("write")
            self.version_id._psa_check_open()
        return result

    def unlink(self):
        self.version_id._psa_check_open()
        return super().unlink()
