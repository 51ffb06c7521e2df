from odoo import fields, models


class PsaDeskCompareLine(models.TransientModel):
    """One difference between a desk and the template."""

    _name = "psa.desk.compare.line"
    _description = "Difference between a Desk and the Template"
    _order = "sequence, id"

    compare_id = fields.Many2one("psa.desk.compare", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="compare_id.company_id", store=True)
    sequence = fields.Integer()
    is_selected = fields.Boolean("Pull In")
    can_pull = fields.Boolean(default=True, readonly=True)
    key = fields.Char(required=True, readonly=True)
    kind = fields.Selection(
        [("setting", "Setting"), ("option", "Option"), ("field", "Own Field"), ("stage", "Stage")], required=True, readonly=True
    )
    name = fields.Char("What", readonly=True)
    here = fields.Char("At This Desk", readonly=True)
    template = fields.Char("In the Template", readonly=True)
