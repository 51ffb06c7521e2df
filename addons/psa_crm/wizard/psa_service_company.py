from odoo import api, fields, models
from odoo.exceptions import AccessError


class PsaServiceCompany(models.TransientModel):
    """Creates a service company for an independent IT professional, and moves clients of his there.

    For somebody who works alone in his companies, and for administrators of the platform, who may choose another owner.
    """

    _name = 'psa.service.company'
    _description = "Create a Service Company"

    name = fields.Char(required=True)
    logo = fields.Image(max_width=1024, max_height=1024)
    street = fields.Char()
    street2 = fields.Char()
    zip = fields.Char()
    city = fields.Char()
    state_id = fields.Many2one('res.country.state', domain="[('country_id', '=?', country_id)]")
    country_id = fields.Many2one(
        'res.country', required=True, default=lambda self: self.env.company.country_id,
        help="Decides the chart of accounts and the taxes. It cannot be changed once invoices are posted.")
    currency_id = fields.Many2one(
        'res.currency', required=True, compute='_compute_currency_id', store=True, readonly=False, precompute=True,
        domain=[('active', 'in', (True, False))], help="The currency of the books.")
    email = fields.Char()
    phone = fields.Char()
    vat = fields.Char(string="Tax ID")
    owner_id = fields.Many2one(
        'res.users', required=True, default=lambda self: self.env.user, domain=[('share', '=', False)],
        help="Gets the group Owner, and this company as his default one.")
    can_choose_owner = fields.Boolean(compute='_compute_can_choose_owner')
    books_info = fields.Char(compute='_compute_books_info', string="Books")
    source_company_ids = fields.Many2many('res.company', compute='_compute_source_company_ids')
    client_ids = fields.Many2many(
        'res.partner', string="Clients That Move",
        domain="[('psa_is_client', '=', True), ('company_id', 'in', source_company_ids)]",
        help="They move with their people and their history.")
    obstacles = fields.Text(compute='_compute_obstacles')

    @api.depends('country_id')
    def _compute_currency_id(self):
        for wizard in self:
            wizard.currency_id = wizard.country_id.currency_id or self.env.company.currency_id

    @api.depends_context('uid')
    def _compute_can_choose_owner(self):
        self.can_choose_owner = self.env.user._psa_is_platform_admin()

    @api.depends('country_id')
    def _compute_books_info(self):
        companies = self.env['res.company']
        for wizard in self:
            country = wizard.country_id.name or ''
            wizard.books_info = (
                self.env._("Chart of accounts of %s", country)
                if companies._psa_chart_template_code(wizard.country_id) != 'generic_coa' else
                self.env._(
                    "Generic chart of accounts: the accounting of %s is not installed here. Ask the administrator of the "
                    "platform to install it before you create the company.", country)
            )

    @api.depends('owner_id')
    @api.depends_context('uid')
    def _compute_source_company_ids(self):
        user = self.env.user
        mine = user.company_ids if user._psa_is_platform_admin() else user.company_ids.filtered(
            lambda company: company._psa_is_one_man_company(user))
        self.source_company_ids = mine

    @api.depends('client_ids')
    def _compute_obstacles(self):
        for wizard in self:
            clients = wizard.client_ids._origin
            wizard.obstacles = '\n'.join(clients.sudo()._psa_move_obstacles(self.env['res.company'])) if clients else ''

    def action_create(self):
        """Create the company and move the clients, in one transaction."""
        self.ensure_one()
        self._check_may_create()
        clients = self.client_ids
        clients.check_access('write')
        clients._psa_check_may_move()
        company = self.env['res.company']._psa_create_service_company(self._prepare_company_vals(), self.owner_id)
        if clients:
            clients._psa_move_to_company(company.sudo(), self.owner_id.sudo())
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'success',
                'message': self.env._("%s is ready. Switch to it with the company menu at the top right.", self.name),
                'next': {'type': 'ir.actions.client', 'tag': 'reload'},
            },
        }

    def _prepare_company_vals(self):
        """Return the values the company is created with."""
        self.ensure_one()
        return {
            **{fname: self[fname] for fname in ('name', 'logo', 'street', 'street2', 'zip', 'city', 'email', 'phone', 'vat')},
            'country_id': self.country_id.id,
            'state_id': self.state_id.id,
            'currency_id': self.currency_id.id,
        }

    def _check_may_create(self):
        """Raise an error unless the current user may create a service company with this owner."""
        user = self.env.user
        if user._psa_is_platform_admin():
            return
        if self.owner_id != user:
            raise AccessError(self.env._("You can create a company for yourself only."))
        others = user.company_ids.filtered(lambda company: not company._psa_is_one_man_company(user))
        if others:
            raise AccessError(self.env._(
                "You work for %s together with others. A service company is created by somebody who works alone; ask the "
                "administrator of the platform.", others[:1].name))
