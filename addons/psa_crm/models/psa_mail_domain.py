from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import mail_domain


class PsaMailDomain(models.Model):
    """A mail domain that stands for one client: who writes from it, writes for that client."""

    _name = 'psa.mail.domain'
    _description = "Mail Domain of a Client"
    _order = 'name, id'
    _check_company_auto = True

    name = fields.Char(
        string="Domain", required=True,
        help="The part of the mail addresses after the @, such as harbour-dental.example. Subdomains are included, "
             "unless another client has the subdomain.")
    partner_id = fields.Many2one(
        'res.partner', string="Client", required=True, index=True, ondelete='cascade', check_company=True,
        domain="[('psa_is_client', '=', True)]",
        help="Mail from an unknown person at this domain is filed under this client.")
    company_id = fields.Many2one(
        'res.company', compute='_compute_company_id', store=True, readonly=False, precompute=True, index='btree_not_null',
        help="The service company for which the domain counts. Empty: for every company.")

    # A domain is looked up by name, so the unique index serves every search.
    _name_uniq = models.UniqueIndex(
        '(name, COALESCE(company_id, 0))',
        "This mail domain already belongs to a client of this company. Remove it there first.")

    @api.depends('partner_id.company_id')
    def _compute_company_id(self):
        for domain in self:
            domain.company_id = domain.partner_id.company_id

    @api.constrains('name')
    def _check_name(self):
        for domain in self:
            if mail_domain.is_public_domain(domain.name):
                raise ValidationError(self.env._(
                    "%s cannot be the mail domain of a client: anybody can have an address there. "
                    "Enter the client's own domain, or add the sender as a contact of the client.", domain.name))

    @api.constrains('partner_id')
    def _check_partner_id(self):
        for domain in self:
            if not domain.partner_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%(domain)s: %(partner)s is not a client. Tick Client on the contact first.",
                    domain=domain.name, partner=domain.partner_id.display_name))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._normalize_vals(vals) for vals in vals_list])

    def write(self, vals):
        result = super().write(self._normalize_vals(vals))
        if 'company_id' in vals:
            # Odoo checks the record as it was: nobody gives a domain to a company he has no access to.
            self.check_access('write')
        return result

    def _normalize_vals(self, vals):
        """Return the values with the domain in its canonical form."""
        if not vals.get('name'):
            return vals
        try:
            return {**vals, 'name': mail_domain.normalize_domain(vals['name'])}
        except mail_domain.InvalidDomain as error:
            raise ValidationError(self.env._(
                "“%s” is not a mail domain. Enter only what follows the @ in the addresses, such as "
                "harbour-dental.example.", error.text)) from error
