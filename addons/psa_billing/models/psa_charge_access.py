from odoo import api, models
from odoo.addons.psa_crm.core import access


class PsaCharge(models.Model):
    """Charges are seen by whom both their client and their desk let, inside the company; they are lent to nobody."""

    _name = "psa.charge"
    _inherit = ["psa.charge", "psa.access.mixin"]

    _psa_access_part = access.TICKETS
    _psa_access_lent = False

    @api.model
    def _psa_access_depends(self):
        return [*super()._psa_access_depends(), "desk_id"]

    def _psa_own_level(self, effective, company_id, client_id, now):
        level = super()._psa_own_level(effective, company_id, client_id, now)
        desk_id = self.desk_id._origin.id if effective.has_exceptions("desk", company_id, now) else None
        if not desk_id:
            return level
        return min(level, effective.level("desk", company_id, desk_id, access.TICKETS, now))

    @api.model
    def _psa_own_limits(self, effective, company_id, level, now):
        limits = super()._psa_own_limits(effective, company_id, level, now)
        desks = effective.listing("desk", company_id, access.TICKETS, level, now)
        if not desks.is_everything:
            limits = [*limits, self._psa_listing_domain("desk_id", desks, or_empty=True)]
        return limits
