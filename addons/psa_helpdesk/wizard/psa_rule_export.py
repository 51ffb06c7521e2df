import base64

from odoo import api, fields, models


class PsaRuleExport(models.TransientModel):
    """Rules as a file to download."""

    _name = "psa.rule.export"
    _description = "Export of Rules"

    rule_ids = fields.Many2many(
        "psa.rule", string="Rules", required=True, context={"active_test": False},
        default=lambda self: self.env["psa.rule"].browse(self.env.context.get("active_ids", [])),
    )
    kind = fields.Selection([("json", "JSON"), ("xml", "XML")], "Format", default="json", required=True)
    file = fields.Binary(compute="_compute_file")
    file_name = fields.Char(compute="_compute_file")

    @api.depends("rule_ids", "kind")
    def _compute_file(self):
        for export in self:
            export.file_name = f"workflow_rules.{export.kind}"
            export.file = base64.b64encode(export.rule_ids._export_text(export.kind).encode()) if export.rule_ids else False
