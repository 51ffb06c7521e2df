from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class PsaBillableType(models.Model):
    """What can be charged besides plain time: mileage, parts, licences and whatever else a desk sells.

    A type of a desk is offered by that desk only, one without a desk by the whole company, one without a company by all.
    """

    _name = "psa.billable.type"
    _description = "Billable Type"
    _order = "sequence, id"
    _psa_shipped_rows_are_fixed = True
    _check_company_auto = True

    _order_idx = models.Index("(sequence, id)")
    _name_uniq = models.UniqueIndex(
        "(COALESCE(desk_id, 0), COALESCE(company_id, 0), lower(name->>'en_US')) WHERE active IS TRUE",
        "There is already a billable type of that name here. Use it or choose another name.",
    )
    _price_not_negative = models.Constraint(
        "CHECK(price_unit >= 0)", "The price of a billable type cannot be negative."
    )
    _cost_not_negative = models.Constraint(
        "CHECK(cost >= 0)", "The cost of a billable type cannot be negative."
    )
    _warranty_not_negative = models.Constraint(
        "CHECK(warranty_months >= 0)", "The warranty of a billable type cannot be negative."
    )

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [
            ("labour", "Labour"),
            ("mileage", "Mileage"),
            ("part", "Part"),
            ("licence", "Licence"),
            ("service", "Service"),
            ("other", "Other"),
        ],
        required=True,
        default="part",
        help="What it is, for reports over all desks.",
    )
    desk_id = fields.Many2one(
        "psa.desk",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        help="Only this desk offers the type. Empty: every desk does.",
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Empty: every company uses the type.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="The currency of price and cost below.",
    )
    uom_id = fields.Many2one(
        "uom.uom",
        "Unit",
        compute="_compute_uom_id",
        store=True,
        readonly=False,
        help="What the quantity counts: pieces, kilometres, hours.",
    )
    product_id = fields.Many2one(
        "product.product",
        "Default Product",
        check_company=True,
        domain=[("sale_ok", "=", True)],
        default=lambda self: self.env.ref("psa_billing.product_charge_part", raise_if_not_found=False),
        help="The product on the invoice line: it brings the income account and the taxes. It can be changed on a charge.",
    )
    is_billable = fields.Boolean(
        "Billable",
        default=True,
        help="Charges of a type that is not billable are kept and counted, and not charged. It can be changed on a charge.",
    )
    price_rule = fields.Selection(
        [
            ("product", "Price list of the client"),
            ("fixed", "Fixed price"),
            ("markup", "Mark-up on cost"),
        ],
        "Price",
        required=True,
        default="product",
        help="Where the price of a charge comes from. It can be changed until the charge is approved.",
    )
    price_unit = fields.Float(
        "Fixed Price",
        digits=0,
        min_display_digits="Product Price",
        aggregator=None,
        groups="psa_billing.group_charge_price",
    )
    markup = fields.Float(
        "Mark-up (%)",
        digits=(16, 2),
        aggregator=None,
        groups="psa_billing.group_charge_price",
        help="Added to the cost. 25 makes 100.00 to 125.00.",
    )
    cost = fields.Float(
        "Default Cost",
        digits=0,
        min_display_digits="Product Price",
        aggregator=None,
        groups="psa_crm.group_billing",
        help="What one unit costs us. 0 takes the cost of the product.",
    )
    is_serial_tracked = fields.Boolean(
        "Serial Numbers",
        help="Charges of this type name serial numbers. When they are delivered, each becomes an asset of the client.",
    )
    asset_type_id = fields.Many2one("psa.asset.type", ondelete="restrict", help="The kind of asset that is delivered.")
    warranty_months = fields.Integer("Warranty (months)", help="Counted from the day of delivery. 0: no warranty is noted.")

    @api.depends("desk_id")
    def _compute_company_id(self):
        for kind in self:
            if kind.desk_id:
                kind.company_id = kind.desk_id.company_id

    @api.depends("product_id")
    def _compute_uom_id(self):
        unit = self.env.ref("uom.product_uom_unit", raise_if_not_found=False)
        for kind in self:
            kind.uom_id = kind.product_id.uom_id or kind.uom_id or unit

    @api.constrains("price_rule", "markup")
    def _check_markup(self):
        for kind in self.sudo():
            if kind.price_rule == "markup" and kind.markup < -100:
                raise ValidationError(
                    self.env._("“%s”: a mark-up below -100 %% makes a negative price. Correct Mark-up.", kind.name)
                )

    @api.depends("desk_id.name")
    @api.depends_context("psa_full_type_name")
    def _compute_display_name(self):
        for kind in self:
            name = kind.name or ""
            if kind.desk_id and self.env.context.get("psa_full_type_name"):
                name = f"{kind.desk_id.sudo().name} / {name}"
            kind.display_name = name

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        if refusal or operation == "read" or self.env.user.has_group("psa_crm.group_billing"):
            return refusal
        return self.env["psa.desk"]._refusal_to_configure(self, operation)

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"desk_id", "company_id"}:
            # Odoo checks the type as it was: nobody hands one to another desk, or to all of them.
            self.check_access("write")
        return result

    def copy_data(self, default=None):
        return [
            dict(vals, name=self.env._("%s (copy)", kind.name)) if "name" not in (default or {}) else vals
            for kind, vals in zip(self, super().copy_data(default), strict=True)
        ]

    @api.model
    def _psa_domain_for(self, company, desk):
        """Return the domain of the types that a desk of a company offers."""
        return [
            ("company_id", "in", (company.id, False)),
            ("desk_id", "in", (desk.id, False) if desk else (False,)),
        ]

    @api.model
    def _psa_default(self, company, desk):
        """Return the type a new charge starts with: the first one offered, the desk's own before the others."""
        # Asked with full rights: types without company are those of its own people, and those for every company.
        own = Domain("company_id", "=", company.id) | company._psa_domain_of_makers()
        kinds = self.search(Domain(self._psa_domain_for(company, desk)) & own)
        return kinds.filtered("desk_id")[:1] or kinds.filtered(lambda kind: kind.kind == "part")[:1] or kinds[:1]
