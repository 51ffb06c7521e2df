from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ..core import rules
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
    ("created", "Creation of the ticket"),
    ("client_entry", "Last word of the client"),
    ("staff_entry", "Last answer of staff"),
    ("activity", "Last activity (idle)"),
    ("stage", "Entry into its stage"),
    ("deadline", "Deadline"),
    ("sla_first_response", "Time the first response is due"),
    ("sla_resolution", "Time the resolution is due"),
]
HOURS = [
    ("calendar", "Around the clock"),
    ("client", "Working hours of the client"),
    ("company", "Working hours of the service company"),
]
# What a rule acts on; once it says something else here, it is a new rule.
TRIGGER_FIELDS = {
    "active", "company_id", "desk_id", "event", "change_ids", "domain", "client_class_ids", "source", "sla_percent", "sla_target",
    "approval", "audience",
}
TIME_FIELDS = {"time_amount", "time_unit", "time_side", "time_basis", "time_hours"}
# What the engine alone knows: whoever could write it could have a rule act on the past.
ENGINE_FIELDS = {"active_since", "is_arming", "armed_upto", "generation"}
# One number says how often the rule's time was changed and the how-manieth repetition it is.
TURNS = 1000


class PsaRule(models.Model):
    """What a desk does by itself: when something happens to a ticket, or time passes, and a condition is met, actions follow.

    Here is what a rule says. Its condition is in ``psa_rule_condition.py``, how it is run in ``psa_rule_engine.py``, its moments in
    ``psa_rule_time.py``; what decides is in ``core/rules.py``, what a rule does in ``psa.rule.action``. Rules run with
    full rights, but never on a ticket outside their company and desk.
    """

    _name = "psa.rule"
    _description = "Workflow Rule"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(sequence, id)")
    _company_idx = models.Index("(company_id, sequence, id)")
    _arming_idx = models.Index("(id) WHERE is_arming")
    _positive = models.Constraint(
        "CHECK(time_amount >= 0 AND repeat_amount >= 0 AND repeat_max BETWEEN 0 AND 999 AND sla_percent >= 0)",
        "Times, percentages and numbers of repetitions of a rule cannot be negative, and a rule repeats 999 times at most.",
    )

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10, aggregator=None, help="Rules run in this order.")
    active = fields.Boolean(default=True, tracking=True)
    description = fields.Text(translate=True, help="What the rule is for.")
    company_id = fields.Many2one(
        "res.company", required=True, compute="_compute_company_id", store=True, readonly=False, precompute=True,
    )
    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", ondelete="cascade", check_company=True, tracking=True,
        help="Only tickets of this desk; its administrators keep the rule. Empty: every desk of the company.",
    )
    is_last = fields.Boolean(
        "Last Rule", help="Where this rule acts, the rules after it are not asked any more about what happened."
    )

    event = fields.Selection(EVENTS, "When", default="created", required=True, index=True, tracking=True)
    change_ids = fields.One2many(
        "psa.rule.change", "rule_id", "Changes", copy=True,
        help="The changes the rule waits for; one of them is enough. Empty: any change.",
    )
    audience = fields.Selection(
        [("public", "Public entries"), ("internal", "Internal notes")], "Which", help="Which entries of staff. Empty: all."
    )
    approval = fields.Selection([("approved", "Approved"), ("refused", "Refused")], "Decision", help="Empty: either.")
    sla_target = fields.Selection(
        [("first_response", "First response"), ("resolution", "Resolution"), ("next_update", "Next update")], "Service Level",
        help="Which of them. Empty: any.",
    )
    sla_percent = fields.Integer("At", aggregator=None, help="Per cent of the time that are used up. 0: at each warning.")
    time_amount = fields.Integer("Amount of Time", default=1, aggregator=None)
    time_unit = fields.Selection(UNITS, default="hours", required=True)
    time_side = fields.Selection([("after", "after"), ("before", "before")], default="after", required=True)
    time_basis = fields.Selection(BASES, "Counted From", default="created", required=True)
    time_hours = fields.Selection(
        HOURS, "Hours That Count", default="calendar", required=True,
        help="In working hours, a day is as long as the average working day of the calendar.",
    )
    repeat_amount = fields.Integer("Repeat Every", aggregator=None, help="0: the rule acts once.")
    repeat_unit = fields.Selection(UNITS, default="hours", required=True)
    repeat_max = fields.Integer(
        "At Most", default=10, aggregator=None, help="How often the rule acts again, as long as its condition is met."
    )

    domain = fields.Char(
        "Condition", default="[]", required=True, tracking=True, help="The rule acts on tickets that meet it when their turn comes."
    )
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
    is_arming = fields.Boolean(readonly=True, copy=False, help="The moments of open tickets are still being set.")
    armed_upto = fields.Integer(readonly=True, copy=False, aggregator=None, help="The last ticket that has its moment set.")
    generation = fields.Integer(readonly=True, copy=False, aggregator=None, help="How often the time of the rule was changed.")

    @api.depends("desk_id")
    def _compute_company_id(self):
        for rule in self:
            rule.company_id = rule.desk_id.company_id or rule.company_id or self.env.company

    @api.onchange("event")
    def _onchange_event(self):
        # A ticket that is done needs no reminder; whoever wants one takes the condition away.
        if self.event == "time" and self.domain in (False, "[]"):
            self.domain = "[('state', 'in', ['new', 'open', 'waiting', 'on_hold'])]"

    @api.constrains("event", "time_basis", "time_side", "time_amount", "repeat_amount", "repeat_max")
    def _check_time(self):
        for rule in self:
            if rule.event == "time" and rule.time_side == "before" and rule.time_basis not in (
                "deadline", "sla_first_response", "sla_resolution"
            ):
                raise ValidationError(self.env._(
                    "Rule “%s”: nobody knows beforehand when that will be. Choose “after”, or count from a deadline.", rule.name
                ))
            if rule.repeat_amount and not rule.repeat_max:
                raise ValidationError(self.env._(
                    "Rule “%s” repeats: say how often at most in At Most, or set Repeat Every to 0.", rule.name
                ))

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create([{fname: value for fname, value in vals.items() if fname not in ENGINE_FIELDS} for vals in vals_list])
        created.check_access("create")
        created._renew()
        return created

    def write(self, vals):
        if not self.env.su and vals.keys() & ENGINE_FIELDS:
            vals = {fname: value for fname, value in vals.items() if fname not in ENGINE_FIELDS}
        triggers = self._trigger_fields()
        renewed = self.filtered(lambda rule: rule._is_changed_by(vals, triggers))
        for rule in renewed.filtered(lambda rule: rule._is_changed_by(vals, {*TIME_FIELDS, "event"})):
            # What is counted otherwise are other moments, also for tickets the rule has acted on.
            super(PsaRule, rule.sudo()).write({"generation": rule.generation + 1})
        result = super().write(vals)
        if vals.keys() & {"desk_id", "company_id"}:
            # Odoo checks the rule as it was: nobody hands one to another desk, or to all of them.
            self.check_access("write")
        if vals.keys() & {*triggers, "sequence", "is_last"}:
            self.env.registry.clear_cache()
        renewed._renew()
        return result

    def unlink(self):
        self._forget_moments()
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for rule, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", rule.name)
        return vals_list

    def _check_access(self, operation):
        return super()._check_access(operation) or self.env["psa.desk"]._refusal_to_configure(self, operation)

    @api.model
    def _trigger_fields(self):
        """Return the names of the fields that say what a rule acts on, and when."""
        return TRIGGER_FIELDS | TIME_FIELDS

    def _is_changed_by(self, vals, fnames):
        """Return whether writing these values changes one of the fields; a form sends what is as it was, too."""
        return any(
            self._fields[fname].type in ("one2many", "many2many")
            or self._fields[fname].convert_to_write(self[fname], self) != value
            for fname, value in vals.items() if fname in fnames
        )

    def _renew(self):
        """Let the rules act on what happens from now on, and on moments still to come."""
        if not self:
            return
        self.env.registry.clear_cache()
        self.sudo().write({"active_since": fields.Datetime.now(), "is_arming": False})
        self._forget_moments()
        self.filtered(lambda rule: rule.active and rule.event == "time")._arm()

    @api.model
    @tools.ormcache()
    def _catalog(self):
        """Return the heads of all active rules in the order in which they run; cached."""
        return tuple(rule._head() for rule in self.sudo().with_context(active_test=True).search([]))

    @api.model
    @tools.ormcache("desk_id")
    def _heads(self, desk_id):
        """Return {event: heads of the rules about it} for tickets of a desk, in order; cached."""
        company_id = self.env["psa.desk"]._settings_by_desk().get(desk_id, {}).get("company_id")
        found = {}
        for head in self._catalog():
            if rules.concerns(head, company_id, desk_id):
                found.setdefault(head.event, []).append(head)
        return found

    @api.model
    def _wants(self, event, desk_id):
        """Return whether a rule may act when this happens to a ticket of the desk: at once, or by moments that move."""
        heads = self._heads(desk_id)
        return event in heads or "time" in heads

    def _head(self):
        """Return what the core must know of the rule."""
        details = []
        if self.event == "entry_staff" and self.audience:
            details.append(("is_internal", self.audience == "internal"))
        if self.event == "approval" and self.approval:
            details.append(("approved", self.approval == "approved"))
        if self.event in ("sla_warning", "sla_breach") and self.sla_target:
            details.append(("target", self.sla_target))
        if self.event == "sla_warning" and self.sla_percent:
            details.append(("percent", self.sla_percent))
        return rules.Head(
            id=self.id, event=self.event, company_id=self.company_id.id, desk_id=self.desk_id.id or None,
            patterns=tuple(change._pattern() for change in self.change_ids) if self.event == "updated" else (),
            details=tuple(details), is_last=self.is_last, basis=self.time_basis if self.event == "time" else None,
        )
