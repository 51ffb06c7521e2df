"""Values of own fields: merged into what is there, and checked against the definition.

The definition is a list of dicts as Odoo's Properties keep them: name, type, string, and for some types selection or tags.
"""

from datetime import date, datetime

_TYPES = {
    'boolean': bool, 'integer': int, 'float': (int, float), 'monetary': (int, float), 'char': str, 'text': str,
    'html': str, 'many2one': int, 'many2many': list, 'tags': list,
}


class InvalidValue(ValueError):
    """A value that its field cannot take.

    :ivar field: label of the field, or the key where no field has it
    :ivar is_unknown: whether there is no such field
    """

    def __init__(self, field, is_unknown=False):
        super().__init__(field)
        self.field = field
        self.is_unknown = is_unknown


def merge_values(current, changes, definition):
    """Return the values with the changes put in; what is not mentioned stays, what no field knows any more goes.

    >>> merge_values({'a': 1, 'b': 2}, {'b': 3}, [{'name': 'a', 'type': 'integer'}, {'name': 'b', 'type': 'integer'}])
    {'a': 1, 'b': 3}

    :raise InvalidValue: for a key without a field, and for a value the field cannot take
    """
    fields = {field['name']: field for field in definition}
    for name, value in changes.items():
        if name not in fields:
            raise InvalidValue(name, is_unknown=True)
        if not _fits(value, fields[name]):
            raise InvalidValue(fields[name].get('string') or name)
    return {name: value for name, value in {**current, **changes}.items() if name in fields}


def _fits(value, field):
    kind = field['type']
    if value is None or value is False:
        return True  # empty
    if kind == 'selection':
        return value in {key for key, _label in field.get('selection') or ()}
    if kind == 'tags':
        known = {tag[0] for tag in field.get('tags') or ()}
        return isinstance(value, list) and all(tag in known for tag in value)
    if kind in ('date', 'datetime'):
        return _is_moment(value, kind)
    expected = _TYPES.get(kind)
    if expected is None:
        return False  # separators and kinds this version does not know hold no value
    return isinstance(value, expected) and (kind == 'boolean' or not isinstance(value, bool))


def _is_moment(value, kind):
    if isinstance(value, date):
        return True
    try:
        (date if kind == 'date' else datetime).fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True
