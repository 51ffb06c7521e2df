from odoo import models
from odoo.exceptions import AccessError

from ..core import access
from .psa_access_explanation import LEVEL_NAMES, Reason


class PsaAccessMixin(models.AbstractModel):
    _inherit = 'psa.access.mixin'

    def explain_access(self, user_id=None):
        """Tell why a person can or cannot see this record.

        Everybody may ask about himself, company administrators about the people of their companies and about anybody's access
        to records of their company.

        :param user_id: whom it is about; the current user if empty
        :return: ``{'user', 'level' ('full', 'work', 'read', 'refuse'), 'can_read', 'can_write', 'reasons': [text, …]}``
        """
        self.ensure_one()
        user = self.env['res.users'].browse(int(user_id)) if user_id else self.env.user
        record = self.sudo().exists()
        self._psa_check_may_ask(record, user)
        if user == self.env.user and not self._psa_runs_company(record) and not self.with_user(user).has_access('read'):
            # Not more than he knows already: that there is something he has no access to.
            return {
                'user': user.name, 'level': 'refuse', 'can_read': False, 'can_write': False,
                'reasons': [self.env._("You have no access to this. A company administrator can tell why, and change it.")],
            }
        level, reasons = record._psa_explain(user.sudo())[user.sudo()]
        return {
            'user': user.sudo().name, 'level': LEVEL_NAMES[level], 'can_read': level >= access.READ,
            'can_write': level >= record._psa_needed_to_write(), 'reasons': [reason.text for reason in reasons],
        }

    def action_psa_explain_access(self):
        """Open who can see this record and why."""
        self.ensure_one()
        explanation = self.env['psa.access.explain'].create({'res_model': self._name, 'res_id': self.id, 'user_id': self.env.uid})
        return {
            'type': 'ir.actions.act_window', 'res_model': explanation._name, 'res_id': explanation.id, 'view_mode': 'form',
            'target': 'new', 'name': self.env._("Access to %s", self.display_name),
        }

    def _psa_runs_company(self, record):
        """Tell whether the current user administers the company that the record belongs to."""
        user = self.env.user
        if not user.has_group('psa_crm.group_company_admin'):
            return False
        companies = record._psa_access_companies()
        return not companies or bool(set(companies.ids) & set(user._get_company_ids()))

    def _psa_check_may_ask(self, record, user):
        if self.env.su or (user == self.env.user and user._is_internal()):
            return
        mine = set(self.env.user._get_company_ids())
        if self.env.user.has_group('psa_crm.group_company_admin') and record and user.sudo().exists() and (
            self._psa_runs_company(record) or (
                mine & set(user.sudo().company_ids.ids) and self.with_user(self.env.user).has_access('read'))
        ):
            return
        raise AccessError(self.env._(
            "You can ask about your own access. About that of others a company administrator can ask, within his company."))

    def _psa_access_companies(self):
        """Return the company the record belongs to; none if it belongs to all."""
        return self.company_id

    def _psa_needed_to_write(self):
        return self._psa_access_write_level

    def _psa_explain(self, users):
        """Return ``{user: (level, [reason, …])}`` for one record."""
        self.ensure_one()
        client = self[self._psa_access_client]
        explained = {}
        free = Reason(access.FULL, self.env._("It belongs to no client, so the whole company sees it."), 'free')
        for company in self._psa_access_companies() or users.company_ids:
            reasons = self.env['psa.access']._psa_reasons(
                users, 'client', company, client.id, self._psa_access_part) if client else {}
            for user in users:
                if client:
                    reason = reasons[user]
                elif company in user.company_ids:
                    reason = free
                else:
                    reason = Reason(access.REFUSE, self.env._(
                        "%(user)s does not belong to %(company)s.", user=user.name, company=company.name), 'stranger')
                if user not in explained or reason.level > explained[user][0]:
                    explained[user] = (reason.level, [reason])
        return explained

    def _psa_people_to_explain(self):
        """Return the people of the company and all others to whom the table gives something of it."""
        companies = self._psa_access_companies() or self.env.companies
        return self.env['psa.access'].sudo().search([('company_id', 'in', companies.ids)]).user_id
