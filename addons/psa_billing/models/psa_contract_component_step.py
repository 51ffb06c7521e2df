from odoo import fields, models


class PsaContractComponentStep(models.Model):
    """Quantity and price of a component from a day on; a change is a further step, never a rewritten one."""

    _name = "psa.contract.component.step"
    _description = "Contract Component Price"
    _order = "component_id, date_from, id"

    _component_day_uniq = models.UniqueIndex(
        "(component_id, date_from)", "There is already a price from this day on. Change that line instead."
    )

    component_id = fields.Many2one("psa.contract.component", required=True, ondelete="cascade", index=True)
    contract_id = fields.Many2one(related="component_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="component_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="component_id.currency_id")
    date_from = fields.Date("From", required=True)
    quantity = fields.Float(default=1.0, digits="Product Unit")
    price_unit = fields.Float("Unit Price", digits="Product Price")
    origin = fields.Selection(
        [("manual", "By hand"), ("count", "Counted"), ("index", "Indexation")], default="manual", required=True, readonly=True
    )
    note = fields.Char()
