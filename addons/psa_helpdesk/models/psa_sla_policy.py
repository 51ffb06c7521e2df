from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..core import sla

HOURS_SELECTION = [
    ("client", "Working hours of the client's site"),
    ("desk", "Service hours of the desk"),
    ("own", "Hours chosen here"),
    ("always", "Round the clock"),
]
PAUSING_STATES = {"pauses_waiting": "waiting", "pauses_on_hold": "on_hold"}


class Plan(NamedTuple):
    """What one row of targets promises, as the clocks take it."""

    policy_id: int
    target_id: int | bool
    budgets: dict  # {kind: seconds}
    percents: tuple
    pausing: frozenset
    hours: str
    calendar_id: int | bool


class PsaSlaPolicy(models.Model):
    """What a service company promises to whom: for which tickets it counts, and how fast what is done.

    A policy says for which clients, desks and kinds of tickets it is; its targets tell what is promised by priority and
    severity. All targets of all policies of a company are asked in one order, the most specific first (``core/sla.py``),
    and the first that fits the ticket counts. The order of what is more specific than what is in :meth:`_criteria`.
    """

    _name = "psa.sla.policy"
    _description = "SLA Policy"
    _inherit = ["psa.cached.mixin", "mail.thread"]
    _order = "is_template, specificity desc, sequence, id"
    _psa_shipped_rows_are_fixed = True
    _check_company_auto = True

    _order_idx = models.Index("(is_template, specificity DESC, sequence, id)")
    _template_or_company = models.Constraint(
        "CHECK(is_template IS TRUE OR company_id IS NOT NULL)",
        "A policy belongs to a company: choose the Company. Only templates are for all of them.",
    )

    name = fields.Char(required=True, translate=True, tracking=True)
    sequence = fields.Integer(default=10, aggregator=None, help="Settles which of two equally specific policies is asked first.")
    active = fields.Boolean(default=True, tracking=True)
    is_template = fields.Boolean(
        "Template", default=False, copy=False, help="Only to be adopted: it counts for no ticket."
    )
    company_id = fields.Many2one(
        "res.company", index=True, default=lambda self: self.env.company,
        help="The service company that makes the promise.",
    )
    description = fields.Text(translate=True, help="What was agreed, in words.")
    is_exempt = fields.Boolean(
        "No SLA", tracking=True, help="Tickets of this policy are promised nothing: no clock runs, whatever other policies say."
    )

    client_ids = fields.Many2many(
        "res.partner", "psa_sla_policy_client_rel", "policy_id", "client_id", string="Clients",
        domain="[('psa_is_client', '=', True), ('company_id', 'in', [False, company_id])]", check_company=True,
    )
    class_ids = fields.Many2many(
        "psa.client.class", "psa_sla_policy_class_rel", "policy_id", "class_id", string="Client Classes",
        domain="[('company_id', 'in', [False, company_id])]", check_company=True,
    )
    desk_ids = fields.Many2many(
        "psa.desk", "psa_sla_policy_desk_rel", "policy_id", "desk_id", string="Desks",
        domain="[('company_id', '=', company_id)]", check_company=True,
    )
    asset_type_ids = fields.Many2many(
        "psa.asset.type", "psa_sla_policy_asset_type_rel", "policy_id", "asset_type_id", string="Asset Types",
        help="One of the ticket's assets is of such a type.",
    )
    subcategory_ids = fields.Many2many(
        "psa.ticket.option", "psa_sla_policy_subcategory_rel", "policy_id", "option_id", string="Subcategories",
        domain="[('attribute', '=', 'subcategory'), ('company_id', 'in', [False, company_id])]", check_company=True,
    )
    category_ids = fields.Many2many(
        "psa.ticket.option", "psa_sla_policy_category_rel", "policy_id", "option_id", string="Categories",
        domain="[('attribute', '=', 'category'), ('company_id', 'in', [False, company_id])]", check_company=True,
    )
    type_ids = fields.Many2many(
        "psa.ticket.option", "psa_sla_policy_type_rel", "policy_id", "option_id", string="Types",
        domain="[('attribute', '=', 'type'), ('company_id', 'in', [False, company_id])]", check_company=True,
    )
    target_ids = fields.One2many("psa.sla.target", "policy_id", "Targets", copy=True)

    hours = fields.Selection(
        HOURS_SELECTION, "Hours That Count", default="client", required=True, tracking=True, help="In which hours the clocks run.",
    )
    calendar_id = fields.Many2one(
        "resource.calendar", "Own Hours", ondelete="restrict", index="btree_not_null", tracking=True, check_company=True,
        help="Where the policy or one of its targets counts hours chosen here: these, with their holidays.",
    )
    pauses_waiting = fields.Boolean(
        "Waiting for Client", default=True, tracking=True,
        help="The clocks of resolution and next update stand still while the ticket waits for the client. That of the first "
        "response never does.",
    )
    pauses_on_hold = fields.Boolean(
        "On Hold", tracking=True, help="They stand still while the ticket is on hold, for example for a vendor or a delivery.",
    )
    warning_percents = fields.Char(
        "Warn at %", default="75, 90", tracking=True,
        help="At how many percent of the time somebody is told: any number of percentages, such as 50, 75, 90. More than 100 is "
        "possible, too. That the target is missed is always told.",
    )

    specificity = fields.Integer(
        compute="_compute_specificity", store=True, precompute=True, aggregator=None, export_string_translation=False,
    )
    criteria_summary = fields.Char("Counts for", compute="_compute_criteria_summary")
    position = fields.Integer("Order", compute="_compute_position", help="When the policy is asked: the first that fits counts.")
    order_explanation = fields.Text("Which Policy Counts", compute="_compute_order_explanation")
    ticket_count = fields.Integer("Open Tickets", compute="_compute_ticket_count")

    @api.model
    def _criteria(self):
        """Return ``[(name of the criterion, field of the policy)]``, the one that outweighs all others first.

        Addons that know more of a ticket put theirs in its place, and its facts into ``psa.ticket._sla_facts``.
        """
        return [
            ("client", "client_ids"),
            ("client_class", "class_ids"),
            ("desk", "desk_ids"),
            ("asset_type", "asset_type_ids"),
            ("subcategory", "subcategory_ids"),
            ("category", "category_ids"),
            ("type", "type_ids"),
        ]

    @api.model
    def _precedence(self):
        """Return the names of all criteria, those of the targets last."""
        return [name for name, __ in self._criteria()] + [name for name, __ in self.env["psa.sla.target"]._criteria()]

    @api.depends(lambda self: [fname for __, fname in self._criteria()])
    def _compute_specificity(self):
        precedence = self._precedence()
        for policy in self.with_context(active_test=False):
            criteria = tuple((name, frozenset()) for name, fname in self._criteria() if policy[fname])
            policy.specificity = sla.rank(sla.Candidate(policy.id, criteria), precedence)

    @api.depends(lambda self: [fname for __, fname in self._criteria()])
    def _compute_criteria_summary(self):
        for policy in self.with_context(active_test=False):
            parts = []
            for __, fname in self._criteria():
                label = self._fields[fname]._description_string(self.env)
                if self._has_field_access(self._fields[fname], "read"):
                    names = ", ".join(policy[fname].mapped("display_name"))
                else:
                    # That there are some is told, not which.
                    names = "…" if policy.sudo()[fname] else ""
                if names:
                    parts.append(f"{label}: {names}")
            policy.criteria_summary = " · ".join(parts) or self.env._("Every ticket")

    @api.depends("specificity", "sequence", "company_id", "active", "is_template")
    def _compute_position(self):
        in_order = {}
        for policy in self.search([("company_id", "in", self.company_id.ids), ("is_template", "=", False)]):
            in_order.setdefault(policy.company_id, []).append(policy.id)
        for policy in self:
            ids = in_order.get(policy.company_id, ())
            policy.position = ids.index(policy._origin.id) + 1 if policy._origin.id in ids and not policy.is_template else 0

    @api.depends_context("lang")
    def _compute_order_explanation(self):
        text = self._order_text()
        for policy in self:
            policy.order_explanation = text

    def _compute_ticket_count(self):
        counts = dict(self.env["psa.ticket"]._read_group(
            [("sla_policy_id", "in", self.ids), ("state", "in", sla.OPEN_STATES)], ["sla_policy_id"], ["__count"]
        ))
        for policy in self:
            policy.ticket_count = counts.get(policy._origin, 0)

    @api.constrains("warning_percents")
    def _check_warning_percents(self):
        for policy in self:
            try:
                sla.parse_percents(policy.warning_percents)
            except ValueError as error:
                raise ValidationError(self.env._(
                    "“%(part)s” is no percentage. Write numbers from 1 to %(highest)s into Warn at, for example 50, 75, 90.",
                    part=error.args[0], highest=sla.MAX_PERCENT,
                )) from error

    @api.constrains("hours", "calendar_id")
    def _check_calendar_id(self):
        for policy in self:
            if policy.hours == "own" and not policy.calendar_id:
                raise ValidationError(self.env._("Policy “%s” counts hours chosen here: choose them in Own Hours.", policy.name))
            if policy.hours == "own" and not policy.sudo().calendar_id._psa_has_working_time():
                raise ValidationError(self.env._(
                    "“%(calendar)s” has no working time, so nothing would ever become due. Add hours to it or choose others in Own Hours.",
                    calendar=policy.calendar_id.name,
                ))

    @api.constrains("is_exempt", "target_ids", "active", "is_template")
    def _check_target_ids(self):
        for policy in self:
            if policy.is_exempt and policy.target_ids:
                raise ValidationError(self.env._(
                    "Policy “%s” promises nothing and has targets. Delete the Targets or untick No SLA.", policy.name
                ))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["psa.ticket.sla"].sudo().search_count([("policy_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("Tickets were measured by this policy, and reports tell of it. Archive it instead."))

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for policy, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%s (copy)", policy.name)
            if policy.is_template:
                vals["company_id"] = (default or {}).get("company_id") or self.env.company.id
        return vals_list

    def action_adopt(self):
        """Copy a template into the current company, archived: it is looked through before it counts."""
        self.ensure_one()
        adopted = self.copy({"name": self.name, "company_id": self.env.company.id, "is_template": False, "active": False})
        return {
            "type": "ir.actions.act_window", "res_model": self._name, "res_id": adopted.id, "view_mode": "form", "name": adopted.name,
        }

    def action_view_tickets(self):
        """Open the tickets this policy counts for."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_list_all")
        return {
            **action, "name": self.name, "domain": [("sla_policy_id", "=", self.id)], "context": {"search_default_open": 1},
        }

    def action_view_report(self):
        """Open the hit rates of this policy."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_sla_report")
        return {**action, "name": self.name, "domain": [("policy_id", "=", self.id)]}

    def action_apply_to_open_tickets(self):
        """Have the open tickets of the company looked at again: by themselves, new policies count for new tickets only."""
        self.check_access("write")
        tickets = self.env["psa.ticket"].sudo().search([
            ("company_id", "in", self.company_id.ids), ("state", "in", sla.OPEN_STATES),
        ])
        changed = tickets._sla_reevaluate(self.env._("Policies were applied to open tickets"), thorough=True)
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(changed)s of %(all)s open tickets have other targets now.", changed=len(changed), all=len(tickets),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_try(self):
        """Open the wizard that tries the policy on recorded tickets."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_sla_trial")
        return {**action, "context": {"default_policy_id": self.id, "dialog_size": "extra-large"}}

    @api.model
    def _order_text(self):
        """Return in words which of several policies counts."""
        names = [self._fields[fname]._description_string(self.env) for __, fname in self._criteria()]
        Target = self.env["psa.sla.target"]
        names += [Target._fields[fname]._description_string(self.env) for __, fname in Target._criteria()]
        return self.env._(
            "The most specific target that fits a ticket counts. What is more specific is told by this order: %s. A target that names "
            "something further to the left beats all that do not, whatever else they name; between equals, the Sequence decides.",
            " → ".join(names),
        )

    @api.model
    @tools.ormcache()
    def _catalog(self):
        """Return {company id: (candidates in order, {key: Plan}, names of the criteria used)}; cached."""
        catalog = {}
        # Whatever the caller's context says. What a policy names counts when it is archived, too: it must not widen to everything.
        policies = self.sudo().with_context(active_test=False)
        for policy in policies.search(Domain("is_template", "=", False) & Domain("active", "=", True)):
            candidates, plans = catalog.setdefault(policy.company_id.id, ([], {}))
            for candidate, plan in policy._candidates():
                candidates.append(candidate)
                plans[candidate.key] = plan
        precedence = self._precedence()
        return {
            company_id: (
                tuple(sla.in_order(candidates, precedence)), plans,
                frozenset(name for candidate in candidates for name, __ in candidate.criteria),
            )
            for company_id, (candidates, plans) in catalog.items()
        }

    def _candidates(self):
        """Return ``[(candidate, plan)]`` of a policy, one per row of targets; an exempt policy is one by itself."""
        self.ensure_one()
        self = self.with_context(active_test=False)
        shared = [(name, frozenset(self[fname].ids)) for name, fname in self._criteria() if self[fname]]
        percents = sla.parse_percents(self.warning_percents)
        pausing = frozenset(state for fname, state in PAUSING_STATES.items() if self[fname])
        if self.is_exempt:
            key = (self.id, False)
            plan = Plan(self.id, False, {}, percents, pausing, self.hours, False)
            return [(sla.Candidate(key, tuple(shared), (self.sequence, self.id, 0, 0)), plan)]
        rows = []
        for target in self.target_ids:
            own = [(name, frozenset(target[fname].ids)) for name, fname in target._criteria() if target[fname]]
            order = (self.sequence, self.id, target.sequence, target.id)
            hours = target.hours or self.hours
            rows.append((
                sla.Candidate((self.id, target.id), tuple(shared + own), order),
                Plan(self.id, target.id, target._budgets(), percents, pausing, hours, self.calendar_id.id if hours == "own" else False),
            ))
        return rows
