from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

OFFERED = ("recurring", "included_hours", "block", "retainer", "fixed_price", "per_ticket", "setup_fee")


class PsaWhatIf(models.TransientModel):
    """What a client's work would have brought under other terms: another contract's, or these with changes.

    The work is rated again by the same core as for the ledger; nothing is written to the ledger. How: ``psa_what_if_result.py``.
    """

    _name = "psa.what.if"
    _inherit = "psa.wizard.mixin"
    _description = "Contract What-If"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, readonly=True, default=lambda self: self.env.company)
    client_id = fields.Many2one(
        "res.partner", required=True, domain="[('psa_is_client', '=', True)]", check_company=True
    )
    contract_id = fields.Many2one(
        "psa.contract",
        "Present Contract",
        required=True,
        check_company=True,
        domain="[('client_id', '=', client_id), ('state', '!=', 'draft')]",
        help="Its work in the period is looked at.",
    )
    date_from = fields.Date(
        "From", required=True, default=lambda self: fields.Date.context_today(self) + relativedelta(day=1, months=-3)
    )
    date_to = fields.Date(
        "Until", required=True, default=lambda self: fields.Date.context_today(self) + relativedelta(day=1, days=-1)
    )
    alternative_id = fields.Many2one(
        "psa.contract",
        "Terms of",
        required=True,
        check_company=True,
        compute="_compute_alternative_id",
        compute_sudo=False,
        store=True,
        readonly=False,
        precompute=True,
        help="The terms to try: the present contract, a draft, or any other contract. Change them below as you like.",
    )
    currency_id = fields.Many2one(related="contract_id.currency_id", related_sudo=False)
    is_changed = fields.Boolean("Change the Terms", help="Rate by the terms below instead of those of the contract.")
    rate_ids = fields.One2many(
        "psa.what.if.rate", "what_if_id", "Rates", compute="_compute_terms", compute_sudo=False, store=True, readonly=False
    )
    offer_ids = fields.One2many(
        "psa.what.if.offer", "what_if_id", "Components", compute="_compute_terms", compute_sudo=False, store=True, readonly=False
    )
    compared_on = fields.Datetime(readonly=True)
    is_exact = fields.Boolean(readonly=True)
    differing_ids = fields.Many2many(
        "psa.billing.item", "psa_what_if_differing_rel", "what_if_id", "item_id", "Rows That Differ", readonly=True
    )
    differing_count = fields.Integer(readonly=True)
    line_ids = fields.One2many("psa.what.if.line", "what_if_id", "Months", readonly=True)
    result = fields.Json(readonly=True)

    @api.depends("client_id")
    def _compute_display_name(self):
        for what_if in self:
            what_if.display_name = self.env._("What If: %s", what_if.client_id.name) if what_if.client_id else self.env._("What If")

    @api.depends("contract_id")
    def _compute_alternative_id(self):
        for what_if in self:
            what_if.alternative_id = what_if.contract_id

    @api.depends("alternative_id")
    def _compute_terms(self):
        for what_if in self:
            contract = what_if.alternative_id
            components = contract.component_ids.filtered(lambda component: component.kind in OFFERED)
            what_if.rate_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {"role_id": rate.role_id.id, "work_type_id": rate.work_type_id.id, "hourly_rate": rate.hourly_rate}
                    )
                    for rate in contract.rate_ids
                ),
            ]
            what_if.offer_ids = [
                Command.clear(),
                *(Command.create(self.env["psa.what.if.offer"]._prepare_from(component)) for component in components),
            ]

    @api.onchange("client_id")
    def _onchange_client_id(self):
        if self.contract_id.client_id != self.client_id:
            self.contract_id = self._busiest_contract() or self.env["psa.contract"].search(
                [("client_id", "=", self.client_id.id), ("state", "!=", "draft"), ("company_id", "=", self.company_id.id)], limit=1
            )

    def _busiest_contract(self):
        """Return the client's contract under which most was worked in the period: the one to ask about."""
        rows = self.env["psa.billing.item"]._read_group(
            [
                ("client_id", "=", self.client_id.id),
                ("company_id", "=", self.company_id.id),
                ("contract_id.state", "!=", "draft"),
                ("date", ">=", self.date_from),
                ("date", "<=", self.date_to),
            ],
            ["contract_id"], ["__count"], order="__count desc, contract_id", limit=1,
        )
        return rows[0][0] if rows else self.env["psa.contract"]

    def action_compare(self):
        """Rate the work of the period both ways, and show the result side by side."""
        self.ensure_one()
        self._check_asker()
        self._compare()
        return True

    def action_view_lines(self):
        """Open the months as a graph, a pivot or a list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("What If: %s", self.client_id.display_name),
            "res_model": "psa.what.if.line",
            "view_mode": "graph,pivot,list",
            "domain": [("what_if_id", "=", self.id)],
        }

    def action_view_differing(self):
        """Open the ledger rows that the replay of the present terms gives otherwise."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billing_item")
        action["domain"] = [("id", "in", self.differing_ids.ids)]
        action["context"] = {}
        return action

    def _check_asker(self):
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(self.env._("Only members of the group “PSA / Billing” try other terms."))
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("Select %s among your companies first.", self.company_id.sudo().name))
        self.client_id.check_access("read")
        (self.contract_id | self.alternative_id).check_access("read")
        if self.contract_id.client_id != self.client_id:
            raise UserError(self.env._("“Present Contract” is not a contract of %s. Choose one of its contracts.", self.client_id.name))
        if self.alternative_id.currency_id != self.contract_id.currency_id:
            raise UserError(
                self.env._(
                    "%(other)s is in %(currency)s, the present contract is not. Choose terms in the same currency.",
                    other=self.alternative_id.display_name,
                    currency=self.alternative_id.currency_id.name,
                )
            )
        if self.date_from > self.date_to:
            raise UserError(self.env._("The period ends before it starts. Correct “From” or “Until”."))
