from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from .psa_client_share_states import OPEN, RUNNING


class PsaClientAbsence(models.Model):
    """I am away: all clients somebody answers for, shared in one go with who stands in for him, and taken back in one go."""

    _name = 'psa.client.absence'
    _description = "Absence Cover"
    _order = 'date_from desc, id desc'

    name = fields.Char(compute='_compute_name', store=True)
    user_id = fields.Many2one(
        'res.users', string="Who Is Away", required=True, index=True, default=lambda self: self.env.user, ondelete='cascade',
        domain=[('share', '=', False)])
    cover_user_id = fields.Many2one(
        'res.users', string="Who Stands In", required=True, index=True, ondelete='cascade', domain=[('share', '=', False)])
    date_from = fields.Datetime("From", required=True, default=fields.Datetime.now)
    date_to = fields.Datetime("Until", required=True)
    level = fields.Selection(
        [('read', "Read"), ('work', "Work"), ('full', "Full")], required=True, default='work',
        help="Read: see. Work: handle tickets, assets and documents too. Full: change the clients and their contracts as well.")
    share_tickets = fields.Boolean("Tickets", default=True)
    share_assets = fields.Boolean("Assets", default=True)
    share_documents = fields.Boolean("Documents", default=True)
    share_contracts = fields.Boolean("Contracts")
    share_credentials = fields.Boolean("Credentials")
    reason = fields.Char(default=lambda self: self.env._("Holiday cover"))
    client_ids = fields.Many2many(
        'res.partner', 'psa_client_absence_rel', 'absence_id', 'client_id', string="Clients", compute='_compute_client_ids',
        store=True, readonly=False, domain="[('psa_is_client', '=', True)]",
        help="The clients of which you are the account manager or the primary technician. Take out what is not to be shared.")
    share_ids = fields.One2many('psa.client.share', 'absence_id', string="Shares", readonly=True)
    client_count = fields.Integer(compute='_compute_client_count')
    state = fields.Selection(
        [('draft', "Draft"), ('shared', "Shared"), ('over', "Over")], compute='_compute_state', search='_search_state')
    is_mine = fields.Boolean(compute='_compute_sides')
    is_receiver = fields.Boolean(compute='_compute_sides')
    is_waiting = fields.Boolean(compute='_compute_state', help="Who stands in has not answered yet.")

    _order_idx = models.Index('(date_from DESC, id DESC)')
    _dates_in_order = models.Constraint(
        'CHECK(date_to > date_from)', "The absence ends before it begins. Correct From or Until.")

    @api.depends('user_id', 'cover_user_id')
    def _compute_name(self):
        for absence in self.sudo():
            absence.name = self.env._(
                "%(cover)s for %(user)s", cover=absence.cover_user_id.name or "…", user=absence.user_id.name or "…")

    @api.depends('user_id')
    def _compute_client_ids(self):
        for absence in self:
            absence.client_ids = self.env['res.partner'].search(
                absence._psa_clients_domain()) if absence.user_id else False

    @api.depends('client_ids')
    def _compute_client_count(self):
        for absence in self:
            absence.client_count = len(absence.client_ids)

    @api.depends('share_ids.state')
    def _compute_state(self):
        for absence in self.sudo():
            states = set(absence.share_ids.mapped('state'))
            absence.state = 'draft' if not states else 'shared' if states & set(OPEN) else 'over'
            absence.is_waiting = 'offered' in states

    @api.model
    def _search_state(self, operator, value):
        if operator != 'in':
            return NotImplemented
        is_open = Domain('share_ids', 'any!', [('state', 'in', OPEN)])
        domains = {
            'draft': Domain('share_ids', '=', False), 'shared': is_open, 'over': Domain('share_ids', '!=', False) & ~is_open}
        return Domain.OR(domains[state] for state in value if state in domains)

    @api.depends('user_id', 'cover_user_id')
    @api.depends_context('uid')
    def _compute_sides(self):
        user = self.env.user
        for absence in self:
            absence.is_receiver = absence.cover_user_id == user
            absence.is_mine = absence._psa_may_manage()

    @api.constrains('user_id', 'cover_user_id')
    def _check_cover(self):
        for absence in self:
            if absence.user_id == absence.cover_user_id:
                raise ValidationError(self.env._("Nobody stands in for himself. Choose somebody else in Who Stands In."))
            if not self.env.su and not absence._psa_may_manage():
                raise AccessError(self.env._(
                    "You arrange your own absence only. A company administrator can do it for somebody of his company."))

    def write(self, vals):
        if not self.env.su and self.sudo().share_ids:
            raise UserError(self.env._(
                "The clients are shared already. Change the single shares, or revoke all of them and begin anew."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shared(self):
        if self.sudo().share_ids.filtered(lambda share: share.state in OPEN):
            raise UserError(self.env._("Clients are still shared for this absence. Revoke all of them first."))

    def action_share(self):
        """Share all listed clients in one go."""
        self.ensure_one()
        self._psa_check_mine()
        if self.share_ids:
            raise UserError(self.env._("The clients of this absence were shared before."))
        if not self.client_ids:
            raise UserError(self.env._(
                "No client is listed. You are account manager or primary technician of none; add the clients by hand."))
        terms = {name: self[name] for name in (
            'level', 'share_tickets', 'share_assets', 'share_documents', 'share_contracts', 'share_credentials', 'date_from',
            'date_to', 'reason')}
        self.env['psa.client.share'].create([
            {**terms, 'giver_id': self.user_id.id if self.env.su else self.env.uid, 'client_id': client.id,
             'target': 'user', 'user_id': self.cover_user_id.id, 'absence_id': self.id}
            for client in self.client_ids
        ])
        return True

    def action_accept(self):
        """Take all offered clients over."""
        self.share_ids.filtered(lambda share: share.state == 'offered').action_accept()
        return True

    def action_decline(self):
        """Take none of the offered clients over."""
        self.share_ids.filtered(lambda share: share.state == 'offered').action_decline()
        return True

    def action_return(self):
        """Give all of them back."""
        self.share_ids.filtered(lambda share: share.state in RUNNING).action_return()
        return True

    def action_revoke(self):
        """I am back: take all clients back at once."""
        self._psa_check_mine()
        self.share_ids.filtered(lambda share: share.state in OPEN).action_revoke()
        return True

    def _psa_clients_domain(self):
        """Return the domain of the clients a person answers for, of the companies he belongs to."""
        user = self.user_id.sudo()
        return (
            Domain('psa_is_client', '=', True) & Domain('company_id', 'in', user.company_ids.ids)
            & (Domain('psa_account_manager_id', '=', user.id) | Domain('psa_primary_technician_id', '=', user.id)))

    def _psa_may_manage(self):
        self.ensure_one()
        user = self.env.user
        return self.user_id == user or (
            user.has_group('psa_crm.group_company_admin')
            and bool(set(user._get_company_ids()) & set(self.user_id.sudo().company_ids.ids)))

    def _psa_check_mine(self):
        for absence in self:
            if not self.env.su and not absence._psa_may_manage():
                raise AccessError(self.env._("Only %s or a company administrator can do that.", absence.user_id.sudo().name))
