from odoo import fields, models


class PsaClientClass(models.Model):
    """How a service company ranks its clients; access rules, SLA and workflow rules go by it."""

    _name = 'psa.client.class'
    _description = "Client Class"
    _order = 'sequence, id'

    name = fields.Char(required=True, translate=True, help="Such as Premier, Standard or Jeopardy.")
    sequence = fields.Integer(default=10)
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    description = fields.Char(translate=True, help="What a technician should know about clients of this class.")
    company_id = fields.Many2one(
        'res.company', index='btree_not_null', default=lambda self: self.env.company,
        help="The service company that uses the class. Empty: every company.")

    client_count = fields.Integer(string="Clients", compute='_compute_client_count')

    _order_idx = models.Index('(sequence, id)')

    def _compute_client_count(self):
        counts = dict(self.env['res.partner']._read_group(
            [('psa_client_class_id', 'in', self.ids), ('psa_is_client', '=', True)], ['psa_client_class_id'], ['__count']))
        for client_class in self:
            client_class.client_count = counts.get(client_class, 0)

    def action_view_clients(self):
        """Open the clients of the class."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_clients')
        return {**action, 'domain': [('psa_is_client', '=', True), ('psa_client_class_id', '=', self.id)]}
