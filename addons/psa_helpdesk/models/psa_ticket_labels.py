from odoo import models


class PsaTicket(models.Model):
    """The words of the desk in lists, boards, searches, reports and exports, where one desk is in view."""

    _name = "psa.ticket"
    _inherit = ["psa.ticket", "psa.desk.words.mixin"]
