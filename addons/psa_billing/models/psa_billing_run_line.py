from odoo import fields, models


class PsaBillingRunLine(models.Model):
    """One invoice to be of a run: the rows of a client and a contract (or more, by client) of one cycle."""

    _name = "psa.billing.run.line"
    _description = "Billing Run Line"
    _order = "run_id desc, id"
    _check_company_auto = True

    _group_uniq = models.UniqueIndex(
        "(run_id, client_id, currency_id, group_key)",
        "A run makes one invoice for each client, contract, currency and cycle.",
    )
    _move_uniq = models.UniqueIndex(
        "(move_id) WHERE move_id IS NOT NULL", "An invoice belongs to one line of a run."
    )
    _run_idx = models.Index("(run_id DESC, id)")
    _planned_idx = models.Index("(id) WHERE state = 'planned'")

    run_id = fields.Many2one("psa.billing.run", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    client_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    contract_id = fields.Many2one(
        "psa.contract", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    group_key = fields.Char(required=True, readonly=True)
    period_from = fields.Date("Cycle From", readonly=True)
    period_to = fields.Date("Cycle To", readonly=True, help="The last day of the cycle.")
    item_ids = fields.One2many("psa.billing.item", "run_line_id", "Rows", readonly=True)
    item_count = fields.Integer("Rows", readonly=True)
    amount = fields.Monetary(readonly=True, help="Without taxes.")
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("done", "Invoiced"),
            ("covered", "Nothing to Pay"),
            ("waiting", "Waits for More"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        readonly=True,
        default="planned",
    )
    move_id = fields.Many2one("account.move", "Invoice", readonly=True, ondelete="set null")
    error = fields.Text("Problem", readonly=True)
    note = fields.Text("Remarks", readonly=True)

    def action_retry(self):
        """Try these lines again."""

    def _psa_post(self):
        """Make the draft invoices of these lines; what fails keeps its reason."""

    def _prepare_move_vals(self, items):
        """Return the values of the draft invoice."""
