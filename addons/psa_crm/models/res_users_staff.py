from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..core import invitation, staff


class ResUsers(models.Model):
    _inherit = 'res.users'

    @api.model_create_multi
    def create(self, vals_list):
        users = super().create(vals_list)
        users._psa_sync_staff()
        return users

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {'company_ids', 'group_ids'}:
            self._psa_sync_staff()
        return result

    @api.model
    def _psa_role_xmlids(self):
        """Return ``{role: xml id of its group}``."""
        return {
            staff.TECHNICIAN: 'psa_crm.group_technician',
            staff.DISPATCHER: 'psa_crm.group_dispatcher',
            staff.BILLING: 'psa_crm.group_billing',
            staff.SALES: 'sales_team.group_sale_salesman',
            staff.COMPANY_ADMIN: 'psa_crm.group_company_admin',
            staff.OWNER: 'psa_crm.group_owner',
        }

    @api.model
    def _psa_role_groups(self):
        """Return ``{role: group}`` of the roles that exist in this database."""
        groups = {
            role: self.env.ref(xmlid, raise_if_not_found=False)
            for role, xmlid in self._psa_role_xmlids().items()
        }
        return {role: group for role, group in groups.items() if group}

    def _psa_staff_role(self):
        """Return ``(role, has billing)`` of the user: his most powerful role, or None for somebody who is no staff."""
        self.ensure_one()
        groups = self._psa_role_groups()
        mine = self.sudo().all_group_ids
        roles = {role for role, group in groups.items() if group in mine}
        return staff.strongest(roles), staff.BILLING in roles

    def _psa_is_platform_admin(self):
        """Tell whether the user administers the whole platform: no company's owner has power over him."""
        self.ensure_one()
        return self.env.ref('base.group_erp_manager') in self.sudo().all_group_ids

    def _psa_set_role(self, role, has_billing=False):
        """Give the users exactly this role. Groups that have nothing to do with roles stay."""
        groups = self._psa_role_groups()
        wanted = {groups[role]} | ({groups[staff.BILLING]} if has_billing else set())
        not_internal = self.env.ref('base.group_portal') | self.env.ref('base.group_public')
        self.sudo().write({'group_ids': [
            *(Command.unlink(group.id) for group in not_internal),
            *(Command.unlink(group.id) for group in groups.values() if group not in wanted),
            *(Command.link(group.id) for group in wanted),
        ]})

    def _psa_check_new_owner(self):
        """Raise an error that says what to do when the user cannot become the owner of another company."""
        self.ensure_one()
        if not self.active:
            raise UserError(self.env._("%s is archived and cannot own a company. Choose an active user.", self.name))
        if self.sudo()._psa_client_users():
            raise UserError(self.env._(
                "%s signs in to the portal as a client and cannot own a company with the same account. "
                "Use another e-mail address for it.", self.name))
        role = self._psa_staff_role()[0]
        if role in (None, staff.OWNER) or self._psa_is_platform_admin():
            return
        employers = self.sudo().company_ids.filtered(lambda company: not company._psa_is_one_man_company(self))
        if employers:
            raise UserError(self.env._(
                "%(user)s works for %(company)s, and an account has the same rights in each of its companies: as owner of "
                "the new company it would have an owner's rights there, too. Use an account with another e-mail address.",
                user=self.name, company=employers[:1].name))

    def _psa_make_owner(self, company):
        """Make the user the owner of the company and sign him in there by default."""
        self.ensure_one()
        user = self.sudo()
        is_staff = self._psa_staff_role()[0] or self._psa_is_platform_admin()
        companies = [Command.link(company.id)] if is_staff else [Command.set(company.ids)]
        user.write({'company_ids': companies, 'company_id': company.id})
        user._psa_set_role(staff.OWNER)

    @api.model
    def _psa_sync_all_staff(self):
        """Put everybody who has a role on the staff lists; called when the addon is installed or updated."""
        self.search([('share', '=', False)])._psa_sync_staff()

    def _psa_sync_staff(self):
        """Make the rows of the staff lists that are missing for these accounts."""
        # A user without name is one that Odoo is still creating; his turn comes when he is there.
        users = self.sudo().filtered(lambda user: (
            user.active and user.partner_id.name and not user.share and user.id != SUPERUSER_ID
            and user._psa_staff_role()[0] and not user._psa_is_platform_admin()))
        if not users:
            return
        lists = self.env['psa.staff'].sudo().with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        known = {
            (member.user_id.id, member.company_id.id)
            for member in lists.search_fetch([('user_id', 'in', users.ids)], ['user_id', 'company_id'])
        }
        lists.create([
            {'user_id': user.id, 'company_id': company.id, 'invitation_state': invitation.ACCEPTED}
            for user in users for company in user.company_ids if (user.id, company.id) not in known
        ])
