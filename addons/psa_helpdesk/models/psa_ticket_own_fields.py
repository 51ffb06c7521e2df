import copy
import json
import uuid
from contextlib import suppress

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Properties
from odoo.orm.fields_properties import Property
from odoo.tools import html_sanitize

from ..core import own_fields
from .own_fields import OwnFields

DEFAULT_PREFIX = "default_properties."


class PsaTicket(models.Model):
    """Own fields of tickets behind a check: what is written is merged with what is there, and never loses or corrupts it.

    Odoo takes whatever JSON it is given and replaces what was stored. Here every writer (forms, APIs, imports, code with any
    rights) goes through ``core/own_fields.py``; only who configures the desk changes its definition by way of a ticket.
    """

    _inherit = "psa.ticket"

    properties = OwnFields("Own Fields", definition="desk_id.properties_definition", copy=True)
    currency_id = fields.Many2one(related="company_id.currency_id")  # of amounts among the own fields

    @api.onchange("desk_id")
    def _onchange_desk_own_fields(self):
        origin = self._origin
        if origin and origin.desk_id != self.desk_id:
            self.properties = self._own_fields_carried(origin, self.desk_id._origin.id).values

    @api.model_create_multi
    def create(self, vals_list):
        default_desk_id = self.env.context.get("default_desk_id") or self._default_desk_id()
        defaults = {
            key.removeprefix(DEFAULT_PREFIX): value for key, value in self.env.context.items() if key.startswith(DEFAULT_PREFIX)
        }
        completed = []
        for vals in vals_list:
            raw = vals.get("properties", self.env.context.get("default_properties"))
            # Always given, so that no default of a user or a context comes in unchecked.
            values = {}
            desk_id = vals.get("desk_id", default_desk_id)
            if desk_id and (raw or defaults):
                written = self._own_fields_written(raw, desk_id) if raw else {}
                definition = self._own_field_definition(desk_id)
                written = {
                    **{field["name"]: defaults[field["name"]] for field in definition if field["name"] in defaults}, **written,
                }
                readable = self._own_fields_readable([own_fields.linked_ids(definition, {}, written)])
                values = self._own_fields_merged(desk_id, {}, written, readable)
            completed.append({**vals, "properties": values})
        return super().create(completed)

    def write(self, vals):
        moves = "desk_id" in vals
        if "properties" not in vals and not (moves and self.env["psa.desk"]._own_fields_by_desk()):
            return super().write(vals)
        self.check_access("write")
        vals = dict(vals)
        desk_ids = [vals["desk_id"]] if moves else self.sudo().desk_id.ids
        written = self._own_fields_written(vals.pop("properties", {}), *desk_ids)
        held = {
            ticket: self._own_fields_carried(ticket, vals.get("desk_id") or ticket.sudo().desk_id.id) for ticket in self
        }
        plans = self._own_fields_planned(held, written, vals.get("desk_id"))
        together = vals if moves or len(plans) == 1 else {}
        for values, tickets in plans:
            super(PsaTicket, tickets).write({**together, "properties": values})
        if vals and not together:
            super().write(vals)
        return True

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "properties" in (default or {}) or not self.env["psa.desk"]._own_fields_by_desk():
            return vals_list
        for ticket, vals in zip(self, vals_list, strict=True):
            desk_id = vals.get("desk_id") or ticket.desk_id.id
            values = self._own_fields_carried(ticket, desk_id).values
            definition = self._own_field_definition(desk_id)
            readable = self._own_fields_readable([own_fields.linked_ids(definition, {}, values)])
            # What is not there any more (an option, a record) is no reason to refuse the copy.
            vals["properties"] = own_fields.still_valid(definition, values, readable)
        return vals_list

    @api.model
    def _own_field_definition(self, desk_id):
        """Return the definition of a desk's own fields: shared with every caller, read only."""
        return self.env["psa.desk"]._own_fields_by_desk().get(desk_id, ((), ()))[0]

    def _missing_required(self, moment):
        definition = self._own_field_definition(self.desk_id._origin.id)
        if not definition:
            return super()._missing_required(moment)
        return [*super()._missing_required(moment), *own_fields.missing(definition, self._own_field_values(), moment)]

    def _own_field_values(self):
        """Return what this ticket holds, as it is stored."""
        self.ensure_one()
        return self.sudo().properties._values or {}

    def _own_fields_carried(self, ticket, desk_id):
        """Return what a ticket's values are at a desk: all of them at its own."""
        stored = ticket._own_field_values()
        old_id = ticket.sudo().desk_id.id
        if old_id == desk_id:
            return own_fields.Carried(stored)
        fields_by_desk = self.env["psa.desk"]._own_fields_by_desk()
        active, archived = fields_by_desk.get(old_id, ((), ()))
        return own_fields.carry([*active, *archived], self._own_field_definition(desk_id), stored)

    @api.model
    def _own_fields_written(self, raw, *desk_ids):
        """Return {name: value} of what somebody writes; a change of the definition that comes with it is made first."""
        if isinstance(raw, str) and raw:
            with suppress(ValueError):  # what is no JSON is refused below
                raw = json.loads(raw)
        if isinstance(raw, Property):
            raw = raw._values
        if not raw:
            # Odoo's way to empty the field; an empty dict names nothing and changes nothing.
            cleared = raw is False or raw is None
            return {
                field["name"]: False for desk_id in desk_ids for field in self._own_field_definition(desk_id) if cleared
            }
        raw = copy.deepcopy(raw)
        if not isinstance(raw, dict) and not (isinstance(raw, list) and all(isinstance(entry, dict) for entry in raw)):
            raise ValidationError(self.env._(
                "Own fields are written as {technical name: value}, or as the list Odoo's forms send. This is neither: %s.",
                str(raw)[:80],
            ))
        if own_fields.edits_definition(raw):
            self._edit_own_fields(raw, desk_ids)
        written = own_fields.written_values(raw)
        for name, value in written.items():
            if isinstance(value, str) and str(name).endswith("_html"):
                written[name] = str(html_sanitize(value, **Properties.HTML_SANITIZE_OPTIONS))
        return written

    @api.model
    def _edit_own_fields(self, raw, desk_ids):
        """Change a desk's definition as somebody did in the form of a ticket, with his own rights, whatever this runs with."""
        if len(desk_ids) != 1:
            raise UserError(self.env._("Own fields are changed for one desk at a time: choose tickets of the same desk."))
        desk = self.env["psa.desk"].with_user(self.env.user).browse(desk_ids)
        if not desk.env.su and not desk.sudo().with_user(self.env.user).can_configure:
            raise AccessError(self.env._(
                "Only administrators of desk “%s” and of the company change its own fields. Ask one of them.",
                desk.sudo().name,
            ))
        for entry in raw:
            if not entry.get("name"):
                entry["name"] = uuid.uuid4().hex[:16] + ("_html" if entry.get("type") == "html" else "")
        Properties._remove_display_name(raw, value_key="default")
        desk.properties_definition = own_fields.merge_definition(desk.sudo().properties_definition, raw)

    @api.model
    def _own_fields_readable(self, wanted):
        """Return {model: ids} of the records that are there and that the user may read, of those wanted."""
        ids_by_model = {}
        for ids in wanted:
            for model, model_ids in ids.items():
                ids_by_model.setdefault(model, set()).update(model_ids)
        return {
            model: set(self.env[model].browse(sorted(ids)).exists()._filtered_access("read").ids)
            for model, ids in ids_by_model.items()
        }

    @api.model
    def _own_fields_planned(self, held, written, desk_id):
        """Return what to write to which tickets, as few pairs of values and tickets as possible."""
        links = []
        for ticket, carried in held.items():
            definition = self._own_field_definition(desk_id or ticket.sudo().desk_id.id)
            links.append(own_fields.linked_ids(definition, carried.values, written))
        readable = self._own_fields_readable(links)
        plans = {}
        for ticket, carried in held.items():
            target_id = desk_id or ticket.sudo().desk_id.id
            values = self._own_fields_merged(target_id, carried.values, written, readable)
            key = target_id, json.dumps(values, sort_keys=True)
            plans.setdefault(key, [values, self.browse()])[1] += ticket
        return list(plans.values())

    @api.model
    def _own_fields_merged(self, desk_id, stored, written, readable):
        """Return what a ticket of this desk holds after the write, or refuse it with one error that names every problem."""
        definition = self._own_field_definition(desk_id)
        merged = own_fields.merge(definition, stored, written, readable)
        if merged.problems:
            raise ValidationError("\n".join(self._own_field_refusal(desk_id, problem) for problem in merged.problems))
        return merged.values

    @api.model
    def _own_field_refusal(self, desk_id, problem):
        """Say what is wrong with a value and what to write instead."""
        definition = self._own_field_definition(desk_id)
        desk = self.env["psa.desk"].sudo().browse(desk_id)
        if problem.code == own_fields.UNKNOWN:
            return self.env._(
                "Desk “%(desk)s” has no own field “%(field)s”. It has: %(fields)s. Reload the page if it had one before.",
                desk=desk.name, field=problem.label,
                fields=", ".join(f"{own_fields.label(field)} ({field['name']})" for field in definition) or self.env._("none"),
            )
        field = next(field for field in definition if field["name"] == problem.name)
        if problem.code == own_fields.OPTION:
            return self.env._(
                "%(field)s: “%(value)s” is none of the options. Use one of: %(options)s.",
                field=problem.label, value=problem.detail,
                options=", ".join(f"{option[1]} ({option[0]})" for option in field.get(field["type"]) or ()),
            )
        if problem.code == own_fields.RECORD:
            return self.env._(
                "%(field)s: there is no %(model)s number %(value)s that you can see. Choose another.",
                field=problem.label, value=problem.detail, model=self.env[field["comodel"]]._description,
            )
        if problem.code == own_fields.TOO_LONG:
            return self.env._(
                "%s: the value is too long for a field with Fast Search. Shorten it, or have the field's Fast Search switched off.",
                problem.label,
            )
        if problem.code == own_fields.TOO_LARGE:
            return self.env._(
                "%(field)s: %(value)s is too large. Use a number up to %(most)s.",
                field=problem.label, value=problem.detail, most=own_fields.INTEGER_MAX,
            )
        return self.env._(
            "%(field)s: “%(value)s” does not fit. Give %(what)s.",
            field=problem.label, value=problem.detail, what=self._own_field_expectation(field["type"]),
        )

    @api.model
    def _own_field_expectation(self, kind):
        return {
            "boolean": self.env._("true or false"),
            "separator": self.env._("true or false"),
            "integer": self.env._("a whole number"),
            "float": self.env._("a number"),
            "monetary": self.env._("a number"),
            "date": self.env._("a date like 2026-03-31"),
            "datetime": self.env._("a date and time in UTC like 2026-03-31 08:30:00"),
            "selection": self.env._("the technical name of one option"),
            "tags": self.env._("a list of technical names of tags"),
            "many2one": self.env._("the number of one record"),
            "many2many": self.env._("a list of numbers of records"),
        }.get(kind, self.env._("a text"))
