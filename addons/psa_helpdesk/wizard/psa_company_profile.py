from odoo import api, fields, models


class PsaCompanyProfile(models.TransientModel):
    _inherit = "psa.company.profile"

    psa_blocked_file_types = fields.Char(
        "Refused File Types", help="Extensions of files that tickets do not take, separated by spaces or commas. Programs are recognised "
        "by their content, too, whatever they are called (as exe, elf, sh, lnk or app). Those that come by mail are kept aside.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if "psa_blocked_file_types" in fields_list:
            values["psa_blocked_file_types"] = self.env.company.sudo().psa_blocked_file_types
        return values

    def action_save(self):
        result = super().action_save()  # which made sure that he owns the company
        if self.psa_blocked_file_types != self.company_id.sudo().psa_blocked_file_types:
            self.company_id.sudo().psa_blocked_file_types = self.psa_blocked_file_types
        return result
