from odoo import api, models


class CrmLead2opportunityPartner(models.TransientModel):
    _inherit = 'crm.lead2opportunity.partner'

    @api.model_create_multi
    def create(self, vals_list):
        self.env['res.partner']._psa_check_rep_may_use([
            vals.get(name) or self.env.context.get(f'default_{name}')
            for vals in vals_list for name in ('partner_id', 'commercial_partner_id')])
        return super().create(vals_list)

    def write(self, vals):
        self.env['res.partner']._psa_check_rep_may_use([vals.get('partner_id'), vals.get('commercial_partner_id')])
        return super().write(vals)
