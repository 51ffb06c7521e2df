from odoo import fields, models


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_document_count = fields.Integer(
        string="Documents", compute='_compute_psa_document_count', groups='psa_crm.group_technician,psa_crm.group_billing')

    def _compute_psa_document_count(self):
        counts = dict(self.env['psa.document']._read_group(
            [('client_id', 'in', self.ids)], ['client_id'], ['__count']))
        for partner in self:
            partner.psa_document_count = counts.get(partner._origin, 0)

    def action_psa_documents(self):
        """Open the documents of the client; files dropped there become documents of the client."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_document')
        return {
            **action,
            'domain': [('client_id', '=', self.id)],
            'context': {'default_client_id': self.id},
        }
