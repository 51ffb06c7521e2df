from odoo import api, fields, models


class ResPartner(models.Model):
    """What was charged to a client besides time, and what keeps him from moving to another company."""

    _inherit = "res.partner"

    psa_charge_count = fields.Integer("Charges", compute="_compute_psa_charge_count")

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_psa_charge_count(self):
        counts = {}
        if self.env["psa.charge"].has_access("read"):
            counts = dict(self.env["psa.charge"]._read_group([("client_id", "in", self.ids)], ["client_id"], ["__count"]))
        for partner in self:
            partner.psa_charge_count = counts.get(partner._origin, 0)

    def action_view_psa_charges(self):
        """Open the charges of the client."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge")
        action["domain"] = [("client_id", "=", self.id)]
        action["context"] = {"default_client_id": self.id, "search_default_group_ticket": 1}
        return action

    def _psa_move_obstacles(self, company):
        return [
            *super()._psa_move_obstacles(company),
            *self._psa_move_obstacles_of(
                "psa.charge",
                "client_id",
                [("approval_state", "!=", "approved")],
                self.env._("%(client)s has %(count)s charges that are not approved. Approve or delete them."),
            ),
            *self._psa_move_obstacles_of(
                "hr.expense",
                "psa_client_id",
                [("state", "in", ("draft", "submitted"))],
                self.env._("%(client)s has %(count)s expenses that are not approved. Approve, refuse or delete them."),
            ),
        ]
