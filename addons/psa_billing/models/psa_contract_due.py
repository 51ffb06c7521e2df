from odoo import fields, models


class PsaContractDue(models.Model):
    """Something that fell due under a contract: a period, an instalment, a milestone, a ticket, a purchase.

    Each is kept with what it was computed from and is one fact of the ledger. None is ever rewritten: what is found
    later about a period is a further, signed due of that period.
    """

    _name = "psa.contract.due"
    _description = "Contract Due"
    _order = "date desc, id desc"
    _check_company_auto = True

    _date_idx = models.Index("(date DESC, id DESC)")
    _key_uniq = models.UniqueIndex("(component_id, key)", "This fell due already.")

    contract_id = fields.Many2one("psa.contract", required=True, index=True, ondelete="restrict", readonly=True)
    component_id = fields.Many2one("psa.contract.component", required=True, index=True, ondelete="restrict", readonly=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="contract_id.client_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    kind = fields.Selection(
        [
            ("recurring", "Period"),
            ("milestone", "Milestone"),
            ("fixed_price", "Instalment"),
            ("prepaid", "Prepaid Purchase"),
            ("per_ticket", "Ticket"),
            ("setup", "Set-Up Fee"),
            ("correction", "True-Up"),
        ],
        required=True,
        readonly=True,
    )
    key = fields.Char(required=True, readonly=True, help="What fell due; each falls due once.")
    name = fields.Text(required=True, readonly=True)
    date = fields.Date(required=True, readonly=True)
    period_from = fields.Date(readonly=True)
    period_to = fields.Date(readonly=True, help="Last day of the period.")
    quantity = fields.Float(digits="Product Unit", readonly=True)
    price_unit = fields.Float(digits="Product Price", readonly=True)
    amount = fields.Monetary(readonly=True)
    product_id = fields.Many2one("product.product", readonly=True, ondelete="restrict")
    ticket_id = fields.Many2one("psa.ticket", readonly=True, index="btree_not_null", ondelete="restrict")
    milestone_id = fields.Many2one("project.milestone", readonly=True, index="btree_not_null", ondelete="restrict")
    instalment_id = fields.Many2one("psa.contract.instalment", readonly=True, index="btree_not_null", ondelete="restrict")
    prepaid_id = fields.Many2one("psa.contract.prepaid", readonly=True, index="btree_not_null", ondelete="restrict")
    derivation = fields.Json(readonly=True)
