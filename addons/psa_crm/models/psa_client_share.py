from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..core import access
from .psa_access import aware
from .psa_access_rule import LEVELS
from .psa_client_share_states import OPEN, RUNNING

# What may change while the share is open, by who gives it.
TERMS = ('level', 'date_from', 'date_to', 'reason')


class PsaClientShare(models.Model):
    """A client lent to somebody else: a person, a team or another service company, for a while or until revoked.

    It is offered, then accepted by the receiving side; from then on it is in force from ``date_from`` up to ``date_to``. Whoever
    gave it can revoke it at any moment, the receiver can return it. What it allows is compiled into ``psa.access``, which
    looks at the dates itself: the state only follows them.
    """

    _name = 'psa.client.share'
    _description = "Client Share"
    _inherit = ['mail.thread', 'mail.activity.mixin']
    _order = 'date_from desc, id desc'

    name = fields.Char(compute='_compute_name', store=True)
    client_id = fields.Many2one(
        'res.partner', required=True, index=True, ondelete='cascade', tracking=True, domain="[('psa_is_client', '=', True)]")
    company_id = fields.Many2one(
        'res.company', string="Shared By Company", required=True, readonly=True, index=True, ondelete='cascade',
        help="The service company the client belongs to.")
    giver_id = fields.Many2one(
        'res.users', string="Shared By", required=True, readonly=True, index=True, default=lambda self: self.env.user,
        ondelete='restrict')
    target = fields.Selection(
        [('user', "A Person"), ('team', "A Team"), ('company', "A Service Company")], string="Share With", required=True,
        default='user')
    user_id = fields.Many2one(
        'res.users', string="Person", index='btree_not_null', ondelete='cascade', domain=[('share', '=', False)])
    team_id = fields.Many2one('psa.team', index='btree_not_null', ondelete='cascade')
    to_company_id = fields.Many2one('res.company', string="Service Company", index='btree_not_null', ondelete='cascade')
    receiver_name = fields.Char(string="Shared With", compute='_compute_receiver_name', compute_sudo=True)

    level = fields.Selection(
        [('read', "Read"), ('work', "Work"), ('full', "Full")], required=True, default='work', tracking=True,
        help="Read: see. Work: handle tickets, assets and documents too. Full: change the client and its contracts as well.")
    share_tickets = fields.Boolean("Tickets", default=True, tracking=True)
    share_assets = fields.Boolean("Assets", default=True, tracking=True)
    share_documents = fields.Boolean("Documents", default=True, tracking=True)
    share_contracts = fields.Boolean("Contracts", tracking=True)
    share_credentials = fields.Boolean("Credentials", tracking=True)
    date_from = fields.Datetime("From", required=True, default=fields.Datetime.now, tracking=True)
    date_to = fields.Datetime("Until", tracking=True, help="From this moment on the share is over. Empty: until it is revoked.")
    reason = fields.Char(tracking=True, help="Why the client is shared; the receiver reads it.")
    state = fields.Selection(
        [
            ('offered', "Offered"),
            ('accepted', "Accepted"),
            ('active', "Active"),
            ('ended', "Ended"),
            ('revoked', "Revoked"),
            ('declined', "Declined"),
        ],
        required=True, readonly=True, default='offered', copy=False, index=True, tracking=True,
        help="Offered: the receiver has not answered yet. Accepted: it begins on its first day. Active: in force.\n"
             "Ended: over, or returned by the receiver. Revoked: taken back. Declined: the receiver did not want it.")
    absence_id = fields.Many2one(
        'psa.client.absence', readonly=True, index='btree_not_null', ondelete='set null', help="The absence it was shared for.")
    is_giver = fields.Boolean(compute='_compute_sides')
    is_receiver = fields.Boolean(compute='_compute_sides')

    _order_idx = models.Index('(date_from DESC, id DESC)')
    _open_idx = models.Index("(company_id, client_id) WHERE state IN ('offered', 'accepted', 'active')")
    _date_to_idx = models.Index("(date_to) WHERE date_to IS NOT NULL AND state IN ('offered', 'accepted', 'active')")
    _date_from_idx = models.Index("(date_from) WHERE state = 'accepted'")
    _dates_in_order = models.Constraint(
        'CHECK(date_to > date_from)', "The share ends before it begins. Correct From or Until.")
    _one_target = models.Constraint(
        'CHECK(num_nonnulls(user_id, team_id, to_company_id) = 1)',
        "Choose with whom to share the client: one person, one team or one service company.")
    _something_shared = models.Constraint(
        '''CHECK(COALESCE(share_tickets, FALSE) OR COALESCE(share_assets, FALSE) OR COALESCE(share_documents, FALSE)
                 OR COALESCE(share_contracts, FALSE) OR COALESCE(share_credentials, FALSE))''',
        "Choose what to share: Tickets, Assets, Documents, Contracts or Credentials.")

    @api.depends('client_id', 'user_id', 'team_id', 'to_company_id')
    def _compute_name(self):
        for share in self.sudo():
            share.name = f'{share.client_id.name or "…"} → {share._psa_receiver().display_name or "…"}'

    @api.depends('user_id', 'team_id', 'to_company_id')
    def _compute_receiver_name(self):
        for share in self:
            share.receiver_name = share._psa_receiver().display_name

    @api.depends('company_id', 'client_id', 'giver_id', 'user_id', 'team_id', 'to_company_id')
    @api.depends_context('uid')
    def _compute_sides(self):
        for share in self:
            share.is_giver = share._psa_is_giver()
            share.is_receiver = share._psa_is_receiver()

    @api.constrains('client_id', 'company_id')
    def _check_client(self):
        for share in self.sudo():
            client = share.client_id
            if not client.psa_is_client:
                raise ValidationError(self.env._("%s is not a client, so it cannot be shared. Choose a client.", client.display_name))

    @api.constrains('user_id', 'team_id', 'to_company_id', 'company_id')
    def _check_receiver(self):
        for share in self.sudo():
            receiver = share._psa_receiver()
            if 'active' in receiver._fields and not receiver.active:
                raise ValidationError(self.env._(
                    "%s is archived and cannot receive a client. Choose somebody else.", receiver.display_name))
            if share.user_id.share:
                raise ValidationError(self.env._(
                    "%s is no member of the staff of a service company. Clients are shared with colleagues; what people of "
                    "clients see on the portal is set by their Portal Role.", share.user_id.name))
            if share.user_id and share.user_id == share.giver_id:
                raise ValidationError(self.env._("You cannot share a client with yourself. Choose somebody else."))
            if share.to_company_id == share.company_id:
                raise ValidationError(self.env._(
                    "%(client)s belongs to %(company)s already. Choose another service company.",
                    client=share.client_id.name, company=share.company_id.name))

    @api.constrains('client_id', 'user_id', 'team_id', 'to_company_id', 'date_from', 'date_to', 'state')
    def _check_overlap(self):
        candidates = self.sudo().search([('client_id', 'in', self.sudo().client_id.ids), ('state', 'in', OPEN)], order='id')
        by_receiver = candidates.grouped(lambda share: (share.client_id, share._psa_receiver()))
        for share in self.sudo().filtered(lambda share: share.state in OPEN):
            for other in by_receiver.get((share.client_id, share._psa_receiver()), ()):
                if other != share and share._psa_overlaps(other):
                    raise ValidationError(self.env._(
                        "%(client)s is shared with %(receiver)s in this time already, from %(start)s until %(end)s. "
                        "Change or revoke that share first.",
                        client=share.client_id.name, receiver=share.receiver_name,
                        start=self._psa_show(other.date_from), end=self._psa_show(other.date_to)))

    @api.model_create_multi
    def create(self, vals_list):
        now = fields.Datetime.now()
        prepared = []
        clients = self.env['res.partner'].browse([vals['client_id'] for vals in vals_list if vals.get('client_id')])
        clients.check_access('read')
        for given in vals_list:
            vals = self._psa_clean_target(given)
            client = clients.browse(vals.get('client_id'))
            date_to = fields.Datetime.to_datetime(vals.get('date_to'))
            if date_to and date_to <= now:
                raise ValidationError(self.env._(
                    "The share would be over already: Until is %s. Choose a moment to come.", self._psa_show(date_to)))
            client._psa_check_may_share(self.env['res.users'].browse(vals.get('user_id')))
            vals.update(state='offered', company_id=client.sudo().company_id.id)
            if not self.env.su:
                vals['giver_id'] = self.env.uid
            if not vals['company_id']:
                client._psa_refuse_without_company()
            prepared.append(vals)
        # Two at once for the same client would not see each other overlap.
        self.env['psa.access']._psa_lock(clients.sudo().company_id.sorted('id'))
        shares = super(PsaClientShare, self._psa_keeping_history()).create(prepared).with_env(self.env)
        shares._psa_offer()
        return shares

    def write(self, vals):
        if not self.env.su:
            if vals.keys() & {'state', 'company_id', 'giver_id'}:
                raise AccessError(self.env._("The state of a share changes by its buttons: accept, decline, return or revoke."))
            if vals.keys() & {'client_id', 'target', 'user_id', 'team_id', 'to_company_id'}:
                raise UserError(self.env._(
                    "Client and receiver of a share stay as they are. Revoke it and share the client anew instead."))
            if any(name in TERMS or name.startswith('share_') for name in vals):
                self._psa_check_side('is_giver')
                closed = self.filtered(lambda share: share.state not in OPEN)
                if closed:
                    raise UserError(self.env._("%s is over and cannot be changed any more.", closed[0].name))
        result = super(PsaClientShare, self._psa_keeping_history()).write(vals)
        if any(name in TERMS or name == 'state' or name.startswith('share_') for name in vals):
            self._psa_recompile()
        if {'date_from', 'date_to'} & vals.keys() and 'state' not in vals:
            self.sudo()._psa_follow_dates()
        return result

    def unlink(self):
        places = self._psa_places()
        result = super().unlink()
        # The database took their rows along.
        self.env['psa.access']._psa_forget()
        self._psa_recompile(places)
        return result

    def action_accept(self):
        """Take the offered clients over."""
        self._psa_check_side('is_receiver')
        self._psa_check_state(('offered',))
        self.sudo()._psa_accept()
        return True

    def action_decline(self):
        """Do not take the offered clients over."""
        self._psa_check_side('is_receiver')
        self._psa_check_state(('offered',))
        self.sudo()._psa_finish('declined', self.env._("%s declined.", self.env.user.name))
        return True

    def action_return(self):
        """Give back what was lent, before its time is over."""
        self._psa_check_side('is_receiver')
        self._psa_check_state(RUNNING)
        self.sudo()._psa_finish('ended', self.env._("Returned by %s.", self.env.user.name))
        return True

    def action_revoke(self):
        """Take the clients back; the receiver loses access at once."""
        self._psa_check_side('is_giver')
        self._psa_check_state(OPEN)
        self.sudo()._psa_finish('revoked', self.env._("Revoked by %s.", self.env.user.name))
        return True

    @api.model
    def _psa_statements(self, company, clients=None):
        """Return ``[(client, subject, grant)]`` of what a company lends."""
        condition = SQL("state = ANY(%s) AND company_id = %s", list(RUNNING), company.id)
        if clients is not None:
            condition = SQL("%s AND client_id = ANY(%s)", condition, list(clients))
        rows = self.env.execute_query(SQL(
            """SELECT id, client_id, target, COALESCE(user_id, team_id, to_company_id), level, date_from, date_to,
                      share_tickets, share_assets, share_documents, share_contracts, share_credentials
                 FROM psa_client_share WHERE %s""", condition))
        statements = []
        for share_id, client, target, receiver, level, starts, ends, *parts in rows:
            scope = access.CLIENT + sum(bit for bit, shared in zip(access.PARTS[1:], parts, strict=True) if shared)
            statements.append((client, (target, receiver), access.Grant(
                LEVELS[level], personal=target == 'user', scope=scope, starts=aware(starts), ends=aware(ends), lent=True,
                source=share_id)))
        return statements

    def _psa_places(self):
        """Return what the shares have an effect on: ``{(company, users): clients}``."""
        places = {}
        for share in self.sudo():
            key = (share.company_id, share._psa_receiving_users())
            places.setdefault(key, set()).add(share.client_id.id)
        return places

    def _psa_recompile(self, places=None):
        for (company, users), clients in (places or self._psa_places()).items():
            self.env['psa.access']._psa_rebuild(company, users, 'client', clients)

    def _psa_overlaps(self, other):
        return (not self.date_to or other.date_from < self.date_to) and (not other.date_to or self.date_from < other.date_to)

    def _psa_receiver(self):
        return self.user_id or self.team_id or self.to_company_id

    def _psa_receiving_users(self):
        """Return the people who get access by the share."""
        if self.user_id:
            return self.user_id
        if self.team_id:
            return self.team_id._psa_people()
        return self.env['res.users'].sudo().search([
            ('company_ids', 'in', self.to_company_id.ids), ('share', '=', False)]) if self.to_company_id else self.user_id

    def _psa_deciders(self):
        """Return who may accept, decline and return the share: the person, the leader of the team, those who run the company."""
        self.ensure_one()
        share = self.sudo()
        if share.user_id:
            return share.user_id
        if share.team_id.leader_id:
            return share.team_id.leader_id
        company = share.to_company_id or share.team_id.company_id
        return self.env['res.users'].sudo().search([
            ('company_ids', 'in', company.ids), ('all_group_ids', 'in', self.env.ref('psa_crm.group_company_admin').ids),
        ])

    def _psa_is_receiver(self):
        return self.env.user in self._psa_deciders()

    def _psa_is_giver(self):
        """Tell whether the current user gave the share or runs what the client belongs to."""
        self.ensure_one()
        share = self.sudo()
        return share.company_id.id in self.env.user._get_company_ids() and (
            share.giver_id == self.env.user or share.client_id._psa_may_share())

    def _psa_keeping_history(self):
        """Return self without the context keys by which a caller could switch off the history of who had access."""
        return self.with_context(tracking_disable=False, mail_notrack=False, mail_create_nolog=False)

    def _psa_check_side(self, side):
        strangers = self.filtered(lambda share: not share[side])
        if strangers and not self.env.su:
            raise AccessError({
                'is_giver': self.env._(
                    "Only who shared %s, its account manager or a company administrator can do that.", strangers[0].name),
                'is_receiver': self.env._("Only the receiving side can answer or return %s.", strangers[0].name),
            }[side])

    def _psa_check_state(self, states):
        wrong = self.filtered(lambda share: share.state not in states)
        if wrong:
            labels = dict(self._fields['state']._description_selection(self.env))
            raise UserError(self.env._(
                "%(share)s is %(state)s, so nothing was done. Reload the page to see how it stands.",
                share=wrong[0].name, state=labels[wrong[0].state].lower()))

    @api.model
    def _psa_clean_target(self, vals):
        """Return the values without receivers of another kind than the chosen one."""
        by_target = {'user': 'user_id', 'team': 'team_id', 'company': 'to_company_id'}
        vals = dict(vals)
        target = vals.get('target') or next((target for target, fname in by_target.items() if vals.get(fname)), 'user')
        return {**vals, 'target': target, **{fname: False for other, fname in by_target.items() if other != target}}

    @api.model
    def _psa_show(self, moment):
        return fields.Datetime.context_timestamp(self, moment).strftime('%Y-%m-%d %H:%M') if moment else self.env._("revoked")
