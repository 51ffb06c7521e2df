from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    psa_desk_access_default = fields.Selection(
        [("open", "Open"), ("need_to_know", "Need to Know")], string="Access to Desks", default="open", required=True,
        help="What the staff sees where no access rule about desks says anything.\n"
        "Open: every desk and its tickets. Need to know: no desk but those a rule opens.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "psa_desk_access_default" in vals:
            self.env["psa.access"]._psa_rebuild(self, kind="desk")
        return result
