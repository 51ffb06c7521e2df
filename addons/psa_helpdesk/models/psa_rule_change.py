from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import rule_changes
from .psa_rule_words import NOT_TOLD, SET_UP
from .psa_ticket import SOURCE_SELECTION
from .psa_ticket_stage import STATE_SELECTION

OLD_KINDS = [
    ("any", "anything"), ("empty", "nothing"), ("filled", "something"), ("is", "exactly"), ("contains", "a text with"),
    ("lacks", "a text without"), ("before", "a moment before"), ("after", "a moment after"),
]
NEW_KINDS = [
    *OLD_KINDS, ("earlier", "moved earlier"), ("later", "moved later"), ("added", "one added"), ("removed", "one removed"),
]
STAFF = "[('share', '=', False), ('company_ids', 'in', company_id)]"
OPTIONS = "[('attribute', '=', attribute)]"
PEOPLE = "[('psa_is_client', 'in', [True, is_client])]"
# Which pair of columns names the value of which field of tickets: of that name, that leads to such records, or of that type.
COLUMN_BY_NAME = {"state": "state", "source": "source"}
COLUMN_BY_MODEL = {
    "psa.ticket.stage": "stage_id", "psa.queue": "queue_id", "res.users": "user_id", "psa.ticket.option": "option_id",
    "psa.desk": "at_desk_id", "res.partner": "partner_id", "psa.ticket.tag": "tag_id", "psa.asset": "asset_id",
}
COLUMN_BY_TYPE = {"char": "value", "text": "value", "html": "value", "boolean": "answer", "datetime": "moment"}


