import json
from datetime import date, datetime, timezone

from odoo.fields import Properties
from odoo.orm.fields import Field
from odoo.orm.utils import COLLECTION_TYPES
from odoo.tools import SQL
from odoo.tools.date_utils import parse_date

from ..core import own_field_match, own_fields

POSITIVE = {"not in": "in", "not like": "like", "not ilike": "ilike", "not =like": "=like", "not =ilike": "=ilike"}
SIGNS = {"<": SQL("<"), "<=": SQL("<="), ">": SQL(">"), ">=": SQL(">=")}
NOTHING = [json.dumps(empty) for empty in (False, None, "", [])]


class OwnFields(Properties):
    """Properties that are searched and filtered alike, and for which zero is not the same as nothing.

    Odoo compares what is stored with the words people read when it filters, so a tag or a linked record equals nothing there; its
    queries take 1 for “anything” and 0 for “nothing”, find tickets without a value where a number or a date is asked for, and lose
    those that never had a value where something is excluded. Here both ask what ``core/own_field_match.py`` says, and what a
    negative operator finds is the rest.
    """

    def _filter_not_equal(self, records, cache_value):
        changed = super()._filter_not_equal(records, cache_value)
        # Odoo compares dictionaries as Python does, and 0 == False there.
        cache, told = self._get_cache(records.env), json.dumps(cache_value, sort_keys=True, default=str)
        return records.filtered(
            lambda record: record in changed or json.dumps(cache.get(record.id), sort_keys=True, default=str) != told
        )

    def filter_function(self, records, field_expr, operator, value):
        name = field_expr.partition(".")[2]
        if operator == "in" and isinstance(value, COLLECTION_TYPES):
            wanted = _plain(value, records.env)
            return lambda record: own_field_match.is_one_of(self._held(record, name), wanted)
        if operator in own_field_match.COMPARISONS:
            wanted = _plain([value], records.env, is_moment=True)[0]
            return lambda record: own_field_match.compares(self._held(record, name), operator, wanted)
        if operator.endswith("like"):
            is_like = Field.filter_function(_Words(self, name), records, field_expr, operator, value)
            return lambda record: own_field_match.text(self._held(record, name)) is not None and bool(is_like(record))
        return super().filter_function(records, field_expr, operator, value)

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        if operator in POSITIVE:
            return SQL("(%s) IS NOT TRUE", self.condition_to_sql(field_expr, POSITIVE[operator], value, model, alias, query))
        held = model._field_to_sql(alias, field_expr, query)
        if operator == "in" and isinstance(value, COLLECTION_TYPES):
            return self._is_one_of_sql(held, _plain(value, model.env))
        if operator in own_field_match.COMPARISONS:
            value = _plain([value], model.env, is_moment=True)[0]
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                return SQL("FALSE")
            if isinstance(value, str):
                # By the order of characters, as the core compares.
                return SQL("(jsonb_typeof(%s) = 'string' AND (%s #>> '{}') COLLATE \"C\" %s %s)", held, held, SIGNS[operator], value)
            return SQL("(jsonb_typeof(%s) = 'number' AND %s %s %s::jsonb)", held, held, SIGNS[operator], json.dumps(value))
        sql = super().condition_to_sql(field_expr, operator, value, model, alias, query)
        # What is not there is stored as False and would be found as the word.
        return SQL("(jsonb_typeof(%s) NOT IN ('boolean', 'null') AND %s)", held, sql) if operator.endswith("like") else sql

    def _is_one_of_sql(self, held, wanted):
        nothing = SQL("(%s IS NULL OR %s = ANY(%s::jsonb[]))", held, held, NOTHING)
        parts = [nothing] if any(map(own_fields.is_empty, wanted)) else []
        if any(one is True for one in wanted):
            parts.append(SQL("NOT %s", nothing))
        for one in wanted:
            # The indexes of Fast Search are made for these two questions.
            if one is not True and not own_fields.is_empty(one):
                parts += [SQL("%s = %s", held, json.dumps(one)), SQL("%s @> %s", held, json.dumps([one]))]
        return SQL("(%s)", SQL(" OR ").join(parts)) if parts else SQL("FALSE")

    def _held(self, record, name):
        """Return what a record holds, as it is stored."""
        return (record.sudo()[self.name]._values or {}).get(name)


class _Words:
    """An own field as Odoo looks for patterns in it: the words of what is stored, as its query does."""

    falsy_value = None

    def __init__(self, field, name):
        self.field, self.name = field, name

    def expression_getter(self, field_expr):
        return lambda record: own_field_match.text(self.field._held(record, self.name)) or ""


def _plain(values, env, is_moment=False):
    """Return the values of a condition as JSON has them; the moments of a comparison may be told from now on, like “today -3d”."""
    def is_relative(value):
        return is_moment and isinstance(value, str) and value.startswith(("today", "now"))

    return [_json_of(parse_date(value, env) if is_relative(value) else value) for value in values]


def _json_of(value):
    if isinstance(value, datetime):
        utc = value.astimezone(timezone.utc) if value.tzinfo else value
        return utc.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value
