from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_split


class PsaTeamInvite(models.TransientModel):
    """Asks for the mail addresses of those to invite into a team."""

    _name = 'psa.team.invite'
    _description = "Invite into a Team"

    team_id = fields.Many2one('psa.team', required=True, ondelete='cascade')
    emails = fields.Text(
        string="Mail Addresses", required=True,
        help="One or more, separated by commas or line breaks. Each person gets a mail of his own.")
    message = fields.Text(string="Personal Message", help="Stands in the mail, above the button.")
    days = fields.Integer(compute='_compute_days')

    @api.depends_context('uid')
    def _compute_days(self):
        self.days = self.env['psa.team.invitation']._psa_invitation_days()

    def action_invite(self):
        """Send the invitations."""
        self.ensure_one()
        pieces = [piece for piece in self.emails.replace('\n', ',').replace(';', ',').split(',') if piece.strip()]
        wrong = [piece.strip() for piece in pieces if len(email_split(piece)) != 1]
        if wrong or not pieces:
            raise ValidationError(self.env._(
                "Not a mail address: %s. Separate addresses by commas.", ', '.join(wrong) or '–'))
        self.team_id._psa_invite(sorted({email_split(piece)[0].lower() for piece in pieces}), self.message or '')
        return {'type': 'ir.actions.act_window_close'}
