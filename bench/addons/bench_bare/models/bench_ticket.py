from odoo import fields, models


class BenchTicket(models.Model):
    """A ticket that is nothing but a message thread with the columns every help desk has."""

    _name = "bench.ticket"
    _description = "Bare ticket"
    _inherit = ["mail.thread"]
    _order = "id desc"

    _company_idx = models.Index("(company_id, id DESC)")

    name = fields.Char(required=True, index="trigram", tracking=True)
    description = fields.Html()
    team_id = fields.Many2one("bench.ticket.team", index=True)
    stage_id = fields.Many2one(
        "bench.ticket.stage", index=True, tracking=True, default=lambda self: self.env["bench.ticket.stage"].search([], limit=1)
    )
    user_id = fields.Many2one("res.users", index=True, tracking=True)
    partner_id = fields.Many2one("res.partner", index=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    priority = fields.Selection([("0", "Low"), ("1", "Medium"), ("2", "High")], default="1")
