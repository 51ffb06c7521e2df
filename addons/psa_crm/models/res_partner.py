from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_is_client = fields.Boolean(
        string="Client", tracking=True,
        help="We serve this company or person: it can have tickets, assets and contracts.")
    psa_client_status = fields.Selection(
        [
            ('prospect', "Prospect"),
            ('onboarding', "Onboarding"),
            ('active', "Active"),
            ('suspended', "Suspended"),
            ('former', "Former"),
        ],
        string="Client Status", compute='_compute_psa_client_status', store=True, readonly=False, tracking=True,
        groups='base.group_user',
        help="How far the service relation is.\n"
             "Prospect: not served yet. Onboarding: being taken into service. Active: served.\n"
             "Suspended: service stopped for a while. Former: no longer served.")
    psa_is_of_client = fields.Boolean(
        string="Belongs to a Client", related='commercial_partner_id.psa_is_client',
        help="The contact is a client or one of its people or addresses.")

    psa_client_class_id = fields.Many2one(
        'psa.client.class', string="Client Class", index='btree_not_null', tracking=True, groups='base.group_user',
        domain="[('company_id', 'in', [False, company_id])]", help="How we rank the client; rules and targets go by it.")
    psa_client_class_color = fields.Integer(related='psa_client_class_id.color', string="Colour of the Class", groups='base.group_user')
    psa_account_manager_id = fields.Many2one(
        'res.users', string="Account Manager", domain=[('share', '=', False)], index='btree_not_null', tracking=True,
        groups='base.group_user', help="Answers to the client for the service as a whole.")
    psa_primary_technician_id = fields.Many2one(
        'res.users', string="Primary Technician", domain=[('share', '=', False)], index='btree_not_null', tracking=True,
        groups='base.group_user', help="Knows the client's systems best and is the first choice for its work.")

    psa_mail_domain_ids = fields.One2many(
        'psa.mail.domain', 'partner_id', string="Mail Domains",
        groups='psa_crm.group_technician,psa_crm.group_billing',
        help="Mail from these domains is filed under this client, also when the sender is not a contact yet.")

    # The list of clients, in its default order.
    _psa_client_idx = models.Index('(complete_name ASC, id DESC) WHERE psa_is_client IS TRUE')
    # Every incoming mail looks its sender up.
    _psa_email_normalized_idx = models.Index('(email_normalized) WHERE email_normalized IS NOT NULL')

    @api.depends('psa_is_client')
    def _compute_psa_client_status(self):
        for partner in self:
            if not partner.psa_is_client:
                partner.psa_client_status = False
            elif not partner.psa_client_status:
                partner.psa_client_status = 'active'

    @api.constrains('psa_is_client', 'parent_id', 'is_company')
    def _check_psa_is_client(self):
        for partner in self.filtered('psa_is_client'):
            if partner.commercial_partner_id != partner:
                raise ValidationError(self.env._(
                    "%(contact)s cannot be a client: it belongs to %(company)s. "
                    "Tick Client on %(company)s, or remove the company of the contact first.",
                    contact=partner.name or partner.display_name, company=partner.commercial_partner_id.display_name))

    @api.constrains('psa_client_status')
    def _check_psa_client_status(self):
        for partner in self:
            if partner.psa_is_client and not partner.psa_client_status:
                raise ValidationError(self.env._("Choose a Client Status for %s.", partner.display_name))
