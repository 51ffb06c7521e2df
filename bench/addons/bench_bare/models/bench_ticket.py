from odoo import fields, models


class BenchTicket(models.Model):
    """A ticket that is nothing but a message thread with the columns every help desk has: no rule, no computed column."""

    _name = "bench.ticket"
    _description = "Bare ticket"
    _inherit = ["mail.thread"]
    _order = "id desc"

    _company_idx = models.Index("(company_id, id DESC) WHERE active IS TRUE")
    _company_stage_idx = models.Index("(company_id, stage_id) WHERE active IS TRUE")

    name = fields.Char(required=True, index="trigram", tracking=True)
    number = fields.Char(index="trigram")
    description = fields.Html()
    active = fields.Boolean(default=True)
    team_id = fields.Many2one("bench.ticket.team", index=True, tracking=True)
    stage_id = fields.Many2one(
        "bench.ticket.stage", index=True, tracking=True, default=lambda self: self.env["bench.ticket.stage"].search([], limit=1)
    )
    user_id = fields.Many2one("res.users", index=True, tracking=True)
    partner_id = fields.Many2one("res.partner", index=True, tracking=True)
    client_id = fields.Many2one("res.partner", index=True, tracking=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    email_from = fields.Char()
    source = fields.Selection([("email", "E-mail"), ("phone", "Phone"), ("manual", "By hand")], default="manual", tracking=True)
    priority = fields.Selection([("0", "Low"), ("1", "Medium"), ("2", "High")], default="1", tracking=True)
    severity = fields.Selection([("0", "Low"), ("1", "Medium"), ("2", "High")], tracking=True)
    category_id = fields.Many2one("bench.ticket.stage", tracking=True)
    type_id = fields.Many2one("bench.ticket.stage", tracking=True)
    version_id = fields.Many2one("bench.ticket.stage", tracking=True)
    color = fields.Integer()
    date_deadline = fields.Datetime(index=True, tracking=True)
    date_open = fields.Datetime()
    date_resolved = fields.Datetime()
    date_closed = fields.Datetime(index=True)
