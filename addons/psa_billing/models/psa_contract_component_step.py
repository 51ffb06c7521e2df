from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date


class PsaContractComponentStep(models.Model):
    """Quantity and price of a component from a day on; a change is a further step, never a rewritten one."""

    _name = "psa.contract.component.step"
    _description = "Contract Component Price"
    _order = "component_id, date_from, id"

    _component_day_uniq = models.UniqueIndex(
        "(component_id, date_from)", "There is already a price from this day on. Change that line instead."
    )
    _date_idx = models.Index("(date_from)")
    _quantity_not_negative = models.Constraint("CHECK(quantity >= 0)", "The quantity cannot be negative.")

    component_id = fields.Many2one("psa.contract.component", required=True, ondelete="cascade", index=True)
    contract_id = fields.Many2one(related="component_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="component_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="component_id.currency_id")
    date_from = fields.Date("From", required=True, default=fields.Date.context_today)
    quantity = fields.Float(default=1.0, digits="Product Unit")
    price_unit = fields.Float("Unit Price", digits="Product Price")
    overage_before = fields.Monetary(
        readonly=True,
        help="What an hour over the prepaid ones cost until this day, when it was raised to the overage rate of the component.",
    )
    origin = fields.Selection(
        [("manual", "By hand"), ("count", "Counted"), ("index", "Indexation")],
        default="manual",
        required=True,
        readonly=True,
    )
    note = fields.Char()

    @api.depends("date_from", "quantity", "price_unit")
    def _compute_display_name(self):
        for step in self:
            step.display_name = self.env._(
                "%(quantity)s × %(price)s from %(day)s",
                quantity=f"{step.quantity:g}",
                price=f"{step.price_unit:.2f}",
                day=format_date(self.env, step.date_from),
            )

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.component_id._psa_forget_open_dues()
        return steps

    def write(self, vals):
        # What is neither quantity nor price changes nothing that was billed.
        if vals.keys() - {"note", "overage_before"}:
            self._psa_check_open()
        result = super().write(vals)
        if "component_id" in vals:
            # Odoo checks the price as it was: it goes to no component that is not one's own to change.
            self.check_access("write")
        if vals.keys() - {"note", "overage_before"}:
            self.component_id._psa_forget_open_dues()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._psa_check_open()
        self.component_id._psa_forget_open_dues()

    def _psa_frozen(self):
        """Return the steps by which something was released or invoiced."""
        dues = self.component_id._psa_frozen_dues()
        frozen = self.browse()
        for step in self:
            others = step.component_id.step_ids - step
            first = not any(other.date_from < step.date_from for other in others)
            until = min((other.date_from for other in others if other.date_from > step.date_from), default=None)
            if any(
                due.component_id == step.component_id
                and ((due.period_to or due.date) >= step.date_from or first)
                and (until is None or (due.period_from or due.date) < until)
                for due in dues
            ):
                frozen |= step
        return frozen

    def _psa_check_open(self):
        frozen = self._psa_frozen()[:1]
        if frozen:
            raise UserError(
                self.env._(
                    "“%(component)s” was billed at %(step)s, so that price stays. Add a line with the new price and the day "
                    "from which it counts; what is different in billed periods is charged or credited by itself.",
                    component=frozen.component_id.name,
                    step=frozen.display_name,
                )
            )
