from datetime import timedelta, timezone
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import invitation

BATCH = 500
DEFAULT_DAYS = 14


class PsaInvitationMixin(models.AbstractModel):
    """An invitation by mail with a link that works once, for a while.

    Only a hash of the link's token is kept. A model that uses the mixin says with ``_psa_invitation_kind`` which page the
    link leads to, prepares its mail in ``_psa_prepare_invitation_mail`` and indexes ``token_hash`` and ``date_expires``.
    """

    _name = 'psa.invitation.mixin'
    _description = "Invitation by Mail"

    _psa_invitation_kind = None

    invitation_state = fields.Selection(
        [
            (invitation.PENDING, "Sent"),
            (invitation.ACCEPTED, "Accepted"),
            (invitation.DECLINED, "Declined"),
            (invitation.EXPIRED, "Expired"),
            (invitation.CANCELLED, "Withdrawn"),
            (invitation.ENDED, "Ended"),
        ],
        string="Invitation", readonly=True, copy=False,
        help="Sent: waits for an answer. Expired: nobody answered in time; send it again.")
    token_hash = fields.Char(copy=False, groups=fields.NO_ACCESS)
    date_expires = fields.Datetime(string="Valid Until", readonly=True, copy=False)
    inviter_id = fields.Many2one(
        'res.users', string="Invited By", readonly=True, copy=False, default=lambda self: self.env.user, ondelete='set null')

    @api.model
    def _psa_find_by_token(self, token):
        """Return the invitation a link belongs to, with all rights; empty when there is none."""
        found = self.sudo().search([('token_hash', '=', invitation.digest(token or ''))], limit=1)
        return found if found and invitation.matches(token, found.token_hash) else found.browse()

    def _psa_standing(self):
        """Return what the invitation is now, see :func:`invitation.standing`."""
        self.ensure_one()
        expires = self.date_expires and self.date_expires.replace(tzinfo=timezone.utc)
        return invitation.standing(self.invitation_state, expires or None, fields.Datetime.now().replace(tzinfo=timezone.utc))

    def _psa_take(self):
        """Lock an invitation that is about to be answered; refuse if it is no longer open."""
        self.ensure_one()
        if not self.try_lock_for_update():
            raise UserError(self.env._("This invitation is being answered in another window just now. Open the link again."))
        self.invalidate_recordset(['invitation_state', 'date_expires'])
        if self._psa_standing() != invitation.PENDING:
            raise UserError(self.env._(
                "This invitation was answered, withdrawn or has expired. Ask %s for a new one.",
                self.inviter_id.name or self.env._("whoever sent it")))

    def _psa_send_invitation(self):
        """Make a new link, which ends any former one, and mail it."""
        days = self._psa_invitation_days()
        mails = self.env['mail.mail'].sudo()
        for record in self.sudo():
            token = invitation.new_token()
            record.write({
                'token_hash': invitation.digest(token),
                'invitation_state': invitation.PENDING,
                'date_expires': fields.Datetime.now() + timedelta(days=days),
                'inviter_id': self.env.uid,
            })
            url = f'{record.get_base_url()}/psa/invitation/{self._psa_invitation_kind}/{quote(token)}'
            mails += mails.create({
                **record._psa_prepare_invitation_mail(url, days),
                'auto_delete': True,
                'message_type': 'user_notification',
            })
        # A mail must not leave for an invitation that is undone.
        mails.send_after_commit()

    def _psa_prepare_invitation_mail(self, url, days):
        """Return the values of the mail with the link. Extend it with subject, receiver and text."""
        self.ensure_one()
        sender = self.inviter_id
        return {
            'email_from': self.company_id.email_formatted or sender.email_formatted,
            'reply_to': sender.email_formatted or self.company_id.email_formatted,
            'email_to': self.email,
        }

    @api.model
    def _psa_invitation_days(self):
        """Return for how many days an invitation is valid."""
        days = self.env['ir.config_parameter'].sudo().get_param('psa_crm.invitation_days', '')
        return int(days) if days.isdecimal() and int(days) > 0 else DEFAULT_DAYS

    @api.model
    def _cron_expire_invitations(self):
        """Note of invitations past their time that they have expired. They were of no use from that moment on."""
        domain = [('invitation_state', '=', invitation.PENDING), ('date_expires', '<=', fields.Datetime.now())]
        invitations = self.search(domain, limit=BATCH)
        remaining = self.search_count(domain)
        while invitations:
            invitations.write({'invitation_state': invitation.EXPIRED})
            remaining -= len(invitations)
            if not self.env['ir.cron']._commit_progress(len(invitations), remaining=max(remaining, 0)):
                break
            invitations = self.search(domain, limit=BATCH)
