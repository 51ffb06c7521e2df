from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..core import mail_domain

# What an owner may change of his company. All else, the books and technical settings above all, is the platform's.
PROFILE_FIELDS = (
    'name', 'logo', 'street', 'street2', 'zip', 'city', 'state_id', 'phone', 'email', 'website', 'vat', 'company_registry',
    'report_header', 'report_footer', 'primary_color', 'secondary_color', 'email_primary_color', 'email_secondary_color',
)


class PsaCompanyProfile(models.TransientModel):
    """The details and the looks of a service company, for its owner.

    Odoo lets only administrators of the platform write companies. This form reads and writes a fixed list of fields of the
    company the owner works in, after it was checked that he owns it.
    """

    _name = 'psa.company.profile'
    _description = "My Company"
    _rec_name = 'name'

    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, default=lambda self: self.env.company, ondelete='cascade')
    name = fields.Char(string="Company Name", required=True)
    logo = fields.Image(max_width=1920, max_height=1920)
    street = fields.Char()
    street2 = fields.Char()
    zip = fields.Char()
    city = fields.Char()
    state_id = fields.Many2one('res.country.state', domain="[('country_id', '=', country_id)]")
    country_id = fields.Many2one(related='company_id.country_id')
    currency_id = fields.Many2one(related='company_id.currency_id')
    phone = fields.Char()
    email = fields.Char()
    website = fields.Char()
    vat = fields.Char(string="Tax ID")
    company_registry = fields.Char(string="Company ID")
    report_header = fields.Html(string="Tagline", help="Stands below the logo on invoices and reports.")
    report_footer = fields.Html(string="Footer", help="Stands at the foot of invoices and reports.")
    primary_color = fields.Char(string="First Colour of Documents")
    secondary_color = fields.Char(string="Second Colour of Documents")
    email_primary_color = fields.Char(string="Button Text in Mails")
    email_secondary_color = fields.Char(string="Buttons in Mails")
    share_code = fields.Char(
        string="Sharing Code", compute='_compute_share_code',
        help="Give it to people of other service companies who are to share clients with the company. It opens nothing: the company "
             "accepts or declines each offer.")

    @api.depends('company_id')
    def _compute_share_code(self):
        for profile in self:
            company = profile.company_id
            profile.share_code = company.sudo().psa_share_code if company and company._psa_runs_share_code() else False

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        company = self.env.company
        self._check_owns(company)
        values.update(self._read_profile(company, set(PROFILE_FIELDS) & set(fields_list)))
        values['company_id'] = company.id
        return values

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_owns(self.env['res.company'].browse(vals.get('company_id') or self.env.company.id))
        return super().create(vals_list)

    def write(self, vals):
        if 'company_id' in vals:
            raise AccessError(self.env._("Switch to the other company first, then open My Company."))
        return super().write(vals)

    def action_save(self):
        """Write what changed to the company."""
        self.ensure_one()
        company = self.company_id
        self._check_owns(company)
        if not (self.name or '').strip():
            raise ValidationError(self.env._("Enter the name of the company in Company Name."))
        if self.email and not mail_domain.normalize_address(self.email):
            raise ValidationError(self.env._("“%s” is no e-mail address. Correct Email.", self.email))
        before = self._read_profile(company, PROFILE_FIELDS)
        after = self._read_profile(self, PROFILE_FIELDS)
        changes = {fname: value for fname, value in after.items() if value != before[fname]}
        if 'name' in changes and company.sudo().with_context(active_test=False).search_count([
            ('name', '=', changes['name']), ('id', '!=', company.id),
        ], limit=1):
            raise ValidationError(self.env._("There already is a company “%s” here. Choose another Company Name.", self.name))
        if changes:
            company.sudo().write(changes)
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'success', 'message': self.env._("Saved."), 'next': {'type': 'ir.actions.client', 'tag': 'reload'},
            },
        }

    def action_renew_share_code(self):
        """Make the sharing code useless and get another one."""
        self.ensure_one()
        self.company_id._psa_check_runs_share_code()
        self.company_id._psa_renew_share_code()
        return True

    @api.model
    def _read_profile(self, record, names):
        """Return the values of a company, or of this form, in a shape in which they compare and can be written."""
        record = record.sudo()
        values = {fname: record._fields[fname].convert_to_write(record[fname], record) or False for fname in names}
        return {fname: value.decode() if isinstance(value, bytes) else value for fname, value in values.items()}

    @api.model
    def _check_owns(self, company):
        """Raise an error unless the current user is an owner of the company."""
        user = self.env.user
        owns = user.has_group('psa_crm.group_owner') and company in user.company_ids
        if not owns and not user._psa_is_platform_admin():
            raise AccessError(self.env._("Only the owner of a company changes its details."))
