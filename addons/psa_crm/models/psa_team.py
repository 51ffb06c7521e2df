from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command, Domain

from ..core import invitation, leadership


class PsaTeam(models.Model):
    """Staff that works together; clients can be shared with a team and access rules can name it.

    Members may belong to other service companies than the team's own: an independent professional joins by invitation.
    Company administrators maintain all teams of the company, a leader his own.
    """

    _name = 'psa.team'
    _description = "Team"
    _inherit = ['mail.thread']
    _order = 'name, id'
    _parent_name = 'parent_id'

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    color = fields.Integer(aggregator=None)
    description = fields.Text(help="What the team is for.")
    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company,
        help="The service company the team belongs to.")
    company_name = fields.Char(related='company_id.name', string="Company Name")
    leader_id = fields.Many2one(
        'res.users', index='btree_not_null', domain=[('share', '=', False)], tracking=True,
        help="Invites and removes members.")
    parent_id = fields.Many2one(
        'psa.team', string="Part Of", index='btree_not_null', ondelete='set null', tracking=True,
        domain="[('company_id', '=', company_id), ('id', '!=', id)]",
        help="The team above this one. Its leader stands above the leader of this team.")
    child_ids = fields.One2many('psa.team', 'parent_id', string="Teams Within")
    member_ids = fields.Many2many(
        'res.users', 'psa_team_member_rel', 'team_id', 'user_id', string="Members", domain=[('share', '=', False)],
        help="Staff of the company joins at once; people of other companies join by invitation.")
    member_count = fields.Integer(compute='_compute_counts', compute_sudo=True)
    invitation_ids = fields.One2many('psa.team.invitation', 'team_id', string="Invitations")
    pending_count = fields.Integer(string="Open Invitations", compute='_compute_counts', compute_sudo=True)
    is_leader = fields.Boolean(compute='_compute_is_leader', help="The current user may invite and remove members.")
    is_member = fields.Boolean(compute='_compute_is_leader')

    _name_company_uniq = models.UniqueIndex(
        '(name, company_id)', "This company already has a team of that name. Choose another name.")
    _order_idx = models.Index('(name, id)')

    def _compute_counts(self):
        pending = dict(self.env['psa.team.invitation']._read_group(
            [('team_id', 'in', self.ids), ('invitation_state', '=', invitation.PENDING)], ['team_id'], ['__count']))
        for team in self:
            team.member_count = len(team.member_ids)
            team.pending_count = pending.get(team._origin, 0)

    @api.depends('leader_id', 'member_ids')
    @api.depends_context('uid')
    def _compute_is_leader(self):
        user = self.env.user
        runs_company = user.has_group('psa_crm.group_company_admin')
        for team in self:
            team.is_leader = team.leader_id == user or (runs_company and team.company_id in user.company_ids)
            team.is_member = user in team.sudo().member_ids

    @api.constrains('parent_id', 'company_id')
    def _check_parent_id(self):
        for team in self:
            if team.parent_id and team.parent_id.company_id != team.company_id:
                raise ValidationError(self.env._(
                    "%(team)s cannot be part of %(parent)s, a team of another company. Choose another team in Part Of.",
                    team=team.name, parent=team.parent_id.name))
        if self._has_cycle():
            raise ValidationError(self.env._(
                "A team cannot be part of itself, not by way of other teams either. Choose another team in Part Of."))

    @api.constrains('parent_id', 'leader_id', 'active')
    def _check_leaders(self):
        if self._has_cycle():
            return  # _check_parent_id says so
        rows = self.sudo().search_fetch(
            [('company_id', 'in', self.company_id.ids)], ['parent_id', 'leader_id'])
        circle = leadership.find_cycle(leadership.leader_edges(
            (team.id, team.parent_id.id or None, team.leader_id.id or None) for team in rows))
        if circle:
            raise ValidationError(self.env._(
                "These would lead each other in a circle: %s. Choose another Leader, or another team in Part Of.",
                ', '.join(self.env['res.users'].sudo().browse(circle).mapped('name'))))

    @api.constrains('member_ids', 'leader_id')
    def _check_members(self):
        accepted = set(self.env['psa.team.invitation'].sudo()._read_group(
            [('team_id', 'in', self.ids), ('invitation_state', '=', invitation.ACCEPTED)], ['team_id', 'user_id']))
        for team in self.sudo():
            strangers = team.member_ids.filtered(
                lambda user, team=team: (team.company_id not in user.company_ids and (team, user) not in accepted))
            if strangers:
                raise ValidationError(self.env._(
                    "%(people)s: does not work for %(company)s, so only an invitation makes a member of %(team)s. "
                    "Use Invite.",
                    people=', '.join(strangers.mapped('name')), company=team.company_id.name, team=team.name))
            clients = team.member_ids.filtered('share')
            if clients:
                raise ValidationError(self.env._(
                    "%s: signs in to the portal and cannot be in a team.", ', '.join(clients.mapped('name'))))

    @api.model_create_multi
    def create(self, vals_list):
        teams = super().create(vals_list)
        teams._psa_add_leaders()
        return teams

    def write(self, vals):
        if 'company_id' in vals and not self.env.su:
            moved = self.filtered(lambda team: team.company_id.id != vals['company_id'])
            if moved:
                raise UserError(self.env._(
                    "A team stays with its company: clients are shared with it. Create a new team for the other company."))
        before = {team: team.sudo().member_ids for team in self} if 'member_ids' in vals else {}
        result = super().write(vals)
        if 'leader_id' in vals:
            self._psa_add_leaders()
        for team, members in before.items():
            team._psa_end_membership(members - team.sudo().member_ids)
        return result

    def action_invite(self):
        """Ask for the addresses to invite."""
        self.ensure_one()
        self._psa_check_leads()
        return {
            'type': 'ir.actions.act_window',
            'name': self.env._("Invite to %s", self.name),
            'res_model': 'psa.team.invite',
            'view_mode': 'form',
            'target': 'new',
            'context': {'default_team_id': self.id},
        }

    def action_leave(self):
        """Take the current user out of the team."""
        self.ensure_one()
        user = self.env.user
        if user not in self.sudo().member_ids:
            raise UserError(self.env._("You are not a member of %s.", self.sudo().name))
        if self.sudo().leader_id == user:
            raise UserError(self.env._("You lead %s. Choose another Leader before you leave.", self.sudo().name))
        self.sudo().write({'member_ids': [Command.unlink(user.id)]})
        return {'type': 'ir.actions.act_window_close'}

    def action_view_invitations(self):
        """Open the invitations of the team."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_team_invitation')
        return {**action, 'domain': [('team_id', '=', self.id)], 'context': {}}

    def _psa_invite(self, addresses, message=''):
        """Invite these mail addresses into the team; return the invitations.

        Nothing that comes back tells whether an address has an account.
        """
        self.ensure_one()
        self._psa_check_leads()
        invitations = self.env['psa.team.invitation'].sudo().create([
            {
                'team_id': self.id, 'email': address, 'message': message, 'inviter_id': self.env.uid,
                'invitation_state': invitation.PENDING,
            }
            for address in addresses
        ])
        invitations.with_env(self.env)._psa_send_invitation()
        return invitations.with_env(self.env)

    def _psa_check_leads(self):
        """Raise an error unless the current user may invite and remove members of all these teams."""
        if self.env.su:
            return
        for team in self:
            if not team.is_leader:
                raise AccessError(self.env._(
                    "Only the leader of %s and company administrators invite people.", team.sudo().name))

    def _psa_add_leaders(self):
        """Make each leader a member, too."""
        for team in self.sudo():
            if team.leader_id and team.leader_id not in team.member_ids:
                team.write({'member_ids': [Command.link(team.leader_id.id)]})

    def _psa_end_membership(self, users):
        """Note that these left: an invitation they accepted does not bring them back."""
        self.ensure_one()
        if not users:
            return
        if self.sudo().leader_id in users:
            raise ValidationError(self.env._(
                "%(user)s leads %(team)s. Choose another Leader first.", user=self.sudo().leader_id.name, team=self.name))
        self.env['psa.team.invitation'].sudo().search(
            Domain('team_id', '=', self.id) & Domain('user_id', 'in', users.ids)
            & Domain('invitation_state', '=', invitation.ACCEPTED)
        ).write({'invitation_state': invitation.ENDED})
        self.sudo()._message_log(body=self.env._("Left the team: %s", ', '.join(users.sudo().mapped('name'))))
