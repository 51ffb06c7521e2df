from odoo import fields, models


class BenchTicketStage(models.Model):
    _name = "bench.ticket.stage"
    _description = "Bare ticket stage"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
