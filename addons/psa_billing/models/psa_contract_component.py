import ast
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools.misc import format_date

from ..core import periods
from ..tools import to_decimal

# What is charged by periods of the billing cycle.
PERIODIC = ("recurring", "included_hours")
PREPAID = ("block", "retainer")
# What counts as none while the contract is suspended.
RESTING = (*PERIODIC, "per_ticket")
DEFAULT_PRODUCTS = {
    "recurring": "product_managed_service",
    "included_hours": "product_managed_service",
    "per_ticket": "product_managed_service",
    "setup_fee": "product_setup_fee",
    "block": "product_prepaid_hours",
    "retainer": "product_prepaid_hours",
    "fixed_price": "product_fixed_price",
    "milestone": "product_fixed_price",
}


class PsaContractComponent(models.Model):
    """One thing a contract sells beside time by the hour; a contract has any mix of them.

    Quantities and prices are in ``psa.contract.component.step``, by date. A block's quantity is hours and its price
    that of an hour; of all others the amount is quantity × price for each period, ticket, or once.
    """

    _name = "psa.contract.component"
    _description = "Contract Component"
    _order = "contract_id, sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(contract_id, sequence, id)")
    _end_idx = models.Index("(date_to) WHERE date_to IS NOT NULL")
    _counted_idx = models.Index("(id) WHERE count_source != 'fixed'")
    _numbers_not_negative = models.Constraint(
        "CHECK(validity_months >= 0 AND overage_rate >= 0 AND top_up_below >= 0 AND expiry_notice_days >= 0)",
        "Months, days, the overage rate and the limit for buying automatically cannot be negative.",
    )
    _rollover_is_a_share = models.Constraint(
        "CHECK(rollover_percent >= 0 AND rollover_percent <= 100)", "The roll-over is a share between 0 and 100 per cent."
    )

    contract_id = fields.Many2one("psa.contract", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="contract_id.client_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    sequence = fields.Integer(default=10)
    name = fields.Char("Description", required=True, help="Printed on the invoice.")
    kind = fields.Selection(
        [
            ("recurring", "Recurring service"),
            ("included_hours", "Included hours"),
            ("block", "Prepaid hours"),
            ("retainer", "Retainer (prepaid money)"),
            ("fixed_price", "Fixed price"),
            ("milestone", "Milestones"),
            ("per_ticket", "Price by the ticket"),
            ("setup_fee", "Set-up fee"),
        ],
        default="recurring",
        required=True,
    )
    product_id = fields.Many2one(
        "product.product",
        compute="_compute_product_id",
        store=True,
        readonly=False,
        precompute=True,
        check_company=True,
        ondelete="restrict",
        help="Decides on account and taxes of the invoice line.",
    )
    date_from = fields.Date("From", help="Empty: from the start of the contract.")
    date_to = fields.Date("Until", help="Last day. Empty: until the end of the contract.")
    step_ids = fields.One2many("psa.contract.component.step", "component_id", "Prices by Date", copy=True)
    quantity = fields.Float(
        compute="_compute_price", inverse="_inverse_price", digits="Product Unit", help="Hours of included and prepaid hours."
    )
    price_unit = fields.Float("Unit Price", compute="_compute_price", inverse="_inverse_price", digits="Product Price")
    price_total = fields.Monetary("Amount", compute="_compute_price")
    # Recurring services
    count_source = fields.Selection(
        [
            ("fixed", "As agreed"),
            ("assets", "The client's assets"),
            ("employees", "The client's people"),
        ],
        "Counted",
        default="fixed",
        required=True,
        help="As agreed: by hand. Otherwise counted every day; a change counts from the day it is found.",
    )
    count_domain = fields.Char("Which", default="[]", help="Which of the client's assets are counted.")
    counted_on = fields.Date("Last Counted", readonly=True, copy=False)
    true_up = fields.Selection(
        [("none", "Not charged"), ("up", "More is charged"), ("both", "More is charged, less is credited")],
        "Changes within a Period",
        default="both",
        required=True,
        help="What happens if the quantity changes in a period that is billed already.",
    )
    is_prorated = fields.Boolean(
        "By Days",
        default=True,
        help="A part of a period, and a change within one, is charged by days. Otherwise the first day counts for the whole period.",
    )
    # Included hours and prepaid
    rollover_percent = fields.Float(
        "Roll-Over (%)",
        help="How much of the hours that are not used goes over to the next period. What was rolled over is not rolled over again.",
    )
    validity_months = fields.Integer("Valid for (Months)", help="Zero: until used up.")
    purchase = fields.Selection(
        [("once", "Once, at the start"), ("cycle", "With each billing cycle"), ("manual", "By hand")],
        "Bought",
        default="once",
        required=True,
    )
    usable = fields.Selection(
        [("at_once", "At once"), ("invoiced", "When invoiced"), ("paid", "When paid")], default="at_once", required=True
    )
    overage = fields.Selection(
        [
            ("rate", "Charge at the rate of role and work type"),
            ("fixed", "Charge at the overage rate"),
            ("stop", "Stop: hold the time back in the review"),
            ("negative", "Go below zero"),
        ],
        "When Used Up",
        default="rate",
        required=True,
    )
    overage_rate = fields.Monetary()
    is_auto_top_up = fields.Boolean("Buy Automatically", help="Buy the same again once less than the limit is left.")
    top_up_below = fields.Float("When Less Than", help="Hours, or money of a retainer.")
    notice_percents = fields.Char("Tell at (%)", default="50, 80, 100", help="How much is used up, in per cent.")
    expiry_notice_days = fields.Integer("Tell before Expiry (Days)", default=30)
    prepaid_ids = fields.One2many("psa.contract.prepaid", "component_id", "Purchases")
    # Price by the ticket
    ticket_domain = fields.Char(
        "Which Tickets",
        default="[]",
        help="Which of the client's closed tickets are charged. Tickets that are cancelled or merged are not.",
    )
    # Fixed price and milestones
    is_time_covered = fields.Boolean(
        "Pays for the Time",
        default=True,
        help="Time under the contract is paid by this price and not charged by the hour. A price by the ticket pays for time on "
        "tickets that are charged: not on those that are cancelled, merged into another one, or closed when the price is 0.",
    )
    instalment_ids = fields.One2many("psa.contract.instalment", "component_id", "Instalments", copy=True)
    project_id = fields.Many2one(
        "project.project",
        check_company=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The price pays for time on this project only. Empty: for all time under the contract.",
    )
    milestone_ids = fields.One2many("project.milestone", "psa_component_id", "Milestones", groups="psa_crm.group_billing")
    due_ids = fields.One2many("psa.contract.due", "component_id", "Fallen Due")

    @api.depends("kind")
    def _compute_product_id(self):
        shipped = {
            self.env.ref(f"psa_billing.{xmlid}", raise_if_not_found=False) for xmlid in DEFAULT_PRODUCTS.values()
        }
        for component in self:
            if not component.product_id or component.product_id in shipped:
                component.product_id = self.env.ref(
                    f"psa_billing.{DEFAULT_PRODUCTS.get(component.kind)}", raise_if_not_found=False
                )

    @api.depends(
        "step_ids.date_from", "step_ids.quantity", "step_ids.price_unit",
        "kind", "instalment_ids.amount", "milestone_ids.psa_amount",
    )
    def _compute_price(self):
        for component in self:
            step = component._psa_step_today()
            component.quantity = step.quantity if step else 1.0
            component.price_unit = step.price_unit
            component.price_total = component.quantity * component.price_unit
            # A price that is agreed in parts is their sum; who may read the contract may read it.
            if component.kind == "fixed_price" and component.instalment_ids:
                component.price_total = sum(component.instalment_ids.mapped("amount"))
            elif component.kind == "milestone":
                component.price_total = sum(component.sudo().milestone_ids.mapped("psa_amount"))

    def _inverse_price(self):
        """Take a price typed on the component: from the start, or from today if it has been charged before."""
        values = {component: (component.quantity, component.price_unit) for component in self}
        for component, (quantity, price_unit) in values.items():
            vals = {"quantity": quantity, "price_unit": price_unit}
            step = component._psa_step_today()
            if not step:
                component.step_ids = [Command.create({"date_from": component._psa_first_day(), **vals})]
            elif (step.quantity, step.price_unit) != (quantity, price_unit):
                if step._psa_frozen():
                    today = fields.Date.context_today(component)
                    component.step_ids = [Command.create({"date_from": max(today, step.date_from + timedelta(days=1)), **vals})]
                else:
                    step.write(vals)

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for component in self:
            if component.date_from and component.date_to and component.date_to < component.date_from:
                raise ValidationError(
                    self.env._(
                        "“%(component)s” ends on %(end)s, before it starts on %(start)s. Correct “Until”, or leave it empty.",
                        component=component.name,
                        end=format_date(self.env, component.date_to),
                        start=format_date(self.env, component.date_from),
                    )
                )

    @api.constrains("notice_percents")
    def _check_notice_percents(self):
        for component in self:
            try:
                periods.thresholds(component.notice_percents)
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "“Tell at” of “%(component)s” has “%(word)s”. Write whole numbers from 1 to 100, such as 50, 80, 100.",
                        component=component.name,
                        word=str(error),
                    )
                ) from error

    @api.constrains("count_domain", "ticket_domain")
    def _check_domains(self):
        for component in self:
            component._psa_domain("count_domain", "psa.asset")
            component._psa_domain("ticket_domain", "psa.ticket")

    @api.constrains("overage", "overage_rate")
    def _check_overage_rate(self):
        for component in self:
            if component.kind in ("block", "included_hours") and component.overage == "fixed" and not component.overage_rate:
                raise ValidationError(
                    self.env._(
                        "“%(component)s” charges overage at a rate of its own. Set “Overage Rate”, or choose another way "
                        "under “When Used Up”.",
                        component=component.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # Without a price of its own a component still has a first step, to be filled in.
            if not vals.get("step_ids") and "price_unit" not in vals:
                vals["price_unit"] = 0.0
        return super().create(vals_list)

    def write(self, vals):
        fixed = {"contract_id", "kind", "date_from", "is_prorated", "true_up"} & vals.keys()
        if fixed and self._psa_frozen_dues():
            component = self._psa_frozen_dues()[:1].component_id
            raise UserError(
                self.env._(
                    "“%(component)s” was billed, so its kind and start stay, and how parts of a period are charged. Set “Until”, "
                    "and add a new component.",
                    component=component.name,
                )
            )
        result = super().write(vals)
        if "contract_id" in vals:
            # Odoo checks the component as it was: nobody sells something under a contract that is not his to change.
            self.check_access("write")
        if vals.keys() & {"date_from", "date_to", "is_prorated", "name", "product_id", "true_up"}:
            self._psa_forget_open_dues()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        if self._psa_frozen_dues() or self.sudo().prepaid_ids:
            component = (self._psa_frozen_dues().component_id | self.sudo().prepaid_ids.component_id)[:1]
            raise UserError(
                self.env._(
                    "“%(component)s” was billed or bought, so it cannot be deleted. Set “Until” to end it.",
                    component=component.name,
                )
            )
        self._psa_forget_open_dues()

    def action_buy(self):
        """Sell the block or retainer once more, from today."""
        today = fields.Date.context_today(self)
        self.check_access("write")
        self.contract_id._psa_check_running()
        for component in self:
            if component.kind in PREPAID:
                component._psa_buy(max(today, component._psa_first_day()), "purchase")._psa_order()
        return True

    def action_count(self):
        """Count now."""
        self.check_access("write")
        self._psa_count(fields.Date.context_today(self))
        return True

    def action_sign_off(self):
        """Open the milestones, to sign them off."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Milestones"),
            "res_model": "project.milestone",
            "views": [(self.env.ref("psa_billing.view_project_milestone_list_psa").id, "list")],
            "domain": [("psa_component_id", "=", self.id)],
            "context": {"default_project_id": self.project_id.id, "default_psa_component_id": self.id},
        }

    def _psa_step_today(self):
        """Return the step in force today, else the first."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        steps = self.step_ids.filtered("date_from").sorted(lambda step: (step.date_from, step.id or 0))
        return steps.filtered(lambda step: step.date_from <= today)[-1:] or steps[:1]

    def _psa_steps(self):
        """Return quantities and prices by date for the core; the first counts from the start, whenever that is."""
        self.ensure_one()
        first = self._psa_first_day()
        records = self.step_ids.sorted("date_from")
        steps = [
            periods.Step(
                min(step.date_from, first) if step == records[0] else step.date_from,
                to_decimal(step.quantity),
                to_decimal(step.price_unit),
            )
            for step in records
        ]
        return periods.resting(steps, self.contract_id._psa_rests()) if self.kind in RESTING else steps

    def _psa_first_day(self):
        """Return the first day of the component."""
        start = self.contract_id.date_start
        return max(self.date_from, start) if self.date_from else start

    def _psa_end(self):
        """Return the day after the component's last day, None if it is open-ended."""
        ends = [periods.after(day) for day in (self.date_to, self.contract_id.date_end) if day]
        return min(ends, default=None)

    def _psa_periods(self, start, end):
        """Return ``[(period, charged part)]`` of the billing cycle for the days from ``start`` to before ``end``."""
        self.ensure_one()
        first, last = self._psa_first_day(), self._psa_end()
        found = []
        for period in periods.cycles(
            self.contract_id._psa_cycle_rule(), max(start, first), min(end, last) if last else end
        ):
            active = periods.clip(period, first, last)
            if active:
                found.append((period, active))
        return found

    def _psa_domain(self, fname, model):
        """Return a domain people set up; it may ask for the record's own fields only.

        It is evaluated with full rights, and must not become a way to ask about what one may not see.
        """
        text = self[fname] or "[]"
        try:
            domain = fields.Domain(ast.literal_eval(text))
            domain.validate(self.env[model])
            conditions = list(domain.iter_conditions())
        except (ValueError, SyntaxError, TypeError, KeyError) as error:
            raise ValidationError(
                self.env._("“%(component)s”: %(domain)s is no filter.", component=self.name, domain=text)
            ) from error
        for condition in conditions:
            if "." in condition.field_expr or condition.operator in ("any", "not any", "any!", "not any!", "child_of", "parent_of"):
                raise ValidationError(
                    self.env._(
                        "“%(component)s” filters by “%(field)s”. Use fields of the record itself only.",
                        component=self.name,
                        field=condition.field_expr,
                    )
                )
        return domain
