from odoo import api, fields, models


class PsaContract(models.Model):
    """When a contract is billed, and how its invoices look."""

    _inherit = "psa.contract"

    billing_cycle = fields.Selection(
        [("monthly", "Monthly"), ("quarterly", "Quarterly"), ("yearly", "Yearly")], default="monthly", required=True
    )
    cycle_start = fields.Selection(
        [("calendar", "Calendar"), ("anniversary", "Start of the contract")],
        "Periods Follow",
        default="calendar",
        required=True,
        help="Calendar: months, quarters and years as everybody's. Start of the contract: from its day of the month.",
    )
    billing_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")], "Due", default="advance", required=True
    )
    invoice_grouping = fields.Selection(
        [("client", "With the client's other contracts"), ("contract", "An invoice of its own")],
        "Invoice",
        default="client",
        required=True,
    )
    line_grouping = fields.Selection(
        [
            ("entry", "Each entry"),
            ("ticket", "Each ticket"),
            ("work_type", "Each work type"),
            ("role", "Each role"),
            ("single", "A single line"),
        ],
        "A Line for",
        default="entry",
        required=True,
    )
    po_required = fields.Boolean("Purchase Order Required")
    po_number = fields.Char("Purchase Order", tracking=True)
    monthly_value = fields.Monetary(
        readonly=True, help="What the recurring services are worth a month, by the quantities and prices of today."
    )
    billed_until = fields.Date(readonly=True, copy=False, help="Everything due until this day is in the ledger.")
    billing_error = fields.Char(readonly=True, copy=False, help="Why nothing more could be billed.")

    def _psa_cycle(self, day):
        """Return ``(start, end)`` of the billing cycle that a day lies in; the end is the first day after it."""
        self.ensure_one()

    def _psa_bill_due(self, until):
        """Put everything that fell due until a day (included) in the ledger, each once; return the new dues.

        Periods, instalments, signed-off milestones, set-up fees, closed tickets, and prepaid purchases; and signed
        true-ups of periods billed before. Contracts that fail are marked (``billing_error``) and do not stop the others.
        """
        return self.env["psa.contract.due"]
