from odoo import api, fields, models


class PsaBillableType(models.Model):
    """The price of a type is set by who may see prices, and for the types of a desk by its administrators.

    A group lets people see the prices of all types and charges. To administer a desk needs no group, so its administrators
    see and set the prices of its own types here, and no others. What a type costs is none of this.
    """

    _inherit = "psa.billable.type"

    can_price = fields.Boolean(compute="_compute_can_price", export_string_translation=False)
    own_price_unit = fields.Float(
        "Fixed Price (Desk)", compute="_compute_own_price", inverse="_inverse_own_price_unit", digits=0,
        min_display_digits="Product Price", aggregator=None, export_string_translation=False,
        help="What one unit is sold for. It can be changed on a charge.",
    )  # fmt: skip
    own_markup = fields.Float(
        "Mark-up (Desk, %)", compute="_compute_own_price", inverse="_inverse_own_markup", digits=(16, 2), aggregator=None,
        export_string_translation=False, help="Added to the cost. 25 makes 100.00 to 125.00.",
    )  # fmt: skip

    @api.depends("desk_id")
    @api.depends_context("uid")
    def _compute_can_price(self):
        sees_all = self.env.su or self.env.user.has_group("psa_billing.group_charge_price")
        for kind in self:
            kind.can_price = sees_all or self.env.user in kind.desk_id.sudo().admin_ids

    # Not by the desk: what was typed stays when another one is chosen.
    @api.depends("price_unit", "markup")
    @api.depends_context("uid")
    def _compute_own_price(self):
        for kind in self:
            known = kind.can_price and kind.sudo()
            kind.own_price_unit = known and known.price_unit
            kind.own_markup = known and known.markup

    def _inverse_own_price_unit(self):
        for kind in self._psa_to_price():
            kind.sudo().price_unit = kind.own_price_unit

    def _inverse_own_markup(self):
        for kind in self._psa_to_price():
            kind.sudo().markup = kind.own_markup

    def _psa_to_price(self):
        """Return the types if their prices are the user's to set: whoever may change a type may set its price."""
        self.check_access("write")
        return self
