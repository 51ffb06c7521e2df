from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import rule_changes, rule_values

# Own fields of these types keep what a text cannot name: of them, a value is said in the condition.
UNNAMED = ("html", "many2one", "many2many")


class PsaRule(models.Model):
    _inherit = "psa.rule"

    @api.depends("change_ids.display_name")
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

    @api.depends("field_name", "own_field", "rule_id.desk_id", "company_id")
    def _compute_own_field_id(self):
        for change in self:
            change.own_field_id = change._own_field() if change.field_name == "properties" and change.own_field else False

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
            field = change._own_field()
            for side, kinds in zip(("old", "new"), change._offered(), strict=True):
                if not field or change[f"{side}_kind"] not in kinds or change[f"{side}_kind"] in rule_changes.BASIC:
                    continue  # of a field that is gone, the notice of the rule says so
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
        value = rule_values.typed(field.type, self[f"{side}_value"] or "", options)
        if field.type == "tags" and value:
            if len(value) > 1:
                raise ValueError(self[f"{side}_value"])
            return value[0]
        return value

    def _column(self):
        return "value" if self.field_name == "properties" else super()._column()

    def _offered(self):
        if self.field_name != "properties":
            return super()._offered()
        kind = self._own_field().type if self.own_field else None
        if not kind:
            # Nobody knows what is gone: it may have been anything.
            return [kind for kind, __ in self._fields["old_kind"].selection], [kind for kind, __ in self._fields["new_kind"].selection]
        if kind in UNNAMED:
            return list(rule_changes.BASIC), list(rule_changes.BASIC)
        return [list(rule_changes.offered(kind, is_new)) for is_new in (False, True)]

    def _wanted(self, side):
        return self._own_value(self._own_field(), side) if self.field_name == "properties" else super()._wanted(side)

    def _is_missing(self, side):
        # Nothing is a value, too: exactly no text, a box that is not ticked.
        is_nothing_meant = self.field_name == "properties" and self[f"{side}_kind"] == rule_changes.IS
        return not is_nothing_meant and super()._is_missing(side)

    def _is_lost(self):
        """Return whether a change waits for what cannot happen any more: its own field, or an option of it, is gone or renamed."""
        if self.field_name != "properties" or super()._is_lost():
            return super()._is_lost()
        field = self._own_field()
        try:
            return not field or any(
                self[f"{side}_kind"] not in rule_changes.BASIC and self._own_value(field, side) is None for side in ("old", "new")
            )
        except ValueError:
            return True

    def _side(self, side):
        try:
            return super()._side(side)
        except ValueError:
            # The field or the option is gone since: there is no such change any more.
            return rule_changes.Side(rule_changes.IS, object())

    def _field_text(self, ticket=None):
        if self.field_name != "properties":
            return super()._field_text(ticket)
        return self._own_field().name or self.own_field or ""

    def _side_text(self, side, ticket=None):
        is_exact = self.field_name == "properties" and self[f"{side}_kind"] == rule_changes.IS
        return self.env._("nothing") if is_exact and not self[f"{side}_value"] else super()._side_text(side, ticket)
