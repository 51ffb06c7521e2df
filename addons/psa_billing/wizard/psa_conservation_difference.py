from odoo import fields, models

from ..core import conservation


class PsaConservationDifference(models.TransientModel):
    """One entry that facts and ledger tell differently of."""

    _name = "psa.conservation.difference"
    _inherit = "psa.wizard.mixin"
    _description = "Conservation Difference"
    _order = "conservation_id desc, id"

    _report_idx = models.Index("(conservation_id DESC, id)")

    conservation_id = fields.Many2one("psa.conservation", required=True, ondelete="cascade")
    problem = fields.Selection(
        [
            (conservation.NO_FACT, "In the ledger, but nothing like it was worked or sold in the period"),
            (conservation.NO_ROW, "Approved, but not in the ledger"),
            (conservation.NOT_YET_APPROVED, "In the ledger, but not approved"),
            (conservation.OTHER_CLIENT, "The ledger has it under another client"),
            (conservation.SECONDS_DIFFER, "The ledger has another time"),
            (conservation.CHARGED_THOUGH_FREE, "Not billable, but charged"),
            (conservation.PRICE_DIFFERS, "The ledger has another price"),
            (conservation.AMOUNT_DIFFERS, "What is to be paid and what is covered do not make the whole"),
            (conservation.INVOICE_DIFFERS, "The invoice line is not the sum of its work"),
        ],
        readonly=True,
    )
    source_model = fields.Char(readonly=True)
    source_id = fields.Many2oneReference("Entry ID", model_field="source_model", readonly=True)
    client_id = fields.Many2one("res.partner", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    item_ids = fields.Many2many(
        "psa.billing.item", "psa_conservation_difference_item_rel", "difference_id", "item_id", "Ledger Rows", readonly=True
    )
    fact_seconds = fields.Integer("Worked (s)", readonly=True)
    ledger_seconds = fields.Integer("In the Ledger (s)", readonly=True)
    fact_amount = fields.Monetary("Worth", readonly=True)
    ledger_amount = fields.Monetary("In the Ledger", readonly=True)
    entry = fields.Char(compute="_compute_entry")

    def _compute_entry(self):
        for difference in self:
            record = self.env[difference.source_model].browse(difference.source_id).exists()
            if record._name == "account.move.line":
                record = record.move_id
            if record and record.has_access("read"):
                difference.entry = record.display_name
            else:
                difference.entry = difference.item_ids[:1].name or f"{difference.source_model}, {difference.source_id}"

    def action_open_source(self):
        """Open the entry, or the ledger rows where there is none (any more)."""
        self.ensure_one()
        record = self.env[self.source_model].browse(self.source_id).exists()
        if not record:
            return self.action_open_items()
        if record._name == "account.move.line":
            record = record.move_id
        action = {"type": "ir.actions.act_window", "res_model": record._name, "res_id": record.id, "view_mode": "form"}
        if record._name == "account.analytic.line":
            action["views"] = [(self.env.ref("psa_billing.view_account_analytic_line_form").id, "form")]
        return action

    def action_open_items(self):
        """Open the ledger rows."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billing_item")
        action["domain"] = [("id", "in", self.item_ids.ids)]
        action["context"] = {}
        return action
