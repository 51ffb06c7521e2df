from odoo import fields, models


class PsaAccountingExportLeave(models.TransientModel):
    """Leave out of an export what its format cannot carry, because it is entered by hand over there."""

    _name = "psa.accounting.export.leave"
    _inherit = "psa.wizard.mixin"
    _description = "Leave Out of Export"

    export_id = fields.Many2one("psa.accounting.export", required=True, readonly=True, ondelete="cascade")
    problems = fields.Text(related="export_id.problems")
    reason = fields.Char(required=True)

    def action_leave_out(self):
        """Leave out the documents that are in the way, and go back to the export."""
        self.ensure_one()
        self.export_id._psa_leave_out(self.reason)
        return self.export_id._get_records_action()
