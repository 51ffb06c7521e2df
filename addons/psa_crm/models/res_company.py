from odoo import api, fields, models, tools
from odoo.fields import Domain


class ResCompany(models.Model):
    _inherit = 'res.company'

    psa_access_default = fields.Selection(
        [('open', "Open"), ('need_to_know', "Need to Know")], string="Access to Clients", default='open', required=True,
        help="What the staff sees where no access rule says anything.\n"
             "Open: every client. Need to know: no client but those a rule or a share opens.")

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env.registry.clear_cache()
        return companies

    def write(self, vals):
        result = super().write(vals)
        if 'psa_access_default' in vals:
            self.env['psa.access']._psa_rebuild(self, kind='client')
        if vals.get('active') is False:
            self.env['psa.client.share']._psa_end_of_receivers('to_company_id', self, self.env._("The company was archived."))
        return result

    @api.model
    @tools.ormcache()
    def _psa_companies_above(self):
        """Return ``{company id: ids of it and the companies above it}``."""
        companies = self.sudo().with_context(active_test=False).search(Domain.TRUE)
        return {
            company.id: frozenset(int(part) for part in (company.parent_path or '').split('/') if part) | {company.id}
            for company in companies
        }
