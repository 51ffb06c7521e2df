from odoo import models
from odoo.fields import Command

from ..models.res_partner_portal import PORTAL_ROLE_GROUPS


class PortalWizardUser(models.TransientModel):
    _inherit = 'portal.wizard.user'

    def action_revoke_access(self):
        """Take the role on the client portal away too: it implies the portal access that is to end."""
        self.ensure_one()
        self.user_id.sudo()._psa_client_users().write({'group_ids': [
            *(Command.unlink(self.env.ref(xmlid).id) for xmlid in PORTAL_ROLE_GROUPS.values()),
            Command.link(self.env.ref('base.group_portal').id),
        ]})
        return super().action_revoke_access()
