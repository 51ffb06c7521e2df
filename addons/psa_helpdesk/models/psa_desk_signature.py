from odoo import api, fields, models


class PsaDesk(models.Model):
    _inherit = "psa.desk"

    signature = fields.Html(
        translate=True, sanitize_attributes=True, sanitize_form=True,
        help="Stands at the end of every mail to clients about tickets of this desk, below the name of who wrote it. "
        "Empty: technicians sign with their own signature.",
    )

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"signature"}
