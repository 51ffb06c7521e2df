from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core.warranty import warranty_state

WARRANTY_NOTICE_DAYS = 60


class PsaAsset(models.Model):
    """A device, system or subscription that a client uses, or that lies in stock for one."""

    _name = 'psa.asset'
    _description = "Asset"
    _inherit = ['mail.thread', 'mail.activity.mixin']
    _order = 'name, id'
    _rec_names_search = ['name', 'serial']
    _check_company_auto = True

    name = fields.Char(
        required=True, index='trigram', tracking=True,
        help="How people call the asset: its host name, or what is written on its label.")
    type_id = fields.Many2one('psa.asset.type', index=True, tracking=True, ondelete='restrict')
    color = fields.Integer(related='type_id.color')
    serial = fields.Char(
        string="Serial Number", index='trigram', copy=False, tracking=True,
        help="Serial number or service tag of the manufacturer. Unique for each client.")
    status = fields.Selection(
        [
            ('in_stock', "In Stock"),
            ('in_use', "In Use"),
            ('in_repair', "In Repair"),
            ('retired', "Retired"),
        ],
        required=True, default='in_use', index=True, tracking=True, group_expand=True,
        help="In stock: ready, but nobody works with it. In use: somebody works with it.\n"
             "In repair: away for repair. Retired: taken out of service for good.")
    active = fields.Boolean(default=True)

    client_id = fields.Many2one(
        'res.partner', index='btree_not_null', check_company=True, tracking=True, ondelete='restrict',
        domain="[('psa_is_client', '=', True)]",
        help="The client the asset belongs to. Empty while it lies in our own stock.")
    contact_id = fields.Many2one(
        'res.partner', string="Used By", index='btree_not_null', check_company=True, tracking=True,
        compute='_compute_contact_id', store=True, readonly=False,
        domain="[('commercial_partner_id', '=', client_id), ('is_company', '=', False), ('type', '=', 'contact')]",
        help="The person at the client who works with the asset.")
    location = fields.Char(tracking=True, help="Where the asset stands: site, room, rack.")

    purchase_date = fields.Date(help="Day on which the asset was bought.")
    warranty_date = fields.Date(string="Warranty Until", tracking=True, help="Last day of the warranty.")
    warranty_state = fields.Selection(
        [
            ('none', "No Warranty"),
            ('valid', "Valid"),
            ('expiring', "Expires Soon"),
            ('expired', "Expired"),
        ],
        compute='_compute_warranty_state', search='_search_warranty_state',
        help="Expires soon: within the next 60 days.")
    vendor_id = fields.Many2one(
        'res.partner', index='btree_not_null', check_company=True,
        help="Who sold the asset or answers for its warranty.")
    company_id = fields.Many2one(
        'res.company', required=True, index=True, default=lambda self: self.env.company,
        help="The service company that looks after the asset.")
    note = fields.Html(string="Notes")

    _name_order_idx = models.Index('(name, id)')
    _warranty_date_idx = models.Index('(warranty_date) WHERE warranty_date IS NOT NULL AND active IS TRUE')
    # Case does not tell two serial numbers apart: they are typed from labels.
    _serial_uniq = models.UniqueIndex(
        '(company_id, COALESCE(client_id, 0), lower(serial)) WHERE serial IS NOT NULL',
        "This client already has an asset with this serial number, perhaps an archived one. "
        "Search for the serial number with the filter Archived.")
    _warranty_after_purchase = models.Constraint(
        'CHECK(warranty_date >= purchase_date)',
        "The warranty of the asset ends before its purchase date. Correct Warranty Until or Purchase Date.")

    @api.depends('client_id')
    def _compute_contact_id(self):
        for asset in self:
            if asset.contact_id.commercial_partner_id != asset.client_id:
                asset.contact_id = False

    @api.depends('warranty_date')
    @api.depends_context('tz')
    def _compute_warranty_state(self):
        today = fields.Date.context_today(self)
        for asset in self:
            asset.warranty_state = warranty_state(asset.warranty_date or None, today, WARRANTY_NOTICE_DAYS)

    @api.model
    def _search_warranty_state(self, operator, value):
        if operator != 'in':
            return NotImplemented
        today = fields.Date.context_today(self)
        notice = fields.Date.add(today, days=WARRANTY_NOTICE_DAYS)
        domains = {
            'none': Domain('warranty_date', '=', False),
            'expired': Domain('warranty_date', '<', today),
            'expiring': Domain('warranty_date', '>=', today) & Domain('warranty_date', '<=', notice),
            'valid': Domain('warranty_date', '>', notice),
        }
        return Domain.OR(domains[state] for state in value if state in domains)

    @api.constrains('client_id')
    def _check_client_id(self):
        for asset in self:
            if asset.client_id and not asset.client_id.psa_is_client:
                raise ValidationError(self.env._(
                    "%(asset)s: %(partner)s is not a client. Choose a client, or tick Client on the contact first.",
                    asset=asset.name, partner=asset.client_id.display_name))

    @api.constrains('contact_id', 'client_id')
    def _check_contact_id(self):
        for asset in self:
            if asset.contact_id and asset.contact_id.commercial_partner_id != asset.client_id:
                raise ValidationError(self.env._(
                    "%(asset)s: %(person)s in Used By does not belong to %(client)s. Choose one of its people.",
                    asset=asset.name, person=asset.contact_id.display_name,
                    client=asset.client_id.display_name or self.env._("the client (none is set)")))

    @api.depends('name', 'serial')
    @api.depends_context('formatted_display_name')
    def _compute_display_name(self):
        for asset in self:
            if asset.serial and self.env.context.get('formatted_display_name'):
                asset.display_name = f'{asset.name} \t--{asset.serial}--'
            else:
                asset.display_name = asset.name

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._clean_vals(vals) for vals in vals_list])

    def write(self, vals):
        result = super().write(self._clean_vals(vals))
        if 'company_id' in vals:
            # Odoo checks the record as it was: nobody gives an asset to a company he has no access to.
            self.check_access('write')
        return result

    @api.model
    def _clean_vals(self, vals):
        """Return the values with the serial number as it is on the label: no blanks around it, none when empty."""
        if 'serial' not in vals:
            return vals
        return {**vals, 'serial': (vals['serial'] or '').strip() or False}
