import json

from odoo import api, fields, models, tools
from odoo.tools import SQL, format_datetime, html2plaintext
from odoo.tools.misc import format_date

from ..core import history as history_core


class PsaTicket(models.Model):
    """How the values of a ticket read in its history."""

    _inherit = "psa.ticket"

    def _history_row(self, kind, ticket_id, **values):
        return {"ticket_id": ticket_id, "kind": kind, **values}

    def _history_changes(self, changes, desks, names=None):
        """Return the rows for changes: tuples (ticket id, field name, old and new column value).

        ``desks`` is {ticket id: (desk id before, desk id after)}: each desk has its own names for things. ``names`` are those of
        records that are gone: {(model, id): name}.
        """
        texts = self._history_texts([
            (desks[ticket_id][position], fname, value)
            for ticket_id, fname, *values in changes
            for position, value in enumerate(values)
        ]) | (names or {})
        rows = []
        for ticket_id, fname, old, new in changes:
            desk_ids = desks[ticket_id]
            if self._fields[fname].type == "properties":
                for change in self._history_property_changes(old, new, *desk_ids, texts):
                    rows.append(self._history_row(
                        "change", ticket_id, field_name=f"{fname}.{change.name}", field_label=change.label,
                        old_value=change.old, new_value=change.new,
                    ))
                continue
            old_text, new_text = (self._history_text(fname, value, texts) for value in (old, new))
            if old_text != new_text:
                rows.append(self._history_row(
                    "change", ticket_id, field_name=fname,
                    field_label=self._history_label(ticket_id, desk_ids[1], fname, texts), old_value=old_text, new_value=new_text,
                ))
        return rows

    def _history_description(self, values, texts):
        """Return all values of a ticket that are set, one a line."""
        ticket_id, desk_id = values["id"], values["desk_id"]
        lines, long_texts = [], []
        for fname in self._history_fields():
            value = values.get(fname)
            if value is None or value is False or (fname == "active" and value):
                continue
            if self._fields[fname].type == "properties":
                changes = self._history_property_changes(None, value, desk_id, desk_id, texts)
                lines += [f"{change.label}: {change.new}" for change in changes]
                continue
            text = self._history_text(fname, value, texts)
            if text:
                label = self._history_label(ticket_id, desk_id, fname, texts)
                (long_texts if "\n" in text else lines).append(f"{label}: {text}")
        return "\n".join([*lines, *long_texts])

    def _history_texts(self, wanted):
        """Return what names the values: {(model, id): name}, for tuples (desk id, field name, column value).

        Names of configuration come from a cache; those of people and other records take one query a model.
        """
        ids_by_model = {}
        for desk_id, fname, value in wanted:
            field = self._fields[fname]
            if not value:
                continue
            if field.type == "properties":
                references = history_core.references(_json(value), self._history_definitions().get(desk_id, ()))
            elif field.relational:
                references = {(field.comodel_name, item) for item in (value if field.type == "many2many" else [value])}
            else:
                continue
            for model_name, record_id in references:
                ids_by_model.setdefault(model_name, set()).add(record_id)
        texts = {}
        for model_name, ids in ids_by_model.items():
            if model_name not in self.env:
                continue
            model = self.env[model_name].sudo()
            if hasattr(model, "_history_names"):
                names = model._history_names(self.env.lang or "en_US")
                texts |= {(model_name, record_id): names.get(record_id) for record_id in ids}
            else:
                records = model.browse(sorted(ids))
                # What was deleted in the meantime has no name any more.
                records = records if model_name in ("res.partner", "res.users") else records.exists()
                texts |= {(model_name, record.id): record["name" if "name" in model else "display_name"] for record in records}
        return texts

    def _history_text(self, fname, value, texts):
        """Return a column value as a reader sees it."""
        field = self._fields[fname]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if value is None or value is False or value == "":
            return ""
        if field.type == "many2one":
            return texts.get((field.comodel_name, value)) or str(value)
        if field.type == "many2many":
            return ", ".join(texts.get((field.comodel_name, item)) or str(item) for item in value)
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, str(value))
        if field.type == "datetime":
            moment = fields.Datetime.to_datetime(value)
            zone = str(self.env.tz)
            return f"{format_datetime(self.env, moment, tz=zone)} ({zone})"
        if field.type == "date":
            return format_date(self.env, value)
        if field.type == "html":
            return html2plaintext(value).strip()
        return str(value)

    def _history_label(self, ticket_id, desk_id, fname, texts):
        """Return the desk's label of a field, asked for once a desk."""
        key = (desk_id, fname)
        if key not in texts:
            texts[key] = self.browse(ticket_id)._attribute_label(fname)
        return texts[key]

    def _history_property_changes(self, old, new, old_desk_id, new_desk_id, texts):
        definitions = self._history_definitions()
        return history_core.diff_properties(
            _json(old), _json(new), definitions.get(old_desk_id, ()), definitions.get(new_desk_id, ()), texts,
            (self.env._("No"), self.env._("Yes")),
        )

    @api.model
    @tools.ormcache()
    def _history_definitions(self):
        """Return {desk id: definitions of its own ticket fields} for every desk, cached: desks clear it when they change."""
        desks = self.env["psa.desk"].sudo().with_context(active_test=False).search_fetch([], ["properties_definition"])
        return {desk.id: tuple(dict(definition) for definition in desk.properties_definition or ()) for desk in desks}

    def _history_stored(self, fnames):
        """Return {ticket id: {field name: column value}} as the database has it, in one query and one more per list of records."""
        columns = [fname for fname in fnames if self._fields[fname].column_type]
        rows = self.env.execute_query(SQL(
            "SELECT id, %s FROM psa_ticket WHERE id IN %s", SQL(", ").join(map(SQL.identifier, columns)), self._ids
        )) if columns else [(ticket_id,) for ticket_id in self._ids]
        stored = {row[0]: dict(zip(["id", *columns], row, strict=True)) for row in rows}
        for fname in fnames:
            if fname not in columns:
                linked = self._history_linked(fname)
                for ticket_id, values in stored.items():
                    values[fname] = linked.get(ticket_id, [])
        return stored

    def _history_linked(self, fname):
        """Return {ticket id: ids of a many2many} as the database has it, whatever the user may see of them."""
        field = self._fields[fname]
        linked = {}
        for ticket_id, record_id in self.env.execute_query(SQL(
            "SELECT %(mine)s, %(theirs)s FROM %(table)s WHERE %(mine)s IN %(ids)s ORDER BY %(mine)s, %(theirs)s",
            mine=SQL.identifier(field.column1), theirs=SQL.identifier(field.column2), table=SQL.identifier(field.relation),
            ids=self._ids,
        )):
            linked.setdefault(ticket_id, []).append(record_id)
        return linked


def _json(value):
    """Return an own fields' column value, read or about to be written, as a dictionary."""
    value = getattr(value, "adapted", value)
    return json.loads(value) if isinstance(value, str) else value or {}
