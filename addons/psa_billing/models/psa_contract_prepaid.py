from odoo import api, fields, models


class PsaContractPrepaid(models.Model):
    """Hours or money a client has paid ahead; ledger rows draw from it.

    What is drawn is what the ledger says (``psa.billing.item.prepaid_id``); nothing is kept here twice.
    """

    _name = "psa.contract.prepaid"
    _description = "Prepaid Block"
    _order = "date_to, purchased_on, id"
    _check_company_auto = True

    _order_idx = models.Index("(date_to, purchased_on, id)")
    _contract_idx = models.Index("(contract_id, date_from, date_to)")
    _rollover_uniq = models.UniqueIndex("(component_id, rollover_key) WHERE rollover_key IS NOT NULL")

    name = fields.Char(required=True)
    contract_id = fields.Many2one("psa.contract", required=True, ondelete="cascade", index=True)
    component_id = fields.Many2one("psa.contract.component", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="contract_id.client_id", store=True, index=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    kind = fields.Selection([("hours", "Hours"), ("money", "Money")], required=True, default="hours")
    hours = fields.Float()
    price = fields.Monetary("Price per Hour")
    amount = fields.Monetary(help="What it was sold for; of a retainer what can be drawn.")
    date_from = fields.Date("Valid From", required=True)
    date_to = fields.Date("Valid Until", help="Last day. Empty: until used up.")
    purchased_on = fields.Date(required=True, default=fields.Date.context_today)
    usable = fields.Selection(
        [("at_once", "At once"), ("invoiced", "When invoiced"), ("paid", "When paid")], default="at_once", required=True
    )
    origin = fields.Selection(
        [("purchase", "Purchase"), ("rollover", "Roll-over"), ("top_up", "Automatic top-up")],
        default="purchase",
        required=True,
        readonly=True,
    )
    rollover_key = fields.Char(readonly=True, copy=False, help="Which period's rest this is; each is carried over once.")
    is_cancelled = fields.Boolean(readonly=True, copy=False)
    due_ids = fields.One2many("psa.contract.due", "prepaid_id", "Purchase")
    item_ids = fields.One2many("psa.billing.item", "prepaid_id", "Drawn By")
    drawn_hours = fields.Float("Used", compute="_compute_drawn")
    remaining_hours = fields.Float("Left", compute="_compute_drawn")
    drawn_amount = fields.Monetary("Used Amount", compute="_compute_drawn")
    remaining_amount = fields.Monetary("Left Amount", compute="_compute_drawn")
    used_percent = fields.Float("Used (%)", compute="_compute_drawn")
    state = fields.Selection(
        [
            ("waiting", "Not Usable Yet"),
            ("usable", "Usable"),
            ("used_up", "Used Up"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
    )
