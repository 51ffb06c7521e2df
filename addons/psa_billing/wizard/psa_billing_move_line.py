from odoo import fields, models


class PsaBillingMoveLine(models.TransientModel):
    """What one entry costs before and after the move."""

    _name = "psa.billing.move.line"
    _inherit = "psa.wizard.mixin"
    _description = "Change by a Move"

    move_id = fields.Many2one("psa.billing.move", required=True, ondelete="cascade")
    name = fields.Char("Entry")
    is_moved = fields.Boolean("Moved", help="Not set for other entries of the client that change with it.")
    old_hours = fields.Float("Prepaid Now")
    new_hours = fields.Float("Prepaid Then")
    old_amount = fields.Monetary("Amount Now")
    new_amount = fields.Monetary("Amount Then")
    problem = fields.Char()
    currency_id = fields.Many2one(related="move_id.currency_id", related_sudo=False)
