from odoo import api, fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    psa_contract_ids = fields.One2many("psa.contract", "client_id", "Contracts", groups="psa_crm.group_billing")
    psa_contract_count = fields.Integer(compute="_compute_psa_contract_count")

    @api.depends_context("uid")
    def _compute_psa_contract_count(self):
        counts = {}
        if self.env["psa.contract"].has_access("read"):
            counts = {
                client.id: count
                for client, count in self.env["psa.contract"]._read_group(
                    [("client_id", "in", self.ids)], ["client_id"], ["__count"]
                )
            }
        for partner in self:
            partner.psa_contract_count = counts.get(partner.id, 0)

    def action_view_psa_contracts(self):
        """Open the client's contracts."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_contract")
        action["domain"] = [("client_id", "=", self.id)]
        action["context"] = {"default_client_id": self.id}
        return action

    def action_view_psa_billing_items(self):
        """Open the client's ledger."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = [("client_id", "=", self.id)]
        action["context"] = {"search_default_group_state": 1}
        return action
