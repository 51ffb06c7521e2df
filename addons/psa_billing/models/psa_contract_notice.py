from odoo import fields, models


class PsaContractNotice(models.Model):
    """A reminder that was sent about a contract, so that each is sent once."""

    _name = "psa.contract.notice"
    _description = "Contract Reminder"
    _order = "id desc"

    _key_uniq = models.UniqueIndex("(contract_id, key)", "This reminder was sent already.")

    contract_id = fields.Many2one("psa.contract", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    prepaid_id = fields.Many2one("psa.contract.prepaid", index="btree_not_null", ondelete="cascade", readonly=True)
    kind = fields.Selection(
        [("renewal", "Renewal"), ("low_balance", "Low balance"), ("expiry", "Expiry"), ("top_up", "Top-up")],
        required=True,
        readonly=True,
    )
    key = fields.Char(required=True, readonly=True)
    name = fields.Char("Reminder", required=True, readonly=True)
    recipients = fields.Char(readonly=True)
