from odoo import api, models

from ..core import rule_exchange as exchange
from ..core import rule_exchange_own as own

CHOICES = ("selection", "tags")


class PsaRule(models.Model):
    """Own fields of desks in a file of rules: told by their labels, for their technical names are others in each database."""

    _inherit = "psa.rule"

    @api.model
    def _exchange_schema(self):
        schema = super()._exchange_schema()
        schema["rule"]["own_fields"] = exchange.OWN_FIELDS
        return schema

    @api.model
    def _export_record(self, kind, record):
        result = super()._export_record(kind, record)
        names = own.used(result) if kind == "rule" else ()
        if names:
            fields = record._own_fields_meant(names, record.company_id, record.desk_id)
            result["own_fields"] = [
                [name, field.name, field.type, [[option.key, option.name] for option in field.option_ids] if field.type in CHOICES else []]
                for name, found in fields.items() for field in found[:1]
            ]
        return result

    @api.model
    def _own_fields_meant(self, names, company, desk):
        """Return {technical name: own fields of the desk, or of the desks of the company, that are called so}."""
        domain = [("key", "in", list(names)), ("desk_id", "=", desk.id) if desk else ("company_id", "=", company.id)]
        found = self.env["psa.desk.field"].search(domain).grouped("key")
        return {name: found.get(name, self.env["psa.desk.field"]) for name in names}

    @api.model
    def _exchange_comodel(self, path):
        if not path.startswith(own.PREFIX):
            return super()._exchange_comodel(path)
        name = path.removeprefix(own.PREFIX)
        definitions = (field for fields in self.env["psa.desk"]._own_fields_by_desk().values() for of_desk in fields for field in of_desk)
        return next((field.get("comodel") for field in definitions if field["name"] == name), None)

    @api.model
    def _domain_problems(self, place, fname, value):
        # Which own field is meant, and to what it leads, is looked up when it is known where the rule goes.
        return () if fname.startswith(own.PREFIX) else super()._domain_problems(place, fname, value)

    @api.model
    def _find_references(self, document, company, desk=None):
        unknown = []
        document["rules"][:] = [self._with_own_fields_of(rule, company, desk, unknown) for rule in document["rules"]]
        found, others = super()._find_references(document, company, desk)
        return found, [*others, *dict.fromkeys(unknown)]

    @api.model
    def _with_own_fields_of(self, rule, company, desk, unknown):
        """Return a rule of a file with the own fields there are where it goes; ``unknown`` gets what is not there, in words."""
        names = own.used(rule)
        if not names:
            return own.renamed(rule, {}, {})
        place = desk
        if not place and rule.get("desk_id"):
            place = self._find_reference(rule["desk_id"], company)[:1]
        domain = [("desk_id", "=", place.id) if place else ("company_id", "=", company.id)]
        here = self.env["psa.desk.field"].search(domain, order="desk_id, sequence, id")
        told, keys, options = {entry[0]: entry[1:] for entry in rule.get("own_fields") or ()}, {}, {}
        for name in names:
            label, kind, choices = told.get(name, (name, None, ()))
            alike = here.filtered(lambda field, kind=kind: kind in (None, field.type))
            meant = alike.filtered(lambda field, name=name: field.key == name)
            meant = meant or alike.filtered(lambda field, label=label: field.name == label)
            if len(set(meant.mapped("key"))) != 1:
                text = self.env._("Own field “%s”", label)
                unknown.append(self.env._("Own field “%s”: there are several of that name.", label) if meant else text)
                continue
            keys[name] = meant[0].key
            mine = meant[0].option_ids if meant[0].type in CHOICES else meant.option_ids.browse()
            for option, text in choices:
                same = mine.filtered(lambda row, option=option: row.key == option) or mine.filtered(lambda row, text=text: row.name == text)
                if same:
                    options.setdefault(name, {})[option] = same[0].key
            for option in self._options_asked_for(rule, name):
                if mine and options.get(name, {}).get(option, option) not in mine.mapped("key"):
                    unknown.append(self.env._(
                        "Own field “%(field)s”: option “%(option)s”", field=label, option=dict(choices).get(option, option)
                    ))
        return own.renamed(rule, keys, options)

    @api.model
    def _options_asked_for(self, rule, name):
        """Yield the texts the condition of a rule compares an own field with."""
        for item in rule.get("domain") or ():
            if isinstance(item, list) and len(item) == 3 and item[0] == f"{own.PREFIX}{name}":
                yield from (value for value in (item[2] if isinstance(item[2], list) else [item[2]]) if isinstance(value, str) and value)
