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

    _order_idx = models.Index('(sequence, id)')
