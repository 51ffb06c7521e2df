from odoo import fields, models


class PsaQueue(models.Model):
    _inherit = "psa.queue"

    service_manager_id = fields.Many2one(
        "res.users", domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        ondelete="restrict", index="btree_not_null",
        help="Releases what was worked on the tickets of this queue, if the company has service managers do that. He comes before "
        "the service manager of the desk.",
    )
