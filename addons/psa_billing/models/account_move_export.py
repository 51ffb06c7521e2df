from odoo import fields, models


class AccountMove(models.Model):
    """Invoices know in which batches they went to another accounting program."""

    _inherit = "account.move"

    psa_export_line_ids = fields.One2many(
        "psa.accounting.export.line",
        "move_id",
        "Accounting Exports",
        readonly=True,
        copy=False,
        groups="psa_crm.group_billing",
    )
