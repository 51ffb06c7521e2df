from odoo import models


class PsaTicket(models.Model):
    """What happens to tickets sets off rules, see ``psa.rule``."""

    _inherit = "psa.ticket"

    def _psa_rules_event(self, event, **details):
        """Note that something happened to these tickets; the rules about it run once, at the end of the step."""
