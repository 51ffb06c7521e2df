from odoo import fields, models
from odoo.exceptions import UserError


class PsaAccountingExportLine(models.Model):
    """An invoice or credit note in an export. In each format it is there once, unless it was exported again on purpose.

    One that the format cannot carry is left out with a reason and counts as exported: somebody enters it by hand.
    """

    _name = "psa.accounting.export.line"
    _description = "Exported Invoice"
    _order = "export_id desc, id"
    _rec_name = "move_id"
    _check_company_auto = True

    _order_idx = models.Index("(export_id DESC, id)")
    _once_uniq = models.UniqueIndex(
        "(move_id, format) WHERE is_again IS NOT TRUE",
        "One of these documents was exported meanwhile by somebody else. Open the export anew.",
    )

    export_id = fields.Many2one("psa.accounting.export", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="export_id.company_id", store=True, index=True)
    format = fields.Selection(related="export_id.format", store=True)
    move_id = fields.Many2one(
        "account.move", "Document", required=True, readonly=True, index=True, ondelete="restrict", check_company=True
    )
    is_again = fields.Boolean("Again", readonly=True)
    is_left_out = fields.Boolean("Left Out", readonly=True)
    reason = fields.Char("Left Out Because", readonly=True)
    partner_id = fields.Many2one(related="move_id.partner_id")
    invoice_date = fields.Date(related="move_id.invoice_date")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount_total = fields.Monetary(related="move_id.amount_total_in_currency_signed", string="Total")

    def action_take_in(self):
        """Export after all what was left out, as long as the batch is not made."""
        self.check_access("read")
        self.export_id.check_access("write")
        if "done" in self.export_id.mapped("state"):
            raise UserError(self.env._("What was exported stays as it is. Make a new export, or export again."))
        left_out = self.filtered("is_left_out")
        for export, lines in left_out.grouped("export_id").items():
            export.message_post(body=self.env._("Taken in again: %s", ", ".join(lines.move_id.mapped("name"))))
        left_out.sudo().unlink()
        return True
