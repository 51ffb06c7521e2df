import hashlib
import hmac
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Command, Domain
from odoo.tools import SQL, consteq

from ..core import signup
from ..core.mail_domain import address_spellings, normalize_address

BATCH = 50
MAX_NEW_PER_LIMIT = 20
DEFAULTS = {'per_network': 10, 'per_address': 3, 'overall': 60, 'valid_hours': 24, 'keep_days': 90}


class PsaSignup(models.Model):
    """A request for an account, made by a stranger on the public page.

    The page only stores the request. A scheduled action decides which requests are answered and mails them, so neither
    the page nor the time it takes tells whether somebody has an account here. The link in the mail leads to a page
    that creates account and company, see :meth:`_confirm`.
    """

    _name = 'psa.signup'
    _description = "Sign-Up"
    _order = 'id desc'
    _rec_name = 'company_name'

    name = fields.Char(required=True, readonly=True)
    company_name = fields.Char(string="Company", required=True, readonly=True)
    email = fields.Char(required=True, readonly=True)
    country_id = fields.Many2one('res.country', readonly=True)
    lang = fields.Char(string="Language", readonly=True)
    state = fields.Selection(
        [
            ('requested', "Requested"),
            ('mailed', "Mailed"),
            ('confirmed', "Confirmed"),
            ('refused', "Refused"),
            ('expired', "Expired"),
        ],
        default='requested', required=True, readonly=True,
        help="Requested: waits for its mail. Mailed: the link is on its way or was not followed yet. Confirmed: account and "
             "company are there. Refused: no account came of it, see the reason. Expired: nobody followed the link in time.")
    refusal = fields.Selection(
        [
            ('trap', "Filled in by a program"),
            ('repeated', "Asked twice within minutes"),
            ('address_limit', "Too many for this address"),
            ('network_limit', "Too many from this network"),
            ('overall_limit', "Too many altogether"),
            ('known', "Has an account already"),
        ],
        string="Reason", readonly=True,
        help="Why there was no link to confirm. Who has an account already got a mail that says so.")
    date_mailed = fields.Datetime(string="Mailed On", readonly=True)
    date_expires = fields.Datetime(string="Valid Until", readonly=True)
    date_confirmed = fields.Datetime(string="Confirmed On", readonly=True)
    user_id = fields.Many2one('res.users', string="Account", readonly=True, ondelete='set null', index='btree_not_null')
    company_id = fields.Many2one(
        'res.company', string="Service Company", readonly=True, ondelete='set null', index='btree_not_null',
        help="The company that was created.")
    referral_code = fields.Char(readonly=True, help="The personal link through which the visitor came.")
    referral_id = fields.Many2one(
        'psa.referral', readonly=True, ondelete='set null', index='btree_not_null', help="The referral that came of the link.")
    address = fields.Char(string="Mailbox", readonly=True, help="The address without spellings of it; equal ones are one person.")
    network_hash = fields.Char(
        string="Network", readonly=True,
        help="Stands for the network of the visitor; the same for the same network, but the network cannot be told from it.")
    brand_id = fields.Many2one(
        'res.company', compute='_compute_brand_id', compute_sudo=True, help="The platform's company, whose brand the mail bears.")
    token_hash = fields.Char(readonly=True, copy=False, groups='base.group_system')

    _token_uniq = models.UniqueIndex('(token_hash) WHERE token_hash IS NOT NULL')
    _requested_idx = models.Index("(id) WHERE state = 'requested'")
    _mailed_idx = models.Index("(date_expires) WHERE state = 'mailed'")
    _create_date_idx = models.Index('(create_date)')
    _network_idx = models.Index('(network_hash, create_date)')

    def _compute_brand_id(self):
        self.brand_id = self._platform_company()

    # ------------------------------------------------------------------
    # Settings
    # ------------------------------------------------------------------

    @api.model
    def _is_open(self):
        """Tell whether strangers may sign up."""
        return self.env['ir.config_parameter'].sudo().get_param('psa_crm.signup_enabled') == 'True'

    @api.model
    def _platform_company(self):
        """Return the company that runs the platform: the one the database began with."""
        return self.env['res.company'].sudo().search([], limit=1, order='id')

    @api.model
    def _setting(self, name):
        """Return one of the numbers in DEFAULTS; what an administrator typed wrongly falls back to the default."""
        value = self.env['ir.config_parameter'].sudo().get_param(f'psa_crm.signup_{name}') or ''
        return int(value) if value.isdecimal() and int(value) else DEFAULTS[name]

    @api.model
    def _limits(self):
        return signup.Limits(**{name: self._setting(name) for name in ('per_network', 'per_address', 'overall')})

    # ------------------------------------------------------------------
    # The request
    # ------------------------------------------------------------------

    @api.model
    def _request(self, values, remote_address, is_trapped=False):
        """Keep what a stranger typed and have it looked at. Returns nothing: there is nothing to tell him yet.

        :param values: name, company_name, email, country_id, lang, referral_code; checked by the form before
        """
        network_hash = self._network_hash(remote_address)
        if self._is_flooded(network_hash):
            return
        self.sudo().create({
            **values,
            'email': normalize_address(values['email']),
            'address': signup.canonical_address(values['email']),
            'network_hash': network_hash,
            # Only the job decides; but what fell into the trap needs no more than to be kept.
            **({'state': 'refused', 'refusal': 'trap'} if is_trapped else {}),
        })
        self.env.ref('psa_crm.ir_cron_answer_signups').sudo()._trigger()

    @api.model
    def _network_hash(self, remote_address):
        """Return a stand-in for a network from which nobody without the database's secret gets back to it."""
        network = signup.network_of(remote_address)
        if not network:
            return ''
        secret = self.env['ir.config_parameter'].sudo().get_param('database.secret')
        return hmac.new(secret.encode(), f'psa.signup:{network}'.encode(), hashlib.sha256).hexdigest()[:16]

    @api.model
    def _is_flooded(self, network_hash):
        """Tell whether so much came in within the hour that more is not even kept.

        It spares the disk, nothing else: it is far beyond the limits at which mails stop, so it need not be exact.
        """
        an_hour_ago = Domain('create_date', '>', fields.Datetime.now() - signup.HOUR)
        limits = self._limits()
        rows = self.sudo()
        from_here, of_all = MAX_NEW_PER_LIMIT * limits.per_network, MAX_NEW_PER_LIMIT * limits.overall
        return (
            rows.search_count(an_hour_ago & Domain('network_hash', '=', network_hash), limit=from_here) >= from_here
            or rows.search_count(an_hour_ago, limit=of_all) >= of_all
        )

    # ------------------------------------------------------------------
    # The answer
    # ------------------------------------------------------------------

    @api.model
    def _cron_answer(self):
        """Mail what is due. Each request is answered once: decided, written and mailed in one transaction."""
        domain = [('state', '=', 'requested')]
        remaining = self.sudo().search_count(domain)
        while remaining:
            requests = self.sudo().search(domain, limit=BATCH, order='id').try_lock_for_update()
            if not requests:
                break
            requests._answer()
            remaining = max(0, remaining - len(requests))
            if not self.env['ir.cron']._commit_progress(len(requests), remaining=remaining):
                break

    def _answer(self):
        """Decide on these new requests and send each the mail it gets, if any."""
        since = fields.Datetime.now() - signup.DAY
        oldest = min(self.mapped('create_date'))
        answered = self.search([
            ('create_date', '>', min(since, oldest - signup.DAY)), ('date_mailed', '!=', False), ('id', 'not in', self.ids),
        ])
        verdicts = signup.decide(self._core_requests(), answered._core_requests(), self._limits())
        for refusal, requests in self.grouped(lambda request: verdicts[request.id]).items():
            if refusal:
                requests.write({'state': 'refused', 'refusal': refusal})
        mailable = self.filtered(lambda request: request.state == 'requested')
        known = mailable._with_account()
        known._mail_known()
        (mailable - known)._mail_link()
        if mailable:
            self.env.ref('mail.ir_cron_mail_scheduler_action').sudo()._trigger()

    def _core_requests(self):
        return [
            signup.Request(
                id=request.id, at=request.create_date, network=request.network_hash or '', address=request.address,
                is_trapped=request.refusal == 'trap')
            for request in self
        ]

    def _with_account(self):
        """Return the requests whose address already belongs to an account, whatever kind it is and also if archived."""
        spellings = {spelling for request in self for spelling in address_spellings(request.email)}
        users = self.env['res.users'].sudo().with_context(active_test=False)
        # Logins are compared as they are stored; both columns have an index.
        found = users.search_fetch(
            Domain('login', 'in', list(spellings)) | Domain('partner_id.email_normalized', 'in', list(spellings)),
            ['login', 'email_normalized'])
        taken = {value.lower() for user in found for value in (user.login, user.email_normalized) if value}
        return self.filtered(lambda request: not taken.isdisjoint(address_spellings(request.email)))

    def _mail_known(self):
        """Tell who has an account that he has one. To whoever watches, it is a mail like any other."""
        if not self:
            return
        self.write({'state': 'refused', 'refusal': 'known', 'date_mailed': fields.Datetime.now()})
        self.env.ref('psa_crm.mail_template_signup_known').sudo().send_mail_batch(self.ids)

    def _mail_link(self):
        """Send the links. The database keeps only what a token can be recognized by."""
        if not self:
            return
        now = fields.Datetime.now()
        tokens = {request.id: secrets.token_urlsafe(32) for request in self}
        for request in self:
            request.token_hash = self._token_hash(tokens[request.id])
        self.write({
            'state': 'mailed', 'date_mailed': now, 'date_expires': now + timedelta(hours=self._setting('valid_hours')),
        })
        urls = {request.id: f"{request.get_base_url()}/psa/signup/confirm/{tokens[request.id]}" for request in self}
        template = self.env.ref('psa_crm.mail_template_signup_confirm').sudo()
        template.with_context(psa_signup_urls=urls).send_mail_batch(self.ids)

    # ------------------------------------------------------------------
    # The confirmation
    # ------------------------------------------------------------------

    @api.model
    def _token_hash(self, token):
        return hashlib.sha256((token or '').encode()).hexdigest()

    @api.model
    def _by_token(self, token):
        """Return the request a token was sent for, whatever became of it since; none for any other text."""
        token_hash = self._token_hash(token)
        request = self.sudo().search([('token_hash', '=', token_hash)], limit=1)
        # The index has compared prefixes on the way; the last word is not a matter of time.
        return request if request and consteq(request.token_hash, token_hash) else self.browse()

    def _is_confirmable(self):
        """Tell whether the link still opens the door."""
        self.ensure_one()
        return self.state == 'mailed' and self.date_expires > fields.Datetime.now()

    def _confirm(self, company_name=None):
        """Create account and company; return the user, or none when the link opens the door no longer.

        Of two clicks at once the second waits for the row, fails to get it as it was, is run again by Odoo, and finds
        the request confirmed.
        """
        self.ensure_one()
        self.env.execute_query(SQL("SELECT id FROM psa_signup WHERE id = %s FOR UPDATE", self.id))
        if not self._is_confirmable():
            return self.env['res.users']
        if self._with_account():
            self.write({'state': 'refused', 'refusal': 'known'})
            return self.env['res.users']
        company_name = (company_name or self.company_name).strip()
        user = self.env['res.users'].sudo().with_context(no_reset_password=True).create(self._prepare_user_vals())
        # Named by arguments, so that no visitor's context reaches the books.
        company = self.env['res.company'].sudo()._psa_create_service_company(self._prepare_company_vals(company_name), user)
        self.write({
            'state': 'confirmed', 'date_confirmed': fields.Datetime.now(), 'company_name': company_name,
            'user_id': user.id, 'company_id': company.id,
        })
        self.referral_id = self.env['psa.referral'].sudo()._register_signup(self)
        return user

    def _prepare_user_vals(self):
        """Return the values of the new account; creating the company makes its owner of it."""
        installed = dict(self.env['res.lang'].get_installed())
        return {
            'name': self.name,
            'login': self.email,
            'email': self.email,
            'group_ids': [Command.set(self.env.ref('base.group_portal').ids)],
            **({'lang': self.lang} if self.lang in installed else {}),
        }

    def _prepare_company_vals(self, company_name):
        return {'name': company_name, 'country_id': self.country_id.id, 'email': self.email}

    def _password_url(self):
        """Return Odoo's own page on which the new user chooses his password."""
        self.ensure_one()
        partner = self.user_id.partner_id.sudo()
        partner.signup_prepare()
        return partner.with_context(relative_url=True)._get_signup_url_for_action()[partner.id]

    def _awaits_password(self):
        """Tell whether the account was made minutes ago and nobody has signed in to it."""
        self.ensure_one()
        return bool(
            self.state == 'confirmed' and self.user_id and not self.user_id.login_date
            and self.date_confirmed > fields.Datetime.now() - signup.COOL_DOWN
        )

    # ------------------------------------------------------------------
    # Ageing
    # ------------------------------------------------------------------

    @api.model
    def _expire_old(self):
        """Close the links whose time is over; they are dead from that minute on, this only says so in the list."""
        self.sudo().search([('state', '=', 'mailed'), ('date_expires', '<=', fields.Datetime.now())]).write(
            {'state': 'expired'})

    @api.autovacuum
    def _gc_old_signups(self):
        """Forget requests of which nothing came; what is confirmed stays with its company, without the network."""
        self._expire_old()
        old = Domain('create_date', '<', fields.Datetime.now() - timedelta(days=self._setting('keep_days')))
        done = self.sudo().search(old & Domain('state', 'in', ('refused', 'expired')), limit=1000, order='create_date')
        kept = self.sudo().search(
            old & Domain('state', '=', 'confirmed') & Domain('network_hash', '!=', False), limit=1000, order='create_date')
        kept.write({'network_hash': False})
        done.unlink()
        return len(done) + len(kept), max(len(done), len(kept)) == 1000
