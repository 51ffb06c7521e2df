from odoo import api, fields, models
from odoo.exceptions import UserError


class ProjectMilestone(models.Model):
    """A milestone may be sold under a contract; it is charged once it is reached and signed off."""

    _inherit = "project.milestone"

    psa_component_id = fields.Many2one(
        "psa.contract.component",
        "Contract Component",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        groups="psa_crm.group_billing",
    )
    psa_currency_id = fields.Many2one(related="psa_component_id.currency_id", groups="psa_crm.group_billing")
    psa_amount = fields.Monetary(
        "Amount to Charge", currency_field="psa_currency_id", copy=False, groups="psa_crm.group_billing"
    )
    psa_signed_off_on = fields.Date("Signed Off On", copy=False, readonly=True, groups="psa_crm.group_billing")
    psa_signed_off_by = fields.Char(
        "Signed Off By", copy=False, groups="psa_crm.group_billing", help="Who accepted it at the client."
    )
    psa_signed_off_user_id = fields.Many2one(
        "res.users", "Noted By", copy=False, readonly=True, groups="psa_crm.group_billing", ondelete="restrict"
    )

    def write(self, vals):
        fixed = vals.keys() & {"psa_component_id", "psa_amount", "psa_signed_off_on", "is_reached", "project_id"}
        dues = self.env["psa.contract.due"].sudo().search([("milestone_id", "in", self.ids)]) if fixed else None
        if dues:
            raise UserError(
                self.env._(
                    "“%s” was billed, so it stays reached and signed off at this amount. Credit the invoice to take it back.",
                    dues[0].milestone_id.name,
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        if self.env["psa.contract.due"].sudo().search_count([("milestone_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("The milestone was billed under a contract, so it cannot be deleted."))

    def action_psa_sign_off(self):
        """Note that the client has accepted the milestones; then they are charged."""
        self.psa_component_id.check_access("write")
        for milestone in self:
            if not milestone.is_reached:
                raise UserError(self.env._("“%s” is not reached yet. Mark it as reached first.", milestone.name))
            if not milestone.psa_amount:
                raise UserError(self.env._("“%s” has no amount. Set “Amount to Charge”.", milestone.name))
        self.filtered(lambda milestone: not milestone.psa_signed_off_on).write(
            {"psa_signed_off_on": fields.Date.context_today(self), "psa_signed_off_user_id": self.env.uid}
        )
        return True

    def action_psa_sign_off_undo(self):
        """Take the sign-off back, as long as nothing was charged."""
        self.psa_component_id.check_access("write")
        self.write({"psa_signed_off_on": False, "psa_signed_off_user_id": False})
        return True
