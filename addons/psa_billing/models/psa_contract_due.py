from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core import terms
from ..tools import to_decimal
from .psa_contract_frozen import FROZEN


class PsaContractDue(models.Model):
    """Something that fell due under a contract: a period, an instalment, a milestone, a ticket, a purchase.

    Each is kept with what it was computed from and is one fact of the ledger. None is ever rewritten: what is found
    later about a period that was released or invoiced is a further, signed due of that period.
    """

    _name = "psa.contract.due"
    _description = "Contract Due"
    _inherit = ["psa.billable.mixin"]
    _order = "date desc, id desc"
    _check_company_auto = True
    _psa_item_kind = "recurring"

    _date_idx = models.Index("(date DESC, id DESC)")
    _key_uniq = models.UniqueIndex("(component_id, key)", "This fell due already.")

    contract_id = fields.Many2one("psa.contract", required=True, index=True, ondelete="restrict", readonly=True)
    component_id = fields.Many2one("psa.contract.component", required=True, index=True, ondelete="restrict", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="contract_id.client_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    kind = fields.Selection(
        [
            ("recurring", "Period"),
            ("milestone", "Milestone"),
            ("fixed_price", "Fixed Price"),
            ("prepaid", "Prepaid Purchase"),
            ("per_ticket", "Ticket"),
            ("setup", "Set-Up Fee"),
            ("correction", "True-Up"),
        ],
        required=True,
        readonly=True,
    )
    key = fields.Char(required=True, readonly=True, help="What fell due; each falls due once.")
    name = fields.Text("Invoice Text", required=True, readonly=True)
    date = fields.Date("Due On", required=True, readonly=True)
    cycle_from = fields.Date(readonly=True, help="First day of the billing cycle the period belongs to.")
    period_from = fields.Date(readonly=True)
    period_to = fields.Date(readonly=True, help="Last day of the period.")
    quantity = fields.Float(digits="Product Unit", readonly=True)
    price_unit = fields.Float("Unit Price", digits="Product Price", readonly=True)
    amount = fields.Monetary(readonly=True)
    product_id = fields.Many2one("product.product", readonly=True, ondelete="restrict")
    ticket_id = fields.Many2one("psa.ticket", readonly=True, index="btree_not_null", ondelete="restrict")
    milestone_id = fields.Many2one("project.milestone", readonly=True, index="btree_not_null", ondelete="restrict")
    instalment_id = fields.Many2one("psa.contract.instalment", readonly=True, index="btree_not_null", ondelete="restrict")
    prepaid_id = fields.Many2one("psa.contract.prepaid", readonly=True, index="btree_not_null", ondelete="restrict")
    derivation = fields.Json(readonly=True)
    item_state = fields.Selection(
        lambda self: self.env["psa.billing.item"]._fields["state"].selection,
        "Ledger",
        compute="_compute_item_state",
        search="_search_item_state",
    )

    def _compute_item_state(self):
        states = {
            item.source_id: item.state
            for item in self.env["psa.billing.item"].sudo().search_fetch(
                self._psa_items_domain(self.ids), ["source_id", "state"]
            )
        }
        for due in self:
            due.item_state = states.get(due.id)

    def _search_item_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        Item = self.env["psa.billing.item"].sudo()
        own = Domain("source_model", "=", self._name)
        found = Domain("id", "in", Item._search(own & Domain("state", "in", list(value))).subselect("source_id"))
        if any(not state for state in value):
            found |= Domain("id", "not in", Item._search(own).subselect("source_id"))
        return found

    @api.ondelete(at_uninstall=False)
    def _unlink_except_taken_back(self):
        if not self.env.su or self.sudo()._psa_items():
            raise UserError(
                self.env._("What fell due is not deleted by hand. Change the component, or write the ledger row off.")
            )

    def action_open_items(self):
        """Open the ledger rows."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billing_item")
        action["domain"] = self._psa_items_domain(self.ids)
        return action

    @api.model
    def _psa_check_movable(self):
        raise UserError(
            self.env._(
                "What fell due under a contract belongs to its component and cannot be moved. Write the row off, and charge it "
                "under the other contract by a component there."
            )
        )

    def _psa_price_facts(self):
        facts = []
        for due in self:
            currency = due.currency_id
            facts.append(
                terms.PriceFact(
                    source_model=self._name,
                    source_id=due.id,
                    part="price",
                    company_id=due.company_id.id,
                    currency=terms.Currency(currency.id, to_decimal(currency.rounding)),
                    date=due.date,
                    quantity=to_decimal(due.quantity),
                    price_unit=to_decimal(due.price_unit),
                    product_id=due.product_id.id or None,
                    client_id=due.client_id.id,
                    contract_id=due.contract_id.id,
                    # A retainer pays for work; neither for the next retainer nor for what is agreed to be paid on top.
                    may_draw_retainer=due.kind == "per_ticket",
                    derivation={**(due.derivation or {}), "kind": due.kind},
                )
            )
        return facts

    def _psa_item_vals(self, row):
        self.ensure_one()
        return {
            "name": self.name,
            "kind": self.kind,
            "ticket_id": self.ticket_id.id,
            "component_id": self.component_id.id,
            "period_from": self.period_from,
            "uom_id": self.product_id.uom_id.id,
        }

    def _psa_frozen(self):
        """Return those whose ledger row was released or invoiced."""
        rows = self.env["psa.billing.item"].sudo().search_fetch(
            Domain(self._psa_items_domain(self.ids)) & FROZEN, ["source_id"]
        )
        return self.browse(rows.mapped("source_id"))

    def _psa_check_open(self, refusal):
        """Refuse what changes dues that were released or invoiced.

        :param refusal: a function that says why, of the first of them
        """
        frozen = self._psa_frozen() if self else self
        if frozen:
            raise UserError(refusal(frozen[0]))

    def _psa_take_back(self):
        """Take dues out of the ledger and delete them, so that they fall due again."""
        dues = self.sudo()
        dues._psa_unbill()
        dues.unlink()

    def _psa_take_back_for_now(self):
        """Take dues back, and bill again soon: at night only would be missed in the review."""
        contracts = self.contract_id
        self._psa_take_back()
        contracts._psa_bill_again()
        self.env.ref("psa_billing.ir_cron_contract_bill").sudo()._trigger()
