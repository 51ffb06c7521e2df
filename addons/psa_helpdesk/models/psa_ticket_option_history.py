from odoo import models


class PsaTicketOption(models.Model):
    _name = "psa.ticket.option"
    _inherit = ["psa.history.name.mixin", "psa.ticket.option"]
