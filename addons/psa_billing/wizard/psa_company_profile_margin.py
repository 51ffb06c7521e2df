from odoo import api, fields, models


class PsaCompanyProfile(models.TransientModel):
    _inherit = "psa.company.profile"

    psa_margin_target = fields.Float(
        "Margin Expected",
        help="Which share of the revenue is to be left of a client. Clients below it are marked in “Clients That Cost Money”.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if "psa_margin_target" in fields_list:
            values["psa_margin_target"] = self.env.company.sudo().psa_margin_target
        return values

    def action_save(self):
        result = super().action_save()  # which made sure that he owns the company
        if self.psa_margin_target != self.company_id.sudo().psa_margin_target:
            self.company_id.sudo().psa_margin_target = self.psa_margin_target
        return result
