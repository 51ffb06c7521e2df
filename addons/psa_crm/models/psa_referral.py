import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..core import referral
from ..core.mail_domain import normalize_address
from ..core.signup import canonical_address

CODE_BYTES = 12
INVITATIONS_PER_DAY = 50
# What a person may fill in; everything else is the record of what happened.
OWN_FIELDS = {'name', 'email', 'message'}


class PsaReferral(models.Model):
    """An IT professional brings another one to the platform by a personal link.

    One record stands for one referred company. A link without an address may be passed on to many: each further
    sign-up through it makes a record of its own, with the link's as its origin.
    """

    _name = 'psa.referral'
    _description = "Referral"
    _inherit = ['mail.thread']
    _order = 'id desc'

    name = fields.Char(string="Whom", help="For your own list: who gets the link.")
    user_id = fields.Many2one(
        'res.users', string="Referred By", required=True, readonly=True, index=True, default=lambda self: self.env.user,
        copy=False)
    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, index=True, default=lambda self: self.env.company, copy=False,
        help="The company of who refers; it earns the reward.")
    email = fields.Char(string="E-Mail", help="Where the invitation goes. Empty: copy the link and pass it on yourself.", copy=False)
    address = fields.Char(compute='_compute_address', store=True, help="The mailbox behind the address, to tell when it is the same.")
    message = fields.Text(string="Personal Words", help="Stand in the invitation above the link.")
    code = fields.Char(readonly=True, required=True, copy=False, default=lambda self: secrets.token_urlsafe(CODE_BYTES))
    url = fields.Char(string="Personal Link", compute='_compute_url')
    state = fields.Selection(
        [
            ('open', "Link Ready"),
            ('sent', "Invitation Sent"),
            ('visited', "Link Visited"),
            ('signed_up', "Signed Up"),
            ('rewarded', "Rewarded"),
            ('refused', "Refused"),
            ('revoked', "Revoked"),
        ],
        default='open', required=True, readonly=True, copy=False, tracking=True, group_expand=True)
    refusal = fields.Selection(
        [
            ('same_person', "The same person: nobody refers himself."),
            ('colleague', "A colleague: who signed up belongs to the company that referred him."),
            ('same_company', "The same company under another account."),
            ('same_domain', "The same house: both write from one mail domain."),
            ('revoked', "The link was revoked before the sign-up."),
        ],
        string="Why Refused", readonly=True, copy=False, tracking=True)
    date_sent = fields.Datetime(string="Sent On", readonly=True, copy=False)
    date_visited = fields.Datetime(string="First Visit", readonly=True, copy=False)
    visit_count = fields.Integer(string="Visits", readonly=True, copy=False)
    date_signup = fields.Datetime(string="Signed Up On", readonly=True, copy=False)
    origin_id = fields.Many2one(
        'psa.referral', string="Through the Link Of", readonly=True, copy=False, ondelete='restrict', index='btree_not_null')
    further_ids = fields.One2many('psa.referral', 'origin_id', string="Further Sign-Ups")
    # Another company's record is behind the wall; whoever referred it sees its name here.
    referred_company_id = fields.Many2one(
        'res.company', string="Company That Came of It", readonly=True, copy=False, ondelete='set null', groups='base.group_system')
    referred_name = fields.Char(string="Referred Company", readonly=True, copy=False)
    program_id = fields.Many2one(
        'psa.referral.program', readonly=True, copy=False, ondelete='restrict', index='btree_not_null', groups='base.group_system')
    benefit = fields.Char(compute='_compute_benefit', help="What a sign-up earns by the program that counts for it.")
    benefit_note = fields.Text(compute='_compute_benefit')
    reward_ids = fields.One2many('psa.referral.reward', 'referral_id', string="Rewards", readonly=True)
    reward_total = fields.Monetary(compute='_compute_reward_total', string="Earned")
    currency_id = fields.Many2one('res.currency', compute='_compute_reward_total')
    date_first_invoice = fields.Date(readonly=True, copy=False, groups='base.group_system')
    date_checked = fields.Datetime(readonly=True, copy=False, groups='base.group_system')
    brand_id = fields.Many2one(
        'res.company', compute='_compute_brand_id', compute_sudo=True, help="The platform's company, whose brand the mail bears.")
    is_signup_open = fields.Boolean(compute='_compute_is_signup_open')

    _code_uniq = models.UniqueIndex('(code)')
    _invited_once = models.UniqueIndex(
        "(user_id, address) WHERE address IS NOT NULL AND origin_id IS NULL AND state NOT IN ('revoked', 'refused')",
        "You have invited this address already. Open that referral to send the invitation again.")
    _company_once = models.UniqueIndex(
        "(referred_company_id) WHERE referred_company_id IS NOT NULL AND state IN ('signed_up', 'rewarded')",
        "This company was referred already; it counts once.")
    _check_idx = models.Index("(date_checked NULLS FIRST, id) WHERE state IN ('signed_up', 'rewarded')")

    @api.depends('name', 'email', 'referred_name')
    def _compute_display_name(self):
        for record in self:
            record.display_name = (
                record.referred_name or record.name or record.email or self.env._("Link %s", (record.code or '')[:6]))

    @api.depends('email')
    def _compute_address(self):
        for record in self:
            record.address = canonical_address(record.email) or False

    @api.depends('code')
    def _compute_url(self):
        for record in self:
            record.url = f"{record.get_base_url()}/r/{record.code}"

    @api.depends('program_id', 'state')
    @api.depends_context('lang')
    def _compute_benefit(self):
        running = self.env['psa.referral.program']._running()
        for record in self:
            settled = record.state in ('signed_up', 'rewarded')
            program = (record.sudo().program_id if settled else running).with_context(lang=self.env.lang)
            record.benefit = program.benefit
            record.benefit_note = program.note

    @api.depends('reward_ids.amount')
    def _compute_reward_total(self):
        totals = {
            record: (total, currency)
            for record, currency, total in self.env['psa.referral.reward'].sudo()._read_group(
                [('referral_id', 'in', self.ids)], ['referral_id', 'currency_id'], ['amount:sum'])
        }
        for record in self:
            record.reward_total, record.currency_id = totals.get(
                record._origin, (0.0, record.sudo().program_id.currency_id or record.company_id.currency_id))

    def _compute_brand_id(self):
        self.brand_id = self.env['psa.signup']._platform_company()

    def _compute_is_signup_open(self):
        self.is_signup_open = self.env['psa.signup']._is_open()

    @api.constrains('email')
    def _check_email(self):
        """Refuse to invite oneself before the mail is sent; a sign-up is checked once more."""
        invited = self.filtered('email')
        referrers = invited._referrers()
        for record in invited:
            if not normalize_address(record.email):
                raise ValidationError(self.env._("“%s” is no e-mail address. Correct E-Mail.", record.email))
            problem = referral.self_referral(referrers[record], record.email)
            if problem:
                raise ValidationError(self.env._(
                    "%(email)s cannot be referred. %(reason)s",
                    email=record.email, reason=dict(self._fields['refusal']._description_selection(self.env))[problem]))

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self._check_may_refer()
            vals_list = [{key: value for key, value in vals.items() if key in OWN_FIELDS} for vals in vals_list]
        # What a caller puts into the context fills in no more of it.
        context = {
            key: value for key, value in self.env.context.items() if not key.startswith('default_') or key[8:] in OWN_FIELDS}
        referrals = self.with_context(context)  # pylint: disable=context-overridden
        return super(PsaReferral, referrals).create(vals_list)

    def write(self, vals):
        if not self.env.su:
            foreign = [name for name in vals if name not in OWN_FIELDS and not name.startswith('message_')]
            if foreign:
                raise AccessError(self.env._(
                    "%s of a referral cannot be changed: it records what happened.",
                    ', '.join(self._fields[name]._description_string(self.env) for name in foreign)))
            if 'email' in vals and any(record.state != 'open' for record in self):
                raise UserError(self.env._("The invitation has been sent. Make a new referral for another address."))
        return super().write(vals)

    def action_send(self):
        """Send the invitation with the personal link."""
        self.check_access('write')
        self._check_may_refer()
        if not self.env['psa.signup']._is_open():
            raise UserError(self.env._(
                "Sign-up is closed, so the link leads nowhere. The administrator of the platform opens it in Settings."))
        for record in self:
            if not record.email:
                raise UserError(self.env._("Enter the E-Mail of who is to be invited, or copy the link and pass it on yourself."))
            if record.state not in ('open', 'sent', 'visited'):
                raise UserError(self.env._("%s is not open any more: nothing to send.", record.display_name))
        self._check_invitation_limit()
        refused = self.env['mail.blacklist'].sudo().search([('email', 'in', [normalize_address(record.email) for record in self])], limit=1)
        if refused:
            raise UserError(self.env._("%s does not want mail from here.", refused.email))
        template = self.env.ref('psa_crm.mail_template_referral').sudo()
        template.send_mail_batch(self.ids)
        records = self.sudo()
        records.date_sent = fields.Datetime.now()
        records.filtered(lambda record: record.state == 'open').state = 'sent'
        for record in records:
            record._message_log(body=self.env._("Invitation sent to %s.", record.email))
        self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()
        return True

    def action_revoke(self):
        """Make the link lead to nobody; who has signed up through it stays."""
        self.check_access('write')
        closed = self.filtered(lambda record: record.state not in ('open', 'sent', 'visited'))
        if closed:
            raise UserError(self.env._("%s cannot be revoked: its link is closed already.", closed[0].display_name))
        self.sudo().state = 'revoked'
        return True

    def _check_may_refer(self):
        """Refuse who may not refer by the platform's setting."""
        who = self.env['ir.config_parameter'].sudo().get_param('psa_crm.referral_who')
        if who == 'owner' and not self.env.user.has_group('psa_crm.group_owner'):
            raise AccessError(self.env._("Only owners of a service company may refer others here."))

    def _check_invitation_limit(self):
        """Keep one account from sending mail to the world in our name."""
        sent = self.sudo().search_count([
            ('user_id', '=', self.env.uid), ('date_sent', '>', fields.Datetime.subtract(fields.Datetime.now(), days=1)),
        ])
        if sent + len(self) > INVITATIONS_PER_DAY:
            raise UserError(self.env._("You have sent %s invitations within a day. Continue tomorrow.", sent))

    def _referrers(self):
        """Return for each record who refers, as the calculation wants it: in as many queries for many as for one."""
        companies = (self.sudo().user_id.company_ids | self.sudo().company_id)
        users = self.env['res.users'].sudo().with_context(active_test=False).search_fetch(
            [('company_ids', 'in', companies.ids)], ['login', 'email', 'company_ids'])
        contacts = self.env['res.partner'].sudo().search_fetch(
            [('commercial_partner_id', 'in', companies.partner_id.ids), ('email', '!=', False)], ['email', 'commercial_partner_id'])
        referrers = {}
        for record in self.sudo():
            own_companies = record.user_id.company_ids | record.company_id
            # The platform's own company has many members who merely work on the platform; they are colleagues all the same.
            colleagues = {
                address for user in users if user.company_ids & own_companies for address in (user.login, user.email) if address}
            colleagues |= {contact.email for contact in contacts if contact.commercial_partner_id in own_companies.partner_id}
            colleagues |= {company.email for company in own_companies if company.email}
            referrers[record] = referral.Referrer(
                addresses=frozenset(filter(None, (record.user_id.login, record.user_id.email))),
                colleague_addresses=frozenset(colleagues),
                company_names=frozenset(own_companies.mapped('name')),
            )
        return {record.with_env(self.env): referrer for record, referrer in referrers.items()}

    # ------------------------------------------------------------------
    # What strangers do with the link
    # ------------------------------------------------------------------

    @api.model
    def _by_code(self, code):
        """Return the referral behind a code, open or not."""
        return self.sudo().search([('code', '=', code)], limit=1) if code else self.sudo().browse()

    def _register_visit(self):
        """Note that somebody followed the link."""
        for record in self.filtered(lambda record: record.state in ('open', 'sent', 'visited')):
            record.write({
                'visit_count': record.visit_count + 1,
                'state': 'visited',
                **({} if record.date_visited else {'date_visited': fields.Datetime.now()}),
            })

    @api.model
    def _register_signup(self, request):
        """Note the new company of a confirmed sign-up on the referral it came through; return the referral, if any.

        A link is for one company: the next one through it gets a record of its own, and so does an attempt through a link
        that may still bring somebody else.
        """
        link = self._by_code(request.referral_code)
        if not link:
            return link
        problem = 'revoked' if link.state == 'revoked' else referral.self_referral(
            link._referrers()[link], request.email, request.company_name)
        is_free = link.state in ('open', 'sent', 'visited')
        is_meant = not link.address or link.address == request.address
        record = link
        if not is_free or (problem and not (link.address and is_meant)):
            record = link.create({
                'user_id': link.user_id.id, 'company_id': link.company_id.id, 'origin_id': link.id, 'name': request.name,
            })
        record.write({
            'state': 'refused' if problem else 'signed_up',
            'refusal': problem,
            'date_signup': request.date_confirmed,
            'referred_name': request.company_name,
            'referred_company_id': request.company_id.id,
            'program_id': False if problem else self.env['psa.referral.program']._running().id,
        })
        return record
