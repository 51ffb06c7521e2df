from odoo import api, models
from odoo.addons.psa_crm.core import access
from odoo.fields import Domain


class PsaDesk(models.Model):
    """Who sees a desk, by the access rules about desks. Desks are never lent; tickets of lent clients are worked without."""

    _name = "psa.desk"
    _inherit = ["psa.desk", "psa.access.mixin"]

    _psa_access_write_level = access.FULL

    @api.model
    def _psa_access_depends(self):
        return ["company_id"]

    def _psa_access_level(self, effective, selected, now):
        company_id = self.company_id.id
        if company_id not in selected:
            return access.REFUSE
        return effective.level("desk", company_id, self._origin.id, access.TICKETS, now)

    @api.model
    def _psa_access_domain(self, level):
        effective = self.env["psa.access"]._psa_effective()
        if effective is None:
            return Domain.TRUE
        now = self.env["psa.access"]._psa_now()
        domains = []
        for company_id in sorted(effective.companies & set(self.env.companies.ids)):
            desks = effective.listing("desk", company_id, access.TICKETS, level, now)
            of_company = Domain("company_id", "=", company_id)
            domains.append(of_company if desks.is_everything else of_company & self._psa_listing_domain("id", desks))
        return Domain.OR(domains)
