from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_amount

from ..core import charges, expense_policy, pricing, terms
from ..tools import to_decimal

APPROVED_STATES = ("approved", "posted", "in_payment", "paid")


class HrExpense(models.Model):
    """Expenses made for a client, on a ticket or under a contract, checked against the policy of the company.

    Handing in, approving, posting and paying are Odoo's.
    """

    _inherit = "hr.expense"

    _psa_day_idx = models.Index("(employee_id, date)")

    psa_ticket_id = fields.Many2one(
        "psa.ticket", "Ticket", index="btree_not_null", ondelete="restrict", check_company=True, tracking=True
    )
    psa_client_id = fields.Many2one(
        "res.partner",
        "Client",
        compute="_compute_psa_client_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        tracking=True,
        domain="[('psa_is_client', '=', True)]",
        help="For whom the expense was made.",
    )
    psa_contract_id = fields.Many2one(
        "psa.contract",
        "Contract",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        groups="psa_crm.group_billing",
        domain="[('client_id', '=', psa_client_id), ('state', '!=', 'draft')]",
        help="Leave empty to take the client's contract in force on that day.",
    )
    psa_is_rebilled = fields.Boolean(
        "Re-bill to Client",
        compute="_compute_psa_is_rebilled",
        store=True,
        readonly=False,
        precompute=True,
        tracking=True,
        help="Once approved, the client pays the expense with his next invoice.",
    )
    psa_invoice_text = fields.Text("Invoice Text", help="What the client reads. Empty takes the description.")
    psa_rebill_rule = fields.Selection(
        lambda self: self.env["psa.expense.policy"]._fields["rebill_rule"].selection,
        "Re-billed",
        compute="_compute_psa_rebill",
        groups="psa_crm.group_billing",
    )
    psa_rebill_amount = fields.Monetary(
        "Client Pays",
        compute="_compute_psa_rebill",
        currency_field="company_currency_id",
        groups="psa_crm.group_billing",
        help="Without taxes, in the currency of the company.",
    )
    psa_policy_state = fields.Selection(
        [
            (expense_policy.ALLOWED, "Within Policy"),
            (expense_policy.NEEDS_REASON, "Needs a Reason"),
            (expense_policy.FLAGGED, "Over the Limit"),
            (expense_policy.REFUSED, "Against Policy"),
        ],
        "Policy",
        compute="_compute_psa_policy",
        help="How the expense stands to the policy of the company.",
    )
    psa_policy_text = fields.Text("What the Policy Says", compute="_compute_psa_policy")
    psa_policy_reason = fields.Char(
        "Reason", tracking=True, help="Why more than the limit was spent. Whoever approves the expense reads it."
    )
    psa_is_flagged = fields.Boolean(
        "Over the Limit", readonly=True, copy=False, help="It was handed in over a limit of the policy, with a reason."
    )
    psa_delta_ids = fields.One2many(
        "psa.expense.delta",
        "expense_id",
        "Corrections of the Invoice",
        readonly=True,
        groups="psa_crm.group_billing",
        help="What the client pays more or gets back, because the expense changed after it was invoiced.",
    )
    psa_billing_state = fields.Selection(
        lambda self: self.env["psa.billing.item"]._fields["state"].selection,
        "Billing",
        compute="_compute_psa_billing_state",
        help="Where the approved expense stands in the billing ledger.",
    )

    @api.depends("psa_ticket_id.client_id", "psa_contract_id")
    def _compute_psa_client_id(self):
        for expense in self:
            # Moving a ticket to another client does not move what was already approved.
            if expense.approval_state != "approved":
                expense.psa_client_id = (
                    expense.psa_ticket_id.client_id or expense.psa_contract_id.client_id or expense.psa_client_id
                )

    @api.depends("psa_client_id", "psa_contract_id", "product_id")
    def _compute_psa_is_rebilled(self):
        for expense in self:
            if expense.approval_state != "approved":
                rule, __ = expense._psa_rebill_terms()
                expense.psa_is_rebilled = bool(expense.psa_client_id) and rule != charges.NOT_REBILLED

    @api.depends("psa_is_rebilled", "psa_contract_id", "untaxed_amount", "product_id", "company_id")
    def _compute_psa_rebill(self):
        charged = self._origin._psa_charged()
        for expense in self:
            known = charged.get(expense._origin)
            rebill_terms = (known and known.rebill_terms) or expense._psa_rebill_terms()
            expense.psa_rebill_rule = rebill_terms[0] if expense.psa_is_rebilled else charges.NOT_REBILLED
            expense.psa_rebill_amount = float(expense._psa_due(rebill_terms))

    @api.depends("product_id", "total_amount", "date", "employee_id", "nb_attachment", "psa_policy_reason", "company_id")
    def _compute_psa_policy(self):
        verdicts = self._psa_judge()
        for expense in self:
            verdict = verdicts[expense]
            expense.psa_policy_state = verdict.outcome
            expense.psa_policy_text = expense._psa_policy_text(verdict)

    def _compute_psa_billing_state(self):
        states = dict(
            self.env["psa.billing.item"]
            .sudo()
            ._read_group([("source_model", "=", self._name), ("source_id", "in", self.ids)], ["source_id", "state"])
        )
        for expense in self:
            expense.psa_billing_state = states.get(expense.id, False)

    @api.constrains("psa_ticket_id", "psa_client_id")
    def _check_psa_client_id(self):
        for expense in self:
            ticket = expense.psa_ticket_id.sudo()
            if ticket and expense.psa_client_id != ticket.client_id and expense.approval_state != "approved":
                raise ValidationError(
                    self.env._(
                        "“%(expense)s” names ticket %(ticket)s of %(client)s. Set the Client accordingly, or clear the Ticket.",
                        expense=expense.name,
                        ticket=ticket.number,
                        client=ticket.client_id.name or self.env._("nobody"),
                    )
                )

    def action_submit(self):
        self._psa_check_policy()
        return super().action_submit()

    def _do_approve(self, check=True):
        # Also what nobody handed in: an approver approves drafts, too.
        fresh = self.filtered(lambda expense: expense.state in ("draft", "submitted"))
        fresh._psa_check_policy()
        return super()._do_approve(check)

    def _psa_check_policy(self):
        """Refuse what the policy refuses, and mark what is over a limit with a reason."""
        self._psa_check_currency_rate()
        verdicts = self._psa_judge()
        for expense in self:
            verdict = verdicts[expense]
            if verdict.outcome in (expense_policy.REFUSED, expense_policy.NEEDS_REASON):
                raise UserError(expense._psa_policy_text(verdict))
        for is_flagged, expenses in self.grouped(lambda e: verdicts[e].outcome == expense_policy.FLAGGED).items():
            changed = expenses.sudo().filtered(lambda expense, flag=is_flagged: expense.psa_is_flagged != flag)
            changed.psa_is_flagged = is_flagged

    def _psa_check_currency_rate(self):
        """Refuse foreign money without an exchange rate: Odoo would take it for the company's own."""
        for expense in self.filtered("is_multiple_currency"):
            expense.currency_id._psa_check_rate(expense.company_id, expense.date, expense.name)

    def _psa_judge(self):
        """Return ``{expense: verdict}``, in a constant number of queries."""
        policies = {
            company: [policy._psa_fact() for policy in company.sudo().psa_expense_policy_ids] for company in self.company_id
        }
        totals = self._psa_day_totals() if any(policies.values()) else {}
        verdicts = {}
        for expense in self:
            amount = to_decimal(expense.total_amount)
            others = totals.get((expense.employee_id.id, expense.product_id.id, expense.date), {})
            day_total = amount + sum(
                (to_decimal(other) for id_, other in others.items() if id_ != expense._origin.id), to_decimal(0)
            )
            verdicts[expense] = expense_policy.judge(
                amount,
                day_total,
                bool(expense.nb_attachment),
                bool((expense.psa_policy_reason or "").strip()),
                expense_policy.policy_for(expense.product_id.id, policies.get(expense.company_id, ())),
            )
        return verdicts

    def _psa_day_totals(self):
        """Return ``{(employee, category, day): {expense: total}}`` of the days of these expenses, refused ones left out."""
        totals = {}
        spent = self.sudo().search_fetch(
            [
                ("employee_id", "in", self.employee_id.ids),
                ("product_id", "in", self.product_id.ids),
                ("date", "in", list(set(filter(None, self.mapped("date"))))),
                ("state", "!=", "refused"),
            ],
            ["employee_id", "product_id", "date", "total_amount"],
        )
        for expense in spent:
            key = expense.employee_id.id, expense.product_id.id, expense.date
            totals.setdefault(key, {})[expense.id] = expense.total_amount
        return totals

    def _psa_policy_text(self, verdict):
        """Return what the policy says of the expense, and what to do."""
        if not verdict.breaks:
            return False
        currency = self.company_currency_id
        said = {
            expense_policy.NO_RECEIPT: lambda __: self.env._("“%s” needs a receipt: attach it.", self.name),
            expense_policy.OVER_LIMIT: lambda limit: self.env._(
                "“%(expense)s” is over the limit of %(limit)s for one expense.",
                expense=self.name,
                limit=format_amount(self.env, float(limit), currency),
            ),
            expense_policy.OVER_DAY_LIMIT: lambda limit: self.env._(
                "With “%(expense)s” the limit of %(limit)s for one day is passed.",
                expense=self.name,
                limit=format_amount(self.env, float(limit), currency),
            ),
        }
        texts = [said[name](limit) for name, limit in verdict.breaks]
        if verdict.outcome == expense_policy.NEEDS_REASON:
            texts.append(self.env._("Enter a Reason to hand it in all the same."))
        policy = self.env["psa.expense.policy"].sudo().browse(verdict.policy_id or ())
        if policy.note:
            texts.append(policy.note)
        return "\n".join(texts)

    def _psa_rebill_terms(self):
        """Return the rule and the mark-up that count: the contract's, else the policy's, else at cost."""
        contract = self.sudo().psa_contract_id or self._psa_contract_in_force()
        if contract and contract.expense_rule != "policy":
            return contract.expense_rule, contract.expense_markup
        policies = self.company_id.sudo().psa_expense_policy_ids
        chosen = expense_policy.policy_for(self.product_id.id, [policy._psa_fact() for policy in policies])
        if not chosen:
            return charges.AT_COST, 0.0
        policy = policies.browse(chosen.id)
        return policy.rebill_rule, policy.rebill_markup

    def _psa_contract_in_force(self):
        """Return the contract that rating takes if the expense names none."""
        client, currency = self.psa_client_id.sudo().commercial_partner_id, self.company_currency_id
        contracts = client.psa_contract_ids.filtered(
            lambda contract: contract.company_id == self.company_id
            and contract.currency_id == currency
            and contract.state != "draft"
        )
        if not contracts:
            return contracts
        fact = terms.PriceFact(
            source_model=self._name,
            source_id=self._origin.id or 0,
            part="price",
            company_id=self.company_id.id,
            currency=terms.Currency(currency.id, to_decimal(currency.rounding)),
            date=self.date or fields.Date.context_today(self),
            quantity=to_decimal(1),
            price_unit=None,
            product_id=None,
            client_id=client.id,
        )
        chosen = pricing.choose_contract(fact, contracts._psa_terms([fact])).contract
        return contracts.browse(chosen.id if chosen else ())

    def _psa_due(self, rebill_terms=None):
        """Return what the client is to pay for the expense, in the currency of the company.

        :param rebill_terms: rule and mark-up it was charged by already; without them those of today count
        """
        if not self.psa_is_rebilled or not self.psa_client_id:
            return to_decimal(0)
        rule, markup = rebill_terms or self._psa_rebill_terms()
        amount = charges.rebilled_amount(
            to_decimal(self.untaxed_amount), rule, to_decimal(markup), to_decimal(self.company_currency_id.rounding)
        )
        return amount or to_decimal(0)
