from odoo import models


class PsaTicketStage(models.Model):
    _name = "psa.ticket.stage"
    _inherit = ["psa.ticket.stage", "psa.history.name.mixin"]
