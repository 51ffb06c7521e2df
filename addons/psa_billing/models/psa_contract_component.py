from odoo import api, fields, models

# What is counted and priced by periods of the billing cycle.
PERIODIC = ("recurring", "included_hours", "per_ticket")
PREPAID = ("block", "retainer")


class PsaContractComponent(models.Model):
    """One thing a contract sells beside time by the hour; a contract has any mix of them.

    Quantities and prices are in ``psa.contract.component.step``, by date. A block's quantity is hours and its price
    that of an hour; of all others the amount is quantity × price for each period, ticket, or once.
    """

    _name = "psa.contract.component"
    _description = "Contract Component"
    _order = "contract_id, sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(contract_id, sequence, id)")

    contract_id = fields.Many2one("psa.contract", required=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="contract_id.company_id", store=True, index=True)
    client_id = fields.Many2one(related="contract_id.client_id")
    currency_id = fields.Many2one(related="contract_id.currency_id")
    sequence = fields.Integer(default=10)
    name = fields.Char("Description", required=True, help="Printed on the invoice.")
    kind = fields.Selection(
        [
            ("recurring", "Recurring service"),
            ("included_hours", "Included hours"),
            ("block", "Prepaid hours"),
            ("retainer", "Retainer (prepaid money)"),
            ("fixed_price", "Fixed price"),
            ("milestone", "Milestones"),
            ("per_ticket", "Price by the ticket"),
            ("setup_fee", "Set-up fee"),
        ],
        default="recurring",
        required=True,
    )
    product_id = fields.Many2one(
        "product.product", check_company=True, ondelete="restrict", help="Decides on account and taxes of the invoice line."
    )
    date_from = fields.Date("From", help="Empty: from the start of the contract.")
    date_to = fields.Date("Until", help="Last day. Empty: until the end of the contract.")
    step_ids = fields.One2many("psa.contract.component.step", "component_id", "Prices by Date", copy=True)
    # Recurring services
    count_source = fields.Selection(
        [
            ("fixed", "As agreed"),
            ("assets", "The client's assets"),
            ("employees", "The client's people"),
        ],
        "Counted",
        default="fixed",
        required=True,
        help="As agreed: by hand. Otherwise counted every day; a change counts from the day it is found.",
    )
    count_domain = fields.Char("Which", default="[]", help="Which of the client's assets are counted.")
    true_up = fields.Selection(
        [("none", "Not charged"), ("up", "More is charged"), ("both", "More is charged, less is credited")],
        "Changes within a Period",
        default="both",
        required=True,
        help="What happens if the quantity changes in a period that is billed already.",
    )
    is_prorated = fields.Boolean(
        "By Days", default=True, help="A part of a period, and a change within one, is charged by days."
    )
    # Included hours and prepaid
    rollover_percent = fields.Float(
        "Roll-Over (%)",
        help="How much of the hours that are not used goes over to the next period. What was rolled over is not rolled over again.",
    )
    validity_months = fields.Integer("Valid for (Months)", help="Zero: until used up.")
    purchase = fields.Selection(
        [("manual", "By hand"), ("once", "Once, at the start"), ("cycle", "With each billing cycle")],
        default="once",
        required=True,
    )
    usable = fields.Selection(
        [("at_once", "At once"), ("invoiced", "When invoiced"), ("paid", "When paid")], default="at_once", required=True
    )
    overage = fields.Selection(
        [
            ("rate", "Charge at the rate of role and work type"),
            ("fixed", "Charge at the overage rate"),
            ("stop", "Stop: hold the time back in the review"),
            ("negative", "Go below zero"),
        ],
        "When Used Up",
        default="rate",
        required=True,
    )
    overage_rate = fields.Monetary()
    is_auto_top_up = fields.Boolean("Buy Automatically")
    top_up_below = fields.Float("When Less Than", help="Hours, or money of a retainer.")
    notice_percents = fields.Char("Tell at (%)", default="50, 80, 100", help="How much is used up, in per cent.")
    expiry_notice_days = fields.Integer("Tell before Expiry (Days)", default=30)
    prepaid_ids = fields.One2many("psa.contract.prepaid", "component_id", "Bought")
    # Price by the ticket
    ticket_domain = fields.Char("Which Tickets", default="[]", help="Which of the client's closed tickets are charged.")
    # Fixed price and milestones
    instalment_ids = fields.One2many("psa.contract.instalment", "component_id", "Instalments", copy=True)
    project_id = fields.Many2one("project.project", check_company=True, ondelete="restrict")
    milestone_ids = fields.One2many("project.milestone", "psa_component_id", "Milestones")
