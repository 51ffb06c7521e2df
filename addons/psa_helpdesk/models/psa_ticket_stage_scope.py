from odoo import models


class PsaTicketStage(models.Model):
    _inherit = "psa.ticket.stage"

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        return refusal or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"desk_ids", "company_id"}:
            # Odoo checks the stage as it was: nobody hands one to another desk, or to all of them.
            self.check_access("write")
        return result
