from odoo import api, fields, models
from odoo.addons.psa_crm.core import access


class PsaAccessRule(models.Model):
    """Rules about desks. A ticket is seen by whom may see its client and its desk."""

    _inherit = "psa.access.rule"

    resource = fields.Selection(
        selection_add=[("desk", "One Desk"), ("all_desks", "All Desks")],
        ondelete={"desk": "cascade", "all_desks": "cascade"},
    )
    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", check_company=True, ondelete="cascade", tracking=True,
        help="The desk whose tickets the rule is about, whatever their client.",
    )

    _desk_statement_uniq = models.UniqueIndex(
        """(company_id, resource, COALESCE(desk_id, 0), subject, COALESCE(user_id, team_id, group_id, 0))
           WHERE active IS TRUE AND resource IN ('desk', 'all_desks')""",
        "There is already a rule about the same. Change its level, or archive it.",
    )

    @api.model
    def _psa_about_fields(self):
        return {**super()._psa_about_fields(), "desk": "desk_id"}

    @api.model
    def _psa_kind_resources(self):
        return {**super()._psa_kind_resources(), "desk": {"desk": access.ONE, "all_desks": access.ALL}}
