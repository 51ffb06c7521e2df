from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _psa_billed_client(self):
        """Return the client whose prices and prepaid hours this portal user may read; nothing for everybody else."""
        self.ensure_one()
        is_trusted = self.has_group("psa_crm.group_client_admin") or self.has_group("psa_crm.group_client_approver")
        if not self.share or not is_trusted:
            return self.env["res.partner"]
        client = self.partner_id.commercial_partner_id
        return client if client.sudo().psa_is_client else self.env["res.partner"]
