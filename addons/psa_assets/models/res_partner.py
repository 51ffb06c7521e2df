from odoo import fields, models
from odoo.addons.psa_crm.models.res_partner_overview import ROWS
from odoo.tools import format_date

from .psa_asset import WARRANTY_NOTICE_DAYS


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_asset_ids = fields.One2many(
        'psa.asset', 'client_id', string="Assets", groups='psa_crm.group_technician,psa_crm.group_billing',
        help="The assets of the client.")
    psa_asset_count = fields.Integer(
        string="Asset Count", compute='_compute_psa_asset_count',
        groups='psa_crm.group_technician,psa_crm.group_billing',
        help="On a client: its assets. On one of its people: the assets this person uses.")

    def _compute_psa_asset_count(self):
        clients = self.filtered('psa_is_client')
        persons = self - clients
        assets = self.env['psa.asset']
        counts = {}
        if clients:
            counts.update(assets._read_group([('client_id', 'in', clients.ids)], ['client_id'], ['__count']))
        if persons:
            counts.update(assets._read_group([('contact_id', 'in', persons.ids)], ['contact_id'], ['__count']))
        for partner in self:
            partner.psa_asset_count = counts.get(partner._origin, 0)

    def action_psa_assets(self):
        """Open the assets of the client, or those that the person uses."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_assets.action_psa_asset')
        client = self.commercial_partner_id
        if self.psa_is_client:
            domain, context = [('client_id', '=', self.id)], {'default_client_id': self.id}
        else:
            domain = [('contact_id', '=', self.id)]
            context = {'default_client_id': client.id, 'default_contact_id': self.id}
        return {**action, 'name': self.env._("Assets of %s", self.name or client.name), 'domain': domain, 'context': context}

    def _psa_overview_builders(self):
        """Show which warranties end soon."""
        return {**super()._psa_overview_builders(), 'warranties': self._psa_overview_warranties}

    def _psa_overview_warranties(self):
        assets = self.env['psa.asset']
        if not assets.has_access('read'):
            return None
        today = fields.Date.context_today(self)
        domain = [
            ('client_id', '=', self.id), ('warranty_date', '>=', today),
            ('warranty_date', '<=', fields.Date.add(today, days=WARRANTY_NOTICE_DAYS)),
        ]
        ending = assets.search(domain, order='warranty_date, id', limit=ROWS)
        if not ending:
            return None
        rows = [
            {
                'title': asset.name, 'detail': asset.serial or '', 'badge': format_date(self.env, asset.warranty_date),
                'tone': 'warning', 'model': assets._name, 'id': asset.id,
            }
            for asset in ending
        ]
        return self._psa_overview_section(
            'warranties', self.env._("Warranties ending"), 'fa-shield', 50, rows, domain=domain,
            action='action_psa_assets')
