from odoo import models
from odoo.fields import Domain


class MailAlias(models.Model):
    _inherit = 'mail.alias'

    # Desks, teams and projects inherit from their alias, so a record rule here would hide a shared desk with its address:
    # the wall stands around the list of addresses itself.

    def _check_access(self, operation):
        result = super()._check_access(operation)
        rule = self.env['ir.rule']
        if self.env.su or not any(self._ids) or not rule._psa_is_walled_in():
            return result
        allowed = self - result[0] if result else self
        hidden = allowed - self.browse(self.sudo()._search(self._psa_alias_wall() & Domain('id', 'in', allowed.ids)))
        if not hidden:
            return result
        forbidden = hidden + result[0] if result else hidden
        return forbidden, lambda: rule._make_access_error(operation, forbidden)

    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        if not self.env.su and not bypass_access and self.env['ir.rule']._psa_is_walled_in():
            domain = Domain(domain) & self._psa_alias_wall()
        return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)

    def _psa_alias_wall(self):
        """Return the domain of the addresses on this user's side of the wall: not those of another company's journals."""
        others = self.env['account.journal'].sudo().with_context(active_test=False)._search(
            [('company_id', 'not in', self.env.companies.ids), ('alias_id', '!=', False)])
        return self.env['ir.rule']._psa_domain_of_makers() & Domain('id', 'not in', others.subselect('alias_id'))
