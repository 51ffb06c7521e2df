from odoo import fields, models


class PsaContractInstalment(models.Model):
    """A part of a fixed price, due on a day."""

    _name = "psa.contract.instalment"
    _description = "Contract Instalment"
    _order = "component_id, date_due, id"

    _order_idx = models.Index("(component_id, date_due, id)")

    component_id = fields.Many2one("psa.contract.component", required=True, ondelete="cascade", index=True)
    contract_id = fields.Many2one(related="component_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="component_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="component_id.currency_id")
    name = fields.Char("Description", required=True)
    date_due = fields.Date("Due On", required=True)
    amount = fields.Monetary(required=True)
    due_ids = fields.One2many("psa.contract.due", "instalment_id")
