from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command

from ..core import placeholders
from ..core.rules import Outcome

KINDS = [
    ("priority", "Set the priority"),
    ("severity", "Set the severity"),
    ("type", "Set the type"),
    ("category", "Set the category"),
    ("stage", "Set the stage"),
    ("queue", "Move to a queue"),
    ("assign", "Assign"),
    ("tags", "Add or remove tags"),
    ("deadline", "Set the deadline"),
    ("own_field", "Fill in an own field"),
    ("notify", "Notify people"),
    ("note", "Add an internal note"),
    ("reply", "Answer the client"),
    ("activity", "Plan an activity"),
    ("share", "Share the client"),
    ("checklist", "Start a checklist"),
    ("webhook", "Call a webhook"),
    ("server_action", "Run a server action"),
]
OPTION_KINDS = ("priority", "severity", "type", "category")
# What goes beyond the desk is set up by who answers for it; a rule runs with full rights.
GUARDED_KINDS = {"share": "psa_crm.group_company_admin", "server_action": "base.group_system"}


class PsaRuleAction(models.Model):
    """One thing a rule does to a ticket.

    A kind has two methods: ``_plan_<kind>(tickets, firing)`` says what would be done, as ``{ticket: Outcome}``;
    ``_do_<kind>(tickets, firing, plan)`` does it to the tickets of the plan and returns what became of it. They are in
    ``psa_rule_action_set.py`` (changes of the ticket), ``psa_rule_action_tell.py`` (people) and ``psa_rule_action_reach.py`` (what
    lies beyond the ticket). Other addons add kinds the same way, with ``_required_parameters``.

    An action that fails on one ticket of many is made on the others (``psa_rule_engine.py``); where only a part of it fails, as when one
    of several people is gone, the failure is an outcome with an error.
    """

    _name = "psa.rule.action"
    _description = "Rule Action"
    _order = "rule_id, sequence, id"
    _check_company_auto = True

    _rule_idx = models.Index("(rule_id, sequence, id)")

    rule_id = fields.Many2one("psa.rule", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True, precompute=True, index=True)
    desk_id = fields.Many2one(related="rule_id.desk_id")
    sequence = fields.Integer(default=10, aggregator=None)
    kind = fields.Selection(KINDS, "Do", default="notify", required=True)
    summary = fields.Char("What Exactly", compute="_compute_summary")
    missing_text = fields.Char(
        "To Fill In", compute="_compute_missing_text", help="What is not said yet; the rule cannot be switched on without."
    )

    @api.depends_context("lang", "uid")
    @api.depends(lambda self: self._parameter_fields())
    def _compute_summary(self):
        for action in self:
            action.summary = action._summary() if not action._missing_parameters() else ""

    @api.depends_context("lang")
    @api.depends(lambda self: self._parameter_fields())
    def _compute_missing_text(self):
        for action in self:
            action.missing_text = ", ".join(action._missing_label(name) for name in action._missing_parameters())

    @api.depends_context("lang", "uid")
    @api.depends("kind", "summary")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for action in self:
            action.display_name = f"{kinds[action.kind]}: {action.summary}" if action.summary else kinds[action.kind]

    @api.constrains(lambda self: self._parameter_fields())
    def _check_parameters(self):
        self._refuse_incomplete_actions()
        for action in self:
            action._refuse_faults()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_may_choose(vals)
        actions = super().create(vals_list)
        actions._check_may_configure()
        return actions

    def write(self, vals):
        self._check_may_configure()
        self._check_may_choose(vals)
        result = super().write(vals)
        self._check_may_configure()
        if "rule_id" in vals:
            # Odoo checks the action as it was: nobody hands one to the rule of another desk.
            self.check_access("write")
        return result

    def _check_access(self, operation):
        return super()._check_access(operation) or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def _check_may_configure(self):
        """Refuse kinds of actions that are not for whoever keeps the rules of a desk."""
        if self.env.su:
            return
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for kind in set(self.mapped("kind")) & GUARDED_KINDS.keys():
            if not self.env.user.has_group(GUARDED_KINDS[kind]):
                raise AccessError(self.env._(
                    "Rules that do “%(kind)s” are kept by people of %(group)s only. Ask one of them.",
                    kind=labels[kind], group=self.env.ref(GUARDED_KINDS[kind]).sudo().full_name,
                ))

    @api.model
    def _check_may_choose(self, vals):
        """Refuse what the writer may not read: the rule would use it, and say what it is. So would the refusal of other checks."""
        if self.env.su:
            return
        for fname in self._parameter_fields():
            field = self._fields[fname]
            # A client may be lent to anybody; that is for company administrators, and names nobody they do not know.
            if not vals.get(fname) or not field.relational or fname.startswith("share_"):
                continue
            if field.type == "many2one":
                ids = [vals[fname]]
            else:
                commands = [tuple(item) if isinstance(item, (list, tuple)) else (Command.LINK, item) for item in vals[fname]]
                ids = [command[1] for command in commands if command[0] == Command.LINK]
                ids += [item for command in commands if command[0] == Command.SET for item in command[2]]
            self.env[field.comodel_name].browse(ids).check_access("read")

    @api.model
    def _parameter_fields(self):
        """Return the names of the fields that say what an action does, its kind among them."""
        return ["kind"]

    @api.model
    def _required_parameters(self):
        """Return {kind: names of fields of which at least one each has to be filled in}, a tuple being either of several."""
        return {}

    def _missing_parameters(self):
        """Return the names of fields that are to be filled in before the action can be made."""
        self.ensure_one()
        missing = []
        for required in self._required_parameters().get(self.kind, ()):
            names = (required,) if isinstance(required, str) else required
            if not any(self.with_context(active_test=False)[name] for name in names):
                missing.append(names[0])
        return missing

    def _missing_label(self, fname):
        """Return what people have to fill in, of several fields of which one is enough named by the first."""
        return self._label(fname)

    def _refuse_incomplete_actions(self):
        """Refuse that a rule runs while one of its actions is not complete."""
        for action in self.filtered(lambda action: action.rule_id.active and action.missing_text):
            raise ValidationError(self.env._(
                "Rule “%(rule)s”, action “%(kind)s”: fill in %(labels)s, or archive the rule.",
                rule=action.rule_id.name, kind=dict(self._fields["kind"]._description_selection(self.env))[action.kind],
                labels=action.missing_text,
            ))

    def _refuse_faults(self):
        """Refuse parameters that cannot be meant."""
        self.ensure_one()
        names = self._placeholder_names()
        found = placeholders.faults(self.body, names)
        if found:
            raise ValidationError(self.env._(
                "The text of rule “%(rule)s” has placeholders that do not exist here: %(wrong)s. These do: %(known)s",
                rule=self.rule_id.name, wrong=", ".join(found), known=", ".join(f"{{{{{name}}}}}" for name in names),
            ))

    def _placeholder_names(self):
        """Return what may be filled into the text: why a rule acts, which may name other clients, is for staff only."""
        return placeholders.CLIENT_NAMES if self.kind in ("reply", "own_field") else placeholders.RULE_NAMES

    @api.model
    def _names(self, records):
        """Return the names of records as the reader may know them, with "…" for those he may not read; the system knows all."""
        context = {key: value for key, value in self.env.context.items() if key in ("lang", "tz", "allowed_company_ids")}
        known = records.with_env(self.env(context=context))._filtered_access("read")
        names = known.sudo().mapped("display_name")
        return names if len(known) == len(records) else [*names, "…"]

    @api.model
    def _name_of(self, record):
        return ", ".join(self._names(record))

    def _summary(self):
        """Say in a few words what the action does, whatever the ticket is."""
        self.ensure_one()
        describe = getattr(self, f"_summary_{self.kind}", None)
        return describe() if describe else ""

    def _label(self, fname):
        return self._fields[fname]._description_string(self.env)

    def _run(self, tickets, firing):
        """Do it to the tickets, which have full rights; return {ticket id: [Outcome]}.

        What fails raises: the engine then takes it back, and does it to each ticket apart.
        """
        self.ensure_one()
        plan = self._plan(tickets, firing)
        todo = tickets.filtered(lambda ticket: not plan[ticket].error)
        done = getattr(self, f"_do_{self.kind}")(todo, firing, plan) or {} if todo else {}
        outcomes = {}
        for ticket in tickets:
            result = done.get(ticket.id, plan[ticket])
            outcomes[ticket.id] = list(result) if isinstance(result, (list, tuple)) else [result]
        return outcomes

    def _describe(self, tickets, firing):
        """Return what :meth:`_run` would, without doing it."""
        self.ensure_one()
        outcomes = {}
        for ticket in tickets:
            try:
                outcomes[ticket.id] = [self._plan(ticket, firing)[ticket]]
            except (UserError, ValueError) as error:
                kind = dict(self._fields["kind"]._description_selection(self.env))[self.kind]
                outcomes[ticket.id] = [Outcome(self.env._("%s: failed", kind), error=str(error))]
        return outcomes

    def _plan(self, tickets, firing):
        """Return {ticket: Outcome} for what is to be done to which tickets."""
        missing = self.missing_text
        if missing:
            raise UserError(self.env._("The action is not complete. Fill in %s.", missing))
        return getattr(self, f"_plan_{self.kind}")(tickets, firing)

    @api.model
    def _require_active(self, record):
        """Refuse to act with somebody or something that was archived."""
        if record and "active" in record._fields and not record.active:
            raise UserError(self.env._("%s is archived. Choose another in the rule.", self._name_of(record)))
        return record
