from odoo import fields, models


class BenchTicketTeam(models.Model):
    _name = "bench.ticket.team"
    _description = "Bare ticket team"

    name = fields.Char(required=True)
    company_id = fields.Many2one("res.company")
