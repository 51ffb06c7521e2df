from odoo import models


class ResGroups(models.Model):
    _inherit = 'res.groups'

    def write(self, vals):
        if not vals.keys() & {'user_ids', 'implied_ids', 'implied_by_ids'}:
            return super().write(vals)
        before = self.sudo().all_user_ids
        result = super().write(vals)
        after = self.sudo().all_user_ids
        # Who is in one of the groups as before may be in others by it now.
        users = (before | after) - (before & after) if vals.keys() == {'user_ids'} else before | after
        users._psa_renew_access()
        return result

    def unlink(self):
        self.env['psa.access.rule'].sudo().with_context(active_test=False).search([('group_id', 'in', self.ids)]).unlink()
        users = self.sudo().all_user_ids
        result = super().unlink()
        users._psa_renew_access()
        return result
