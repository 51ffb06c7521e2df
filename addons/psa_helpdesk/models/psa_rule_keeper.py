from odoo import api, fields, models
from odoo.exceptions import AccessError


class PsaRule(models.Model):
    """Whose rules are whose: a desk's administrator makes those of his desks, and is told so before anything else refuses him."""

    _inherit = "psa.rule"

    desk_id = fields.Many2one(default=lambda self: self._default_desk_id())

    @api.model
    def _default_desk_id(self):
        """Return the desk a form for a new rule begins with: of who makes rules for his desks only, the first of these."""
        if self.env.su or self.env.user.has_group("psa_crm.group_company_admin"):
            return False
        return self._kept_desks()[:1]

    @api.model
    def _kept_desks(self):
        return self.env["psa.desk"].search([("admin_ids", "in", self.env.uid)])

    @api.model_create_multi
    def create(self, vals_list):
        # The desk of a form is one to see and change; whoever names none elsewhere means every desk.
        vals_list = [{"desk_id": self.env.context.get("default_desk_id", False), **vals} for vals in vals_list]
        for vals in vals_list:
            self._check_keeps(vals["desk_id"])
        return super().create(vals_list)

    def write(self, vals):
        if "desk_id" in vals:
            self._check_keeps(vals["desk_id"])
        return super().write(vals)

    @api.model
    def _check_keeps(self, desk_id):
        """Refuse that a desk's administrator makes a rule for other desks, or for all of them."""
        if self.env.su or self.env.user.has_group("psa_crm.group_company_admin"):
            return
        desks = self._kept_desks()
        if desks and desk_id not in desks.ids:
            raise AccessError(self.env._(
                "You make rules for the desks whose administrator you are: choose one of them in Desk (%s). Rules for other desks, or for "
                "every desk, are made by company administrators.", ", ".join(desks.mapped("name")),
            ))
