import ast

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Datetime, Domain

from ..core import rule_exchange as exchange
from .psa_rule_action import GUARDED_KINDS

MODELS = {"rule": "psa.rule", "change": "psa.rule.change", "action": "psa.rule.action"}
LISTS = {"changes": "change_ids", "actions": "action_ids"}
# Where a rule belongs, and whether it runs, is said where it is taken in.
LEFT_OUT = {"rule_id", "company_id", "active", "active_since", "armed_upto", "escalation_contact_ids"}
KINDS = {
    "char": exchange.TEXT, "text": exchange.TEXT, "integer": exchange.INTEGER, "float": exchange.NUMBER, "boolean": exchange.BOOLEAN,
    "datetime": exchange.MOMENT, "many2one": exchange.REFERENCE, "many2many": exchange.REFERENCES,
}
NAME_FIELDS = {"res.users": "login", "res.lang": "code"}
UNREADABLE = "…"


class UnknownReferences(UserError):
    """A file points to what is not here."""


class PsaRule(models.Model):
    """Rules as files for another database: nothing in a file is executed, and what it points to is found by name or told."""

    _inherit = "psa.rule"

    # Out

    def _export_document(self):
        """Return these rules as a document of ``core/rule_exchange.py``, with the names of what the reader may read."""
        self.check_access("read")
        return {
            "format": exchange.FORMAT, "version": exchange.VERSION,
            "rules": [self._export_record("rule", rule) for rule in self.sudo()],
        }

    def _export_text(self, kind):
        """Return these rules as a file: "json" or "xml"."""
        document = self._export_document()
        return exchange.dump_xml(document) if kind == "xml" else exchange.dump_json(document)

    @api.model
    def _exchange_schema(self):
        """Return {rule / change / action: {field: kind}}: what a file may say."""
        schema = {}
        for name, model_name in MODELS.items():
            model = self.env[model_name].sudo()
            fields = {}
            for fname, field in model._fields.items():
                if not field.store or fname in LEFT_OUT or fname in models.MAGIC_COLUMNS or (field.readonly and not field.compute):
                    continue
                if field.type == "selection":
                    fields[fname] = tuple(value for value, __ in field._description_selection(self.env))
                elif field.type in KINDS:
                    fields[fname] = KINDS[field.type]
            schema[name] = fields
        schema["rule"]["domain"] = exchange.DOMAIN
        return schema

    @api.model
    def _export_record(self, kind, record):
        record = record.with_context(lang="en_US")
        schema = [fname for fname in self._exchange_schema()[kind] if fname in record._fields]
        defaults = record.default_get(schema)
        result, translations = {}, {}
        for fname in schema:
            field = record._fields[fname]
            if not self.env[record._name]._has_field_access(field, "read"):
                continue
            value = record[fname]
            if field.type == "many2one":
                if value.id != defaults.get(fname, False):
                    result[fname] = self._exchange_reference(value) if value else None
            elif field.type == "many2many":
                value = record.with_context(active_test=False)[fname]
                if value:
                    result[fname] = [self._exchange_reference(item) for item in value]
            elif fname == "domain":
                result[fname] = self._export_domain(value)
            elif value != defaults.get(fname, False) or fname in ("name", "kind", "event"):
                value = Datetime.to_string(value) if field.type == "datetime" else value
                result[fname] = value if value or field.type in ("integer", "float", "boolean") else None
            if field.translate and value:
                texts = {
                    row["lang"]: row["value"] for row in record.get_field_translations(fname)[0]
                    if row["value"] and row["lang"] != "en_US" and row["value"] != value
                }
                if texts:
                    translations[fname] = texts
        if translations:
            result["translations"] = translations
        if kind == "rule":
            for name, fname in LISTS.items():
                if record[fname]:
                    result[name] = [self._export_record(exchange.PARTS[name], part) for part in record[fname]]
        return result

    @api.model
    def _exchange_reference(self, record):
        """Return how another database finds a record: by the name it was shipped under, or by the name people gave it.

        What the reader may not read is told as "…".
        """
        if not self._exchange_readable(record):
            return {"model": record._name, "name": UNREADABLE}
        record = record.sudo().with_context(lang="en_US")
        reference = {"model": record._name, "name": record[NAME_FIELDS.get(record._name, record._rec_name)] or ""}
        xmlid = record.get_external_id().get(record.id, "")
        if xmlid and not xmlid.startswith("__"):
            reference["xmlid"] = xmlid
        if record._name == "psa.ticket.option":
            reference["detail"] = record.attribute
        return reference

    @api.model
    def _exchange_readable(self, records):
        """Return those of the records that the reader may read, whatever he says of languages and the like."""
        context = {key: value for key, value in self.env.context.items() if key == "allowed_company_ids"}
        return records.with_env(self.env(context=context))._filtered_access("read")

    @api.model
    def _export_domain(self, domain):
        try:
            parsed = ast.literal_eval(domain or "[]")
        except (ValueError, SyntaxError) as error:
            raise UserError(self.env._("The Condition cannot be exported, for it cannot be read: %s", domain)) from error

        def replace(fname, value):
            model = self._exchange_comodel(fname)
            if not model:
                return list(value) if isinstance(value, tuple) else value
            values = value if isinstance(value, (list, tuple)) else [value]
            is_id = [isinstance(item, int) and not isinstance(item, bool) for item in values]
            ids = [item for item, is_one in zip(values, is_id, strict=True) if is_one]
            readable = self._exchange_readable(self.env[model].sudo().browse(ids).exists())
            named = [
                item if not is_one
                else self._exchange_reference(readable.browse(item)) if item in readable._ids
                # The same whether there is one or not: nobody learns which numbers there are.
                else {"model": model, "name": UNREADABLE}
                for item, is_one in zip(values, is_id, strict=True)
            ]
            return named if isinstance(value, (list, tuple)) else named[0]

        return exchange.map_domain(list(parsed), replace)

    @api.model
    def _exchange_comodel(self, path):
        """Return the model whose records a field of tickets points to, or None."""
        model, comodel = self.env["psa.ticket"], None
        for name in path.split("."):
            field = model._fields.get(name) if model is not None else None
            comodel = field.comodel_name if field is not None and field.relational else None
            model = self.env[comodel] if comodel else None
        return comodel

    # In

    @api.model
    def _import_text(self, text, kind, company, desk=None, leave_open=False):
        """Make rules of a file, out of service, and return them.

        :param leave_open: take rules in that point to what is not here, with these places empty
        :raise UnknownReferences: something is not here, and it is not to be left open
        :raise UserError: the file cannot be taken in, with everything that is wrong with it
        """
        document = self._import_document(text, kind)
        found, unknown = self._find_references(document, company, desk)
        if unknown and not leave_open:
            raise UnknownReferences("\n".join([self.env._("The file points to what is not here:"), *unknown]))
        return self._import_rules(document, found, unknown, company, desk)

    @api.model
    def _import_document(self, text, kind):
        """Return the document in a file, or refuse it with everything that is wrong."""
        try:
            document = exchange.load_xml(text) if kind == "xml" else exchange.load_json(text)
        except exchange.ExchangeError as error:
            raise UserError(self._exchange_refusal(error)) from error
        schema = self._exchange_schema()
        document = exchange.normalise(document, schema)
        problems = [self._problem_text(problem) for problem in exchange.check(document, schema)]
        problems += [] if problems else self._own_problems(document)
        if problems:
            raise UserError("\n".join([self.env._("The file cannot be taken in. Correct it, or export it anew:"), *problems]))
        return document

    @api.model
    def _own_problems(self, document):
        """Return what the core cannot see: names that are missing, kinds of actions that are not for this user, wrong models."""
        problems = []
        for number, rule in enumerate(document["rules"], start=1):
            place = rule.get("name") or str(number)
            if not rule.get("name"):
                problems.append(self.env._("Rule %s has no name.", number))
            problems += [
                self.env._(
                    "%(rule)s: actions of the kind “%(kind)s” are set up by people of %(group)s only.",
                    rule=place, kind=kind, group=self.env.ref(GUARDED_KINDS[kind]).sudo().full_name,
                )
                for kind in {action.get("kind") for action in rule.get("actions", ())} & GUARDED_KINDS.keys()
                if not self.env.su and not self.env.user.has_group(GUARDED_KINDS[kind])
            ]
            for record, model_name in self._records_of(rule):
                fields = self.env[model_name]._fields
                for fname, value in record.items():
                    values = value if isinstance(value, list) else [value]
                    if fname in fields and fields[fname].relational and any(
                        exchange.is_reference(item) and item["model"] != fields[fname].comodel_name for item in values
                    ):
                        problems.append(self.env._("%(rule)s: %(field)s points to something else than it can.", rule=place, field=fname))
            exchange.map_domain(rule.get("domain") or [], lambda fname, value, place=place, problems=problems: problems.extend(
                self._domain_problems(place, fname, value)
            ))
        return problems

    @api.model
    def _domain_problems(self, place, fname, value):
        comodel = self._exchange_comodel(fname)
        for item in value if isinstance(value, list) else [value]:
            if exchange.is_reference(item) and item["model"] != comodel:
                yield self.env._("%(rule)s: the condition on %(field)s points to something else than it can.", rule=place, field=fname)
            elif comodel and isinstance(item, int) and not isinstance(item, bool):
                yield self.env._(
                    "%(rule)s: the condition on %(field)s has the number %(number)s, which means nothing here. Give a name.",
                    rule=place, field=fname, number=item,
                )

    @api.model
    def _records_of(self, rule):
        yield rule, "psa.rule"
        for name, kind in exchange.PARTS.items():
            for part in rule.get(name, ()):
                yield part, MODELS[kind]

    @api.model
    def _find_references(self, document, company, desk=None):
        """Return ({key of a reference: record}, [what is not here, in words]), looked up with the rights of the user."""
        found, unknown = {}, []
        for reference in exchange.references(document):
            records = self._find_reference(reference, company, desk)
            if len(records) == 1:
                found[exchange.reference_key(reference)] = records
                continue
            model = self.env[reference["model"]]._description if reference["model"] in self.env else reference["model"]
            if records:
                unknown.append(self.env._("%(model)s “%(name)s”: there are several of that name.", model=model, name=reference["name"]))
            else:
                unknown.append(self.env._("%(model)s “%(name)s”", model=model, name=reference["name"]))
        return found, unknown

    @api.model
    def _find_reference(self, reference, company, desk=None):
        """Return the records a reference may mean, as far as the user sees them."""
        if reference["model"] not in self.env:
            return self.browse()
        model = self.env[reference["model"]].with_context(lang="en_US")
        if not model.has_access("read"):
            return model
        domain = Domain.TRUE
        if "company_ids" in model._fields:
            domain &= Domain("company_ids", "in", company.ids)
        elif "company_id" in model._fields:
            domain &= Domain("company_id", "in", [False, company.id])
        if reference["model"] == "psa.ticket.option" or (reference["model"] == "psa.desk.field" and desk):
            domain &= Domain("desk_id", "in", [False, *(desk.ids if desk else ())])
        if reference["model"] == "psa.ticket.option":
            domain &= Domain("attribute", "=", reference.get("detail", ""))
        if "." in reference.get("xmlid", ""):
            shipped = self.env.ref(reference["xmlid"], raise_if_not_found=False)
            if shipped and shipped._name == model._name and model.search(domain & Domain("id", "=", shipped.id), limit=1):
                return model.browse(shipped.id)
        name_field = NAME_FIELDS.get(model._name, model._rec_name)
        if not name_field or reference["name"] in ("", UNREADABLE):
            return model
        records = model.search(domain & Domain(name_field, "=", reference["name"]), limit=10)
        if len(records) > 1 and "desk_id" in model._fields and desk:
            records = records.filtered(lambda record: record.desk_id == desk) or records
        if len(records) > 1 and "company_id" in model._fields:
            records = records.filtered(lambda record: record.company_id == company) or records
        return records

    @api.model
    def _import_rules(self, document, found, unknown, company, desk):
        rules, texts = self.browse(), []
        for record in document["rules"]:
            vals = {
                **self._import_vals(record, "psa.rule", found),
                **{
                    LISTS[name]: [Command.create(self._import_vals(part, MODELS[kind], found)) for part in record.get(name, ())]
                    for name, kind in exchange.PARTS.items()
                },
                "active": False,
                "company_id": company.id,
            }
            if desk:
                vals["desk_id"] = desk.id
            if unknown:
                vals["description"] = "\n".join(filter(None, [
                    vals.get("description"), self.env._("Still to be filled in, as far as this rule is concerned:"), *unknown
                ]))
            rule = self.with_context(lang="en_US").create(vals).with_env(self.env)
            rules |= rule
            texts.append((rule, record))
            for name in exchange.PARTS:
                texts += zip(rule[LISTS[name]], record.get(name, ()), strict=True)
        installed = {code for code, __ in self.env["res.lang"].get_installed()}
        for record, exported in texts:
            for fname, translations in exported.get("translations", {}).items():
                record.update_field_translations(fname, {lang: text for lang, text in translations.items() if lang in installed})
        return rules

    @api.model
    def _import_vals(self, record, model_name, found):
        """Return the values a new record is made with."""
        fields = self.env[model_name]._fields
        vals = {}
        for fname, value in record.items():
            if fname == "translations" or fname in LISTS or fname not in fields:
                continue
            kind = fields[fname].type
            if fname == "domain":
                vals[fname] = str(self._import_domain(value or [], found))
            elif kind == "many2one":
                target = found.get(exchange.reference_key(value)) if value else None
                vals[fname] = target.id if target else False
            elif kind == "many2many":
                targets = [found.get(exchange.reference_key(item)) for item in value or ()]
                vals[fname] = [Command.set([target.id for target in targets if target])]
            else:
                vals[fname] = False if value is None else value
        return vals

    @api.model
    def _import_domain(self, domain, found):
        """Return a condition with the records that are here; a condition on one that is not is met by no ticket."""
        def replace(_fname, value):
            if exchange.is_reference(value):
                record = found.get(exchange.reference_key(value))
                return record.id if record else 0
            if isinstance(value, list):
                return [part for part in (replace(_fname, item) for item in value) if part != 0 or isinstance(part, bool)] or [0]
            return value

        return [tuple(item) if isinstance(item, list) else item for item in exchange.map_domain(domain, replace)]

    @api.model
    def _exchange_refusal(self, error):
        return {
            "format": self.env._("This is no file of workflow rules. Choose one that was exported here."),
            "version": self.env._("The file is of version %s, which this system does not know. Update it, or export anew.", error.detail),
            "size": self.env._("The file is larger than %s bytes. Export fewer rules at a time.", error.detail),
            "many": self.env._("The file has more than %s rules. Export fewer at a time.", error.detail),
            "doctype": self.env._("The file has a document type, which may hide anything. Remove it."),
            "encoding": self.env._("The file is not in UTF-8. Save it so."),
            "element": self.env._("The file has an element that no rule has: %s", error.detail),
        }.get(error.code) or self.env._("The file cannot be read: %s", error.detail)

    @api.model
    def _problem_text(self, problem):
        texts = {
            "field": self.env._("%s: there is no such field.", problem.place),
            "value": self.env._("%(place)s: “%(value)s” is no value for it.", place=problem.place, value=problem.detail),
            "parts": self.env._("%(place)s: its %(name)s are no list, or too long a one.", place=problem.place, name=problem.detail),
        }
        return texts.get(problem.code) or self.env._("%s: this is no rule, change or action.", problem.place)
