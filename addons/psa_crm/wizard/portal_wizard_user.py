from odoo import models
from odoo.fields import Command


class PortalWizardUser(models.TransientModel):
    _inherit = 'portal.wizard.user'

    def action_revoke_access(self):
        """Take the role on the client portal away too: it implies the portal access that is to end."""
        self.ensure_one()
        self.user_id.sudo()._psa_client_users().write({'group_ids': [
            Command.unlink(self.env.ref('psa_crm.group_client_admin').id),
            Command.unlink(self.env.ref('psa_crm.group_client_employee').id),
            Command.link(self.env.ref('base.group_portal').id),
        ]})
        return super().action_revoke_access()
