from odoo import api, fields, models

from ..core import what_if
from ..tools import to_decimal


class PsaWhatIfOffer(models.TransientModel):
    """Something to sell beside time by the hour, to try."""

    _name = "psa.what.if.offer"
    _inherit = "psa.wizard.mixin"
    _description = "What-If Component"
    _check_company_auto = True
    _order = "what_if_id, id"

    _order_idx = models.Index("(what_if_id, id)")

    what_if_id = fields.Many2one("psa.what.if", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="what_if_id.currency_id", related_sudo=False)
    name = fields.Char("Description", required=True)
    kind = fields.Selection(
        [
            ("recurring", "Recurring service"),
            ("included_hours", "Included hours"),
            ("block", "Prepaid hours"),
            ("retainer", "Retainer (prepaid money)"),
            ("fixed_price", "Fixed price"),
            ("per_ticket", "Price by the ticket"),
            ("setup_fee", "Set-up fee"),
        ],
        required=True,
        default="block",
    )
    quantity = fields.Float(default=1.0, digits="Product Unit", help="Hours of a block or included hours; pieces of a service.")
    price_unit = fields.Float("Unit Price", digits="Product Price", help="Of an hour, a piece, or a ticket.")
    each_cycle = fields.Boolean(help="Bought with each billing cycle, not once.")
    is_time_covered = fields.Boolean("Covers Time", help="A fixed price or price by the ticket that pays for time.")
    company_id = fields.Many2one(related="what_if_id.company_id", related_sudo=False)
    project_id = fields.Many2one(
        "project.project", check_company=True, help="A fixed price pays for time on this project only. Empty: for all time."
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

    @api.model
    def _prepare_from(self, component):
        """Return the values of a component of a contract as it is today."""
        step = component._psa_step_today()
        return {
            "name": component.name,
            "kind": component.kind,
            "quantity": step.quantity if step else 1.0,
            "price_unit": step.price_unit if step else 0.0,
            "each_cycle": component.purchase == "cycle",
            "is_time_covered": component.is_time_covered,
            "project_id": component.project_id.id,
            "overage": component.overage,
            "overage_rate": component.overage_rate,
        }

    def _psa_offer(self):
        self.ensure_one()
        return what_if.Offer(
            id=self.id,
            kind=self.kind,
            quantity=to_decimal(self.quantity),
            price_unit=to_decimal(self.price_unit),
            each_cycle=self.each_cycle and self.kind in ("block", "retainer"),
            is_time_covered=self.is_time_covered,
            project_id=self.project_id.id or None if self.kind == "fixed_price" else None,
            overage_rate=to_decimal(self.overage_rate) if self.overage == "fixed" else None,
            is_hard_stop=self.overage == "stop",
            may_go_negative=self.overage == "negative" and self.kind == "block",
        )
