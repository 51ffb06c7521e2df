from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..core import invitation, mail_domain


class PsaTeamInvitation(models.Model):
    """Asks somebody to join a team, a colleague or a professional of another service company.

    Made by :meth:`psa.team._psa_invite`; answered on a web page by whoever signs in with the address invited.
    """

    _name = 'psa.team.invitation'
    _description = "Team Invitation"
    _inherit = 'psa.invitation.mixin'
    _order = 'id desc'
    _rec_name = 'email'

    _psa_invitation_kind = 'team'

    team_id = fields.Many2one('psa.team', required=True, index=True, readonly=True, ondelete='cascade')
    company_id = fields.Many2one(related='team_id.company_id', store=True, index=True)
    email = fields.Char(required=True, readonly=True)
    message = fields.Text(readonly=True, help="What the invited person reads in the mail.")
    user_id = fields.Many2one(
        'res.users', string="Answered By", index='btree_not_null', readonly=True, ondelete='set null',
        help="The account that accepted.")

    _token_uniq = models.UniqueIndex('(token_hash) WHERE token_hash IS NOT NULL')
    _pending_uniq = models.UniqueIndex(
        "(team_id, email) WHERE invitation_state = 'pending'",
        "This address was invited to the team already. Send the invitation again instead.")
    _expires_idx = models.Index("(date_expires) WHERE invitation_state = 'pending'")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            address = mail_domain.normalize_address(vals.get('email'))
            if not address:
                raise ValidationError(self.env._("“%s” is no e-mail address. Correct Email.", vals.get('email') or ''))
            vals['email'] = address
        return super().create(vals_list)

    def action_resend(self):
        """Send the invitation again, with a new link; the former link ends."""
        self.team_id._psa_check_leads()
        if self.filtered(lambda record: record.invitation_state in (invitation.ACCEPTED, invitation.ENDED)):
            raise UserError(self.env._("Who accepted needs no second invitation. Invite him anew if he left the team."))
        self._psa_send_invitation()

    def action_cancel(self):
        """Withdraw the invitation: its link ends at once."""
        self.team_id._psa_check_leads()
        self.sudo().filtered(lambda record: record.invitation_state == invitation.PENDING).write({
            'invitation_state': invitation.CANCELLED})

    def _psa_is_for(self, user):
        """Tell whether the invitation was sent to this user."""
        self.ensure_one()
        return self.email in {mail_domain.normalize_address(address or '') for address in (user.login, user.email)}

    def _psa_accept(self, user):
        """Make the user a member of the team. Runs with all rights; the link was checked."""
        self._psa_take()
        self._psa_check_answers(user)
        if not user._is_internal():
            raise AccessError(self.env._(
                "You sign in to the portal as a client. Teams are for people who work for service companies."))
        self.write({'invitation_state': invitation.ACCEPTED, 'user_id': user.id})
        self.team_id.write({'member_ids': [fields.Command.link(user.id)]})
        self.team_id._message_log(body=self.env._("%s joined the team.", user.name))

    def _psa_decline(self, user):
        """Note that the user does not want to join."""
        self._psa_take()
        self._psa_check_answers(user)
        self.write({'invitation_state': invitation.DECLINED})

    def _psa_check_answers(self, user):
        if not self._psa_is_for(user):
            raise AccessError(self.env._("This invitation is for %s. Sign in with the account of that address.", self.email))

    def _psa_prepare_invitation_mail(self, url, days):
        team = self.team_id
        return {
            **super()._psa_prepare_invitation_mail(url, days),
            'subject': self.env._("Join the team %(team)s of %(company)s", team=team.name, company=team.company_id.name),
            'body_html': self.env['ir.qweb']._render('psa_crm.mail_team_invitation', {
                'invitation': self, 'team': team, 'company': team.company_id, 'url': url, 'days': days,
            }),
        }
