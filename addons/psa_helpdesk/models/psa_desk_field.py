import uuid

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core import own_fields

TYPES = [
    ("char", "Text"),
    ("text", "Long Text"),
    ("html", "Formatted Text"),
    ("boolean", "Checkbox"),
    ("integer", "Whole Number"),
    ("float", "Decimal"),
    ("monetary", "Amount"),
    ("date", "Date"),
    ("datetime", "Date and Time"),
    ("selection", "Choice"),
    ("tags", "Tags"),
    ("many2one", "Link"),
    ("many2many", "Links"),
    ("separator", "Heading"),
]
REQUIRED = [
    ("never", "Never"),
    ("create", "On Creation"),
    ("resolve", "On Resolution"),
    ("close", "On Closing"),
]
PORTAL = [("hidden", "Hidden"), ("shown", "Shown"), ("asked", "Asked")]
# What an own field may link to, as far as it is installed.
LINKED_MODELS = (
    "res.partner", "res.users", "psa.asset", "psa.ticket", "product.product", "project.project", "hr.employee", "res.country",
)
# Keys of a definition that have a column here; the others are kept as they are.
COLUMN_BY_KEY = {
    "string": "name", "type": "type", "comodel": "comodel", "required": "required", "portal": "portal", "indexed": "is_indexed",
    "help": "help",
}


