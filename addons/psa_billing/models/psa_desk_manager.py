from odoo import fields, models


class PsaDesk(models.Model):
    _inherit = "psa.desk"

    service_manager_id = fields.Many2one(
        "res.users", domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        ondelete="restrict", index="btree_not_null",
        help="Releases what was worked on the tickets of this desk, if the company has service managers do that.",
    )
