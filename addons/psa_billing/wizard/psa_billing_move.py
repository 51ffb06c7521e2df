from odoo import api, fields, models
from odoo.exceptions import UserError


class PsaBillingMove(models.TransientModel):
    """Move ledger rows to another contract of the client, and see before what that changes."""

    _name = "psa.billing.move"
    _inherit = "psa.wizard.mixin"
    _description = "Move Ledger Rows to Another Contract"

    item_ids = fields.Many2many("psa.billing.item", string="Rows", required=True)
    client_id = fields.Many2one("res.partner", compute="_compute_client_id")
    company_id = fields.Many2one("res.company", compute="_compute_client_id")
    contract_id = fields.Many2one(
        "psa.contract", "To Contract",
        domain="[('client_id', '=', client_id), ('company_id', '=', company_id), ('state', '!=', 'draft')]",
    )
    reason = fields.Char(help="Kept in the history of the rows.")
    currency_id = fields.Many2one(related="contract_id.currency_id", related_sudo=False)
    line_ids = fields.One2many("psa.billing.move.line", "move_id", "What Changes", compute="_compute_lines", compute_sudo=False, store=True)
    old_amount = fields.Monetary("Now", compute="_compute_lines", compute_sudo=False, store=True)
    new_amount = fields.Monetary("Then", compute="_compute_lines", compute_sudo=False, store=True)
    difference = fields.Monetary(compute="_compute_lines", compute_sudo=False, store=True)

    @api.depends("item_ids")
    def _compute_client_id(self):
        for wizard in self:
            wizard.client_id = wizard.item_ids.client_id[:1]
            wizard.company_id = wizard.item_ids.company_id[:1]

    @api.depends("contract_id", "item_ids")
    def _compute_lines(self):
        for wizard in self:
            items = wizard.item_ids._origin
            preview = items._preview_move(wizard.contract_id._origin) if wizard.contract_id and items else []
            wizard.line_ids = [fields.Command.clear()] + [fields.Command.create(self._prepare_line_vals(row)) for row in preview]
            wizard.old_amount = sum(row["old_amount"] for row in preview)
            wizard.new_amount = sum(row["new_amount"] for row in preview)
            wizard.difference = wizard.new_amount - wizard.old_amount

    @api.model
    def _prepare_line_vals(self, row):
        errors = dict(self.env["psa.billing.item"]._fields["error"]._description_selection(self.env))
        return {
            "name": row["name"],
            "is_moved": row["is_moved"],
            "old_amount": row["old_amount"],
            "new_amount": row["new_amount"],
            "old_hours": row["old_seconds"] / 3600,
            "new_hours": row["new_seconds"] / 3600,
            "problem": errors.get(row["error"], False),
        }

    def action_move(self):
        """Move the rows."""
        self.ensure_one()
        if not self.contract_id:
            raise UserError(self.env._("Choose the contract to move the rows to (“To Contract”)."))
        self.item_ids._move_to(self.contract_id, self.reason)
        return {"type": "ir.actions.act_window_close"}
