from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import ValidationError

from ..core import working_hours


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_is_site = fields.Boolean(
        string="Site", tracking=True,
        help="The address is a place where we work for the client: its people belong to it, and it has working hours of its own.")
    psa_site_ids = fields.One2many(
        'res.partner', 'parent_id', string="Sites", domain=[('psa_is_site', '=', True)],
        help="The places where we work for the client.")
    psa_site_id = fields.Many2one(
        'res.partner', string="At Site", index='btree_not_null', ondelete='set null', tracking=True,
        domain="[('psa_is_site', '=', True), ('commercial_partner_id', '=', commercial_partner_id)]",
        help="Where the person works.")
    psa_site_contact_count = fields.Integer(
        string="People at the Site", compute='_compute_psa_site_contact_count', groups='base.group_user')
    psa_calendar_id = fields.Many2one(
        'resource.calendar', string="Working Hours", index='btree_not_null', groups='base.group_user',
        domain="[('company_id', 'in', [False, company_id])]",
        help="When the client works. Empty: as the client works as a whole, and after that as our company does.")
    psa_tz = fields.Selection(
        _tz_get, string="Local Time", groups='base.group_user',
        help="The time zone in which the working hours are read. Empty: that of the client, and after that of the hours.")

    psa_address_use = fields.Selection(
        [('primary', "Primary"), ('secondary', "Secondary")], string="Use of the Address",
        help="Which of several addresses comes first. There is one primary address: making another one primary makes "
             "the former one secondary.")
    psa_billing_address_id = fields.Many2one(
        'res.partner', string="Billing Address", compute='_compute_psa_addresses', groups='base.group_user',
        help="Where invoices go: the address of type Invoice, or the main address.")
    psa_shipping_address_id = fields.Many2one(
        'res.partner', string="Shipping Address", compute='_compute_psa_addresses', groups='base.group_user',
        help="Where goods go: the address of type Delivery, or the main address.")

    _psa_primary_address_uniq = models.UniqueIndex(
        "(parent_id) WHERE psa_address_use = 'primary' AND active IS TRUE",
        "There can be one primary address. Make the other one secondary first.")

    def _compute_psa_site_contact_count(self):
        counts = dict(self._read_group([('psa_site_id', 'in', self.ids)], ['psa_site_id'], ['__count']))
        for partner in self:
            partner.psa_site_contact_count = counts.get(partner._origin, 0)

    @api.depends('child_ids.type', 'child_ids.active')
    def _compute_psa_addresses(self):
        for partner in self:
            addresses = partner._origin.address_get(['invoice', 'delivery']) if partner._origin else {}
            partner.psa_billing_address_id = addresses.get('invoice', False)
            partner.psa_shipping_address_id = addresses.get('delivery', False)

    @api.constrains('psa_is_site', 'type', 'parent_id')
    def _check_psa_is_site(self):
        for site in self.filtered('psa_is_site'):
            if site.type != 'other' or not site.parent_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%s cannot be a site: a site is an address of type Other directly below a client. "
                    "Choose that type and the client, or untick Site.", site.display_name))

    @api.constrains('psa_site_id', 'parent_id')
    def _check_psa_site_id(self):
        for contact in self.filtered('psa_site_id'):
            site = contact.psa_site_id.sudo()
            if not site.psa_is_site or site.commercial_partner_id != contact.commercial_partner_id:
                raise ValidationError(self.env._(
                    "%(contact)s cannot work at %(site)s: choose a site of %(client)s in At Site.",
                    contact=contact.name or contact.display_name, site=site.name or site.display_name,
                    client=contact.commercial_partner_id.name))

    @api.model_create_multi
    def create(self, vals_list):
        self._psa_demote_primary_addresses([
            vals['parent_id'] for vals in vals_list if vals.get('psa_address_use') == 'primary' and vals.get('parent_id')])
        return super().create(vals_list)

    def write(self, vals):
        if vals.get('psa_address_use') == 'primary':
            parents = [vals['parent_id']] if vals.get('parent_id') else self.parent_id.ids
            self._psa_demote_primary_addresses(parents, besides=self)
        if vals.get('parent_id') and 'psa_site_id' not in vals:
            # Who changes to another client works at none of the former one's sites.
            client = self.browse(vals['parent_id']).commercial_partner_id
            self.filtered(lambda contact: contact.psa_site_id.commercial_partner_id != client).psa_site_id = False
        return super().write(vals)

    @api.model
    def _psa_demote_primary_addresses(self, parent_ids, besides=None):
        """Make the addresses that were primary secondary, before others take their place."""
        if not parent_ids:
            return
        former = self.search([('parent_id', 'in', parent_ids), ('psa_address_use', '=', 'primary')])
        if besides:
            former -= besides
        if former:
            former.psa_address_use = 'secondary'
            # The unique index looks at what is in the database.
            former.flush_recordset(['psa_address_use'])

    def _psa_calendar_and_tz(self):
        """Return the working hours that count for each of these contacts, sites or clients.

        The nearest place that says so counts: the person's site, the address or site itself, then the client, then the
        service company. Hours and time zone are looked up apart. Reads whatever the caller may see: targets and
        deadlines do not depend on who looks.

        :return: dict ``{contact: (resource.calendar record without rules, maybe empty, name of the time zone)}``
        """
        result = {}
        for partner, partner_sudo in zip(self, self.sudo(), strict=True):
            places, place = [], partner_sudo
            while place:
                places += [place.psa_site_id, place]
                place = place.parent_id if place != place.commercial_partner_id else place.browse()
            company = partner_sudo.company_id or partner_sudo.commercial_partner_id.company_id or self.env.company
            chain = [(place.psa_calendar_id, place.psa_tz) for place in places if place]
            chain.append((company.sudo().resource_calendar_id, None))
            calendar, tz = working_hours.resolve_working_hours(chain, lambda calendar: calendar.tz)
            result[partner] = (calendar or self.env['resource.calendar'].sudo(), tz)
        return result
