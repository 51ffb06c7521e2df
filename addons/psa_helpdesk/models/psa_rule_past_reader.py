from contextlib import suppress
from datetime import datetime

from odoo import fields

from ..core import history as history_core


class Unknown:
    """A value of the past that history tells in words nobody can trace any more: something, but equal to nothing."""

    def __bool__(self):
        return True


class PastReader:
    """Finds what the words of history stand for: the reverse of how history tells values (``psa_ticket_history_text.py``)."""

    def __init__(self, env, rows, tickets):
        self.env = env
        self.ticket = env["psa.ticket"].sudo()
        self.langs = [code for code, __ in env["res.lang"].get_installed()]
        self.definitions = {desk_id: self._definitions(desk_id) for desk_id in set(tickets.mapped("desk_id.id"))}
        # What is told of, by what it is: {(model, or field of the ticket, or own field of a desk): words}.
        words = {}
        desks = {ticket.id: ticket.desk_id.id for ticket in tickets}
        for ticket_id, of_ticket in rows.items():
            for row in of_ticket:
                __, kind, model, __ = self._kind(row["field_name"], desks[ticket_id])
                if model:
                    for text in filter(None, (row["old_value"], row["new_value"])):
                        words.setdefault(model, set()).update(history_core.joined_parts(text) if kind == "many2many" else (text,))
        self.named = {model: self._records(model, of_model) for model, of_model in words.items()}
        self.around = {}
        self.moment_formats = None
        self.flags = {}
        for lang in self.langs:
            of_lang = env(context={"lang": lang})
            self.flags |= {of_lang._("Yes"): True, of_lang._("No"): False}

    def value(self, fname, text, desk_id):
        """Return the value a text stands for: a column value, the ids of a list; something Unknown if nobody can tell."""
        attribute, kind, model, definition = self._kind(fname, desk_id)
        if not text:
            return () if kind == "many2many" and not definition else [] if kind in ("many2many", "tags") else False
        if kind in ("char", "text"):
            return text
        if kind == "boolean":
            return self.flags.get(text, Unknown())
        if kind == "selection":
            return _only(self._options(definition, kind) if definition else self._selection(fname), text)
        if kind in ("integer", "float", "monetary"):
            with suppress(ValueError):
                return int(text) if kind == "integer" else float(text)
        if kind == "date":
            return self._date(text)
        if kind == "datetime":
            moment = history_core.read_moment(text, self._moment_formats())
            # Own fields keep them as text.
            return Unknown() if moment is None else fields.Datetime.to_string(moment) if definition else moment
        if kind == "many2one":
            return _only(self._around(model, attribute, desk_id), text)
        if kind in ("many2many", "tags"):
            known = self._options(definition, kind) if kind == "tags" else self._around(model, attribute, desk_id)
            found = history_core.read_joined(text, known)
            return Unknown() if found is None else found if definition else tuple(sorted(found))
        return Unknown()

    def _kind(self, fname, desk_id):
        """Return what a field takes: the attribute of its options, its type, its model, and its definition if it is an own field."""
        if fname and fname.startswith("properties."):
            definition = self.definitions.get(desk_id, {}).get(fname.removeprefix("properties."), {})
            return None, definition.get("type"), definition.get("comodel"), definition
        field = self.ticket._fields.get(fname)
        if field is None:
            return None, None, None, None
        return self.ticket._option_attributes().get(fname), field.type, field.comodel_name if field.relational else None, None

    def _definitions(self, desk_id):
        active, archived = self.env["psa.desk"]._own_fields_by_desk().get(desk_id, ((), ()))
        return {definition["name"]: definition for definition in (*archived, *active)}

    def _options(self, definition, kind):
        found = {}
        for option in definition.get(kind) or ():
            found.setdefault(option[1], set()).add(option[0])
        return found

    def _selection(self, fname):
        found = {}
        for lang in self.langs:
            for key, label in self.ticket._fields[fname]._description_selection(self.env(context={"lang": lang})):
                found.setdefault(label, set()).add(key)
        return found

    def _records(self, model_name, words):
        """Return {name: ids} of the records that are called so; records that are gone or called otherwise now are not among them."""
        found = {}
        if model_name not in self.env:
            return found
        model = self.env[model_name].sudo().with_context(active_test=False)
        if hasattr(model, "_history_names"):
            for lang in self.langs:
                for record_id, name in model._history_names(lang).items():
                    found.setdefault(name, set()).add(record_id)
        elif "name" in model._fields and (model._fields["name"].store or model._fields["name"].inherited):
            for record in model.search([("name", "in", list(words))]):
                found.setdefault(record.name, set()).add(record.id)
        return found

    def _around(self, model_name, attribute, desk_id):
        """Return {name: ids} of the records a ticket of a desk may have had: each company and desk has its own of the same names."""
        key = model_name, attribute, desk_id
        if key not in self.around:
            named = self.named.get(model_name, {})
            doubtful = {name: ids for name, ids in named.items() if len(ids) > 1}
            self.around[key] = named if not doubtful else named | {
                name: set(self._nearest(self.env[model_name].sudo().browse(ids), attribute, desk_id)._ids)
                for name, ids in doubtful.items()
            }
        return self.around[key]

    def _nearest(self, records, attribute, desk_id):
        desk = self.env["psa.desk"].sudo().browse(desk_id)
        if records._name == "psa.ticket.option":
            records = records.filtered(lambda option: option.attribute == self.env["psa.desk.attribute"]._option_attribute(attribute))
        for fname, mine in (("company_id", desk.company_id), ("desk_id", desk), ("desk_ids", desk)):
            if fname in records._fields:
                own = records.filtered(lambda record, fname=fname, mine=mine: mine & record[fname])
                records = own or records.filtered(lambda record, fname=fname: not record[fname])
        return records

    def _moment_formats(self):
        """Return how moments are written in the languages of this database."""
        if self.moment_formats is None:
            langs = self.env["res.lang"].sudo().search([("code", "in", self.langs)])
            self.moment_formats = {f"{lang.date_format} {lang.time_format}" for lang in langs}
        return self.moment_formats

    def _date(self, text):
        found = set()
        for lang in self.env["res.lang"].sudo().search([("code", "in", self.langs)]):
            with suppress(ValueError):
                found.add(datetime.strptime(text, lang.date_format).date().isoformat())
        return found.pop() if len(found) == 1 else Unknown()


def _only(known, text):
    """Return the one thing that is called so."""
    found = known.get(text, ())
    return next(iter(found)) if len(found) == 1 else Unknown()
