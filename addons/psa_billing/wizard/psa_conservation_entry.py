from odoo import fields, models


class PsaConservationEntry(models.TransientModel):
    """One entry that nobody has approved yet: time, a charge or an expense."""

    _name = "psa.conservation.entry"
    _inherit = "psa.wizard.mixin"
    _description = "Entry Not Yet Approved"
    _order = "source_model, source_id, id"

    conservation_id = fields.Many2one("psa.conservation", required=True, index=True, ondelete="cascade")
    source_model = fields.Selection(
        [("account.analytic.line", "Time"), ("psa.charge", "Charges"), ("hr.expense", "Expenses")], "Kind", readonly=True
    )
    source_id = fields.Many2oneReference("Record", model_field="source_model", readonly=True)
    client_id = fields.Many2one("res.partner", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    hours = fields.Float("Worked", readonly=True)
    amount = fields.Monetary("Worth", readonly=True)
    entry = fields.Char(compute="_compute_entry")

    def _compute_entry(self):
        for line in self:
            record = self.env[line.source_model].browse(line.source_id).exists()
            line.entry = record.display_name if record and record.has_access("read") else ""

    def action_open_source(self):
        """Open the entry."""
        self.ensure_one()
        action = {"type": "ir.actions.act_window", "res_model": self.source_model, "res_id": self.source_id, "view_mode": "form"}
        if self.source_model == "account.analytic.line":
            action["views"] = [(self.env.ref("psa_billing.view_account_analytic_line_form").id, "form")]
        return action
