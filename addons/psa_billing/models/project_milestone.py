from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

# What only the buttons set.
SIGN_OFF_FIELDS = {"psa_signed_off_on", "psa_signed_off_user_id"}


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
        domain="[('kind', '=', 'milestone')]",
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

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._psa_refuse_sign_off_values(vals)
            if not self.env.su and self._has_field_access(self._fields["psa_signed_off_on"], "write"):
                # Explicit, so that no default from the context can say otherwise.
                vals.update(dict.fromkeys(SIGN_OFF_FIELDS, False))
        milestones = super().create(vals_list)
        milestones._psa_check_component()
        milestones._psa_check_fit()
        return milestones

    def write(self, vals):
        self._psa_refuse_sign_off_values(vals)
        fixed = vals.keys() & {"psa_component_id", "psa_amount", "psa_signed_off_on", "is_reached", "project_id"}
        if fixed:
            self._psa_take_back_dues(fixed)
        result = super().write(vals)
        if "psa_component_id" in vals:
            self._psa_check_component()
        if vals.keys() & {"psa_component_id", "project_id"}:
            self._psa_check_fit()
        return result

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
        self.filtered(lambda milestone: not milestone.psa_signed_off_on)._psa_write_sign_off(
            {"psa_signed_off_on": fields.Date.context_today(self), "psa_signed_off_user_id": self.env.uid}
        )
        return True

    def action_psa_sign_off_undo(self):
        """Take the sign-off back, as long as nothing was charged."""
        self.psa_component_id.check_access("write")
        self._psa_write_sign_off({"psa_signed_off_on": False, "psa_signed_off_user_id": False})
        return True

    def _psa_take_back_dues(self, changed):
        """Take what fell due for the milestones back, as long as nobody has released it; it falls due again as they are then.

        Who has nothing to do with the price, and marks a milestone as not reached or moves it, is refused all the same.
        """
        dues = self.env["psa.contract.due"].sudo().search([("milestone_id", "in", self.ids)])
        dues._psa_check_open(
            lambda due: self.env._(
                "“%s” was billed, so it stays reached and signed off at this amount. Take its ledger row back to the review "
                "(“Back to Review”), or credit the invoice, to change it.",
                due.milestone_id.name,
            )
        )
        if dues and changed & {"is_reached", "project_id"}:
            raise UserError(
                self.env._(
                    "“%s” is signed off and about to be charged, so it stays reached and in its project. Press “Take Back” first.",
                    dues[0].milestone_id.name,
                )
            )
        if dues:
            dues._psa_take_back_for_now()

    def _psa_write_sign_off(self, vals):
        """Note or take back a sign-off: the one door past the guard, private, so closed to callers outside."""
        self.check_access("write")
        self.sudo().write(vals)
        # Accepted after the last day of the contract, it is to be paid all the same.
        self.sudo().psa_component_id.contract_id._psa_bill_again()

    def _psa_refuse_sign_off_values(self, vals):
        if not self.env.su and SIGN_OFF_FIELDS & vals.keys():
            raise AccessError(self.env._("Milestones are signed off with the button “Sign Off”, in the name of whoever presses it."))

    def _psa_check_component(self):
        """Nobody charges a milestone under a contract that is not his to change."""
        components = self.sudo().psa_component_id.sudo(self.env.su)
        if components:
            components.check_access("write")

    def _psa_check_fit(self):
        """Refuse a component that sells no milestones, or that another client pays for."""
        for milestone in self.sudo():
            component, payer = milestone.psa_component_id, milestone.project_id.partner_id.commercial_partner_id
            if component and component.kind != "milestone":
                raise ValidationError(
                    self.env._("“%s” does not sell milestones. Choose a component of the kind “Milestones”.", component.name)
                )
            if component and payer.psa_is_client and payer != component.client_id:
                raise ValidationError(
                    self.env._(
                        "“%(milestone)s” is of a project for %(payer)s, but %(contract)s is a contract of %(client)s. Choose a "
                        "milestone of a project of that client.",
                        milestone=milestone.name,
                        payer=payer.name,
                        contract=component.contract_id.display_name,
                        client=component.client_id.name,
                    )
                )
