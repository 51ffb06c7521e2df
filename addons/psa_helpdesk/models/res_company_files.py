from odoo import api, fields, models, tools

from ..core import attachment_rules


class ResCompany(models.Model):
    _inherit = "res.company"

    psa_blocked_file_types = fields.Char(
        "Refused File Types", default=attachment_rules.DEFAULT_BLOCKED,
        help="Extensions of files that tickets do not take, separated by spaces or commas. Programs are recognised by their content, too, "
        "whatever they are called (as exe, elf, sh, lnk or app). Those that come by mail are kept aside.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "psa_blocked_file_types" in vals:
            self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache()
    def _psa_blocked_types(self):
        """Return {company id: extensions of files its tickets do not take}; cached."""
        companies = self.sudo().with_context(active_test=False).search_fetch([], ["psa_blocked_file_types"])
        return {company.id: attachment_rules.parse_types(company.psa_blocked_file_types) for company in companies}

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env.registry.clear_cache()
        return companies
