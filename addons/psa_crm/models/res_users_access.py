from odoo import api, models


class ResUsers(models.Model):
    _inherit = 'res.users'

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        users._psa_renew_access()
        return users

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {'company_ids', 'company_id', 'group_ids', 'active'} or any(
            self._fields[name].type == 'many2many' and self._fields[name].relation == 'psa_team_member_rel'
            for name in vals if name in self._fields
        ):
            if vals.get('active') is False:
                self.env['psa.client.share']._psa_end_of_receivers('user_id', self, self.env._("The person left."))
            self._psa_renew_access()
        return result

    def _psa_renew_access(self):
        """Bring the effective access of the staff among these up to date, and of those who were staff."""
        Access = self.env['psa.access'].sudo()
        staff = self.sudo().filtered(lambda user: not user.share)
        others = self - staff
        if others:
            known = Access.search([('user_id', 'in', others.ids)]).user_id
            staff |= known.sudo()
        Access._psa_rebuild_users(staff)
