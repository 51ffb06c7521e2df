from odoo import models


class PsaTicketOption(models.Model):
    _name = "psa.ticket.option"
    _inherit = ["psa.ticket.option", "psa.history.name.mixin"]
