from odoo import fields, models


class PsaContractSuspension(models.Model):
    """Days on which a contract rests: its services count as none. Rests that are over stay, they explain the bills."""

    _name = "psa.contract.suspension"
    _description = "Contract Suspension"
    _order = "contract_id, date_from, id"

    _contract_day_uniq = models.UniqueIndex("(contract_id, date_from)", "The contract rests from this day already.")
    _dates_in_order = models.Constraint("CHECK(date_to >= date_from)", "A rest ends after it begins.")

    contract_id = fields.Many2one("psa.contract", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    date_from = fields.Date("From", required=True, readonly=True)
    date_to = fields.Date("Until", readonly=True, help="Last day. Empty: it still rests.")
