from odoo import api, fields, models
from odoo.addons.psa_crm.core import access


class PsaAccess(models.Model):
    _inherit = "psa.access"

    desk_id = fields.Many2one("psa.desk", index="btree_not_null", ondelete="cascade")

    @api.model
    def _psa_kinds(self):
        return {**super()._psa_kinds(), "desk": "desk_id"}

    @api.model
    def _psa_kind_default(self, kind, company):
        if kind != "desk":
            return super()._psa_kind_default(kind, company)
        return access.FULL if company.psa_desk_access_default == "open" else access.REFUSE
