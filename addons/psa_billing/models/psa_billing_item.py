from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .. import item_fields
from ..core import item_index_sql, ledger, terms

TIME_MODEL = "account.analytic.line"


class PsaBillingItem(models.Model):
    """The billing ledger: one row per part of a billable fact, with the reason of its price.

    Rows are made and moved by private methods only. What was released is never edited: a row is either taken back
    before it is invoiced, or stays; what is wrong with it afterwards is another row, with a sign.
    """

    _name = "psa.billing.item"
    _description = "Billing Ledger Row"
    _order = "date desc, id desc"
    _check_company_auto = True

    _source_part_uniq = models.Constraint(
        "UNIQUE(source_model, source_id, part)", "This fact is already in the ledger."
    )
    _date_idx = models.Index("(date DESC, id DESC)")
    _period_idx = models.Index("(component_id, period_from) WHERE period_from IS NOT NULL")
    # Not by state, invoice or line: see `core/item_index_sql.py`. This one is no obstacle, it knows pages instead of rows.
    _write_date_idx = models.Index("USING brin (write_date) WITH (pages_per_range = 32, autosummarize = on)")

    name = fields.Text("Invoice Text", required=True)
    source_model = fields.Char(required=True, readonly=True)
    source_id = fields.Many2oneReference(
        model_field="source_model", required=True, readonly=True
    )
    part = fields.Char(
        required=True, readonly=True, help="A fact may be charged in parts; this names the part."
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    client_id = fields.Many2one("res.partner", readonly=True, ondelete="restrict")  # found by _client_date_idx
    contract_id = fields.Many2one(
        "psa.contract", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    ticket_id = fields.Many2one(
        "psa.ticket", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    project_id = fields.Many2one("project.project", readonly=True, index="btree_not_null", ondelete="restrict")
    user_id = fields.Many2one("res.users", "Technician", readonly=True, ondelete="restrict")
    employee_id = fields.Many2one("hr.employee", readonly=True, ondelete="restrict")
    work_type_id = fields.Many2one("psa.work.type", readonly=True, ondelete="restrict")
    role_id = fields.Many2one("psa.role", readonly=True, ondelete="restrict")
    date = fields.Date(required=True, readonly=True)
    kind = fields.Selection(
        [
            ("time", "Time"),
            ("charge", "Charge"),
            ("expense", "Expense"),
            ("recurring", "Recurring Service"),
            ("milestone", "Milestone"),
            ("fixed_price", "Fixed Price"),
            ("prepaid", "Prepaid Purchase"),
            ("per_ticket", "Price per Ticket"),
            ("setup", "Set-up Fee"),
            ("correction", "Correction"),
        ],
        required=True,
        readonly=True,
        default="time",
        help="What kind of fact is charged.",
    )
    funding = fields.Selection(
        [
            (terms.BY_RATE, "By the Hour"),
            (terms.BY_OVERAGE, "Over the Prepaid Hours"),
            (terms.BY_INCLUDED, "Included Hours"),
            (terms.BY_BLOCK, "Prepaid Hours"),
            (terms.BY_RETAINER, "Retainer"),
            (terms.BY_COVERAGE, "Covered by the Contract"),
            (terms.BY_FIXED_PRICE, "Part of a Fixed Price"),
            (terms.BY_TICKET_PRICE, "Part of a Ticket Price"),
            (terms.BY_PRICE, "Own Price"),
            (terms.BY_NOBODY, "Nobody"),
        ],
        "Paid By",
        required=True,
        readonly=True,
        default=terms.BY_NOBODY,
        help="What pays for the row.",
    )
    period_from = fields.Date(
        readonly=True, help="First day of the period whose hours pay, or that is charged."
    )
    worked_seconds = fields.Integer(readonly=True)
    seconds = fields.Integer("Charged Seconds", readonly=True)
    worked_minutes = fields.Integer(compute="_compute_minutes")
    minutes = fields.Integer("Charged Minutes", compute="_compute_minutes")
    worked_hours = fields.Float("Worked", compute="_compute_hours", store=True)
    hours = fields.Float("Charged", compute="_compute_hours", store=True)
    drawn_seconds = fields.Integer(readonly=True, help="What the row takes from prepaid or included hours.")
    drawn_amount = fields.Monetary("Drawn", readonly=True, help="What the row takes from a retainer.")
    quantity = fields.Float(digits=(16, 4), readonly=True)
    uom_id = fields.Many2one("uom.uom", "Unit", readonly=True, ondelete="restrict")
    # Not rounded: a rate times a multiplier may have more decimals than the currency.
    hourly_rate = fields.Float(digits=0, readonly=True, aggregator=None)
    price_unit = fields.Float("Unit Price", digits=0, readonly=True, aggregator=None)
    amount = fields.Monetary(readonly=True, help="To be paid, without taxes; those come with the invoice.")
    value = fields.Monetary(readonly=True, help="What it is worth at its rate, also where something else pays for it.")
    cost = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        groups="psa_crm.group_billing",
        help="What it costs the company: labour, goods or what was laid out.",
    )
    is_below_cost = fields.Boolean("Below Cost", readonly=True, groups="psa_crm.group_billing")
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    product_id = fields.Many2one("product.product", readonly=True, ondelete="restrict")
    state = item_fields.ItemState(
        [
            ("error", "Cannot Be Priced"),
            ("pending", "To Review"),
            ("approved", "To Invoice"),
            ("invoiced", "Invoiced"),
            ("covered", "Covered by Contract"),
            ("non_billable", "Not Billable"),
            ("written_off", "Written Off"),
        ],
        required=True,
        readonly=True,
        default="pending",
    )
    error = fields.Selection(
        [
            (terms.MISSING_RATE, "No rate or price"),
            (terms.MISSING_ROLE, "The entry has no role"),
            (terms.MISSING_WORK_TYPE, "The entry has no work type"),
            (terms.MISSING_CLIENT, "The ticket has no client"),
            (terms.MISSING_PRODUCT, "The work type has no product"),
            (terms.CONTRACT_UNUSABLE, "The entry's contract is not in force"),
            (terms.NEGATIVE_TIME, "The time is negative"),
            (terms.MORE_THAN_CHARGED, "More is taken back than was charged"),
            (terms.BLOCKS_EXHAUSTED, "The prepaid hours are used up"),
            (terms.CURRENCY_MISMATCH, "The prepaid hours are in another currency"),
            (terms.MISSING_CURRENCY_RATE, "No exchange rate for the currency"),
        ],
        "Problem",
        readonly=True,
    )
    derivation = fields.Json(readonly=True, groups="psa_crm.group_billing", help="It tells of cost and mark-up.")
    reviewed_by_id = fields.Many2one("res.users", readonly=True, ondelete="restrict")
    reviewed_on = fields.Datetime(readonly=True)
    write_off_reason = fields.Char("Written Off Because", readonly=True)
    is_held = fields.Boolean("Held", readonly=True, help="Not to be released until somebody lets it go.")
    hold_reason = fields.Char("Held Because", readonly=True)
    is_adjusted = fields.Boolean(
        "Adjusted", readonly=True, help="Quantity or price were set by hand; the row is not priced again."
    )
    adjust_reason = fields.Char("Adjusted Because", readonly=True)
    has_own_text = fields.Boolean("Own Text", readonly=True, help="The text was changed by hand and stays.")
    settled_on = fields.Date(
        readonly=True, help="When the period it was covered in was closed. It is not priced again from then on."
    )
    move_line_id = item_fields.ItemCharge("account.move.line", "Invoice Line", readonly=True)
    move_id = item_fields.ItemCharge(related="move_line_id.move_id", string="Invoice", store=True)
    past_move_line_ids = fields.Many2many(
        "account.move.line",
        "psa_billing_item_past_line_rel",
        "item_id",
        "line_id",
        "Earlier Invoice Lines",
        readonly=True,
        help="Lines of invoices that were cancelled or credited; the row went back to “To Invoice”.",
    )

    def init(self):
        result = super().init()
        self.env.cr.execute(item_index_sql.TABLES)
        self.pool.post_init(self.env.cr.execute, item_index_sql.TRIGGERS)
        return result

    @api.depends("seconds", "worked_seconds")
    def _compute_minutes(self):
        for item in self:
            item.minutes = round(item.seconds / terms.SECONDS_PER_MINUTE)
            item.worked_minutes = round(item.worked_seconds / terms.SECONDS_PER_MINUTE)

    @api.depends("seconds", "worked_seconds")
    def _compute_hours(self):
        for item in self:
            item.hours = item.seconds / terms.SECONDS_PER_HOUR
            item.worked_hours = item.worked_seconds / terms.SECONDS_PER_HOUR

    @api.model_create_multi
    def create(self, vals_list):
        # Every way into the ledger is a private method that has sudo; a caller from outside has not.
        if not self.env.su:
            raise AccessError(self.env._("Ledger rows are made by approving time, not by hand."))
        return super().create(vals_list)

    def write(self, vals):
        if vals.keys() - {"name"}:
            raise UserError(
                self.env._("Of a ledger row only the invoice text can be changed by hand.")
            )
        if self.sudo().filtered(lambda item: item.state == "invoiced"):
            raise UserError(
                self.env._("The row is invoiced: change the text on the draft invoice instead.")
            )
        if not self.env.su:
            self._check_billing()
        self._log_text(vals)
        return super().write({**vals, "has_own_text": True} if "name" in vals else vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_standing(self):
        # A row goes only together with the approval it came from.
        if self:
            raise UserError(
                self.env._(
                    "Ledger rows are not deleted. Take the approval of the time back, or write the "
                    "row off with a reason."
                )
            )

    def action_open_source(self):
        """Open what is charged: the time entry, charge, expense or contract behind the row."""
        self.ensure_one()
        action = {"type": "ir.actions.act_window", "res_model": self.source_model, "res_id": self.source_id}
        if self.source_model == TIME_MODEL:
            return {**action, "views": [(self.env.ref("psa_billing.view_account_analytic_line_form").id, "form")]}
        return {**action, "view_mode": "form"}

    def action_open_invoice(self):
        """Open the invoice the row is on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def _check_billing(self):
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(
                self.env._("Only members of the group “PSA / Billing” work on the ledger.")
            )
        self.check_access("write")

    def _is_frozen(self):
        """Say whether the row keeps its price and what it has drawn."""
        self.ensure_one()
        return ledger.is_frozen(self.state, self.settled_on, self.is_adjusted)

    def _locked(self, states):
        """Lock the rows in id order, and return those that are (still) in one of the states.

        A second transaction waits here for the first; if that one changed a row, PostgreSQL refuses the second one, which
        Odoo then begins anew. So no row is decided or billed twice.
        """
        if not self:
            return self
        self.flush_recordset()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM psa_billing_item WHERE id IN %s AND state IN %s"
                " ORDER BY id FOR UPDATE",
                tuple(self.ids),
                tuple(states),
            )
        )
        self.invalidate_recordset(["state", "move_line_id"])
        return self.browse(id_ for (id_,) in rows)

    def _write_row(self, vals):
        """Write past the guard; private, so closed to callers outside."""
        return super().write(vals)  # pylint: disable=super-method-mismatch
