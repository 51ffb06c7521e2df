from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import rule_values, rules

# Kinds of own fields of which a rule can wait for a certain value; of tags and links it is said in the condition.
EXACT = ("char", "text", "boolean", "integer", "float", "monetary", "date", "datetime", "selection")


class PsaRule(models.Model):
    _inherit = "psa.rule"

    @api.depends("change_ids.old_value", "change_ids.new_value", "change_ids.own_field")
    def _compute_notice(self):  # pylint: disable=missing-return
        super()._compute_notice()
        for rule in self.filtered(lambda rule: not rule.notice and rule.event == "updated"):
            lost = rule.change_ids.filtered(lambda change: change._is_lost())
            if lost:
                rule.notice = self.env._("There is no such value or field any more: %s. Correct it on the page Changes.", lost[0]._text())


class PsaRuleChange(models.Model):
    """A change of an own field: chosen by its label, from a certain value to another."""

    _inherit = "psa.rule.change"

    own_field_id = fields.Many2one(
        "psa.desk.field", "Own Field of the Desk", compute="_compute_own_field_id", readonly=False,
        domain="[('company_id', '=', company_id), ('desk_id', '=?', desk_id), ('type', '!=', 'separator')]",
    )
    desk_id = fields.Many2one(related="rule_id.desk_id")
    can_be_exact = fields.Boolean(compute="_compute_own_field_id")
    old_value = fields.Char("From Value", help="Yes or no, a number, a date like 2026-03-31, a text, or the name of an option.")
    new_value = fields.Char("To Value", help="Yes or no, a number, a date like 2026-03-31, a text, or the name of an option.")

    @api.depends("field_name", "own_field", "rule_id.desk_id", "company_id")
    def _compute_own_field_id(self):
        for change in self:
            change.own_field_id = change._own_field() if change.field_name == "properties" and change.own_field else False
            change.can_be_exact = change.own_field_id.type in EXACT

    @api.onchange("own_field_id")
    def _onchange_own_field_id(self):
        if self.own_field_id:
            self.own_field = self.own_field_id.key

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_key(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_key(vals))

    @api.constrains("field_name", "own_field", "old_kind", "new_kind", "old_value", "new_value")
    def _check_own_value(self):
        for change in self.filtered(lambda change: change.field_name == "properties"):
            for side in ("old", "new"):
                if change[f"{side}_kind"] != "is":
                    continue
                field = change._own_field()
                if not field:
                    continue  # the notice of the rule says so
                if field.type not in EXACT:
                    raise ValidationError(self.env._(
                        "A rule cannot wait for an exact value of %s. Choose another kind, and say the value in the Condition.",
                        field.name or change.own_field,
                    ))
                try:
                    change._own_value(field, side)
                except ValueError as error:
                    raise ValidationError(self.env._(
                        "“%(value)s” is no value of %(label)s. Choose another.", value=change[f"{side}_value"] or "", label=field.name
                    )) from error

    @api.model
    def _with_key(self, vals):
        """Return values that name an own field as it is kept: by its technical name, which every desk of a copy has."""
        field_id = vals.get("own_field_id")
        vals = {fname: value for fname, value in vals.items() if fname != "own_field_id"}
        return {**vals, "own_field": self.env["psa.desk.field"].browse(field_id).key} if field_id else vals

    def _own_field(self):
        """Return the own field that is meant, of the rule's desk or of one of its company."""
        self.ensure_one()
        desk, company = self.rule_id.desk_id._origin, self.company_id._origin
        place = ("desk_id", "=", desk.id) if desk else ("company_id", "=", company.id)
        return self.env["psa.desk.field"].sudo().with_context(active_test=False).search([("key", "=", self.own_field), place], limit=1)

    def _own_value(self, field, side):
        """Return the value an own field has before or after the change; raise ValueError if the text is none."""
        options = {option.key: option.name for option in field.option_ids}
        return rule_values.typed(field.type, self[f"{side}_value"] or "", options)

    def _is_lost(self):
        """Return whether a change waits for what cannot happen any more: its own field, or an option of it, is gone or renamed."""
        self.ensure_one()
        if self.field_name != "properties":
            return False
        field = self._own_field()
        try:
            return not field or any(self[f"{side}_kind"] == "is" and self._own_value(field, side) is None for side in ("old", "new"))
        except ValueError:
            return True

    def _side(self, side):
        if self.field_name != "properties" or self[f"{side}_kind"] != "is":
            return super()._side(side)
        try:
            return rules.Side(rules.IS, self._own_value(self._own_field(), side))
        except ValueError:
            # The field or the option is gone since: there is no such change any more.
            return rules.Side(rules.IS, object())

    def _text(self):
        if self.field_name != "properties":
            return super()._text()
        label, words = self._own_field().name or self.own_field or "", []
        for side in ("old", "new"):
            kind = self[f"{side}_kind"]
            exact = self[f"{side}_value"] or self.env._("nothing")
            words.append(exact if kind == "is" else dict(self._fields[f"{side}_kind"]._description_selection(self.env)).get(kind, ""))
        return label if self.old_kind == self.new_kind == "any" else f"{label}: {words[0]} → {words[1]}"