class PsaDeskField(models.Model):
    """A field a desk adds to its tickets. These rows are what counts; Odoo's definition is compiled from them.

    Odoo reads ``psa.desk.properties_definition``. Each change of rows compiles it anew, and each change of it (in the form of
    a ticket, or by an API) is taken over into rows first, see ``psa_desk_own_fields.py``.
    """

    _name = "psa.desk.field"
    _description = "Own Field of a Desk"
    _order = "sequence, id"

    _order_idx = models.Index("(sequence, id)")
    _key_uniq = models.Constraint("UNIQUE(desk_id, key)", "The desk already has a field of that technical name.")

    desk_id = fields.Many2one("psa.desk", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="desk_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10, aggregator=None)
    active = fields.Boolean(
        default=True, help="An archived field is not shown any more; tickets keep their values for the day it comes back."
    )
    name = fields.Char("Label", required=True)
    key = fields.Char(
        "Technical Name", readonly=True, required=True, copy=False, help="What imports and APIs call the field; it never changes."
    )
    type = fields.Selection(TYPES, required=True, default="char")
    option_ids = fields.One2many("psa.desk.field.option", "field_id", "Options", copy=True)
    comodel = fields.Selection("_selection_comodel", "Links to")
    required = fields.Selection(
        REQUIRED, required=True, default="never",
        help="When a ticket must have a value. A required checkbox must be ticked. Mail and alerts come in without, as incomplete.",
    )
    portal = fields.Selection(
        PORTAL, "On the Portal", required=True, default="hidden",
        help="Shown: clients read the value on their ticket. Asked: clients fill it in with a new ticket, and read it.",
    )
    is_indexed = fields.Boolean(
        "Fast Search", help="Keeps an index, so that searching by this field is fast however many tickets there are. "
        "The index is built in the background and makes each change of a ticket a little slower.",
    )
    help = fields.Char("Help Text", help="What people see next to the field, here and on the portal.")
    extra = fields.Json("Other Settings")
    index_error = fields.Char("Why Search Is Slow", readonly=True, copy=False)
    is_leaving = fields.Boolean("Being Removed", readonly=True)

    @api.model
    def _selection_comodel(self):
        return [(name, self.env[name]._description) for name in LINKED_MODELS if name in self.env]

    @api.constrains("type", "comodel", "portal", "is_indexed", "required", "key")
    def _check_settings(self):
        for field in self:
            if field.type in ("many2one", "many2many") and not field.comodel:
                raise ValidationError(self.env._("Own field “%s” links to nothing yet: choose what in Links to.", field.name))
            if field.portal == "asked" and field.type not in own_fields.PORTAL_TYPES:
                raise ValidationError(self.env._(
                    "The portal cannot ask for “%s”: clients can fill in texts, numbers, dates, checkboxes, choices and tags. "
                    "Set On the Portal to Shown or Hidden.", field.name,
                ))
            if field.is_indexed and field.type not in own_fields.INDEXED_TYPES:
                raise ValidationError(self.env._(
                    "“%s” cannot have Fast Search: long texts and headings are not searched by their whole value.", field.name
                ))
            if (field.type == "html") != field.key.endswith("_html"):
                raise ValidationError(self.env._("The technical name of a formatted text, and only of it, ends with _html."))

    @api.model_create_multi
    def create(self, vals_list):
        last = {}
        for vals in vals_list:
            if not vals.get("key"):
                vals["key"] = uuid.uuid4().hex[:16] + ("_html" if vals.get("type") == "html" else "")
            if "sequence" not in vals and vals.get("desk_id"):
                desk_id = vals["desk_id"]
                if desk_id not in last:
                    row = self.with_context(active_test=False).search([("desk_id", "=", desk_id)], order="sequence desc", limit=1)
                    last[desk_id] = row.sequence
                last[desk_id] = vals["sequence"] = last[desk_id] + 1
        rows = super().create(vals_list)
        rows.desk_id._compile_own_fields()
        return rows

    def write(self, vals):
        if vals.keys() & {"desk_id", "key"}:
            raise UserError(self.env._(
                "An own field stays with its desk and keeps its technical name. Create a field at the other desk instead."
            ))
        changed = self.filtered(lambda field: "type" in vals and field.type != vals["type"])
        changed |= self.filtered(lambda field: "comodel" in vals and (field.comodel or False) != (vals["comodel"] or False))
        changed._check_unused(self.env._("Its type cannot change any more"))
        result = super().write(vals)
        self.desk_id._compile_own_fields()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        self._check_unused(self.env._("It cannot be deleted"))

    def unlink(self):
        desks = self.desk_id
        result = super().unlink()
        desks._compile_own_fields()
        return result

    def copy_data(self, default=None):
        raise UserError(self.env._("Own fields are not duplicated one by one. Duplicate the desk, or create a new field."))

    def action_retire(self):
        """Ask what to do with a field nobody needs any more, and say how many tickets hold a value."""
        self.ensure_one()
        self.check_access("write")
        retire = self.env["psa.desk.field.retire"].create({"field_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Retire “%s”", self.name),
            "res_model": retire._name,
            "res_id": retire.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_restore(self):
        """Show archived fields again; tickets still hold what was entered."""
        self.write({"active": True})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _remove(self):
        """Take the fields away with the values tickets hold; many values go in the background."""
        self.check_access("unlink")
        used = self.filtered(lambda field: field._ticket_count(limit=1))
        (self - used).unlink()
        if used:
            used.write({"active": False, "is_leaving": True})
            self.env.ref("psa_helpdesk.ir_cron_own_fields")._trigger()

    def _check_unused(self, what):
        for field in self:
            count = field._ticket_count()
            if count:
                raise UserError(self.env._(
                    "%(count)s tickets hold a value of “%(field)s”. %(what)s: archive it with Retire, or remove it there "
                    "together with the values.", count=count, field=field.name, what=what,
                ))

    def _ticket_count(self, limit=None):
        """Return how many tickets of the desk hold a value."""
        self.ensure_one()
        if not self.id or self.type == "separator":
            return 0
        self.env["psa.ticket"].flush_model(["properties", "desk_id"])
        [[count]] = self.env.execute_query(SQL(
            "SELECT count(*) FROM (SELECT 1 FROM psa_ticket WHERE desk_id = %s AND %s %s) AS used",
            self.desk_id.id, self._has_value_sql(), SQL("LIMIT %s", limit) if limit else SQL(),
        ))
        return count

    def _has_value_sql(self):
        return SQL("properties ? %s AND properties -> %s NOT IN ('null', 'false', '\"\"', '[]')", self.key, self.key)

    def _definition(self):
        """Return the entry of Odoo's definition for this field."""
        self.ensure_one()
        entry = {**(self.extra or {}), "name": self.key, "string": self.name, "type": self.type}
        if self.type == "selection":
            entry["selection"] = [[option.key, option.name] for option in self.option_ids]
        elif self.type == "tags":
            entry["tags"] = [[option.key, option.name, option.color] for option in self.option_ids]
        elif self.type in ("many2one", "many2many"):
            entry["comodel"] = self.comodel
        elif self.type == "monetary":
            entry["currency_field"] = "currency_id"
        entry |= {"required": self.required, "portal": self.portal, "indexed": self.is_indexed}
        if self.help:
            entry["help"] = self.help
        return entry

    @api.model
    def _vals_of(self, entry):
        """Return the values of a row for an entry of Odoo's definition; keys left out say nothing."""
        vals = {column: entry[key] for key, column in COLUMN_BY_KEY.items() if key in entry}
        vals["name"] = vals.get("name") or entry["name"]
        known = {*COLUMN_BY_KEY, "name", "selection", "tags", "currency_field"}
        vals["extra"] = {key: value for key, value in entry.items() if key not in known} or False
        return vals

    def _store(self, vals):
        """Write what comes from the definition; it is compiled once all rows are written."""
        return super().write(vals)  # pylint: disable=super-method-mismatch

    @api.model
    def _store_new(self, vals_list):
        return super().create(vals_list)  # pylint: disable=super-method-mismatch

    def _store_gone(self):
        return super().unlink()  # pylint: disable=super-method-mismatch
