from odoo import models
from odoo.exceptions import AccessError

from ..core import share_code


class ResCompany(models.Model):
    _name = 'res.company'
    _inherit = ['res.company', 'psa.share.code.mixin']

    _psa_share_code_kind = share_code.COMPANY

    _psa_share_code_uniq = models.UniqueIndex('(psa_share_code)')

    def init(self):
        result = super().init()
        self._psa_init_share_codes()
        return result

    def _psa_runs_share_code(self):
        """Tell whether the current user may know and renew the code of the company: its administrators and owners."""
        self.ensure_one()
        user = self.env.user
        return user._psa_is_platform_admin() or (
            user.has_group('psa_crm.group_company_admin') and self.id in user._get_company_ids())

    def _psa_check_runs_share_code(self):
        if not self._psa_runs_share_code():
            raise AccessError(self.env._("Only an administrator of the company renews its sharing code."))
