from odoo import api, fields, models


class AccountMoveLine(models.Model):
    """Why a line of an invoice is as high as it is: what its ledger rows tell."""

    _inherit = "account.move.line"

    psa_explanation = fields.Text("Why This Amount", compute="_compute_psa_explanation", groups="psa_crm.group_billing")

    @api.depends("psa_billing_item_ids")
    def _compute_psa_explanation(self):
        for line in self:
            line.psa_explanation = "\n".join(line._psa_explain()) or False

    def _psa_explain(self, for_client=False):
        """Return why the line is as high as it is, as sentences; with several rows each begins with its own text.

        :param for_client: leave out what is not for the client's eyes
        """
        self.ensure_one()
        items = self.sudo().psa_billing_item_ids
        sentences = []
        for item in items:
            if len(items) > 1:
                sentences.append(item.name.split("\n")[0])
            sentences += item._explain(for_client=for_client)
        return sentences

    def action_psa_explain(self):
        """Open the ledger rows behind the line, which say why it is as high as it is."""
        self.ensure_one()
        items = self.env["psa.billing.item"].search([("move_line_id", "=", self.id)])
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billing_item")
        action["context"] = {}
        if len(items) == 1:
            return {**action, "res_id": items.id, "views": [(False, "form")], "view_mode": "form"}
        return {**action, "domain": [("id", "in", items.ids)]}
