from odoo import api, models
from odoo.addons.psa_crm.core import access
from odoo.tools import SQL


class PsaAccess(models.Model):
    _inherit = "psa.access"

    def _psa_read_grants(self, company, users, kind, items):
        """Who administers a desk sees and changes it, unless a rule refuses it to him."""
        grants, classes, named = super()._psa_read_grants(company, users, kind, items)
        if kind == "desk":
            for desk_id, user_id in self._psa_read_desk_admins(company, users, items):
                named.add(desk_id)
                grants["user", user_id].append((access.ONE, desk_id, access.Grant(access.FULL, personal=True)))
        return grants, classes, named

    @api.model
    def _psa_read_desk_admins(self, company, users, items):
        """Return the pairs of desk and administrator."""
        condition = SQL("d.company_id = %s", company.id)
        if users is not None:
            condition = SQL("%s AND r.user_id = ANY(%s)", condition, users.ids)
        if items is not None:
            condition = SQL("%s AND d.id = ANY(%s)", condition, list(items))
        self.env["psa.desk"].flush_model(["admin_ids", "company_id"])
        return self.env.execute_query(SQL(
            "SELECT d.id, r.user_id FROM psa_desk_admin_rel r JOIN psa_desk d ON d.id = r.desk_id WHERE %s", condition
        ))
