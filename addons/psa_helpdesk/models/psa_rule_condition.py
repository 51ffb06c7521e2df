import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class BrokenCondition(Exception):
    """The condition of a rule cannot be read any more, for example because a field it asks about is gone."""


class PsaRule(models.Model):
    """The condition of a rule: a domain, the class of the client, how the ticket came in."""

    _inherit = "psa.rule"

    condition_text = fields.Char("Condition in Words", compute="_compute_condition_text")

    @api.depends("domain", "client_class_ids", "source")
    @api.depends_context("lang")
    def _compute_condition_text(self):
        for rule in self:
            rule.condition_text = rule._condition_text()

    @api.constrains("domain", "desk_id", "company_id")
    def _check_domain(self):
        for rule in self:
            try:
                domain = Domain(ast.literal_eval(rule.domain or "[]"))
            except Exception as error:
                raise ValidationError(self.env._(
                    "The Condition of rule “%(rule)s” cannot be read: %(error)s. It is a list such as [('state', '=', 'open')]; "
                    "dates are written as 'today', 'now -2H' or '2026-05-31'.",
                    rule=rule.name, error=error,
                )) from error
            try:
                domain.validate(self.env["psa.ticket"])
                self.env["psa.ticket"].sudo().search(domain, limit=1)
                self.env["psa.ticket"].sudo().browse().filtered_domain(domain)
            except (ValueError, TypeError, KeyError) as error:
                raise ValidationError(self.env._(
                    "The Condition of rule “%(rule)s” asks about something tickets do not have: %(error)s. Correct it.",
                    rule=rule.name, error=error,
                )) from error

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        created._check_what_is_asked()
        return created

    def write(self, vals):
        result = super().write(vals)
        if "domain" in vals:
            self._check_what_is_asked()
        return result

    def _check_what_is_asked(self):
        """Refuse conditions about what their writer may not read: by what the rule does, he would learn it."""
        if not self.env.su:
            for rule in self:
                self._check_may_ask(self.env["psa.ticket"], Domain(ast.literal_eval(rule.domain)))

    @api.model
    def _check_may_ask(self, model, domain):
        for leaf in domain.iter_conditions():
            asked, field = model, None
            for name in leaf.field_expr.split("."):
                if field is not None and not field.relational:
                    break  # a part of the value, as of an own field or a date
                field = asked._fields[name]
                asked._check_field_access(field, "read")
                if field.relational:
                    asked = self.env[field.comodel_name]
                    asked.check_access("read")
            if isinstance(leaf.value, Domain):
                self._check_may_ask(asked, leaf.value)

    def _condition(self):
        """Return the domain of the tickets the rule acts on, without its reach.

        :raise BrokenCondition: what the rule asks about is not there any more
        """
        self.ensure_one()
        try:
            condition = Domain(ast.literal_eval(self.domain or "[]"))
            condition.validate(self.env["psa.ticket"])
        except Exception as error:
            raise BrokenCondition(str(error)) from error
        if self.source:
            condition &= Domain("source", "=", self.source)
        if self.client_class_ids:
            condition &= Domain("client_id.psa_client_class_id", "in", self.client_class_ids.ids)
        return condition

    def _meeting_condition(self, tickets):
        """Return those of the tickets that are in the rule's reach and meet its condition now.

        :raise BrokenCondition: the condition cannot be asked
        """
        reach = Domain("company_id", "=", self.company_id.id) & Domain("active", "=", True)
        if self.desk_id:
            reach &= Domain("desk_id", "=", self.desk_id.id)
        condition = self._condition()
        try:
            return tickets.filtered_domain(reach & condition)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BrokenCondition(str(error)) from error

    def _condition_text(self):
        """Return the condition as a reader understands it; empty if there is none."""
        self.ensure_one()
        Ticket = self.env["psa.ticket"].sudo()
        words = []
        try:
            parts = ast.literal_eval(self.domain or "[]")
            if {"|", "!"}.isdisjoint(part for part in parts if isinstance(part, str)):
                words += [self._leaf_text(Ticket, leaf) for leaf in Domain(parts).iter_conditions()]
            else:
                words.append(self.domain)
        except Exception:  # a broken condition is shown as it was written
            words = [self.domain]
        if self.client_class_ids:
            words.append(self.env._("client class is %s", ", ".join(self.sudo().client_class_ids.mapped("name"))))
        if self.source:
            words.append(self.env._("came in by %s", dict(self._fields["source"]._description_selection(self.env))[self.source]))
        return "; ".join(words)

    @api.model
    def _leaf_text(self, model, leaf):
        """Return one condition of a domain in words."""
        labels, field = [], None
        for name in leaf.field_expr.split("."):
            field = model._fields.get(name)
            if field is None:
                labels.append(name)
                break
            labels.append(field._description_string(self.env))
            if field.relational:
                model = self.env[field.comodel_name].sudo()
        value = leaf.value
        values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
        if field is not None and field.relational and all(isinstance(item, int) and not isinstance(item, bool) for item in values):
            texts = [record.display_name for record in model.browse(values).exists()]
        elif field is not None and field.type == "selection":
            options = dict(field._description_selection(self.env))
            texts = [str(options.get(item, item)) for item in values]
        else:
            texts = [self.env._("empty") if item in (False, None) else str(item) for item in values]
        operator = {"=": self.env._("is"), "in": self.env._("is"), "!=": self.env._("is not"), "not in": self.env._("is not")}
        return f"{' / '.join(labels)} {operator.get(leaf.operator, leaf.operator)} {', '.join(texts)}"
