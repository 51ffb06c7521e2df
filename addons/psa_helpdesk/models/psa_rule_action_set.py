from datetime import timedelta, timezone

from markupsafe import escape
from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command

from ..core import clock, placeholders, rule_values
from ..core.rules import Outcome
from .psa_rule import HOURS, UNITS
from .psa_rule_action import OPTION_KINDS
from .psa_rule_told import Told

ASSIGNMENTS = [
    ("user", "A certain person"),
    ("technician", "The client's primary technician"),
    ("account_manager", "The client's account manager"),
    ("automatic", "Whoever the desk gives it to"),
    ("nobody", "Nobody"),
]
MINUTES = {"minutes": 1, "hours": 60, "days": 24 * 60}


class PsaRuleAction(models.Model):
    """Actions that change the ticket itself. All tickets that get the same values are changed by one write."""

    _inherit = "psa.rule.action"

    option_id = fields.Many2one(
        "psa.ticket.option", "Value", ondelete="restrict", index="btree_not_null", check_company=True,
        domain="[('attribute', '=', kind), ('company_id', 'in', [False, company_id]), ('desk_id', 'in', [False, desk_id])]",
    )
    stage_id = fields.Many2one(
        "psa.ticket.stage", ondelete="restrict", index="btree_not_null", check_company=True,
        domain="[('company_id', 'in', [False, company_id]), '|', ('desk_ids', '=', False), ('desk_ids', '=?', desk_id)]",
    )
    queue_id = fields.Many2one(
        "psa.queue", ondelete="restrict", index="btree_not_null", check_company=True,
        domain="[('company_id', '=', company_id), '|', ('desk_ids', '=', False), ('desk_ids', '=?', desk_id)]",
    )
    assignment = fields.Selection(ASSIGNMENTS, "Assign to", default="user")
    user_id = fields.Many2one(
        "res.users", "Person", ondelete="restrict", index="btree_not_null", check_company=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    tag_add_ids = fields.Many2many(
        "psa.ticket.tag", "psa_rule_action_tag_add_rel", "action_id", "tag_id", "Add Tags", check_company=True
    )
    tag_remove_ids = fields.Many2many(
        "psa.ticket.tag", "psa_rule_action_tag_remove_rel", "action_id", "tag_id", "Remove Tags", check_company=True
    )
    deadline_basis = fields.Selection(
        [("now", "from then on"), ("created", "after the ticket was created"), ("deadline", "after the present deadline"),
         ("none", "Take the deadline away")],
        "Counted", default="now",
    )
    deadline_amount = fields.Integer("Amount of Time to the Deadline", default=4, aggregator=None)
    deadline_unit = fields.Selection(UNITS, "Unit of the Deadline", default="hours")
    deadline_hours = fields.Selection(HOURS, "Hours That Count for the Deadline", default="calendar")
    own_field_id = fields.Many2one(
        "psa.desk.field", ondelete="cascade", index="btree_not_null", check_company=True,
        domain=f"[('company_id', '=', company_id), ('desk_id', '=?', desk_id), ('type', 'in', {list(rule_values.TYPES)})]",
    )
    own_field_value = fields.Char(
        "Written Value", help="Yes or no, a number, a date like 2026-03-31, the name of an option, or a text with placeholders. "
        "Empty: the field is emptied.",
    )

    @api.constrains("kind", "option_id")
    def _check_option(self):
        for action in self:
            if action.option_id and action.kind in OPTION_KINDS and action.option_id.attribute != action.kind:
                raise ValidationError(self.env._(
                    "“%(option)s” is no value for “%(kind)s”. Choose another Value.", option=action.option_id.name, kind=action.kind
                ))

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.option_id.attribute != self.kind:
            self.option_id = False

    @api.model
    def _parameter_fields(self):
        return [
            *super()._parameter_fields(), "option_id", "stage_id", "queue_id", "assignment", "user_id", "tag_add_ids", "tag_remove_ids",
            "deadline_basis", "deadline_amount", "deadline_unit", "deadline_hours", "own_field_id", "own_field_value",
        ]

    @api.model
    def _required_parameters(self):
        return {
            **super()._required_parameters(),
            **dict.fromkeys(OPTION_KINDS, ("option_id",)),
            "stage": ("stage_id",),
            "queue": ("queue_id",),
            "assign": ("assignment",),
            "tags": (("tag_add_ids", "tag_remove_ids"),),
            "deadline": ("deadline_basis", "deadline_unit"),
            "own_field": ("own_field_id",),
        }

    def _missing_parameters(self):
        missing = super()._missing_parameters()
        if self.kind == "assign" and self.assignment == "user" and not self.user_id:
            missing.append("user_id")
        return missing

    def _refuse_faults(self):
        super()._refuse_faults()
        field = self.own_field_id
        if self.kind != "own_field" or not field:
            return
        if field.type in ("char", "text", "html"):
            if "rule.reason" in placeholders.used(self.own_field_value):
                raise ValidationError(self.env._(
                    "Rule “%s”: why a rule acts is for staff only, and own fields may be shown to others. "
                    "Take {{rule.reason}} out of the Written Value.", self.rule_id.name
                ))
            return
        try:
            rule_values.typed(field.type, self.own_field_value, self._own_field_options(field))
        except ValueError as error:
            raise ValidationError(self.env._(
                "Rule “%(rule)s”: “%(value)s” does not fit into “%(field)s”. Give %(what)s.", rule=self.rule_id.name,
                value=self.own_field_value, field=field.name, what=self.env["psa.ticket"]._own_field_expectation(field.type),
            )) from error

    # One value for all

    def _plan_value(self, tickets, label, record):
        return dict.fromkeys(tickets, Outcome(f"{label}: {self._name_of(self._require_active(record.sudo()))}"))

    def _write(self, tickets, vals):
        # A rule cannot be asked what is still missing; the ticket is marked.
        tickets._accepting_incomplete().write(vals)

    def _plan_option(self, tickets, _firing):
        planned = {}
        for of_desk in tickets.grouped("desk_id").values():
            planned |= self._plan_value(of_desk, of_desk[0]._attribute_label(f"{self.kind}_id"), self.option_id)
        return planned

    def _do_option(self, tickets, _firing, _plan):
        vals = {f"{self.kind}_id": self.option_id.id}
        self._write(tickets, vals)

    _plan_priority = _plan_severity = _plan_type = _plan_category = _plan_option
    _do_priority = _do_severity = _do_type = _do_category = _do_option

    def _summary_option(self):
        return self._name_of(self.sudo().option_id)

    _summary_priority = _summary_severity = _summary_type = _summary_category = _summary_option

    def _plan_stage(self, tickets, _firing):
        return self._plan_value(tickets, self.env._("Stage"), self.stage_id)

    def _do_stage(self, tickets, _firing, _plan):
        self._write(tickets, {"stage_id": self.stage_id.id})

    def _summary_stage(self):
        return self._name_of(self.sudo().stage_id)

    def _plan_queue(self, tickets, _firing):
        return self._plan_value(tickets, self.env._("Queue"), self.queue_id)

    def _do_queue(self, tickets, _firing, _plan):
        self._write(tickets, {"queue_id": self.queue_id.id})

    def _summary_queue(self):
        return self._name_of(self.sudo().queue_id)

    # Somebody

    def _assignee(self, ticket):
        """Return who gets the ticket, or say why nobody does."""
        client = ticket.client_id.sudo()
        if self.assignment == "nobody":
            return self.env["res.users"]
        user = {
            "user": self.user_id,
            "technician": client.psa_primary_technician_id,
            "account_manager": client.psa_account_manager_id,
        }[self.assignment].sudo()
        if not user:
            raise UserError(self.env._(
                "%(client)s has no %(role)s. Enter one on the client.",
                client=self._name_of(client) or self.env._("A ticket without client"),
                role=client._fields["psa_primary_technician_id" if self.assignment == "technician" else "psa_account_manager_id"]
                ._description_string(self.env),
            ))
        self._require_active(user)
        if ticket.company_id not in user.company_ids:
            raise UserError(self.env._(
                "%(user)s does not belong to %(company)s.", user=self._name_of(user), company=ticket.company_id.name
            ))
        return user

    def _plan_assign(self, tickets, _firing):
        if self.assignment == "automatic":
            return dict.fromkeys(tickets, Outcome(self.env._("Assigned to whoever the desk gives it to")))
        return {
            ticket: Outcome(self.env._("Assigned to: %s", self._name_of(self._assignee(ticket)) or self.env._("nobody")))
            for ticket in tickets
        }

    def _do_assign(self, tickets, _firing, _plan):
        if self.assignment == "automatic":
            return self._assign_by_desk(tickets)
        for user, given in tickets.grouped(self._assignee).items():
            new = given.filtered(lambda ticket, user=user: ticket.user_id != user)
            self._write(self._told_later(given), {"user_id": user.id})
            self._tell_later(new)
        return None

    def _told_later(self, tickets):
        """Return tickets whose assignees are not told at once: a rule that has words of its own for them says those first."""
        if Told.of(self.env.cr) and "notify" in self.rule_id.action_ids.mapped("kind"):
            return tickets.with_context(mail_auto_subscribe_no_notify=True)
        return tickets

    def _tell_later(self, tickets):
        told = Told.of(self.env.cr)
        if told and "notify" in self.rule_id.action_ids.mapped("kind"):
            told.assigned += [(given, user.sudo()) for user, given in tickets.grouped("user_id").items() if user]

    def _assign_by_desk(self, tickets):
        waiting = tickets.filtered(lambda ticket: not ticket.user_id)
        self._told_later(waiting)._assign_moved()
        self._tell_later(waiting)
        return {
            ticket.id: Outcome(self.env._("Assigned to: %s", ticket.user_id.name)) if ticket.user_id
            else Outcome(self.env._("Assign: failed"), error=self.env._("The desk gives tickets out by hand, or nobody is free."))
            for ticket in tickets
        }

    def _summary_assign(self):
        if self.assignment == "user":
            return self._name_of(self.sudo().user_id)
        return dict(self._fields["assignment"]._description_selection(self.env))[self.assignment]

    # Tags

    def _tags_text(self):
        action = self.sudo()
        return ", ".join(
            [f"+ {name}" for name in self._names(action.tag_add_ids)] + [f"− {name}" for name in self._names(action.tag_remove_ids)]
        )

    def _plan_tags(self, tickets, _firing):
        return dict.fromkeys(tickets, Outcome(self.env._("Tags: %s", self._tags_text())))

    def _do_tags(self, tickets, _firing, _plan):
        action = self.sudo()
        self._write(tickets, {"tag_ids": [
            *(Command.link(tag.id) for tag in action.tag_add_ids), *(Command.unlink(tag.id) for tag in action.tag_remove_ids)
        ]})

    def _summary_tags(self):
        return self._tags_text()

    # Deadline

    def _deadlines(self, tickets, firing):
        """Return {ticket: its deadline}, naive as Odoo keeps it."""
        if self.deadline_basis == "none":
            return dict.fromkeys(tickets, False)
        now = firing.at.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
        minutes = self.deadline_amount * MINUTES[self.deadline_unit]
        calendars = self._calendars(tickets)
        result = {}
        for ticket in tickets:
            start = {"now": now, "created": ticket.create_date, "deadline": ticket.date_deadline or now}[self.deadline_basis]
            if self.deadline_hours == "calendar":
                result[ticket] = start.replace(microsecond=0) + timedelta(minutes=minutes)
                continue
            calendar, hours_per_day = calendars[ticket]
            working = self.deadline_amount * hours_per_day * 60 if self.deadline_unit == "days" else minutes
            moment = clock.shifted(start.replace(tzinfo=timezone.utc), working, calendar)
            result[ticket] = moment.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)
        return result

    def _calendars(self, tickets):
        """Return {ticket: (calendar of the clock, hours of a working day)} for the hours that count."""
        if self.deadline_hours == "calendar":
            return {}
        owners = {
            ticket: (ticket.partner_id or ticket.client_id) if self.deadline_hours == "client" else ticket.company_id.partner_id
            for ticket in tickets
        }
        partners = self.env["res.partner"].sudo().union(*owners.values())
        of_partner = partners._psa_calendar_and_tz()
        result = {}
        for ticket, owner in owners.items():
            calendar, tz = of_partner.get(owner) or (ticket.company_id.sudo().resource_calendar_id, None)
            if self.deadline_hours == "company":
                calendar, tz = ticket.company_id.sudo().resource_calendar_id, None
            if not calendar:
                raise UserError(self.env._("%s has no working hours. Enter them, or let every hour count.", owner.display_name))
            result[ticket] = calendar._psa_clock(tz or calendar.tz), calendar.hours_per_day or 8.0
        return result

    def _plan_deadline(self, tickets, firing):
        if self.deadline_basis == "none":
            return dict.fromkeys(tickets, Outcome(self.env._("Deadline: none")))
        return {
            ticket: Outcome(self.env._("Deadline: %s UTC", fields.Datetime.to_string(moment)))
            for ticket, moment in self._deadlines(tickets, firing).items()
        }

    def _do_deadline(self, tickets, firing, _plan):
        moments = self._deadlines(tickets, firing)
        for moment, given in tickets.grouped(lambda ticket: moments[ticket]).items():
            self._write(given, {"date_deadline": moment})

    def _summary_deadline(self):
        basis = dict(self._fields["deadline_basis"]._description_selection(self.env))[self.deadline_basis]
        if self.deadline_basis == "none":
            return basis
        unit = dict(self._fields["deadline_unit"]._description_selection(self.env))[self.deadline_unit]
        return f"{self.deadline_amount} {unit.lower()} {basis}"

    # Own fields

    @api.model
    def _own_field_options(self, field):
        return {option.key: option.name for option in field.sudo().option_ids}

    def _own_field_key(self, ticket):
        """Return the technical name of the field at the ticket's desk: the field itself, or one of its label and type there."""
        field = self.own_field_id.sudo()
        definition = self.env["psa.ticket"]._own_field_definition(ticket.desk_id.id)
        for wanted in (
            lambda row: row["name"] == field.key, lambda row: row.get("string") == field.name and row["type"] == field.type,
        ):
            for row in definition:
                if wanted(row):
                    return row
        raise UserError(self.env._("Desk “%(desk)s” has no own field “%(field)s”.", desk=ticket.desk_id.name, field=field.name))

    def _own_field_values(self, ticket, firing):
        row = self._own_field_key(ticket)
        text = self.own_field_value or ""
        if row["type"] in ("char", "text", "html"):
            values = ticket._psa_rule_values(firing, self.rule_id)
            if row["type"] == "html":
                values = {name: str(escape(value)) if value else "" for name, value in values.items()}
            text = placeholders.fill(text, {**values, "rule.reason": ""}, placeholders.RULE_NAMES)
        options = {str(option[0]): option[1] for option in row.get(row["type"]) or ()} if row["type"] in ("selection", "tags") else {}
        try:
            return {row["name"]: rule_values.typed(row["type"], text, options)}
        except ValueError as error:
            raise UserError(self.env._("“%(value)s” does not fit into “%(field)s”.", value=text, field=row.get("string"))) from error

    def _plan_own_field(self, tickets, firing):
        label = self._name_of(self.own_field_id.sudo())
        result = {}
        for ticket in tickets:
            values = self._own_field_values(ticket, firing)
            result[ticket] = Outcome(f"{label}: {self.own_field_value or '—'}" if values else label)
        return result

    def _do_own_field(self, tickets, firing, _plan):
        values = {ticket: self._own_field_values(ticket, firing) for ticket in tickets}
        for key, given in tickets.grouped(lambda ticket: repr(values[ticket])).items():
            del key
            self._write(given, {"properties": values[given[0]]})

    def _summary_own_field(self):
        return f"{self._name_of(self.sudo().own_field_id)} = {self.own_field_value or '—'}"
