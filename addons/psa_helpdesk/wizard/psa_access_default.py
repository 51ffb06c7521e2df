from odoo import fields, models


class PsaAccessDefault(models.TransientModel):
    _inherit = "psa.access.default"

    psa_desk_access_default = fields.Selection(
        lambda self: self.env["res.company"]._fields["psa_desk_access_default"]._description_selection(self.env),
        string="Access to Desks", required=True, default=lambda self: self.env.company.sudo().psa_desk_access_default,
        help="Open: everybody sees every desk and its tickets. Need to know: no desk but those a rule opens.",
    )

    def _prepare_company_vals(self):
        return {**super()._prepare_company_vals(), "psa_desk_access_default": self.psa_desk_access_default}
