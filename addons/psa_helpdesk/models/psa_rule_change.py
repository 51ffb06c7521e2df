from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import rules
from .psa_rule_words import NOT_TOLD
from .psa_ticket_stage import STATE_SELECTION

OPTION_FIELDS = (
    "type_id", "category_id", "subcategory_id", "severity_id", "priority_id", "module_id", "reported_version_id",
    "resolved_version_id", "phase_id",
)
STAFF = "[('share', '=', False), ('company_ids', 'in', company_id)]"
OPTIONS = "[('attribute', '=', attribute)]"
# Which column says the value of which field; fields that are not here are only empty or not.
VALUE_COLUMNS = {
    "stage_id": "stage_id", "state": "state", "queue_id": "queue_id", "user_id": "user_id",
    **dict.fromkeys(OPTION_FIELDS, "option_id"),
}


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
    value_column = fields.Char(compute="_compute_value_column")
    old_kind = fields.Selection(
        [("any", "anything"), ("empty", "nothing"), ("filled", "something"), ("is", "exactly")], "From", default="any", required=True
    )
    new_kind = fields.Selection(
        [("any", "anything"), ("empty", "nothing"), ("filled", "something"), ("is", "exactly")], "To", default="any", required=True
    )
    old_stage_id = fields.Many2one("psa.ticket.stage", "From Stage", ondelete="cascade", check_company=True)
    new_stage_id = fields.Many2one("psa.ticket.stage", "To Stage", ondelete="cascade", check_company=True)
    old_state = fields.Selection(STATE_SELECTION, "From State")
    new_state = fields.Selection(STATE_SELECTION, "To State")
    old_queue_id = fields.Many2one("psa.queue", "From Queue", ondelete="cascade", check_company=True)
    new_queue_id = fields.Many2one("psa.queue", "To Queue", ondelete="cascade", check_company=True)
    old_user_id = fields.Many2one("res.users", "From User", ondelete="cascade", check_company=True, domain=STAFF)
    new_user_id = fields.Many2one("res.users", "To User", ondelete="cascade", check_company=True, domain=STAFF)
    old_option_id = fields.Many2one("psa.ticket.option", "From Option", ondelete="cascade", check_company=True, domain=OPTIONS)
    new_option_id = fields.Many2one("psa.ticket.option", "To Option", ondelete="cascade", check_company=True, domain=OPTIONS)
    attribute = fields.Char(compute="_compute_value_column")

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
            change.value_column = VALUE_COLUMNS.get(change.field_name)
            change.attribute = attributes.get(change.field_name)

    @api.depends("field_name", "old_kind", "new_kind")
    def _compute_display_name(self):
        for change in self:
            change.display_name = change._text()

    @api.constrains("field_name", "own_field", "old_kind", "new_kind", "old_option_id", "new_option_id")
    def _check_values(self):
        for change in self:
            if change.field_name == "properties" and not change.own_field:
                raise ValidationError(self.env._("Choose which own field of the desk is meant in Own Field."))
            for side in ("old", "new"):
                if change[f"{side}_kind"] != "is" or change.field_name == "properties":
                    continue
                column = VALUE_COLUMNS.get(change.field_name)
                label = dict(self._selection_field_name())[change.field_name]
                if not column:
                    raise ValidationError(self.env._(
                        "A rule cannot wait for an exact value of %s. Choose another kind, and say the value in the Condition.", label
                    ))
                if not change[f"{side}_{column}"]:
                    raise ValidationError(self.env._("Choose the value of %s the rule waits for.", label))
                if column == "option_id" and change[f"{side}_option_id"].attribute != change.attribute:
                    raise ValidationError(self.env._(
                        "“%(option)s” is no value of %(label)s. Choose another.", option=change[f"{side}_option_id"].name, label=label
                    ))

    @api.model_create_multi
    def create(self, vals_list):
        changes = super().create(vals_list)
        changes._check_may_change_rule()
        changes.rule_id._renew()
        return changes

    def write(self, vals):
        self._check_may_change_rule()
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

    def _pattern(self):
        """Return the change as the core knows it."""
        return rules.Pattern(self._key(), self._side("old"), self._side("new"))

    def _key(self):
        return f"properties.{self.own_field}" if self.field_name == "properties" else self.field_name

    def _side(self, side):
        kind = self[f"{side}_kind"]
        if kind != "is":
            return rules.Side(kind)
        value = self[f"{side}_{VALUE_COLUMNS[self.field_name]}"]
        return rules.Side(kind, value.id if isinstance(value, models.BaseModel) else value)

    def _text(self):
        """Return the change in words."""
        label = self.own_field if self.field_name == "properties" else dict(self._selection_field_name()).get(self.field_name, "")
        words = []
        for side in ("old", "new"):
            kind = self[f"{side}_kind"]
            if kind == "is" and self.field_name in VALUE_COLUMNS:
                column = f"{side}_{VALUE_COLUMNS[self.field_name]}"
                words.append(self._value_text(self.sudo()[column]))
            else:
                words.append(dict(self._fields[f"{side}_kind"]._description_selection(self.env)).get(kind, ""))
        return label if self.old_kind == self.new_kind == "any" else f"{label}: {words[0]} → {words[1]}"

    def _value_text(self, value):
        """Return a value by the name its reader may read, without what else a caller asks names to say."""
        if not isinstance(value, models.BaseModel):
            return dict(STATE_SELECTION).get(value, "")
        plain = value.with_env(self.rule_id._plain_env())
        return plain.sudo().display_name if plain._filtered_access("read") else NOT_TOLD
