from odoo import fields, models


class PsaAccountingExportLine(models.Model):
    """An invoice or credit note in an export. In each format it is there once, unless it was exported again on purpose."""

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
    partner_id = fields.Many2one(related="move_id.partner_id")
    invoice_date = fields.Date(related="move_id.invoice_date")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount_total = fields.Monetary(related="move_id.amount_total_in_currency_signed", string="Total")
