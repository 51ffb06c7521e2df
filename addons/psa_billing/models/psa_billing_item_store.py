import json

from odoo import Command, api, fields, models
from odoo.tools import SQL
from psycopg2.extras import Json

from ..core import ledger, terms
from ..core.derivation import said

# Rows go to the database in statements of at most this many.
INSERT_BATCH = 1000
KEY = ("source_model", "source_id", "part")
# What decides on which invoice a row goes: with another of these, it is no row of the billing run any more that took it.
PLACE = {"state", "company_id", "client_id", "contract_id", "currency_id"}
HOURS = {"hours": "seconds", "worked_hours": "worked_seconds"}


class PsaBillingItem(models.Model):
    """How rows get into the table: many in few statements, and only what differs."""

    _inherit = "psa.billing.item"

    def _psa_store(self, wanted):
        """Make these rows say what rating wants: insert, change and delete until they do.

        :param wanted: list of values, each with ``source_model``, ``source_id`` and ``part``
        :return: the rows that were made
        """
        by_key = {(item.source_model, item.source_id, item.part): item for item in self}
        held = {key[:2]: item for key, item in by_key.items() if item.is_held}
        values = {tuple(vals[name] for name in KEY): vals for vals in wanted}
        names = sorted({name for vals in wanted for name in vals})
        existing = {
            tuple(row[name] for name in KEY): row for row in self.read(sorted({*names, *KEY}), load="")
        }
        plan = ledger.plan(existing, values)
        for key, changes in plan.update.items():
            if by_key[key].has_own_text:
                changes.pop("name", None)
            if PLACE & changes.keys():
                changes["run_line_ids"] = [Command.clear()]
            if changes:
                by_key[key]._write_row(changes)
        self.browse(by_key[key].id for key in plan.delete)._delete_rows()
        for key, vals in plan.insert.items():
            if key[:2] in held:  # somebody holds the entry back: that goes for all its parts
                vals.update(is_held=True, hold_reason=held[key[:2]].hold_reason)
        return self._insert_rows(list(plan.insert.values()))

    @api.model
    def _insert_rows(self, vals_list):
        """Insert rows past the ORM: it takes several times as long for what is complete and checked already."""
        if not vals_list:
            return self.browse()
        defaults = self._insert_defaults()
        rows = [{**defaults, **vals} for vals in vals_list]
        names = sorted({name for row in rows for name in row})
        columns = [(name, self._column_value(self._fields[name])) for name in names]
        ids = []
        for start in range(0, len(rows), INSERT_BATCH):
            values = SQL(", ").join(
                (
                    *(convert(row.get(name)) for name, convert in columns),
                    row["seconds"] / terms.SECONDS_PER_HOUR, row["worked_seconds"] / terms.SECONDS_PER_HOUR,
                )
                for row in rows[start:start + INSERT_BATCH]
            )
            self.env.cr.execute(
                SQL(
                    "INSERT INTO psa_billing_item (%s, hours, worked_hours) VALUES %s RETURNING id",
                    SQL(", ").join(map(SQL.identifier, names)),
                    values,
                )
            )
            ids += [id_ for (id_,) in self.env.cr.fetchall()]
        items = self.browse(ids)
        items._told_inserted(names)
        return items

    @api.model
    def _column_value(self, field):
        """Return a function that turns values of a field into those of its column.

        Odoo's own looks the currency of each amount up by a record made for the purpose; rating has rounded amounts already.
        """
        if field.type in ("monetary", "float", "integer"):
            return lambda value: value or 0
        if field.type == "boolean":
            return bool
        if field.type == "json":
            return lambda value: None if value is None else Json(value)
        return lambda value: value or None

    @api.model
    def _insert_defaults(self):
        """Return what every row has that rating says nothing about."""
        now = fields.Datetime.now()
        names = [
            name
            for name, field in self._fields.items()
            if field.store and field.column_type and not field.compute and not field.related and name != "id"
        ]
        return {
            **self.default_get(names),
            "is_held": False,
            "is_adjusted": False,
            "has_own_text": False,
            "seconds": 0,
            "worked_seconds": 0,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
            "create_date": now,
            "write_date": now,
        }

    def _told_inserted(self, names):
        """Let the ORM know of rows it has not made: what depends on them, and the lists they belong to."""
        with self.env.protecting([self._fields[name] for name in HOURS], self):
            self.modified(names, create=True)
        for name in names:
            for inverse in self.pool.field_inverses[self._fields[name]]:
                self.env[inverse.model_name].invalidate_model([inverse.name], flush=False)

    def _delete_rows(self):
        """Delete rows past the guard; private, so closed to callers outside."""
        if not self:
            return
        # Everything: what others have written and is not in the database yet would be lost with the cache.
        self.env.flush_all()
        with self.env.protecting(self._fields.values(), self):
            self.modified(self._fields, before=True)
        self.env.cr.execute(SQL("DELETE FROM psa_billing_item WHERE id IN %s", tuple(self.ids)))
        self.env.invalidate_all(flush=False)

    @api.model
    def _plain_derivation(self, derivation):
        """Return a derivation as it comes back from the database."""
        return json.loads(json.dumps(said(derivation)))
