from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..core import terms
from ..tools import to_decimal

# Ledger rows that draw nothing, whatever is written on them.
NOT_DRAWING = ("error", "non_billable")
# From how much on a balance counts as low, in per cent used.
LOW_PERCENT = 80


class PsaContractPrepaid(models.Model):
    """Hours or money a client has paid ahead; ledger rows draw from it.

    What is drawn is what the ledger says (``psa.billing.item.prepaid_id``); nothing is kept here twice.
    """

    _name = "psa.contract.prepaid"
    _description = "Prepaid Block"
    _order = "date_to, purchased_on, id"
    _check_company_auto = True

    _order_idx = models.Index("(date_to, purchased_on, id)")
    _contract_idx = models.Index("(contract_id, date_from, date_to)")
    _key_uniq = models.UniqueIndex("(component_id, key) WHERE key IS NOT NULL", "This was bought or carried over already.")
    _hours_not_negative = models.Constraint(
        "CHECK(hours >= 0 AND amount >= 0 AND price >= 0)", "Hours and amounts paid ahead cannot be negative."
    )

    name = fields.Char(required=True)
    contract_id = fields.Many2one(related="component_id.contract_id", store=True, index=True)
    component_id = fields.Many2one("psa.contract.component", required=True, ondelete="restrict", index=True)
    company_id = fields.Many2one(related="component_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="component_id.contract_id.client_id", store=True, index=True)
    currency_id = fields.Many2one(
        "res.currency", compute="_compute_currency_id", store=True, readonly=False, precompute=True, required=True
    )
    kind = fields.Selection([("hours", "Hours"), ("money", "Money")], required=True, default="hours")
    hours = fields.Float()
    price = fields.Monetary("Price per Hour")
    amount = fields.Monetary(help="What it was sold for; of a retainer what can be drawn.")
    date_from = fields.Date("Valid From", required=True)
    date_to = fields.Date("Valid Until", help="Last day. Empty: until used up.")
    purchased_on = fields.Date(required=True, default=fields.Date.context_today)
    usable = fields.Selection(
        [("at_once", "At once"), ("invoiced", "When invoiced"), ("paid", "When paid")], default="at_once", required=True
    )
    origin = fields.Selection(
        [("purchase", "Purchase"), ("rollover", "Roll-over"), ("top_up", "Automatic top-up")],
        default="purchase",
        required=True,
        readonly=True,
    )
    key = fields.Char(readonly=True, copy=False, help="Which purchase or which period's rest this is; each is made once.")
    is_cancelled = fields.Boolean(readonly=True, copy=False)
    was_usable = fields.Boolean(readonly=True, copy=False, help="Work was rated with it being usable.")
    due_ids = fields.One2many("psa.contract.due", "prepaid_id", "Purchase")
    item_ids = fields.One2many("psa.billing.item", "prepaid_id", "Drawn By")
    drawn_hours = fields.Float("Used", compute="_compute_drawn")
    remaining_hours = fields.Float("Left", compute="_compute_drawn")
    drawn_amount = fields.Monetary("Used Amount", compute="_compute_drawn")
    remaining_amount = fields.Monetary("Left Amount", compute="_compute_drawn")
    used_percent = fields.Float("Used (%)", compute="_compute_drawn")
    state = fields.Selection(
        [
            ("waiting", "Not Usable Yet"),
            ("usable", "Usable"),
            ("used_up", "Used Up"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
        search="_search_state",
    )
    is_low = fields.Boolean(
        "Low", compute="_compute_is_low", search="_search_is_low", help="Usable, and not more than a fifth is left."
    )

    @api.depends("component_id")
    def _compute_currency_id(self):
        for prepaid in self:
            prepaid.currency_id = prepaid.currency_id or prepaid.component_id.contract_id.currency_id

    @api.depends("hours", "amount", "kind")
    def _compute_drawn(self):
        drawn = self._psa_drawn()
        for prepaid in self:
            used = drawn.get(prepaid._origin, 0)
            is_money = prepaid.kind == "money"
            prepaid.drawn_hours = 0.0 if is_money else used / terms.SECONDS_PER_HOUR
            prepaid.drawn_amount = float(used) if is_money else 0.0
            prepaid.remaining_hours = 0.0 if is_money else prepaid.hours - prepaid.drawn_hours
            prepaid.remaining_amount = prepaid.amount - prepaid.drawn_amount if is_money else 0.0
            size = prepaid.amount if is_money else prepaid.hours
            prepaid.used_percent = 100 * (prepaid.drawn_amount if is_money else prepaid.drawn_hours) / size if size else 0.0

    @api.depends("date_from", "date_to", "is_cancelled", "hours", "amount", "kind")
    def _compute_state(self):
        today = fields.Date.context_today(self)
        usable, given_up = self._origin._psa_usable(), self._origin._psa_given_up()
        for prepaid in self:
            left = prepaid.remaining_amount if prepaid.kind == "money" else prepaid.remaining_hours
            if prepaid.is_cancelled or prepaid._origin in given_up:
                prepaid.state = "cancelled"
            elif prepaid.date_to and prepaid.date_to < today:
                prepaid.state = "expired"
            elif prepaid._origin not in usable or prepaid.date_from > today:
                prepaid.state = "waiting"
            else:
                prepaid.state = "usable" if left > 0 else "used_up"

    @api.depends("state", "used_percent")
    def _compute_is_low(self):
        for prepaid in self:
            prepaid.is_low = prepaid.state == "usable" and prepaid.used_percent >= LOW_PERCENT

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        # What is over is most of them in time, so it is only looked at when it is asked for.
        over = {"expired", "cancelled"} & set(value)
        found = self.search(Domain.TRUE if over else self._psa_alive_domain())
        return Domain("id", "in", found.filtered(lambda prepaid: prepaid.state in value).ids)

    def _search_is_low(self, operator, value):
        if operator != "in":
            return NotImplemented
        low = Domain("id", "in", self.search(self._psa_alive_domain()).filtered("is_low").ids)
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return Domain(bool(wanted))
        return low if wanted.pop() else ~low

    @api.model
    def _psa_alive_domain(self):
        """Return the domain of what is neither cancelled nor expired today."""
        return Domain("is_cancelled", "=", False) & (
            Domain("date_to", "=", False) | Domain("date_to", ">=", fields.Date.context_today(self))
        )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for prepaid in self:
            if prepaid.date_to and prepaid.date_to < prepaid.date_from:
                raise ValidationError(
                    self.env._(
                        "“%(prepaid)s” is valid until %(end)s, before it is valid from %(start)s. Correct “Valid Until”, or "
                        "leave it empty.",
                        prepaid=prepaid.name,
                        end=format_date(self.env, prepaid.date_to),
                        start=format_date(self.env, prepaid.date_from),
                    )
                )

    @api.constrains("currency_id", "component_id")
    def _check_currency(self):
        for prepaid in self:
            currency = prepaid.component_id.contract_id.currency_id
            if prepaid.currency_id != currency:
                raise ValidationError(
                    self.env._(
                        "“%(prepaid)s” is in %(own)s, but %(contract)s is in %(currency)s. Sell it in the currency of the contract, "
                        "or under a contract of its own.",
                        prepaid=prepaid.name,
                        own=prepaid.currency_id.name,
                        contract=prepaid.component_id.contract_id.display_name,
                        currency=currency.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise UserError(self.env._("Use “Buy” on the component: that makes the purchase and its ledger row together."))
        return super().create(vals_list)

    def write(self, vals):
        fixed = vals.keys() - {"name", "date_to", "note"}
        if fixed and not self.env.su:
            raise UserError(
                self.env._("What was bought stays. Of a prepaid block only the name and “Valid Until” can be changed.")
            )
        result = super().write(vals)
        if "date_to" in vals:
            self._psa_rate_clients()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_unsold(self):
        if not self.env.su or self.sudo().item_ids or self.sudo().due_ids:
            raise UserError(self.env._("A purchase is not deleted. Cancel it as long as nothing is drawn from it."))

    def action_cancel(self):
        """Take purchases back that nobody has drawn from and that are not on an invoice."""
        self.check_access("write")
        drawn = self._psa_drawn()
        for prepaid in self:
            if drawn.get(prepaid):
                raise UserError(
                    self.env._(
                        "Work was paid from “%s”. Set “Valid Until” to stop further use, or credit the invoice.", prepaid.name
                    )
                )
            prepaid.sudo().due_ids._psa_take_back()
            prepaid.sudo().is_cancelled = True
        self._psa_rate_clients()
        return True

    def action_open_items(self):
        """Open the ledger rows that draw from it."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billing_item")
        action["domain"] = [("prepaid_id", "in", self.ids)]
        return action

    def _psa_drawn(self, domain=Domain.TRUE):
        """Return what ledger rows drew: ``{prepaid: seconds, or money as Decimal}``; those that drew nothing are missing."""
        rows = self.env["psa.billing.item"].sudo()._read_group(
            Domain("prepaid_id", "in", self._origin.ids) & Domain("state", "not in", NOT_DRAWING) & domain,
            ["prepaid_id"],
            ["drawn_seconds:sum", "drawn_amount:sum"],
        )
        return {
            self.browse(prepaid.id): to_decimal(money) if prepaid.kind == "money" else seconds
            for prepaid, seconds, money in rows
        }

    def _psa_given_up(self):
        """Return those whose purchase was written off: nobody pays for them, so nothing more is drawn."""
        dues = self.sudo().due_ids
        rows = self.env["psa.billing.item"].sudo().search_fetch(
            Domain(dues._psa_items_domain(dues.ids)) & Domain("state", "=", "written_off"), ["source_id"]
        )
        ids = set(dues.browse(rows.mapped("source_id")).prepaid_id.ids)
        return self.filtered(lambda prepaid: prepaid.id in ids)

    def _psa_usable(self):
        """Return those that may be drawn from by how their purchase stands, whatever their dates."""
        alive = (self - self._psa_given_up()).sudo().filtered(lambda prepaid: not prepaid.is_cancelled)
        waiting = alive.filtered(lambda prepaid: prepaid.usable != "at_once" and prepaid.due_ids)
        usable = set((alive - waiting).ids)
        dues = waiting.due_ids
        moves = {
            item.source_id: item.move_id
            for item in self.env["psa.billing.item"].sudo().search_fetch(
                dues._psa_items_domain(dues.ids), ["source_id", "move_id"]
            )
        }
        for prepaid in waiting:
            if all(prepaid._psa_is_settled(moves.get(due.id)) for due in prepaid.due_ids):
                usable.add(prepaid.id)
        return self.filtered(lambda prepaid: prepaid.id in usable)

    def _psa_is_settled(self, move):
        if not move or move.state != "posted":
            return False
        return self.usable == "invoiced" or move.payment_state in ("paid", "in_payment")

    def _psa_size(self):
        """Return what can be drawn in all: seconds, or money as Decimal."""
        self.ensure_one()
        return to_decimal(self.amount) if self.kind == "money" else round(self.hours * terms.SECONDS_PER_HOUR)

    def _psa_left(self):
        """Return ``{prepaid: what is left}``, by all rows there are: seconds, or money as Decimal.

        Without those that nothing is left of because their purchase was written off.
        """
        drawn = self._psa_drawn()
        return {
            prepaid: prepaid._psa_size() - drawn.get(prepaid, Decimal(0) if prepaid.kind == "money" else 0)
            for prepaid in self - self._psa_given_up()
        }

    def _psa_order(self):
        """Put purchases in the ledger, each once, and let waiting work draw from what is usable."""
        prepaid = self.sudo()
        dues = self.env["psa.contract.due"].sudo().create(
            [
                block._prepare_due_vals()
                for block in prepaid
                if block.amount and block.origin != "rollover" and not block.due_ids
            ]
        )
        dues._psa_bill()
        prepaid._psa_rate_clients()
        return dues

    def _prepare_due_vals(self):
        """Return the values of the due of a purchase."""
        self.ensure_one()
        self.component_id._psa_check_sellable()
        is_money = self.kind == "money"
        return {
            "contract_id": self.contract_id.id,
            "component_id": self.component_id.id,
            "prepaid_id": self.id,
            "product_id": self.component_id.product_id.id,
            "kind": "prepaid",
            "key": f"purchase:{self.id}",
            "name": self.name,
            "date": self.purchased_on,
            "period_from": self.date_from,
            "period_to": self.date_to,
            "quantity": 1.0 if is_money else self.hours,
            "price_unit": self.amount if is_money else self.price,
            "amount": self.amount,
            "derivation": {"prepaid_id": self.id, "origin": self.origin},
        }

    def _psa_rate_clients(self):
        """Rate the open work of the clients again, since what they have paid ahead has changed."""
        prepaid = self.sudo()
        usable = prepaid._psa_usable()
        usable.filtered(lambda block: not block.was_usable).was_usable = True
        (prepaid - usable).filtered("was_usable").was_usable = False
        if prepaid:
            self.env["psa.billing.item"].sudo()._psa_rate(prepaid.client_id, prepaid.company_id)

    def _prepare_balance(self):
        """Return the balance as the client reads it."""
        self.ensure_one()
        is_money = self.kind == "money"
        return {
            "id": self.id,
            "name": self.name,
            "contract": self.contract_id.display_name,
            "kind": self.kind,
            "size": self.amount if is_money else self.hours,
            "drawn": self.drawn_amount if is_money else self.drawn_hours,
            "remaining": self.remaining_amount if is_money else self.remaining_hours,
            "used_percent": self.used_percent,
            "currency": self.currency_id,
            "date_from": self.date_from,
            "date_to": self.date_to,
            "state": self.state,
        }
