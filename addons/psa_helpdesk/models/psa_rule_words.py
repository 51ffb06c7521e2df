import ast

from odoo import api, fields, models
from odoo.fields import Domain

from ..core import rule_words

# How a company works is known to everybody who sees one of its tickets. Who its clients and people are is not.
SET_UP = {"psa.desk", "psa.queue", "psa.ticket.stage", "psa.ticket.option", "psa.ticket.tag"}
NEGATIVE = ("!=", "not in", "not like", "not ilike", "not =like", "not =ilike", "any", "not any")
NOT_TOLD = "…"


class PsaRule(models.Model):
    """Rules in words: to whoever reads the rule, with the names he may read; of a ticket, with the names it has itself.

    The history of a ticket is read by people of other companies, too: it tells what of the condition the ticket met, but not
    which other clients and people the rule is about.
    """

    _inherit = "psa.rule"

    condition_text = fields.Char("Condition in Words", compute="_compute_condition_text")

    @api.depends("domain", "client_class_ids", "source", "event", "change_ids.display_name")
    @api.depends_context("lang", "uid", "allowed_company_ids")
    def _compute_condition_text(self):
        for rule in self:
            changes = rule.change_ids if rule.event == "updated" else rule.change_ids.browse()
            # One of them is enough.
            waited_for = self.env._(" or ").join(change._text() for change in changes)
            rule.condition_text = "; ".join(filter(None, [waited_for, rule._condition_text()]))

    def _reason(self, names, ticket=None, changes=()):
        """Return why the rule acts, in words.

        :param names: the fields whose change set it off
        :param ticket: tell it to whoever may read this ticket; an empty one: to anybody
        :param changes: ids of the changes the rule waits for that set it off
        """
        event = dict(self._fields["event"]._description_selection(self.env)).get(self.event, self.event)
        if self.event == "time":
            event = self._time_text()
        elif names:
            told = {}
            for change in self.change_ids.filtered(lambda change: change.id in changes):
                told.setdefault(change._key(), []).append(change._text(ticket))
            texts = [text for name in names for text in told.get(name) or [self._field_label(name, ticket)]]
            event = self.env._("%(event)s (%(fields)s)", event=event, fields=", ".join(texts))
        condition = self._condition_text(ticket)
        return self.env._("%(event)s; %(condition)s", event=event, condition=condition) if condition else event

    @api.model
    def _field_label(self, name, ticket=None):
        """Return what the desk that is spoken of calls a field of its tickets."""
        desk_id = self._desk_of_words(ticket)
        if name.startswith("properties."):
            own = name.removeprefix("properties.")
            for definition in self.env["psa.ticket"]._own_field_definition(desk_id):
                if definition["name"] == own:
                    return definition.get("string") or own
            return own
        return self.env["psa.ticket"]._desk_label(desk_id, name)

    @api.model
    def _desk_of_words(self, ticket):
        """Return the id of the desk in whose words a rule is told: that of the ticket, else the one the rule is for, if any."""
        return (ticket or self).sudo().desk_id[:1].id

    def _condition_text(self, ticket=None):
        """Return the condition as a reader understands it; empty if there is none. For ``ticket`` see ``_reason``."""
        self.ensure_one()
        words = []
        try:
            parts = ast.literal_eval(self.domain or "[]")
            if {"|", "!"}.isdisjoint(part for part in parts if isinstance(part, str)):
                words += [self._leaf_text(leaf, ticket) for leaf in Domain(parts).iter_conditions()]
            elif ticket is None:
                words += rule_words.in_words(parts, self._part_text, self.env._(" and "), self.env._(" or "), self.env._("not (%s)"))
            else:
                leaves = Domain(parts).optimize(self.env["psa.ticket"].sudo()).iter_conditions()
                words += [self._leaf_text(leaf, ticket) for leaf in leaves if ticket.sudo().filtered_domain(leaf)]
        except Exception:  # a broken condition is shown as it was written
            words = [self.domain] if ticket is None else []
        classes = self.sudo().client_class_ids
        if classes:
            met = classes if ticket is None else classes & ticket.sudo().client_id.psa_client_class_id
            words.append(self.env._("client class is %s", ", ".join(met.mapped("name")) or NOT_TOLD))
        if self.source:
            words.append(self.env._("came in by %s", dict(self._fields["source"]._description_selection(self.env))[self.source]))
        return "; ".join(words)

    @api.model
    def _part_text(self, part):
        """Return one part of a condition in words; what every ticket meets, or none, is left as it is written."""
        leaf = next(Domain([part]).iter_conditions(), None)
        return str(part) if leaf is None else self._leaf_text(leaf)

    @api.model
    def _leaf_text(self, leaf, ticket=None):
        """Return one condition of a domain in words."""
        field, model, is_private = None, self._plain_env()["psa.ticket"], False
        for name in leaf.field_expr.split("."):
            field = model._fields.get(name)
            if field is None:
                break
            if field.relational:
                model = model.env[field.comodel_name]
                is_private = is_private or field.comodel_name not in SET_UP
        value = leaf.value
        values = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
        are_ids = field is not None and field.relational and all(type(item) is int for item in values)
        if leaf.field_expr.startswith("properties."):
            texts = self._own_field_texts(leaf, values, ticket)
        elif ticket is not None and (is_private or leaf.operator in ("any", "not any")):
            texts = self._texts_of_ticket(leaf, values, ticket.sudo(), are_ids)
        elif are_ids:
            records = model.browse(values).exists()
            readable = records._filtered_access("read")
            texts = [record.sudo().display_name if record in readable else NOT_TOLD for record in records]
        elif field is not None and field.type == "selection":
            options = dict(field._description_selection(self.env))
            texts = [str(options.get(item, item)) for item in values]
        else:
            texts = [self._value_text(item) for item in values]
        return f"{self._path_label(leaf.field_expr, ticket)} {self._operator_text(leaf.operator)} {', '.join(texts)}"

    @api.model
    def _path_label(self, field_expr, ticket=None):
        """Return what a condition asks about, as the desk that is spoken of calls it."""
        labels, model = [], self._plain_env()["psa.ticket"]
        path = field_expr.split(".")
        for depth, name in enumerate(path):
            field = model._fields.get(name)
            if field is None:
                labels.append(name)
                break
            if field.type == "properties" and depth + 1 < len(path):
                labels.append(self._field_label(field_expr, ticket))
                break
            labels.append(field._description_string(self.env) if depth else self._field_label(name, ticket))
            if field.relational:
                model = model.env[field.comodel_name]
        return " / ".join(labels)

    @api.model
    def _operator_text(self, operator):
        """Return a comparison as people say it; what only those write who know domains is left as it is."""
        contains, lacks = self.env._("contains"), self.env._("does not contain")
        return {
            "=": self.env._("is"), "in": self.env._("is"), "!=": self.env._("is not"), "not in": self.env._("is not"),
            "ilike": contains, "like": contains, "not ilike": lacks, "not like": lacks,
            ">": self.env._("is above"), ">=": self.env._("is at least"), "<": self.env._("is below"), "<=": self.env._("is at most"),
            "child_of": self.env._("is or is below"),
        }.get(operator, operator)

    @api.model
    def _own_field_texts(self, leaf, values, ticket=None):
        """Return what the condition on an own field compares with: options by their labels, records by their names."""
        name = leaf.field_expr.partition(".")[2]
        definitions = self.env["psa.ticket"]._own_field_definition(self._desk_of_words(ticket))
        definition = next((one for one in definitions if one["name"] == name), {})
        kind, model = definition.get("type"), definition.get("comodel")
        labels = {key: label for key, label, *__ in definition.get(kind) or ()} if kind in ("selection", "tags") else {}
        if not model or model not in self.env:
            return [self._value_text(labels.get(item, item)) for item in values]
        ids = [item for item in values if type(item) is int]
        records = self._plain_env()[model].browse(ids).exists()
        if ticket is None:
            known = records._filtered_access("read")
        else:
            held = ticket.sudo()._own_field_values().get(name) if ticket and leaf.operator not in NEGATIVE else ()
            known = records.filtered(lambda record: record.id in (held if isinstance(held, list) else [held]))
        texts = [self._value_text(item) for item in values if type(item) is not int]
        texts += known.sudo().mapped("display_name")
        return texts if ticket is not None and texts else [*texts, *[NOT_TOLD] * bool(ids and len(known) < len(ids))]

    @api.model
    def _texts_of_ticket(self, leaf, values, ticket, are_ids):
        """Return what of the values is true of the ticket itself; the rest is nobody's business."""
        if all(item is False or item is None for item in values):
            return [self._value_text(item) for item in values]
        if leaf.operator in NEGATIVE or not ticket:
            return [NOT_TOLD]
        if leaf.operator in ("=", "in"):
            own = ticket.mapped(leaf.field_expr)
            if are_ids:
                return [record.with_env(self._plain_env(su=True)).display_name for record in own if record.id in values] or [NOT_TOLD]
            values = [item for item in values if item in own] if isinstance(own, list) else values
        return [self._value_text(item) for item in values] or [NOT_TOLD]

    @api.model
    def _value_text(self, value):
        # Zero is a number.
        return self.env._("empty") if value is False or value is None else str(value)

    def _plain_env(self, su=None):
        """Return the environment of the reader without what else a caller says: names may say more when they are asked to."""
        context = {key: self.env.context[key] for key in ("lang", "allowed_company_ids") if key in self.env.context}
        return self.env(context=context) if su is None else self.env(context=context, su=su)
