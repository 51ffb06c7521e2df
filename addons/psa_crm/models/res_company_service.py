from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, ValidationError

from ..core import mail_domain

NEW_COMPANY_FIELDS = {
    'name', 'country_id', 'state_id', 'currency_id', 'street', 'street2', 'city', 'zip', 'phone', 'email', 'website', 'vat', 'logo',
}


class ResCompany(models.Model):
    """A company of Odoo is a service company (ITSC): an IT service provider with its staff, clients and books."""

    _inherit = 'res.company'

    @api.private
    def _psa_create_service_company(self, vals, owner):
        """Create a service company ready for work and make ``owner`` its owner; return the company.

        Everything happens in the caller's transaction: a failure leaves nothing behind. The method checks what is entered,
        not whether the caller may do this; it runs with all rights, so call it only after that was decided. It takes some
        seconds, as the books are loaded.

        What it does, in this order: creates the company; loads the country's chart of accounts
        (:meth:`_psa_load_books`); makes ``owner`` an internal user with the group Owner and the company as his default
        one; calls :meth:`_psa_prepare_service_company`, where other addons add what the company needs.

        An owner who is no staff yet (a person who just signed up, a portal user) gets this company alone. Who is staff
        elsewhere keeps his other companies; he must be their owner too, or their only member, since an account has the same
        rights in each of its companies.

        :param dict vals: ``name`` (required), ``country_id``, ``currency_id``, ``street``, ``city``, ``zip``, ``phone``,
            ``email``, ``logo`` (base64); also ``street2``, ``state_id``, ``website``, ``vat``. Ids for relations. Without
            currency the country's is taken. Anything else is refused.
        :param owner: res.users, one active user
        :raise ValidationError: when a value is missing or wrong; the message names the field and the remedy
        :raise UserError: when the person cannot become an owner
        """
        owner.ensure_one()
        vals = self._psa_check_new_company_vals(vals)
        owner = owner.with_user(SUPERUSER_ID)
        owner._psa_check_new_owner()
        # Odoo puts whoever creates a company into it: that must not be a visitor who signs up. And it would install the
        # country's accounting on the spot, which ends the transaction in the middle.
        companies = self.with_user(SUPERUSER_ID).with_context(chart_template_load=True)
        company = companies.create(vals).with_context(chart_template_load=False)
        company._psa_load_books()
        owner._psa_make_owner(company)
        company._psa_prepare_service_company(owner)
        return self.browse(company.id)

    @api.model
    def _psa_check_new_company_vals(self, vals):
        """Return the values a new service company is created with, or raise an error that names what is wrong."""
        unknown = vals.keys() - NEW_COMPANY_FIELDS
        if unknown:
            raise AccessError(self.env._("These cannot be chosen for a new company: %s.", ', '.join(sorted(unknown))))
        vals = {key: value.strip() if isinstance(value, str) else value for key, value in vals.items() if value}
        if not vals.get('name'):
            raise ValidationError(self.env._("Enter the name of the company in Name."))
        if self.sudo().with_context(active_test=False).search_count([('name', '=', vals['name'])], limit=1):
            raise ValidationError(self.env._(
                "There already is a company “%s” here. Choose another Name, for instance with the town in it.", vals['name']))
        if vals.get('email') and not mail_domain.normalize_address(vals['email']):
            raise ValidationError(self.env._(
                "“%s” is no e-mail address. Correct Email, or leave it empty.", vals['email']))
        country = self.env['res.country'].sudo().browse(vals.get('country_id', ())).exists()
        vals['currency_id'] = (
            vals.get('currency_id') or country.currency_id.id or self.env.company.sudo().currency_id.id)
        return vals

    def _psa_load_books(self):
        """Load the chart of accounts: that of the company's country, else the generic one.

        A country's chart can be taken only if its accounting is installed; installing it is for the platform's
        administrator, before the company is created.
        """
        for company in self.sudo():
            if company.chart_template:
                continue
            currency = company.currency_id
            code = self._psa_chart_template_code(company.country_id)
            self.env['account.chart.template'].with_user(SUPERUSER_ID).try_loading(code, company, install_demo=False)
            # A chart sets the currency of its country; the one that was chosen counts.
            if company.currency_id != currency:
                company.currency_id = currency

    @api.model
    def _psa_chart_template_code(self, country):
        """Return the code of the chart of accounts for the country among those installed."""
        charts = self.env['account.chart.template'].sudo()._get_chart_template_mapping()
        return next(
            (
                code for code, chart in charts.items()
                if country and chart['installed'] and chart['country_id'] == country.id
            ),
            'generic_coa',
        )

    def _psa_prepare_service_company(self, owner):
        """Add what a new service company needs to work; runs with all rights. Extend it, call ``super()`` first.

        :param owner: the res.users who becomes the owner; he belongs to the company already
        """
        self.ensure_one()

    def _psa_is_one_man_company(self, user):
        """Tell whether nobody but the user works in this company."""
        self.ensure_one()
        others = self.env['res.users'].sudo().search_count([
            ('company_ids', 'in', self.ids), ('id', 'not in', (user.id, SUPERUSER_ID)), ('share', '=', False),
        ], limit=1)
        return not others