class PsaRuleChange(models.Model):
    """A change a rule waits for: of one field, from any value or a certain one, to any value or a certain one."""

    _name = "psa.rule.change"
    _description = "Change a Rule Waits for"
    _order = "rule_id, id"
    _check_company_auto = True

    _order_idx = models.Index("(rule_id, id)")

    rule_id = fields.Many2one("psa.rule", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="rule_id.company_id", store=True, precompute=True, index=True)
    field_name = fields.Selection(selection="_selection_field_name", string="What Changes", required=True)
    own_field = fields.Char(help="Name of the own field of the desk, where the field is one.")
    old_kind = fields.Selection(
        OLD_KINDS, "From", default="any", required=True,
        help="What the value was. Exactly: the same text, capitals counting; a text with or without: whether in capitals or small letters.",
    )
    new_kind = fields.Selection(
        NEW_KINDS, "To", default="any", required=True,
        help="What the value is now. Exactly: the same text, capitals counting; a text with or without: whether in capitals or small "
        "letters. Moved earlier or later: than it was before. One added, one removed: that record, or any if none is chosen.",
    )
    old_stage_id = fields.Many2one("psa.ticket.stage", "From Stage", check_company=True)
    new_stage_id = fields.Many2one("psa.ticket.stage", "To Stage", check_company=True)
    old_state = fields.Selection(STATE_SELECTION, "From State")
    new_state = fields.Selection(STATE_SELECTION, "To State")
    old_source = fields.Selection(SOURCE_SELECTION, "From Source")
    new_source = fields.Selection(SOURCE_SELECTION, "To Source")
    old_queue_id = fields.Many2one("psa.queue", "From Queue", check_company=True)
    new_queue_id = fields.Many2one("psa.queue", "To Queue", check_company=True)
    old_at_desk_id = fields.Many2one("psa.desk", "From Desk", check_company=True)
    new_at_desk_id = fields.Many2one("psa.desk", "To Desk", check_company=True)
    old_user_id = fields.Many2one("res.users", "From User", check_company=True, domain=STAFF)
    new_user_id = fields.Many2one("res.users", "To User", check_company=True, domain=STAFF)
    old_partner_id = fields.Many2one("res.partner", "From Client or Contact", index="btree_not_null", check_company=True, domain=PEOPLE)
    new_partner_id = fields.Many2one("res.partner", "To Client or Contact", index="btree_not_null", check_company=True, domain=PEOPLE)
    old_option_id = fields.Many2one("psa.ticket.option", "From Option", check_company=True, domain=OPTIONS)
    new_option_id = fields.Many2one("psa.ticket.option", "To Option", check_company=True, domain=OPTIONS)
    new_tag_id = fields.Many2one("psa.ticket.tag", "Tag", check_company=True)
    new_asset_id = fields.Many2one("psa.asset", "Asset", index="btree_not_null", check_company=True)
    old_answer = fields.Selection([("yes", "Yes"), ("no", "No")], "From Answer")
    new_answer = fields.Selection([("yes", "Yes"), ("no", "No")], "To Answer")
    old_moment = fields.Datetime("From Moment")
    new_moment = fields.Datetime("To Moment")
    old_value = fields.Char(
        "From Value", help="A text; of an own field: yes or no, a number, a date like 2026-03-31, a text, or the name of an option."
    )
    new_value = fields.Char(
        "To Value", help="A text; of an own field: yes or no, a number, a date like 2026-03-31, a text, or the name of an option."
    )
    value_column = fields.Char(compute="_compute_value_column")
    attribute = fields.Char(compute="_compute_value_column")
    is_client = fields.Boolean(compute="_compute_value_column")
    old_kinds = fields.Json(compute="_compute_kinds")
    new_kinds = fields.Json(compute="_compute_kinds")

    @api.model
    def _selection_field_name(self):
        Ticket = self.env["psa.ticket"]
        names = [*(fname for fname in Ticket._history_fields() if fname != "properties"), "state"]
        labels = Ticket.fields_get(names, ["string"]) if self.env.su else Ticket.sudo().fields_get(names, ["string"])
        return [
            *sorted(((fname, labels[fname]["string"]) for fname in names if fname in labels), key=lambda item: item[1]),
            ("properties", self.env._("Own field")),
        ]

    @api.depends("field_name")
    def _compute_value_column(self):
        attributes = self.env["psa.ticket"]._option_attributes()
        for change in self:
            change.value_column = self._column_of(change.field_name)
            change.attribute = attributes.get(change.field_name)
            change.is_client = change.field_name == "client_id"

    @api.depends("field_name", "own_field")
    def _compute_kinds(self):
        for change in self:
            change.old_kinds, change.new_kinds = change._offered()
            if change._column() == "answer":
                # A box is never without a value.
                change.old_kinds = change.new_kinds = [rule_changes.ANY, rule_changes.IS]

    @api.depends(lambda self: ["rule_id.desk_id", "field_name", "own_field", "old_kind", "new_kind", *self._value_fields()])
    @api.depends_context("lang", "tz", "uid", "allowed_company_ids")
    def _compute_display_name(self):
        for change in self:
            change.display_name = change._text()

    @api.onchange("field_name", "own_field")
    def _onchange_field_name(self):
        """Take back what cannot be asked of the field that is chosen now, and what was chosen of another."""
        self.old_kind = self.old_kind if self.old_kind in self.old_kinds else "any"
        self.new_kind = self.new_kind if self.new_kind in self.new_kinds else "any"
        for fname in self._value_fields():
            if fname[4:] != self._column() or fname[4:] == "option_id":
                self[fname] = False

    @api.constrains(lambda self: ["field_name", "own_field", "old_kind", "new_kind", *self._value_fields()])
    def _check_values(self):
        for change in self:
            if change.field_name == "properties" and not change.own_field:
                raise ValidationError(self.env._("Choose which own field of the desk is meant in Own Field."))
            for side, kinds in zip(("old", "new"), change._offered(), strict=True):
                kind, label = change[f"{side}_kind"], change._field_text()
                if kind not in kinds:
                    raise ValidationError(self.env._(
                        "A rule cannot wait for “%(kind)s” of %(label)s. Choose another kind, and say the value in the Condition.",
                        kind=change._kind_text(side), label=label,
                    ))
                option = change[f"{side}_option_id"] if change._column() == "option_id" else change.old_option_id.browse()
                if option and option.attribute != change.attribute:
                    raise ValidationError(self.env._(
                        "“%(option)s” is no value of %(label)s. Choose another.", option=option.name, label=label
                    ))
        self._refuse_incomplete_changes()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_may_choose(vals)
        changes = super().create(vals_list)
        changes._check_may_change_rule()
        changes.rule_id._renew()
        return changes

    def write(self, vals):
        self._check_may_change_rule()
        self._check_may_choose(vals)
        before = self.rule_id
        result = super().write(vals)
        if "rule_id" in vals:
            # Odoo checks the change as it was: nobody hands one to a rule that is not his.
            self.check_access("write")
            self._check_may_change_rule()
        (before | self.rule_id)._renew()
        return result

    def unlink(self):
        self._check_may_change_rule()
        changed = self.rule_id
        result = super().unlink()
        changed.exists()._renew()
        return result

    def _check_access(self, operation):
        return super()._check_access(operation) or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def _check_may_change_rule(self):
        """Refuse to change what sets a rule off to whoever may not change the rule itself."""
        if not self.env.su:
            self.rule_id._check_guarded_actions()
            self.rule_id._check_not_on_ladder()

    @api.model
    def _check_may_choose(self, vals):
        """Refuse what the writer may not read: by what the rule does, he would learn of it. So he would by the refusal of other checks."""
        if self.env.su:
            return
        for fname in self._value_fields():
            if vals.get(fname) and self._fields[fname].type == "many2one":
                self.env[self._fields[fname].comodel_name].browse(vals[fname]).check_access("read")

    @api.model
    def _value_fields(self):
        """Return the names of the fields that say from and to which value."""
        columns = {*COLUMN_BY_NAME.values(), *COLUMN_BY_MODEL.values(), *COLUMN_BY_TYPE.values()}
        return [fname for fname in self._fields if fname[:4] in ("old_", "new_") and fname[4:] in columns]

    @api.model
    def _column_of(self, fname):
        """Return which pair of columns names a value of a field of tickets; None if none does."""
        field = self.env["psa.ticket"]._fields.get(fname)
        if field is None or field.type == "properties":
            return None
        return COLUMN_BY_NAME.get(fname) or COLUMN_BY_MODEL.get(field.comodel_name) or COLUMN_BY_TYPE.get(field.type)

    def _column(self):
        """Return which pair of columns names the value of this change."""
        return self._column_of(self.field_name)

    def _offered(self):
        """Return what may be asked of the value before the change, and of that after it."""
        field = self.env["psa.ticket"]._fields.get(self.field_name)
        if field is None or not self._column():
            return list(rule_changes.BASIC), list(rule_changes.BASIC)
        return [list(rule_changes.offered(field.type, is_new)) for is_new in (False, True)]

    def _pattern(self):
        """Return the change as the core knows it."""
        return rule_changes.Pattern(self._key(), self._side("old"), self._side("new"), self.id)

    def _key(self):
        return f"properties.{self.own_field}" if self.field_name == "properties" else self.field_name

    def _side(self, side):
        kind = self[f"{side}_kind"]
        if self._is_missing(side):
            # What was chosen is gone since: there is no such change any more.
            return rule_changes.Side(rule_changes.IS, object())
        return rule_changes.Side(kind, self._wanted(side) if kind not in rule_changes.BASIC else None)

    def _chosen(self, side):
        """Return what was chosen as the value before or after the change."""
        column = f"{side}_{self._column()}"
        return self[column] if column in self._fields else False

    def _wanted(self, side):
        """Return the value before or after the change as a column keeps it."""
        value = self._chosen(side)
        if self._column() == "answer":
            return value == "yes"
        return value.id if isinstance(value, models.BaseModel) else value

    def _is_missing(self, side):
        """Return whether the value is still to be chosen, or gone since."""
        return self[f"{side}_kind"] in rule_changes.NAMED and not self._chosen(side)

    def _is_lost(self):
        """Return whether a change waits for what cannot happen, as its value is gone."""
        self.ensure_one()
        return self._is_missing("old") or self._is_missing("new")

    def _refuse_incomplete_changes(self):
        """Refuse that a rule runs while nobody has said which value it waits for."""
        for change in self.filtered(lambda change: change.rule_id.active and change.rule_id.event == "updated"):
            if change._is_missing("old") or change._is_missing("new"):
                raise ValidationError(self.env._(
                    "Choose the value of %(label)s the rule “%(rule)s” waits for, or archive the rule.",
                    label=change._field_text(), rule=change.rule_id.name,
                ))

    def _text(self, ticket=None):
        """Return the change in words; for ``ticket`` see ``psa.rule._reason``."""
        label = self._field_text(ticket)
        if self.old_kind == self.new_kind == "any":
            return label
        old, new = self._side_text("old", ticket), self._side_text("new", ticket)
        is_told = self.old_kind == "any" and self.new_kind in rule_changes.COMPARED
        return f"{label}: {new}" if is_told else f"{label}: {old} → {new}"

    def _field_text(self, ticket=None):
        """Return what the desk that is spoken of calls the field."""
        desk = (ticket or self.rule_id).sudo().desk_id[:1]
        return self.env["psa.ticket"]._desk_label(desk._origin.id, self.field_name or "")

    def _kind_text(self, side):
        return dict(self._fields[f"{side}_kind"]._description_selection(self.env)).get(self[f"{side}_kind"], "")

    def _side_text(self, side, ticket=None):
        """Return what the value must be before or after the change, in words."""
        kind = self[f"{side}_kind"]
        if kind in rule_changes.BASIC:
            return self._kind_text(side)
        if kind in (rule_changes.EARLIER, rule_changes.LATER):
            return self._kind_text(side)
        value = self._chosen_text(side, ticket) if self._chosen(side) else ""
        if kind in (rule_changes.ADDED, rule_changes.REMOVED):
            if not value:
                return self._kind_text(side)
            return self.env._("%s added", value) if kind == rule_changes.ADDED else self.env._("%s removed", value)
        value = value or self.env._("what is not there any more")
        return {
            rule_changes.CONTAINS: lambda: self.env._("contains “%s”", value),
            rule_changes.LACKS: lambda: self.env._("does not contain “%s”", value),
            rule_changes.BEFORE: lambda: self.env._("before %s", value),
            rule_changes.AFTER: lambda: self.env._("after %s", value),
        }.get(kind, lambda: value)()

    def _chosen_text(self, side, ticket=None):
        """Return the value before or after the change by the name its reader may read, without what else a caller asks names to say."""
        column = f"{side}_{self._column()}"
        value, field = self.sudo()[column], self._fields[column]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "datetime":
            return self.env["psa.ticket"]._history_moment("datetime", value)
        if not isinstance(value, models.BaseModel):
            return value
        plain = value.with_env(self.rule_id._plain_env())
        # Of a ticket it is its own value that is told, but to anybody only what everybody knows.
        is_told = plain._filtered_access("read") if ticket is None else ticket or value._name in SET_UP
        return plain.sudo().display_name if is_told else NOT_TOLD
