from odoo import models


class ResPartner(models.Model):
    _inherit = 'res.partner'

    def _psa_move_history(self, company, responsible):
        """Move the assets along; a vendor that only the former company knows is copied for the new one."""
        result = super()._psa_move_history(company, responsible)
        assets = self.env['psa.asset'].sudo().with_context(active_test=False).search([('client_id', 'in', self.ids)])
        foreign = assets.vendor_id.filtered(lambda vendor: vendor.company_id and vendor.company_id != company)
        vendors = {vendor: vendor.copy({'name': vendor.name, 'company_id': company.id}) for vendor in foreign}
        for vendor, of_vendor in assets.grouped('vendor_id').items():
            of_vendor.write({'company_id': company.id, 'vendor_id': vendors.get(vendor, vendor).id})
        return result
