from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..core import rating, terms
from ..core import timer as timer_core
from ..tools import hours_to_minutes, to_decimal

TIME_MODEL = "account.analytic.line"
OPEN_STATES = ("error", "pending", "approved")


class PsaBillingItem(models.Model):
    """The billing ledger: one row per part of a billable fact, with the reason of its price.

    Rows are made and moved by the methods below only. What was approved is never edited: a row is
    either taken back before it is invoiced, or stays.
    """

    _name = "psa.billing.item"
    _description = "Billing Ledger Row"
    _order = "date desc, id desc"
    _check_company_auto = True

    _source_part_uniq = models.Constraint(
        "UNIQUE(source_model, source_id, part)", "This fact is already in the ledger."
    )
    _date_idx = models.Index("(date DESC, id DESC)")
    _open_idx = models.Index(
        "(company_id, state, date) WHERE state IN ('error', 'pending', 'approved')"
    )

    name = fields.Text("Invoice Text", required=True)
    source_model = fields.Char(required=True, readonly=True)
    source_id = fields.Many2oneReference(
        model_field="source_model", required=True, readonly=True
    )
    part = fields.Char(
        required=True, readonly=True, help="A fact may be charged in parts; this names the part."
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    client_id = fields.Many2one("res.partner", readonly=True, index=True, ondelete="restrict")
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
        "Period From", readonly=True, help="First day of the period whose hours pay, or that is charged."
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
    hourly_rate = fields.Monetary(readonly=True, aggregator=None)
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
    state = fields.Selection(
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
            (terms.MISSING_RATE, "No rate for this role"),
            (terms.MISSING_ROLE, "The entry has no role"),
            (terms.MISSING_WORK_TYPE, "The entry has no work type"),
            (terms.MISSING_CLIENT, "The ticket has no client"),
            (terms.MISSING_PRODUCT, "The work type has no product"),
            (terms.CONTRACT_UNUSABLE, "The entry's contract is not in force"),
            (terms.NEGATIVE_TIME, "The time is negative"),
            (terms.BLOCKS_EXHAUSTED, "The prepaid hours are used up"),
            (terms.CURRENCY_MISMATCH, "The prepaid hours are in another currency"),
            (terms.MISSING_CURRENCY_RATE, "No exchange rate for the currency"),
        ],
        "Problem",
        readonly=True,
    )
    derivation = fields.Json(readonly=True)
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
    move_line_id = fields.Many2one(
        "account.move.line",
        "Invoice Line",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    move_id = fields.Many2one(
        related="move_line_id.move_id", string="Invoice", store=True, index="btree_not_null"
    )
    past_move_line_ids = fields.Many2many(
        "account.move.line",
        "psa_billing_item_past_line_rel",
        "item_id",
        "line_id",
        "Earlier Invoice Lines",
        readonly=True,
        help="Lines of invoices that were cancelled or credited; the row went back to “To Invoice”.",
    )

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
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_standing(self):
        # A row goes only together with the approval it came from.
        time_ids = self.filtered(lambda item: item.source_model == TIME_MODEL).mapped("source_id")
        approved = self.env[TIME_MODEL].sudo().browse(time_ids).exists()
        if (
            len(time_ids) != len(self)
            or "invoiced" in self.mapped("state")
            or "approved" in approved.mapped("psa_approval_state")
        ):
            raise UserError(
                self.env._(
                    "Ledger rows are not deleted. Take the approval of the time back, or write the "
                    "row off with a reason."
                )
            )

    def action_approve(self):
        """Release rows for invoicing."""
        self._check_billing()
        self._review(("pending",), {"state": "approved"})
        return True

    def action_back_to_review(self):
        """Hold rows that were released, or take a write-off back."""
        self._check_billing()
        self._review(("approved", "written_off"), {"state": "pending", "write_off_reason": False})
        self.filtered(lambda item: item.state == "pending").action_rate_again()
        return True

    def action_rate_again(self):
        """Price rows again, after a rate, role, product or contract was put right."""
        self._check_billing()
        items = self._locked(("error", "pending")).filtered(
            lambda item: item.source_model == TIME_MODEL
        )
        lines = self.env[TIME_MODEL].browse(items.mapped("source_id")).exists()
        values = {vals["source_id"]: vals for vals in self._prepare_time_vals_list(lines)}
        for item in items:
            vals = dict(values[item.source_id])
            # The text may have been changed by hand.
            vals.pop("name")
            item.sudo()._write_row(vals)
        return True

    def action_write_off(self):
        """Ask for the reason, then give the rows up."""
        self._check_billing()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_write_off"
        )
        action["context"] = {"default_item_ids": [fields.Command.set(self.ids)]}
        return action

    def action_open_source(self):
        """Open the time entry behind the row."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self.source_model,
            "res_id": self.source_id,
            "views": [(self.env.ref("psa_billing.view_account_analytic_line_form").id, "form")],
        }

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

    def _review(self, states, vals):
        items = self._locked(states)
        items.sudo()._write_row(
            dict(vals, reviewed_by_id=self.env.uid, reviewed_on=fields.Datetime.now())
        )
        return items

    def _write_off(self, reason):
        """Give rows up for a reason; they stay in the ledger."""
        self._check_billing()
        if self.filtered(lambda item: item.state not in OPEN_STATES):
            raise UserError(self.env._("Only rows that are not invoiced yet can be written off."))
        self._review(OPEN_STATES, {"state": "written_off", "write_off_reason": reason})

    def _locked(self, states):
        """Lock the rows in id order, and return those that are (still) in one of the states.

        A second transaction waits here for the first and then sees what it did, so that no row is
        decided or billed twice.
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

    def _psa_release(self, keep_trace=True):
        """Take rows off their invoice lines: they are to be invoiced again.

        :param keep_trace: remember the lines, unless they are about to be deleted
        """
        for item in self:
            vals = {"state": "approved", "move_line_id": False}
            if keep_trace:
                vals["past_move_line_ids"] = [fields.Command.link(item.move_line_id.id)]
            item._write_row(vals)
        if self:
            self.flush_recordset(["move_line_id"])

    def _psa_invoice(self, line_by_item):
        """Mark rows as charged by invoice lines.

        :param line_by_item: ``{item: account.move.line}``
        """
        for item, line in line_by_item.items():
            item._write_row({"state": "invoiced", "move_line_id": line.id})

    @api.model
    def _psa_add_time(self, lines):
        """Put approved time entries in the ledger, each once."""
        known = self.sudo().search(
            [("source_model", "=", TIME_MODEL), ("source_id", "in", lines.ids)]
        )
        lines = lines.browse(set(lines.ids) - set(known.mapped("source_id")))
        return self.sudo().create(self._prepare_time_vals_list(lines))

    @api.model
    def _psa_remove_time(self, lines):
        """Take entries whose approval was taken back out of the ledger; invoiced ones stay."""
        items = self.sudo().search(
            [("source_model", "=", TIME_MODEL), ("source_id", "in", lines.ids)]
        )
        free = items._locked(dict(self._fields["state"].selection).keys() - {"invoiced"})
        if items - free:
            item = (items - free)[0]
            raise UserError(
                self.env._(
                    "%(ticket)s of %(date)s is on invoice %(invoice)s. Cancel or credit the invoice "
                    "first.",
                    ticket=item.ticket_id.display_name,
                    date=format_date(self.env, item.date),
                    invoice=item.move_id.display_name,
                )
            )
        return items.unlink()

    @api.model
    def _prepare_time_vals_list(self, lines):
        """Rate time entries and return the values of their rows."""
        lines = lines.sudo()
        clients = lines.partner_id.commercial_partner_id
        contracts = self.env["psa.contract"]._psa_facts(clients, lines.company_id)
        by_id = {line.id: line for line in lines}
        rows = rating.rate([self._prepare_time_fact(line) for line in lines], contracts)
        uoms = {unit: self.env.ref(f"uom.product_uom_{unit}").id for unit in ("hour", "minute")}
        return [self._prepare_row_vals(row, by_id[row.source_id], uoms) for row in rows]

    @api.model
    def _prepare_time_fact(self, line):
        currency = line.company_id.currency_id
        return rating.TimeFact(
            source_model=TIME_MODEL,
            source_id=line.id,
            company_id=line.company_id.id,
            company_currency=rating.Currency(currency.id, to_decimal(currency.rounding)),
            date=line.date,
            worked_minutes=hours_to_minutes(line.unit_amount),
            billable_minutes=line.psa_billable_minutes,
            is_billable=line.psa_is_billable,
            client_id=line.partner_id.commercial_partner_id.id or None,
            contract_id=line.psa_contract_id.id or None,
            work_type=line.psa_work_type_id._psa_fact(),
            role=line.psa_role_id._psa_fact(),
        )

    @api.model
    def _prepare_row_vals(self, row, line, uoms):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        quantity, unit = rating.quantity_of(row.minutes, digits)
        hourly_rate = row.price_unit
        per_unit = None
        if hourly_rate is not None:
            per_unit = hourly_rate if unit == "hour" else hourly_rate / rating.MINUTES_PER_HOUR
        return {
            "name": self._prepare_text(line, row.minutes),
            "source_model": row.source_model,
            "source_id": row.source_id,
            "part": row.part,
            "company_id": line.company_id.id,
            "client_id": line.partner_id.commercial_partner_id.id,
            "contract_id": row.contract_id,
            "ticket_id": line.psa_ticket_id.id,
            "user_id": line.user_id.id,
            "work_type_id": line.psa_work_type_id.id,
            "role_id": line.psa_role_id.id,
            "date": line.date,
            "worked_seconds": row.worked_minutes * terms.SECONDS_PER_MINUTE,
            "seconds": row.minutes * terms.SECONDS_PER_MINUTE,
            "funding": terms.BY_RATE if row.state == "pending" else terms.BY_NOBODY,
            "value": float(row.amount or 0),
            "quantity": float(quantity),
            "uom_id": uoms[unit],
            "hourly_rate": float(hourly_rate or 0),
            "price_unit": float(per_unit or 0),
            "amount": float(row.amount or 0),
            "currency_id": row.currency_id,
            "product_id": row.product_id,
            "state": row.state,
            "error": row.error,
            "derivation": row.derivation,
        }

    @api.model
    def _prepare_text(self, line, minutes):
        """Return what the client reads on the invoice, in his language."""
        lang = line.partner_id.lang or self.env.lang
        ticket = line.psa_ticket_id
        head = " · ".join(
            filter(
                None,
                [
                    format_date(self.env, line.date, lang_code=lang),
                    line.user_id.name or line.employee_id.name,
                    f"{ticket.number} {ticket.name}" if ticket else None,
                ],
            )
        )
        note = line.psa_invoice_text or (line.name if line.name != "/" else "")
        hours = timer_core.format_minutes(minutes)
        return "\n".join(filter(None, [head, f"{note} ({hours})" if note else hours]))
