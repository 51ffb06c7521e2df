from odoo import api, fields, models

from .psa_ticket import SOURCE_SELECTION

EVENTS = [
    ("created", "A ticket is created"),
    ("updated", "A ticket is changed"),
    ("entry_client", "The client adds something"),
    ("entry_staff", "Staff adds something"),
    ("mail", "A mail is received"),
    ("approval", "Something is approved or refused"),
    ("alert", "A monitoring alert arrives"),
    ("sla_warning", "A service level is at risk"),
    ("sla_breach", "A service level is missed"),
    ("time", "Time passes"),
]
UNITS = [("minutes", "Minutes"), ("hours", "Hours"), ("days", "Days")]
BASES = [
    ("created", "the ticket was created"),
    ("client_entry", "the client last said something"),
    ("staff_entry", "staff last said something"),
    ("activity", "anything last happened (idle)"),
    ("stage", "the ticket entered its stage"),
    ("deadline", "the deadline"),
    ("sla_first_response", "the first response is due"),
    ("sla_resolution", "the resolution is due"),
]
HOURS = [
    ("calendar", "Around the clock"),
    ("client", "Working hours of the client"),
    ("company", "Working hours of the service company"),
]


class PsaRule(models.Model):
    """What the desk does by itself: when something happens to a ticket, or time passes, and a condition is met, actions follow.

    Here is what a rule says. How it is run is in ``psa_rule_engine.py``, its moments in ``psa_rule_time.py``; what decides is
    in ``core/rules.py``, what a rule does in ``psa.rule.action``. Rules run with full rights, but never on a ticket
    outside their company and desk.
    """

    _name = "psa.rule"
    _description = "Workflow Rule"
    _order = "sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(sequence, id)")
    _company_idx = models.Index("(company_id, sequence, id)")
    _positive = models.Constraint(
        "CHECK(time_amount >= 0 AND repeat_amount >= 0 AND repeat_max >= 0 AND sla_percent >= 0)",
        "Times, percentages and numbers of repetitions of a rule cannot be negative.",
    )

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, aggregator=None, help="Rules run in this order.")
    active = fields.Boolean(default=True)
    description = fields.Text(translate=True, help="What the rule is for.")
    company_id = fields.Many2one(
        "res.company", required=True, compute="_compute_company_id", store=True, readonly=False, precompute=True,
    )
    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", ondelete="cascade", check_company=True,
        help="Only tickets of this desk; its administrators keep the rule. Empty: every desk of the company.",
    )
    is_stop = fields.Boolean("Last Rule", help="Where this rule acts, the rules after it are not asked any more for the same event.")

    event = fields.Selection(EVENTS, "When", default="created", required=True, index=True)
    sla_percent = fields.Integer("At", aggregator=None, help="Per cent of the time that are used up. 0: at each warning.")
    time_amount = fields.Integer("Amount of Time", default=1, aggregator=None)
    time_unit = fields.Selection(UNITS, default="hours", required=True)
    time_side = fields.Selection([("after", "after"), ("before", "before")], default="after", required=True)
    time_basis = fields.Selection(BASES, "Counted From", default="created", required=True)
    time_hours = fields.Selection(
        HOURS, "Hours That Count", default="calendar", required=True,
        help="In working hours, a day is as long as the calendar's average working day.",
    )
    repeat_amount = fields.Integer("Repeat Every", aggregator=None, help="0: the rule acts once.")
    repeat_unit = fields.Selection(UNITS, default="hours", required=True)
    repeat_max = fields.Integer("At Most", default=10, aggregator=None, help="How often the rule acts again while its condition is met.")

    domain = fields.Char("Condition", default="[]", required=True, help="Tickets the rule acts on, as they are at that moment.")
    client_class_ids = fields.Many2many(
        "psa.client.class", "psa_rule_client_class_rel", "rule_id", "class_id", "Client Classes", check_company=True,
        help="Only clients of these classes. Empty: all.",
    )
    source = fields.Selection(SOURCE_SELECTION, "Came In By", help="Only tickets that came in this way. Empty: all.")

    action_ids = fields.One2many("psa.rule.action", "rule_id", "Actions", copy=True)
    log_ids = fields.One2many("psa.rule.log", "rule_id", readonly=True, copy=False)
    active_since = fields.Datetime(
        readonly=True, copy=False, help="The rule acts on what happens, and on moments that come, after this."
    )

    @api.depends("desk_id")
    def _compute_company_id(self):
        for rule in self:
            rule.company_id = rule.desk_id.company_id or rule.company_id or self.env.company

    def _fire(self, tickets, firing):
        """Act on the tickets, whose condition is met; return {ticket id: [Outcome]}."""
        self.ensure_one()
        outcomes = {}
        for action in self.action_ids:
            for ticket_id, of_action in action._run(tickets, firing).items():
                outcomes.setdefault(ticket_id, []).extend(of_action)
        return outcomes
