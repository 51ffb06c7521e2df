from odoo import fields, models


class PsaConservationLine(models.TransientModel):
    """The figures of a client in a currency: what was worked, and where it stands."""

    _name = "psa.conservation.line"
    _inherit = "psa.wizard.mixin"
    _description = "Conservation by Client"
    _order = "conservation_id desc, id"

    _report_idx = models.Index("(conservation_id DESC, id)")

    conservation_id = fields.Many2one("psa.conservation", required=True, ondelete="cascade")
    client_id = fields.Many2one("res.partner", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    worked_hours = fields.Float("Worked", readonly=True)
    billed_hours = fields.Float("Billed (h)", readonly=True)
    covered_hours = fields.Float("Covered (h)", readonly=True)
    pending_hours = fields.Float("Pending (h)", readonly=True)
    written_off_hours = fields.Float("Written Off (h)", readonly=True)
    non_billable_hours = fields.Float("Not Billable (h)", readonly=True)
    not_approved_hours = fields.Float("Not Yet Approved (h)", readonly=True)
    difference_seconds = fields.Integer("Difference (s)", readonly=True)
    worth = fields.Monetary(readonly=True, help="What the facts are to bring: time at its rate, all else at its price.")
    billed_amount = fields.Monetary("Billed", readonly=True)
    covered_amount = fields.Monetary("Covered", readonly=True)
    pending_amount = fields.Monetary("Pending", readonly=True)
    written_off_amount = fields.Monetary("Written Off", readonly=True)
    non_billable_amount = fields.Monetary("Not Billable", readonly=True)
    not_approved_amount = fields.Monetary("Not Yet Approved", readonly=True)
    difference_amount = fields.Monetary("Difference", readonly=True)
