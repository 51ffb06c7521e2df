from odoo import api, fields, models
from odoo.fields import Domain

from ..core import charges
from ..tools import to_decimal


class PsaCharge(models.Model):
    """Money of charges: what they cost, what they are sold for, what is left, and which taxes are to come.

    Cost is for billing alone; prices are for whom the company lets see them.
    """

    _inherit = "psa.charge"

    _cost_not_negative = models.Constraint("CHECK(cost >= 0)", "The cost of a charge cannot be negative.")

    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, precompute=True, required=True
    )
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    # Prices of one unit have more decimals than money: a kilometre costs 0.655.
    cost = fields.Float(
        "Unit Cost",
        digits=0,
        min_display_digits="Product Price",
        compute="_compute_cost",
        store=True,
        readonly=False,
        aggregator=None,
        groups="psa_crm.group_billing",
        help="What one unit costs us, in the currency of the company.",
    )
    price_unit = fields.Float(
        "Unit Price",
        digits=0,
        min_display_digits="Product Price",
        compute="_compute_price_unit",
        store=True,
        readonly=False,
        aggregator=None,
        groups="psa_billing.group_charge_price",
        help="Without taxes. It can be changed until the charge is approved.",
    )
    is_price_manual = fields.Boolean(
        "Price Set by Hand", groups="psa_billing.group_charge_price", help="The price stays when type or quantity change."
    )
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        groups="psa_billing.group_charge_price",
        help="Quantity × unit price, without taxes.",
    )
    cost_total = fields.Monetary(
        "Cost",
        compute="_compute_cost_total",
        store=True,
        currency_field="company_currency_id",
        groups="psa_crm.group_billing",
    )
    margin = fields.Monetary(
        compute="_compute_cost_total",
        store=True,
        currency_field="company_currency_id",
        groups="psa_crm.group_billing",
        help="What is left of the amount after the cost, in the currency of the company.",
    )
    is_below_cost = fields.Boolean(
        "Below Cost", compute="_compute_cost_total", store=True, groups="psa_crm.group_billing"
    )
    is_price_missing = fields.Boolean(
        "No Price",
        compute="_compute_is_price_missing",
        search="_search_is_price_missing",
        groups="psa_billing.group_charge_price",
        help="It is to be paid, and neither its type nor anybody names a price. What is free is not billable.",
    )
    tax_ids = fields.Many2many(
        "account.tax",
        string="Taxes",
        compute="_compute_tax_ids",
        groups="psa_crm.group_billing",
        help="The taxes of the product, as the client's fiscal position has them. The invoice decides in the end.",
    )
    amount_tax = fields.Monetary("Taxes on It", compute="_compute_tax_ids", groups="psa_crm.group_billing")
    amount_total = fields.Monetary("Total with Taxes", compute="_compute_tax_ids", groups="psa_crm.group_billing")

    @api.depends("company_id", "contract_id")
    def _compute_currency_id(self):
        for charge in self:
            charge.currency_id = charge.sudo().contract_id.currency_id or charge.company_id.currency_id

    @api.depends("billable_type_id", "product_id")
    def _compute_cost(self):
        for charge in self:
            kind = charge.billable_type_id
            company = charge.company_id
            cost = kind.cost
            if not cost or charge.product_id != kind.product_id:
                cost = charge.product_id.with_company(company).standard_price or cost
            else:
                cost = kind.currency_id._convert(cost, company.currency_id, company, charge._psa_day(), round=False)
            charge.cost = charge._psa_round_unit(company.currency_id, cost)

    @api.depends(
        "billable_type_id", "product_id", "uom_id", "quantity", "cost", "client_id", "date", "currency_id", "is_price_manual"
    )
    def _compute_price_unit(self):
        for charge in self:
            if not charge.is_price_manual and charge.approval_state != "approved":
                charge.price_unit = charge._psa_price()

    @api.depends("quantity", "price_unit", "currency_id", "is_billable")
    def _compute_amount(self):
        for charge in self:
            charge.amount = charge.currency_id.round(charge.quantity * charge.price_unit) if charge.is_billable else 0.0

    @api.depends("quantity", "cost", "amount", "price_unit", "is_billable", "date")
    def _compute_cost_total(self):
        for charge in self:
            currency, company = charge.company_currency_id, charge.company_id
            charge.cost_total = currency.round(charge.quantity * charge.cost)
            earned = charge.currency_id._convert(charge.amount, currency, company, charge._psa_day())
            charge.margin = earned - charge.cost_total
            price = charge.currency_id._convert(charge.price_unit, currency, company, charge._psa_day(), round=False)
            charge.is_below_cost = charge.is_billable and charges.is_below_cost(to_decimal(price), to_decimal(charge.cost))

    @api.depends("price_unit", "is_price_manual", "is_billable")
    def _compute_is_price_missing(self):
        for charge in self:
            charge.is_price_missing = charge.is_billable and not charge.price_unit and not charge.is_price_manual

    @api.model
    def _search_is_price_missing(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Odoo asks for one value or the other.
        missing = Domain([("is_billable", "=", True), ("price_unit", "=", 0), ("is_price_manual", "=", False)])
        return missing if True in value else ~missing

    @api.depends("product_id", "client_id", "quantity", "price_unit", "currency_id", "company_id", "is_billable")
    def _compute_tax_ids(self):
        for charge in self:
            taxes = self.env["account.tax"]
            if charge.is_billable:
                taxes = charge.product_id.taxes_id._filter_taxes_by_company(charge.company_id)
                position = self.env["account.fiscal.position"].with_company(charge.company_id)
                taxes = position._get_fiscal_position(charge.client_id).map_tax(taxes)
            charge.tax_ids = taxes
            if not taxes:
                charge.amount_tax, charge.amount_total = 0.0, charge.amount
                continue
            totals = taxes.compute_all(
                charge.price_unit,
                currency=charge.currency_id,
                quantity=charge.quantity,
                product=charge.product_id,
                partner=charge.client_id,
            )
            charge.amount_tax = totals["total_included"] - totals["total_excluded"]
            charge.amount_total = totals["total_included"]

    @api.onchange("price_unit")
    def _onchange_price_unit(self):
        for charge in self:
            charge.is_price_manual = to_decimal(charge.price_unit) != to_decimal(charge._psa_price())

    def _psa_price(self):
        """Return the price of one unit by the rule of the type."""
        self.ensure_one()
        # The price on the charge is for whom it has its group; the type reckons it for all.
        kind = self.billable_type_id.sudo()
        company, currency = self.company_id, self.currency_id
        if not kind or not currency:
            return 0.0
        if kind.price_rule == "fixed" and not self._psa_names_product():
            price = kind.currency_id._convert(kind.price_unit, currency, company, self._psa_day(), round=False)
            return self._psa_round_unit(currency, price)
        if kind.price_rule == "markup":
            cost = to_decimal(self.sudo().cost)
            step = charges.step_like(cost, to_decimal(company.currency_id.rounding))
            price = charges.with_markup(cost, to_decimal(kind.markup), step)
            price = company.currency_id._convert(float(price), currency, company, self._psa_day(), round=False)
            return self._psa_round_unit(currency, price)
        if not self.product_id:
            return 0.0
        pricelist = self.client_id.with_company(company).sudo().property_product_pricelist
        price = pricelist._get_product_price(
            self.product_id.sudo().with_company(company),
            abs(self.quantity) or 1.0,
            currency=currency,
            uom=self.uom_id,
            date=self._psa_day(),
        )
        return self._psa_round_unit(currency, price)

    @api.model
    def _psa_round_unit(self, currency, price):
        """Return the price of one unit without the noise of a conversion."""
        return float(charges.round_to(to_decimal(price), charges.step_of_unit(to_decimal(currency.rounding))))

    def _psa_check_rates(self):
        """Refuse prices in foreign money without an exchange rate: they would be taken one to one."""
        kind = self.billable_type_id
        foreign = self.currency_id
        if kind.price_rule == "fixed" and not self.sudo().is_price_manual:
            foreign |= kind.currency_id
        for currency in foreign - self.company_currency_id:
            currency._psa_check_rate(self.company_id, self.date, self.name)
