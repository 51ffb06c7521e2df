from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..core import rating
from ..tools import to_decimal


class PsaContract(models.Model):
    """The terms agreed with a client for a period: who pays which rate for what."""

    _name = "psa.contract"
    _description = "Service Contract"
    _inherit = ["mail.thread", "mail.activity.mixin", "analytic.mixin"]
    _order = "date_start desc, id desc"
    _rec_names_search = ["name", "number", "client_id.name"]
    _check_company_auto = True

    _number_uniq = models.Constraint(
        "UNIQUE(company_id, number)", "This contract number is already used in the company."
    )
    _start_idx = models.Index("(date_start DESC, id DESC)")
    _running_idx = models.Index("(date_end) WHERE state = 'active'")

    name = fields.Char("Title", required=True, tracking=True)
    number = fields.Char(readonly=True, copy=False, index="trigram")
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("ended", "Ended")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="Only confirmed contracts set prices. An ended contract still prices the work done "
        "until its last day.",
    )
    client_id = fields.Many2one(
        "res.partner",
        required=True,
        index=True,
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain=[("psa_is_client", "=", True)],
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        "Responsible",
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
        tracking=True,
    )
    billing_type = fields.Selection(
        [("time_materials", "Time and Materials")],
        default="time_materials",
        required=True,
        help="Time and materials: each approved entry is charged at the rate of its role.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        help="Currency of the rates and of the invoices.",
    )
    date_start = fields.Date(
        "Starts On", required=True, default=fields.Date.context_today, tracking=True
    )
    date_end = fields.Date(
        "Ends On", tracking=True, help="Last day of the contract. Leave empty for open-ended."
    )
    rate_ids = fields.One2many("psa.contract.rate", "contract_id", "Rates", copy=True)
    note = fields.Html("Notes", help="For your staff; clients do not see it.")
    item_count = fields.Integer(compute="_compute_item_totals")
    to_invoice_amount = fields.Monetary(compute="_compute_item_totals")

    @api.depends("company_id")
    def _compute_currency_id(self):
        for contract in self:
            if not contract.currency_id:
                contract.currency_id = contract.company_id.currency_id

    @api.depends_context("uid")
    def _compute_item_totals(self):
        counts, amounts = {}, {}
        if self.env["psa.billing.item"].has_access("read"):
            for contract, state, count, amount in self.env["psa.billing.item"]._read_group(
                [("contract_id", "in", self.ids)],
                ["contract_id", "state"],
                ["__count", "amount:sum"],
            ):
                counts[contract.id] = counts.get(contract.id, 0) + count
                if state in ("pending", "approved"):
                    amounts[contract.id] = amounts.get(contract.id, 0.0) + amount
        for contract in self:
            contract.item_count = counts.get(contract.id, 0)
            contract.to_invoice_amount = amounts.get(contract.id, 0.0)

    @api.depends("name", "number")
    def _compute_display_name(self):
        for contract in self:
            contract.display_name = (
                f"{contract.number} {contract.name}" if contract.number else contract.name
            )

    @api.constrains("date_start", "date_end")
    def _check_dates(self):
        for contract in self:
            if contract.date_end and contract.date_end < contract.date_start:
                raise ValidationError(
                    self.env._(
                        "%(contract)s ends on %(end)s, before it starts on %(start)s. Correct "
                        "“Ends On”, or leave it empty for an open-ended contract.",
                        contract=contract.display_name,
                        end=contract.date_end,
                        start=contract.date_start,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # Context defaults and callers do not choose these two.
            vals["state"] = "draft"
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            vals["number"] = (
                self.env["ir.sequence"].with_company(company).sudo().next_by_code("psa.contract")
            )
        return super().create(vals_list)

    def write(self, vals):
        fixed = {"client_id", "company_id", "currency_id", "billing_type"} & vals.keys()
        changed = self.sudo().filtered(
            lambda contract: any(
                contract[name] != self._psa_value(name, vals[name]) for name in fixed
            )
        )
        if changed._psa_has_items():
            raise UserError(
                self.env._(
                    "Work has been rated under this contract, so its client, company and currency "
                    "stay. End it and make a new contract instead."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        if self.filtered(lambda contract: contract.state != "draft"):
            raise UserError(
                self.env._("Only a draft contract can be deleted. End or archive it instead.")
            )

    def action_activate(self):
        """Confirm the contracts: from now on they set prices."""
        for contract in self:
            if contract.state == "draft" and not contract.rate_ids:
                raise UserError(
                    self.env._(
                        "%s has no rates yet. Add at least one line under “Rates”, then activate.",
                        contract.display_name,
                    )
                )
        today = fields.Date.context_today(self)
        reopened = self.filtered(lambda c: c.state == "ended" and c.date_end and c.date_end < today)
        reopened.date_end = False
        self.state = "active"
        return True

    def action_end(self):
        """End the contracts today, or on their last day if that is past."""
        today = fields.Date.context_today(self)
        self.filtered(
            lambda c: c.date_start <= today and (not c.date_end or c.date_end > today)
        ).date_end = today
        self.state = "ended"
        return True

    def action_draft(self):
        """Back to draft, as long as nothing was rated under the contract."""
        if self._psa_has_items():
            raise UserError(
                self.env._("Work has been rated under this contract; it cannot be a draft again.")
            )
        self.state = "draft"
        return True

    def action_view_items(self):
        """Open the ledger of these contracts."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_billing_item"
        )
        action["domain"] = [("contract_id", "in", self.ids)]
        action["context"] = {"search_default_group_state": 1}
        return action

    @api.model
    def _cron_end_contracts(self):
        """End the contracts whose last day is past."""
        self.search(
            [("state", "=", "active"), ("date_end", "<", fields.Date.context_today(self))]
        ).state = "ended"

    def _psa_has_items(self):
        """Say whether work was rated under any of the contracts."""
        return bool(
            self.env["psa.billing.item"]
            .sudo()
            .search_count([("contract_id", "in", self.ids)], limit=1)
        )

    @api.model
    def _psa_facts(self, clients, companies):
        """Return the contracts of these clients as the rating core reads them.

        All of them, whatever their dates: the core decides, and can say which it weighed.
        """
        contracts = self.sudo().search(
            Domain("client_id", "in", clients.ids)
            & Domain("company_id", "in", companies.ids)
            & Domain("state", "!=", "draft")
        )
        return [
            rating.Contract(
                id=contract.id,
                client_id=contract.client_id.id,
                company_id=contract.company_id.id,
                currency=rating.Currency(
                    contract.currency_id.id, to_decimal(contract.currency_id.rounding)
                ),
                date_start=contract.date_start,
                date_end=contract.date_end or None,
                versions=(
                    rating.Version(
                        id=contract.id,
                        date_from=contract.date_start,
                        rates=tuple(
                            rating.RateClause(
                                id=clause.id,
                                role_id=clause.role_id.id,
                                hourly_rate=to_decimal(clause.hourly_rate),
                                work_type_id=clause.work_type_id.id or None,
                            )
                            for clause in contract.rate_ids
                        ),
                    ),
                ),
            )
            for contract in contracts
        ]

    def _psa_value(self, name, value):
        """Return a value written to a field as the field's own type, to compare the two."""
        field = self._fields[name]
        if field.type == "many2one":
            return self.env[field.comodel_name].browse(value or [])
        return value
