from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..core import staff


class PsaStaff(models.Model):
    _inherit = 'psa.staff'

    def action_deactivate(self):
        """Ask who takes over, then end the access."""
        self.ensure_one()
        self._psa_check_deactivate()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Deactivate %s", self.name),
            'res_model': 'psa.staff.deactivate',
            'view_mode': 'form',
            'target': 'new',
            'context': {'default_staff_id': self.id},
        }

    def _psa_deactivate(self, successor=None):
        """End the access of these people to their companies at once: sessions, API keys, reset links, teams.

        An account that belongs to other companies, too, only leaves this one.

        :param successor: the res.users who takes over what they are responsible for; None leaves it with nobody
        """
        self._psa_check_deactivate()
        for member in self:
            company, user = member.company_id, member.user_id.sudo()
            member._psa_hand_over(successor or self.env['res.users'])
            member._psa_leave_company()
            others = user.company_ids - company
            if others:
                user.write({
                    'company_ids': [Command.unlink(company.id)],
                    **({'company_id': others[0].id} if user.company_id == company else {}),
                })
            else:
                self.env['res.users.apikeys'].sudo().search([('user_id', '=', user.id)]).unlink()
                user.partner_id.signup_cancel()
                user._psa_end_sessions()
                user.active = False
            member._message_log(body=self.env._("Deactivated by %s", self.env.user.name))

    def _psa_responsibilities(self):
        """Return what the person is responsible for in the company: a list of (label, records, field naming him).

        Extend it with what an addon has.
        """
        self.ensure_one()
        user, company = self.user_id, self.company_id
        clients = self.env['res.partner'].sudo()
        in_company = ('company_id', 'in', (company.id, False))
        return [
            (self.env._("clients as account manager"),
             clients.search([('psa_account_manager_id', '=', user.id), in_company]), 'psa_account_manager_id'),
            (self.env._("clients as primary technician"),
             clients.search([('psa_primary_technician_id', '=', user.id), in_company]), 'psa_primary_technician_id'),
            (self.env._("teams as leader"),
             self.env['psa.team'].sudo().search([('leader_id', '=', user.id), ('company_id', '=', company.id)]), 'leader_id'),
        ]

    def _psa_hand_over(self, successor):
        """Make the successor, or nobody, responsible for what this person was."""
        for __, records, fname in self._psa_responsibilities():
            records.write({fname: successor.id})

    def _psa_leave_company(self):
        """Take the person out of what he belongs to in the company. Extend it with what an addon has."""
        self.ensure_one()
        teams = self.env['psa.team'].sudo().search([
            ('member_ids', 'in', self.user_id.ids), ('company_id', '=', self.company_id.id)])
        teams.write({'member_ids': [Command.unlink(self.user_id.id)]})

    def _psa_check_deactivate(self):
        """Raise an error that says what is in the way of ending the access of these people."""
        self._psa_check_manages()
        for member in self:
            if member.state != 'active':
                raise UserError(self.env._(
                    "%s has no access now. Withdraw the invitation if one is open.", member.name))
            if member.user_id == self.env.user:
                raise UserError(self.env._("You cannot deactivate yourself. Ask another owner."))
        owners = self.filtered(lambda member: member.role == staff.OWNER)
        if owners:
            owners._psa_check_owner_left()
