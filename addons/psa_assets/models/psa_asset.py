from odoo import api, fields, models
from odoo.exceptions import ValidationError


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
        help="How people call the asset: its host name or what is written on its label.")
    type_id = fields.Many2one('psa.asset.type', string="Type", index=True, tracking=True, ondelete='restrict')
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
        required=True, default='in_use', index=True, tracking=True, group_expand=True)
    active = fields.Boolean(default=True)

    client_id = fields.Many2one(
        'res.partner', string="Client", index='btree_not_null', check_company=True, tracking=True, ondelete='restrict',
        domain="[('psa_is_client', '=', True)]",
        help="The client the asset belongs to. Empty while it lies in our own stock.")
    contact_id = fields.Many2one(
        'res.partner', string="Used By", index='btree_not_null', check_company=True, tracking=True,
        domain="[('commercial_partner_id', '=', client_id), ('is_company', '=', False)]",
        help="The person at the client who works with the asset.")
    location = fields.Char(tracking=True, help="Where the asset stands: site, room, rack.")

    purchase_date = fields.Date()
    warranty_date = fields.Date(string="Warranty Until", tracking=True, help="Last day of the warranty.")
    vendor_id = fields.Many2one(
        'res.partner', string="Vendor", index='btree_not_null', check_company=True,
        help="Who sold the asset or answers for its warranty.")
    company_id = fields.Many2one('res.company', required=True, index=True, default=lambda self: self.env.company)
    note = fields.Html(string="Notes")

    _name_order_idx = models.Index('(name, id)')
    _warranty_idx = models.Index('(warranty_date) WHERE warranty_date IS NOT NULL AND active IS TRUE')
    _serial_uniq = models.UniqueIndex(
        '(company_id, COALESCE(client_id, 0), lower(serial)) WHERE serial IS NOT NULL',
        "This client already has an asset with this serial number (perhaps an archived one).")
