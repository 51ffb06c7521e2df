from odoo import models


class PortalWizardUser(models.TransientModel):
    _inherit = 'portal.wizard.user'
