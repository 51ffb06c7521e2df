from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..core import share_code


class ResUsers(models.Model):
    _name = 'res.users'
    _inherit = ['res.users', 'psa.share.code.mixin']

    _psa_share_code_kind = share_code.PERSON

    psa_company_share_code = fields.Char(
        string="Sharing Code of the Company", compute='_compute_psa_company_share_code', compute_sudo=True,
        groups='psa_crm.group_company_admin',
        help="Give it to people of other service companies who are to share clients with your company as a whole.")

    _psa_share_code_uniq = models.UniqueIndex('(psa_share_code)')

    def init(self):
        result = super().init()
        self._psa_init_share_codes()
        return result

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, 'psa_share_code', 'psa_company_share_code']

    @api.depends_context('uid', 'company')
    def _compute_psa_company_share_code(self):
        me = self.env.user
        for user in self:
            is_mine = user._origin == me and me.has_group('psa_crm.group_company_admin')
            user.psa_company_share_code = self.env.company.psa_share_code if is_mine else False

    def action_psa_renew_share_code(self):
        """Make the own sharing code useless and get another one."""
        if self != self.env.user:
            raise AccessError(self.env._("Everybody renews his own sharing code only, in his preferences."))
        self._psa_renew_share_code()
        return self._psa_my_preferences()

    def action_psa_renew_company_share_code(self):
        """Make the sharing code of the company useless and get another one."""
        self.env.company._psa_check_runs_share_code()
        self.env.company._psa_renew_share_code()
        return self._psa_my_preferences()

    def _psa_my_preferences(self):
        """Open the preferences anew: the dialogue closes with its button, and who renews a code wants to hand out the new one."""
        return {**self.env.user.action_get(), 'res_id': self.env.uid}
