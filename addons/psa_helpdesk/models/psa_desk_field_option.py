import uuid

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class PsaDeskFieldOption(models.Model):
    """What can be chosen in an own field: a choice or a tag. It can be renamed; tickets hold its key."""

    _name = "psa.desk.field.option"
    _description = "Option of an Own Field"
    _order = "sequence, id"

    _order_idx = models.Index("(sequence, id)")
    _key_uniq = models.Constraint("UNIQUE(field_id, key)", "The field already has an option of that technical name.")

    field_id = fields.Many2one("psa.desk.field", required=True, index=True, ondelete="cascade")
    desk_id = fields.Many2one(related="field_id.desk_id", store=True, index=True)
    company_id = fields.Many2one(related="field_id.company_id", store=True, index=True)
    sequence = fields.Integer(default=10, aggregator=None)
    name = fields.Char(required=True)
    key = fields.Char("Technical Name", required=True, readonly=True, default=lambda self: uuid.uuid4().hex[:16])
    color = fields.Integer(aggregator=None)

    @api.model_create_multi
    def create(self, vals_list):
        options = super().create(vals_list)
        options.desk_id._compile_own_fields()
        return options

    def write(self, vals):
        if vals.keys() & {"key", "field_id"}:
            raise UserError(self.env._("An option stays with its field and keeps its technical name. Create another one instead."))
        result = super().write(vals)
        self.desk_id._compile_own_fields()
        return result

    def unlink(self):
        desks = self.desk_id
        result = super().unlink()
        desks._compile_own_fields()
        return result

    @api.model
    def _take(self, field, entry):  # pylint: disable=missing-return
        """Make the options of a field those of an entry of Odoo's definition."""
        wanted = {option[0]: option[1:] for option in entry.get(field.type) or ()}
        rows = {option.key: option for option in field.option_ids}
        gone = self.browse(row.id for key, row in rows.items() if key not in wanted)
        super(PsaDeskFieldOption, gone).unlink()  # pylint: disable=super-method-mismatch
        new = []
        for sequence, (key, (name, *color)) in enumerate(wanted.items()):
            vals = {"name": name or key, "sequence": sequence, "color": color[0] if color else 0}
            if key not in rows:
                new.append({**vals, "field_id": field.id, "key": key})
            elif changed := {fname: value for fname, value in vals.items() if rows[key][fname] != value}:
                super(PsaDeskFieldOption, rows[key]).write(changed)  # pylint: disable=super-method-mismatch
        super().create(new)  # pylint: disable=super-method-mismatch

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Refuse to take an option away that tickets hold: their value would be gone from every screen."""
        self.env["psa.ticket"].flush_model(["properties", "desk_id"])
        for desk, options in self.grouped("desk_id").items():
            used = dict(self.env.execute_query(SQL(
                """
                SELECT option.id, count(*)
                FROM psa_ticket ticket
                JOIN psa_desk_field_option option ON option.id = ANY(%s)
                JOIN psa_desk_field field ON field.id = option.field_id
                WHERE ticket.desk_id = %s
                    AND (ticket.properties -> field.key = to_jsonb(option.key) OR ticket.properties -> field.key ? option.key)
                GROUP BY option.id
                """,
                options.ids, desk.id,
            )))
            for option in options:
                if count := used.get(option.id):
                    raise UserError(self.env._(
                        "%(count)s tickets have “%(option)s” as %(field)s, so it stays. Change these tickets first, or rename it.",
                        count=count, option=option.name, field=option.field_id.name,
                    ))
