from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core import own_fields
from .psa_desk_field import PORTAL, REQUIRED


class PsaDesk(models.Model):
    """The own fields of a desk: rows people edit, and Odoo's definition compiled from them."""

    _inherit = "psa.desk"

    own_field_ids = fields.One2many(
        "psa.desk.field", "desk_id", "Own Fields", domain=[("is_leaving", "=", False)], context={"active_test": False}, copy=False
    )

    @api.model_create_multi
    def create(self, vals_list):
        desks = super().create(vals_list)
        defined = desks.filtered("properties_definition")
        defined._take_own_fields()
        return desks

    def write(self, vals):
        result = super().write(vals)
        if "properties_definition" in vals:
            self._take_own_fields()
        return result

    def unlink(self):
        indexed = self.sudo().own_field_ids.filtered("is_indexed")
        result = super().unlink()
        if indexed:
            self.env["psa.desk.field"]._trigger_indexing()
        return result

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"own_field_ids"}

    def _take_own_fields(self):
        """Make the rows what a definition written by the web client or an API says.

        A field left out of it is archived if tickets hold values of it, and deleted otherwise.
        """
        Field = self.env["psa.desk.field"].sudo().with_context(active_test=False)
        for desk in self.sudo():
            rows = {row.key: row for row in Field.search([("desk_id", "=", desk.id)])}
            definition = desk.properties_definition
            for sequence, entry in enumerate(definition):
                vals = {**Field._vals_of(entry), "sequence": sequence, "active": True, "is_leaving": False}
                row = rows.pop(entry["name"], None)
                if row is None:
                    row = Field._store_new([{**vals, "desk_id": desk.id, "key": entry["name"]}])
                else:
                    if {row.type, row.comodel or False} != {entry["type"], entry.get("comodel") or False}:
                        row._check_unused(self.env._("Its type cannot change any more"))
                    row._store({fname: value for fname, value in vals.items() if row[fname] != value})
                if entry["type"] in ("selection", "tags"):
                    self.env["psa.desk.field.option"].sudo()._take(row, entry)
            for row in rows.values():
                if not row.active:
                    continue
                if row._ticket_count(limit=1):
                    row._store({"active": False})
                else:
                    row._store_gone()
        self._compile_own_fields()

    @api.model
    def _adopt_own_fields(self):
        """Give definitions from before there were rows theirs; run when the module is installed and at each update."""
        defined = self.sudo().with_context(active_test=False).search([("properties_definition", "!=", False)])
        defined.filtered(lambda desk: desk.properties_definition and not desk.own_field_ids)._take_own_fields()

    def _compile_own_fields(self):  # pylint: disable=missing-return
        """Write Odoo's definition as the rows say, and have the indexes follow."""
        rows = self.env["psa.desk.field"].sudo().search([("desk_id", "in", self.ids)]).grouped("desk_id")
        required = self.browse()
        for desk in self.sudo():
            desk.invalidate_recordset(["own_field_ids"])
            definition = [row._definition() for row in rows.get(desk, ())]
            before = desk.properties_definition
            if definition != before:
                super(PsaDesk, desk).write({"properties_definition": definition})  # pylint: disable=super-method-mismatch
            if self._required_own_fields(definition) != self._required_own_fields(before):
                required |= desk
        self.env.registry.clear_cache()
        required._renew_incomplete_marks()
        self.env["psa.desk.field"]._trigger_indexing()

    @api.model
    def _required_own_fields(self, definition):
        return {field["name"]: field.get("required") for field in definition if field.get("required", "never") != "never"}

    @api.model
    @tools.ormcache()
    def _own_fields_by_desk(self):
        """Return {desk id: (definition, definition of archived fields)} of the desks with own fields, cached: read only."""
        Field = self.env["psa.desk.field"].sudo()
        result = {}
        for row in Field.with_context(active_test=False).search(Domain.TRUE, order="desk_id, sequence, id"):
            result.setdefault(row.desk_id.id, ([], []))[not row.active].append(row._definition())
        return result

    @api.model
    def _check_own_fields(self, definition):
        """Check what Odoo does not know of a definition: our keys, what is linked to, and defaults."""
        choices = {"required": dict(REQUIRED), "portal": dict(PORTAL), "indexed": {True: "", False: ""}}
        models_allowed = dict(self.env["psa.desk.field"]._selection_comodel())
        for entry in definition:
            if not entry.get("name") or not entry.get("type"):
                continue  # Odoo says so
            label = own_fields.label(entry)
            for key, offered in choices.items():
                if key in entry and entry[key] not in offered:
                    raise ValidationError(self.env._(
                        "Own field “%(field)s”: “%(value)s” is no value of %(key)s. Use one of %(offered)s.",
                        field=label, value=entry[key], key=key, offered=", ".join(map(str, offered)),
                    ))
            comodel = entry.get("comodel")
            if comodel and comodel not in models_allowed:
                raise ValidationError(self.env._(
                    "Own field “%(field)s” cannot link to %(model)s. It can link to: %(offered)s.",
                    field=label, model=comodel, offered=", ".join(models_allowed.values()),
                ))
            if own_fields.default_problem(entry):
                raise ValidationError(self.env._(
                    "The default value of own field “%s” is no value of its type. Change or clear the default.", label
                ))
