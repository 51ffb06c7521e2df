from odoo import api, fields, models


class PsaBillingRun(models.Model):
    """One posting run: rows of the ledger become draft invoices, one for each line of the run.

    A run is planned in one short transaction, which locks its rows and marks them, so that nobody else plans them.
    Then its lines are invoiced one by one or in small batches. What fails stays on the run with its reason and can
    be tried again; the others go on. A line's invoice, the link of its rows and its state are written in one
    transaction: whatever is interrupted is done again as a whole, or was done.
    """

    _name = "psa.billing.run"
    _description = "Billing Run"
    _order = "id desc"
    _check_company_auto = True

    _company_idx = models.Index("(company_id, id DESC)")
    _open_idx = models.Index("(id) WHERE state = 'running'")

    name = fields.Char("Number", required=True, readonly=True, copy=False, index="trigram")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "Started By", required=True, readonly=True, ondelete="restrict"
    )
    date_until = fields.Date("Work Until", required=True, readonly=True)
    invoice_date = fields.Date(readonly=True)
    client_ids = fields.Many2many("res.partner", string="Clients", readonly=True)
    has_open_cycles = fields.Boolean("Open Cycles, Too", readonly=True)
    on_negative = fields.Selection(
        [("wait", "Wait for the next invoice"), ("refund", "Make a credit note")],
        "Negative Sums",
        required=True,
        readonly=True,
        default="wait",
    )
    state = fields.Selection(
        [
            ("running", "In Progress"),
            ("failed", "Needs Attention"),
            ("done", "Done"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="running",
    )
    line_ids = fields.One2many("psa.billing.run.line", "run_id", "Invoices to Be", readonly=True)

    def action_retry(self):
        """Try the failed lines again."""

    def action_cancel(self):
        """Give the rows of the lines that were not invoiced yet back."""

    @api.model
    def _psa_plan(self, items, **values):
        """Plan a run for released rows and return it; empty if the rows are taken by others."""

    def _psa_post(self):
        """Make the invoices of the planned lines, in this transaction."""

    @api.model
    def _cron_post(self):
        """Make the invoices of all planned lines, a batch per transaction; several workers share them."""
