from odoo import models


class CrmLead2opportunityPartner(models.TransientModel):
    _name = 'crm.lead2opportunity.partner'
    _inherit = ['psa.outside.rep.mixin', 'crm.lead2opportunity.partner']
