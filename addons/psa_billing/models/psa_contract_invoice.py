from odoo import fields, models


class PsaContract(models.Model):
    _inherit = "psa.contract"

    work_details = fields.Selection(
        [("none", "Not on the Invoice"), ("table", "Table After the Totals")],
        compute="_compute_work_details",
        store=True,
        readonly=False,
        precompute=True,
        help="Whether the printed invoice lists the work behind it, also what the contract covers.",
    )

    def _compute_work_details(self):
        for contract in self:
            contract.work_details = contract.client_id.psa_work_details or "table"
