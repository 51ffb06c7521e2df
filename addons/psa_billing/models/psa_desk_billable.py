from odoo import fields, models


class PsaDesk(models.Model):
    """A desk has billable types of its own, which its administrators add."""

    _inherit = "psa.desk"

    billable_type_count = fields.Integer("Own Billable Types", compute="_compute_billable_type_count")

    def _compute_billable_type_count(self):
        counts = dict(
            self.env["psa.billable.type"]._read_group([("desk_id", "in", self.ids)], ["desk_id"], ["__count"])
            if self.env["psa.billable.type"].has_access("read")
            else []
        )
        for desk in self:
            desk.billable_type_count = counts.get(desk._origin, 0)

    def action_view_billable_types(self):
        """Open the billable types only this desk offers."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billable_type")
        return {
            **action,
            "name": self.env._("Billable Types of %s", self.name),
            "domain": [("desk_id", "=", self.id)],
            "context": {"default_desk_id": self.id, "default_company_id": self.company_id.id},
        }
