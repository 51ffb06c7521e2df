from odoo import api, fields, models


class PsaContractComponent(models.Model):
    """Which time the price of a component pays for, told in words."""

    _inherit = "psa.contract.component"

    cover_note = fields.Char("Which Time", compute="_compute_cover_note")

    @api.depends("kind", "is_time_covered", "project_id.name")
    def _compute_cover_note(self):
        for component in self:
            component.cover_note = component._psa_cover_note()

    def _psa_cover_note(self):
        self.ensure_one()
        if self.kind not in ("fixed_price", "milestone", "per_ticket"):
            return False
        if not self.is_time_covered:
            return self.env._("It pays for no time: that is charged by the other terms of the contract.")
        if self.kind == "per_ticket":
            return self.env._("It pays for the time on the tickets it is charged for; all other time is charged by the other terms.")
        if self.project_id:
            return self.env._(
                "It pays for the time on the project “%s” only; all other time is charged by the other terms of the contract.",
                self.project_id.sudo().name,
            )
        return self.env._(
            "It pays for all time under the contract, also on tickets and on other projects. Choose a project to have it pay for "
            "that one only."
        )
