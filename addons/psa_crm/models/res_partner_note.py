from odoo import fields, models


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_note_count = fields.Integer(
        string="Client Notes", compute='_compute_psa_note_count', groups='psa_crm.group_technician,psa_crm.group_billing',
        help="On a client: its notes. On one of its people: the notes about talking to this person.")

    def _compute_psa_note_count(self):
        clients = self.filtered('psa_is_client')
        persons = self - clients
        notes = self.env['psa.client.note']
        counts = {}
        if clients:
            counts.update(notes._read_group([('client_id', 'in', clients.ids)], ['client_id'], ['__count']))
        if persons:
            counts.update(notes._read_group([('contact_id', 'in', persons.ids)], ['contact_id'], ['__count']))
        for partner in self:
            partner.psa_note_count = counts.get(partner._origin, 0)

    def action_psa_notes(self):
        """Open the notes of the client, or those about talking to the person."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_client_note')
        domain = [('client_id' if self.psa_is_client else 'contact_id', '=', self.id)]
        return {**action, 'domain': domain, 'context': self._psa_note_context()}

    def action_psa_new_note(self):
        """Open an empty note of the client in a dialog: write, save, done."""
        self.ensure_one()
        return {
            'type': 'ir.actions.act_window', 'name': self.env._("New Note"), 'res_model': 'psa.client.note',
            'view_mode': 'form', 'views': [(self.env.ref('psa_crm.view_psa_client_note_quick_form').id, 'form')],
            'target': 'new', 'context': self._psa_note_context(),
        }

    def _psa_note_context(self):
        context = {'default_client_id': self.commercial_partner_id.id}
        if not self.psa_is_client:
            context['default_contact_id'] = self.id
        return context
