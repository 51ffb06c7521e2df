from odoo import models


class PsaTicketStage(models.Model):
    _name = "psa.ticket.stage"
    _inherit = ["psa.history.name.mixin", "psa.ticket.stage"]
