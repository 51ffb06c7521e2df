from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..core import invitation, staff


class PsaStaff(models.Model):
    _inherit = 'psa.staff'

    def _psa_account(self):
        """Return the account that would answer the invitation, archived ones too; empty if there is none yet."""
        self.ensure_one()
        users = self.env['res.users'].sudo().with_context(active_test=False)
        return self.user_id.sudo() or users.search([('login', '=', self.email)], limit=1) or users.search(
            [('email_normalized', '=', self.email), ('share', '=', False)], order='active desc, id', limit=1)

    def _psa_accept_new(self, name, password):
        """Answer the invitation without an account one could sign in with: make it, or open the closed one again."""
        self._psa_take()
        user = self._psa_account()
        if user.active:
            raise UserError(self.env._("This address has an account already. Sign in with it to accept."))
        company, role, has_billing = self.company_id, self.role, self.has_billing
        if user:
            self._psa_check_account(user)
            member = self._psa_link_account(user)
            # Whatever else the account was once allowed, elsewhere perhaps, does not come back with it.
            user.write({
                'active': True, 'company_id': company.id, 'company_ids': [Command.set(company.ids)], 'password': password,
                'group_ids': [Command.set(self.env.ref('base.group_user').ids)],
            })
        else:
            user = user.with_context(no_reset_password=True).create({
                'name': name, 'login': self.email, 'email': self.email, 'password': password,
                'company_id': company.id, 'company_ids': [Command.set(company.ids)],
                'group_ids': [Command.set(self.env.ref('base.group_user').ids)],
            })
            member = self._psa_link_account(user)
        member._psa_take_on(role, has_billing)
        return user

    def _psa_accept_join(self, user):
        """Answer the invitation with the account that is signed in."""
        self._psa_take()
        if self._psa_account() != user:
            raise AccessError(self.env._("This invitation is for %s. Sign in with the account of that address.", self.email))
        self._psa_check_account(user)
        company, role, has_billing = self.company_id, self.role, self.has_billing
        member = self._psa_link_account(user.sudo())
        user.sudo().write({'company_ids': [Command.link(company.id)]})
        member._psa_take_on(role, has_billing)

    def _psa_decline(self):
        """Note that the person does not want to join."""
        self._psa_take()
        self.write({'invitation_state': invitation.DECLINED})

    def _psa_check_account(self, user):
        """Raise an error, for the invited person alone to read, when this account cannot join the company."""
        if user._psa_is_platform_admin():
            raise UserError(self.env._("Your account administers the whole platform and needs no invitation."))
        if user.share:
            raise UserError(self.env._(
                "With this address you sign in to the portal as a client. Ask to be invited with another address."))
        if user.active and staff.clashing_role((self.role, self._psa_has_billing()), self._psa_roles_elsewhere(user)):
            raise UserError(self.env._(
                "An account has the same rights in each of its companies, and you were offered another role than you have. "
                "Ask to be invited with another address, or into a team: then clients can be shared with you."))

    def _psa_has_billing(self):
        """Tell whether the role offered includes billing, as it will be read from the groups."""
        groups = self.env['res.users']._psa_role_groups()
        return self.has_billing or groups[staff.BILLING] in groups[self.role].all_implied_ids

    def _psa_roles_elsewhere(self, user):
        """Return the roles the account has in other companies, for :func:`staff.clashing_role`."""
        if user.active and user.sudo().company_ids - self.company_id:
            return [user._psa_staff_role()]
        return []

    def _psa_link_account(self, user):
        """Put the account on this row, and return the row that stands for it.

        It comes first: a row that is missing when the account gets its company and role is made by itself. An account that
        was here before under another address has one, which then takes the place of this.
        """
        former = self.search([('user_id', '=', user.id), ('company_id', '=', self.company_id.id), ('id', '!=', self.id)])
        if former:
            former.write({'phone': self.phone or former.phone, 'job_title': self.job_title or former.job_title})
            self.unlink()
        member = former or self
        member.write({'invitation_state': invitation.ACCEPTED, 'user_id': user.id})
        return member

    def _psa_take_on(self, role, has_billing):
        """Give the account the role it was offered, and what else the company has for its people."""
        self.user_id._psa_set_role(role, has_billing)
        self._psa_join_company()
        self._message_log(body=self.env._("Joined the company."))

    def _psa_join_company(self):
        """Set the person up for work in the company. Runs with all rights; extend it with what an addon needs."""
        self.ensure_one()

    def _psa_prepare_invitation_mail(self, url, days):
        company = self.company_id
        return {
            **super()._psa_prepare_invitation_mail(url, days),
            'subject': self.env._("Join %s", company.name),
            'body_html': self.env['ir.qweb']._render('psa_crm.mail_staff_invitation', {
                'invitation': self, 'company': company, 'url': url, 'days': days,
                'role': dict(self._fields['role']._description_selection(self.env)).get(self.role),
            }),
        }
