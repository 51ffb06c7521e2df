from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.misc import format_date

# Fields of the terms in force: they are kept on the version, so that a change never rewrites the past.
VERSION_FIELDS = (
    "rounding",
    "minimum_minutes",
    "increment_minutes",
    "multiplier_policy",
    "is_overage_multiplied",
    "rate_ids",
    "coverage_ids",
)
# What its contract decides about a version.
OTHER_VERSION_FIELDS = {"contract_id", "date_from", "is_indexed"}
# In force: until it ends, a contract that rests is one like others.
RUNNING = ("active", "suspended")
# What only the buttons and the system set.
BUTTON_FIELDS = {"state", "billed_until", "renewal_count", "date_first_end", "former_end"}


class PsaContract(models.Model):
    """The terms agreed with a client for a period: who pays which rate for what.

    What prices work (rates, coverage, rounding) is on ``psa.contract.version``, one for each range of days; through
    ``_inherits`` the contract shows those in force today. Rating never asks for "the version in force": it gets all
    of them and goes by the date of the work, see ``_psa_terms()``. What is charged by itself (a monthly service, a
    prepaid block, a fixed price) is a component (``psa.contract.component``) with prices by date; what became due is
    kept in ``psa.contract.due`` and goes to the ledger from there.
    """

    _name = "psa.contract"
    _description = "Service Contract"
    _inherit = ["mail.thread", "mail.activity.mixin", "analytic.mixin"]
    _inherits = {"psa.contract.version": "version_id"}
    _order = "date_start desc, id desc"
    _rec_names_search = ["name", "number", "client_id.name"]
    _check_company_auto = True

    _number_uniq = models.Constraint(
        "UNIQUE(company_id, number)", "This contract number is already used in the company."
    )
    _start_idx = models.Index("(date_start DESC, id DESC)")
    _running_idx = models.Index("(date_end) WHERE state IN ('active', 'suspended')")

    name = fields.Char("Title", required=True, tracking=True)
    number = fields.Char(readonly=True, copy=False, index="trigram")
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("draft", "Draft"), ("active", "Active"), ("suspended", "Suspended"), ("ended", "Ended")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="Only confirmed contracts set prices. A suspended contract prices work, too, but nothing more falls due "
        "under it. An ended contract still prices the work done until its last day.",
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
    priority = fields.Integer(
        default=10,
        help="If several contracts of the client fit some work, the one with the lowest number pays for it.",
    )
    billing_type = fields.Selection(
        [
            ("time_materials", "Time and Materials"),
            ("fixed_price", "Fixed Price"),
            ("prepaid", "Prepaid"),
            ("recurring", "Recurring Services"),
            ("per_ticket", "Per Ticket"),
            ("mixed", "Mixed"),
        ],
        "Kind",
        compute="_compute_billing_type",
        store=True,
        help="By the components: without any, approved time is charged at the rate of its role.",
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
    version_id = fields.Many2one(
        "psa.contract.version",
        "Terms in Force",
        required=True,
        copy=False,
        index=True,
        ondelete="restrict",
        help="The version of the terms in force today; on a contract that has not begun, its first.",
    )
    version_ids = fields.One2many("psa.contract.version", "contract_id", "Versions", copy=False)
    component_ids = fields.One2many("psa.contract.component", "contract_id", "Components", copy=True)
    prepaid_ids = fields.One2many("psa.contract.prepaid", "contract_id", copy=False)
    due_ids = fields.One2many("psa.contract.due", "contract_id", "Fallen Due", copy=False)
    note = fields.Html("Notes", help="For your staff; clients do not see it.")
    choice_text = fields.Html("Why This Contract", compute="_compute_choice_text", sanitize=False)
    item_count = fields.Integer(compute="_compute_item_totals")
    to_invoice_amount = fields.Monetary(compute="_compute_item_totals")

    @api.depends("company_id")
    def _compute_currency_id(self):
        for contract in self:
            if not contract.currency_id:
                contract.currency_id = contract.company_id.currency_id

    @api.depends("component_ids.kind")
    def _compute_billing_type(self):
        groups = {
            "fixed_price": "fixed_price",
            "milestone": "fixed_price",
            "retainer": "prepaid",
            "block": "prepaid",
            "recurring": "recurring",
            "included_hours": "recurring",
            "per_ticket": "per_ticket",
        }
        for contract in self:
            kinds = {groups[kind] for kind in contract.component_ids.mapped("kind") if kind in groups}
            contract.billing_type = (
                "mixed" if len(kinds) > 1 else kinds.pop() if kinds else "time_materials"
            )

    @api.depends("client_id", "company_id", "priority", "date_start", "state")
    def _compute_choice_text(self):
        """Say which of the client's contracts pays for work that names none, and why."""
        today = fields.Date.context_today(self)
        for contract in self:
            others = self.env["psa.contract"].search(
                [
                    ("client_id", "=", contract.client_id.id),
                    ("company_id", "=", contract.company_id.id),
                    ("state", "!=", "draft"),
                    ("date_start", "<=", today),
                    "|",
                    ("date_end", "=", False),
                    ("date_end", ">=", today),
                ]
            )
            if not contract.client_id or len(others) < 2:
                contract.choice_text = False
                continue
            # As the rating core chooses: by priority, then the latest start, then the latest made.
            ranked = others.sorted(lambda other: (other.priority, -other.date_start.toordinal(), -other.id))
            rows = [
                Markup("<li>%s</li>")
                % self.env._(
                    "%(contract)s: priority %(priority)s, since %(start)s",
                    contract=other.display_name,
                    priority=other.priority,
                    start=format_date(self.env, other.date_start),
                )
                for other in ranked
            ]
            contract.choice_text = Markup("<p>%s</p><ol>%s</ol>") % (
                self.env._(
                    "Several contracts of the client are in force. Work that names none falls under the first of this list: the "
                    "lowest priority number, then the latest start, then the one made last."
                ),
                Markup("").join(rows),
            )

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
        Version = self.env["psa.contract.version"]
        version_vals_list = []
        for vals in vals_list:
            # Context defaults and callers do not choose these.
            vals.update(dict.fromkeys(BUTTON_FIELDS - {"state"}, False), state="draft")
            company = self.env["res.company"].browse(vals.get("company_id") or self.env.company.id)
            vals["number"] = (
                self.env["ir.sequence"].with_company(company).sudo().next_by_code("psa.contract")
            )
            version_vals_list.append({name: vals.pop(name) for name in VERSION_FIELDS if name in vals})
            for name in OTHER_VERSION_FIELDS & vals.keys():
                del vals[name]
        # Who may make the contract may make its terms, but has access to them only through it: they come bare first.
        versions = Version.sudo()._psa_create_bare(len(vals_list))
        for vals, version in zip(vals_list, versions, strict=True):
            vals["version_id"] = version.id
        contracts = super().create(vals_list)
        for contract, version_vals in zip(contracts, version_vals_list, strict=True):
            contract.sudo().version_id._psa_attach(contract)
            if version_vals:
                contract.version_id.write(version_vals)
        return contracts

    def write(self, vals):
        fixed = {"client_id", "company_id", "currency_id"} & vals.keys()
        changed = self.sudo().filtered(
            lambda contract: any(
                contract[name] != self._psa_value(name, vals[name]) for name in fixed
            )
        )
        changed_names = fixed if changed else set()
        if changed._psa_has_items():
            raise UserError(
                self.env._(
                    "Work has been rated under this contract, so its client, company and currency "
                    "stay. End it and make a new contract instead."
                )
            )
        if "currency_id" in changed_names and changed.sudo().prepaid_ids:
            raise UserError(
                self.env._(
                    "Hours or money were sold ahead in %s under this contract, so its currency stays. Make a new contract for "
                    "the other currency.",
                    changed.currency_id[:1].name,
                )
            )
        if BUTTON_FIELDS & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._("Contracts are activated, renewed and billed with their buttons only, which look whether that can be.")
            )
        if "version_id" in vals and not self.env.su:
            raise UserError(self.env._("Which terms are in force follows from their dates. Use “New Version”."))
        if "active" in vals and not vals["active"]:
            self._psa_check_may_archive()
        result = super().write(vals)
        if "date_start" in vals:
            self.sudo()._psa_move_first_version()
        return result

    def _psa_check_may_archive(self):
        """Refuse to put away what is still billed: an archived contract is out of sight, so nothing may happen under it."""
        running = self.filtered(lambda contract: contract.active and contract.state not in ("draft", "ended"))
        if running:
            raise UserError(
                self.env._("%s is in force, so it cannot be archived. Press “End” first.", running[:1].display_name)
            )

    def _psa_move_first_version(self):
        """Let the first terms begin with the contract."""
        for contract in self:
            first = contract.version_ids.sorted("date_from")[:1]
            if first.date_from != contract.date_start and not first._psa_frozen():
                first.date_from = contract.date_start

    @api.ondelete(at_uninstall=False)
    def _unlink_except_confirmed(self):
        if self._psa_has_items():
            raise UserError(
                self.env._("Rows of the billing ledger belong to this contract, so it cannot be deleted. End and archive it instead.")
            )
        if self.filtered(lambda contract: contract.state != "draft"):
            raise UserError(
                self.env._("Only a draft contract can be deleted. End or archive it instead.")
            )

    def action_activate(self):
        """Confirm the contracts: from now on they set prices."""
        for contract in self:
            if contract.state == "draft" and not contract.rate_ids and not contract.component_ids:
                raise UserError(
                    self.env._(
                        "%s has no rates yet. Add at least one line under “Terms”, or a component, then activate.",
                        contract.display_name,
                    )
                )
        today = fields.Date.context_today(self)
        reopened = self.filtered(lambda c: c.state == "ended" and c.date_end and c.date_end < today)
        reopened.date_end = False
        self.filtered(lambda c: not c.active).active = True
        # What rested when it ended goes on: an open rest would count its services as none for good.
        self._psa_end_rest(today)
        self._psa_set_state("active")
        self.component_ids._psa_count(today)
        return True

    def action_end(self):
        """End the contracts today, or on their last day if that is past."""
        today = fields.Date.context_today(self)
        self.filtered(
            lambda c: c.date_start <= today and (not c.date_end or c.date_end > today)
        ).date_end = today
        self.filtered(lambda c: c.date_start > today)._psa_call_off()
        self._psa_set_state("ended")
        return True

    def _psa_set_state(self, state):
        """Change the state: the one door past the guard, private, so closed to callers outside."""
        self.check_access("write")
        self.sudo().state = state

    def _psa_call_off(self):
        """Let nothing fall due under contracts that end before they have begun."""
        for contract in self:
            start = contract.date_start
            contract.write({"date_end": start, "bill_from": start + timedelta(days=1)})
            for component in contract.component_ids:
                component.date_to = max(start, component.date_from or start)

    def action_draft(self):
        """Back to draft, as long as nothing was rated under the contract."""
        if self._psa_has_items():
            raise UserError(
                self.env._("Work has been rated under this contract; it cannot be a draft again.")
            )
        self._psa_set_state("draft")
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
        over = self.search([("state", "in", RUNNING), ("date_end", "<", self.env["res.company"]._psa_last_today())])
        over.filtered(lambda contract: contract.date_end < contract.company_id._psa_today())._psa_set_state("ended")

    def _psa_has_items(self):
        """Say whether work was rated under any of the contracts."""
        return bool(
            self.env["psa.billing.item"]
            .sudo()
            .search_count([("contract_id", "in", self.ids)], limit=1)
        )

    def _psa_value(self, name, value):
        """Return a value written to a field as the field's own type, to compare the two."""
        field = self._fields[name]
        if field.type == "many2one":
            return self.env[field.comodel_name].browse(value or [])
        return field.convert_to_cache(value, self[:1]) if field.type == "date" else value
