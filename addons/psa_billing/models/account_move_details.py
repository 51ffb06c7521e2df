from odoo import models
from odoo.tools.misc import format_date

from ..core import timer as timer_core
from .psa_billing_item import TIME_MODEL

# What was done for the client; periods, milestones and purchases stand on the lines themselves.
DETAIL_KINDS = ("time", "charge", "expense")
# Corrections of it; those of periods are no work.
DETAIL_SOURCES = (TIME_MODEL, "psa.charge", "psa.expense.delta")


class AccountMove(models.Model):
    """The work details: the annex of an invoice that says who did what when, and what paid for it."""

    _inherit = "account.move"

    def _psa_work_details(self):
        """Return the work behind the invoice as rows of texts, also what was covered; empty if the client wants none."""
        self.ensure_one()
        Item = self.env["psa.billing.item"].sudo()
        items = Item.search(
            [
                "|",
                ("move_id", "=", self.id),
                "&",
                ("settled_move_id", "=", self.id),
                ("settled_on", "!=", False),
                "|",
                ("kind", "in", DETAIL_KINDS),
                "&",
                ("kind", "=", "correction"),
                ("source_model", "in", DETAIL_SOURCES),
            ],
            order="date, id",
        ).filtered(
            lambda item: (item.contract_id.work_details or item.client_id.psa_work_details) == "table"
        )
        is_time = {item: item.source_model == TIME_MODEL for item in items}
        fundings = dict(Item._fields["funding"]._description_selection(Item.env))
        sign = -1 if self.move_type == "out_refund" else 1
        return [
            {
                "date": format_date(self.env, item.date),
                "person": item.user_id.name or item.employee_id.name or "",
                "ticket": item.ticket_id.number or "",
                "text": item._psa_details_text(format_date(self.env, item.date)),
                "worked": timer_core.format_minutes(item.worked_minutes) if is_time[item] else "",
                "charged": timer_core.format_minutes(item.minutes) if is_time[item] else f"{item.quantity:g}",
                "funding": fundings.get(item.funding, ""),
                "rate": item.hourly_rate if is_time[item] else item.price_unit,
                "amount": sign * item.amount if item.move_id == self else 0.0,
            }
            for item in items
        ]
