import secrets

from odoo import api, models
from odoo.exceptions import AccessDenied, UserError
from odoo.fields import Command

from .res_partner_portal import PORTAL_ROLE_GROUPS


class ResUsers(models.Model):
    _inherit = 'res.users'

    def _check_credentials(self, credential, env):
        """Refuse the sign-in of users whose portal access was taken away, whatever they sign in with."""
        if self.env.user._psa_is_revoked():
            raise AccessDenied()
        return super()._check_credentials(credential, env)

    def _action_reset_password(self, signup_type='reset'):
        revoked = self.filtered(lambda user: user._psa_is_revoked())
        if revoked:
            raise UserError(self.env._(
                "%s has no portal access. Set the Portal Role of the contact first.",
                ', '.join(revoked.mapped('name'))))
        return super()._action_reset_password(signup_type=signup_type)

    def _psa_is_revoked(self):
        """Tell whether the user is a former portal user: active, but in no role that may sign in."""
        self.ensure_one()
        groups = self.sudo().all_group_ids
        return (
            self.env.ref('base.group_public') in groups
            and self != self.env.ref('base.public_user', raise_if_not_found=False)
        )

    @api.model
    def _psa_colleague_ids(self, user_ids):
        """Return those of ``user_ids`` that this user may know, archived ones too."""
        return set(self.with_context(active_test=False)._search([('id', 'in', list(user_ids))])) if user_ids else set()

    def _psa_portal_users(self):
        """Return the users among these that sign in to the portal."""
        return self.filtered(lambda user: user.active and user._is_portal())

    def _psa_client_users(self):
        """Return the users among these that have a role on the client portal."""
        employee = self.env.ref('psa_crm.group_client_employee')
        return self.filtered(lambda user: employee in user.all_group_ids)

    def _psa_set_client_group(self, role):
        """Put portal users into exactly one client group.

        :param role: 'employee', 'approver' or 'administrator'
        """
        wanted = self.env.ref(PORTAL_ROLE_GROUPS[role])
        others = [self.env.ref(xmlid) for key, xmlid in PORTAL_ROLE_GROUPS.items() if key != role]
        self.write({'group_ids': [*(Command.unlink(group.id) for group in others), Command.link(wanted.id)]})

    def _psa_revoke_portal(self):
        """End the access of client portal users. Neither user nor contact is archived: history keeps its author."""
        users = self._psa_client_users()
        if not users:
            return
        users.write({'group_ids': [
            *(Command.unlink(self.env.ref(xmlid).id) for xmlid in PORTAL_ROLE_GROUPS.values()),
            Command.unlink(self.env.ref('base.group_portal').id),
            Command.link(self.env.ref('base.group_public').id),
        ]})
        # An invitation or reset link on its way must not open the door again.
        users.partner_id.signup_cancel()
        self.env['res.users.apikeys'].search([('user_id', 'in', users.ids)]).unlink()
        users._psa_end_sessions()

    def _psa_end_sessions(self):
        """Sign the users out everywhere: sessions are bound to the password, so each gets one that nobody knows."""
        for user in self:
            user.password = secrets.token_urlsafe(48)
