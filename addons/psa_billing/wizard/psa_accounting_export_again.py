from odoo import fields, models


class PsaAccountingExportAgain(models.TransientModel):
    """Export documents again that were exported before, on purpose."""

    _name = "psa.accounting.export.again"
    _inherit = "psa.wizard.mixin"
    _description = "Export Again"

    export_id = fields.Many2one("psa.accounting.export", required=True, readonly=True, ondelete="cascade")
    reason = fields.Char(required=True)

    def action_again(self):
        """Make the new batch and open it."""
        self.ensure_one()
        return self.export_id._psa_export_again(self.reason)._get_records_action()
