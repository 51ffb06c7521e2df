from odoo import fields, models


class PsaContract(models.Model):
    """How a contract goes on after its term."""

    _inherit = "psa.contract"

    renewal = fields.Selection(
        [("none", "Ends"), ("auto", "Renews by itself"), ("ask", "Renews when somebody says so")],
        "At the End",
        default="none",
        required=True,
        tracking=True,
    )
    renewal_months = fields.Integer("Renewed for (Months)", default=12)
    notice_days = fields.Integer("Tell before (Days)", default=60)
    renewal_count = fields.Integer("Renewed", readonly=True, copy=False)
    date_notice = fields.Date("Notice On", compute="_compute_date_notice", store=True)
    notice_ids = fields.One2many("psa.contract.notice", "contract_id", "Reminders", copy=False)

    def _compute_date_notice(self):
        self.date_notice = False
