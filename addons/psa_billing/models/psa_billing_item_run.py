from odoo import fields, models


class PsaBillingItem(models.Model):
    """Rows that a billing run has taken, and covered rows that an invoice has settled."""

    _inherit = "psa.billing.item"

    run_line_id = fields.Many2one(
        "psa.billing.run.line",
        "Billing Run",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The invoice to be that has taken this row; no other run takes it meanwhile.",
    )
    settled_move_id = fields.Many2one(
        "account.move",
        "Settled With",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The invoice of the cycle in which the contract covered this row.",
    )

    def _psa_take(self, line):
        """Mark rows as taken by a run's line."""

    def _psa_link(self, lines_by_item):
        """Mark rows as charged by invoice lines, in one statement: ``{item id: line id}``."""
