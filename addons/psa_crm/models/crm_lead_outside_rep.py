from odoo import models


class CrmLead(models.Model):
    _name = 'crm.lead'
    _inherit = ['psa.outside.rep.mixin', 'crm.lead']
