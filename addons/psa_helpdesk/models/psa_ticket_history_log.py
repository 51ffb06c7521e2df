from contextlib import contextmanager

from odoo import api, fields, models, tools

from ..core import lifecycle

# What a reader of the history wants to know besides the fields Odoo tracks.
ALSO_LOGGED = {"description", "email_from", "email_cc", "properties"}
# These follow the stage by themselves; only what somebody makes them by hand is news.
LIFE_DATES = ("date_open", "date_resolved", "date_closed")
BY_HAND_SECONDS = 120


class PsaTicket(models.Model):
    """A ticket writes down everything that happens to it, whoever does it and by whichever way.

    Columns are compared where the ORM sends them to the database, so nothing that a caller says can bypass it; lists of records in
    ``write``. Each batch takes one query for the old values and one for the new rows, whatever the number of tickets and fields.
    Other models log what they do to a ticket with :meth:`_log_history`.
    """

    _inherit = "psa.ticket"

    history_ids = fields.One2many(
        "psa.ticket.history", "ticket_id", readonly=True, copy=False, groups="psa_crm.group_technician,psa_crm.group_billing"
    )

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        tickets._log_creation(vals_list)
        return tickets

    def write(self, vals):
        self._remember_writer()
        fnames = [fname for fname in self._history_fields() if fname in vals and self._fields[fname].type == "many2many"]
        with self._logging_links(fnames):
            return super().write(vals)

    def unlink(self):
        if self.ids:
            self.env.flush_all()
            self._log_values("delete", self._history_stored(self._history_fields()))
        return super().unlink()

    def _write_multi(self, vals_list):
        logged = self._history_columns()
        written = set().union(*vals_list) & logged.keys() if vals_list else ()
        if not written:
            return super()._write_multi(vals_list)
        fnames = [fname for fname in logged if fname in written]
        stored = self._history_stored(list(dict.fromkeys([*fnames, "desk_id"])))
        result = super()._write_multi(vals_list)
        now, writers = fields.Datetime.now(), self._history_writers()
        changes, desks = {}, {}
        for ticket, vals in zip(self, vals_list, strict=True):
            old = stored.get(ticket.id)
            if old is None:
                continue
            desks[ticket.id] = (old["desk_id"], vals.get("desk_id", old["desk_id"]))
            changes.setdefault(writers.get(ticket.id) or self._history_writer(), []).extend(
                (ticket.id, fname, old[fname], vals[fname])
                for fname in fnames
                if fname in vals and (old[fname] or None) != (vals[fname] or None)
                and (fname not in LIFE_DATES or ticket._is_by_hand(vals[fname], now))
            )
        for (uid, lang, tz), of_writer in changes.items():
            self.with_user(uid).with_context(lang=lang, tz=tz).sudo()._log_changes(of_writer, desks)
        return result

    def _attribute_label(self, fname):
        """Return what the ticket's desk calls a field."""
        return self._fields[fname]._description_string(self.env)

    def _log_history(self, kind, field_name=False, field_label="", old="", new="", description=""):
        """Write the same row into the history of each of these tickets."""
        labels = {}
        self.env["psa.ticket.history"]._append([
            self._history_row(
                kind, ticket.id, field_name=field_name, old_value=old, new_value=new, description=description,
                field_label=field_label or (
                    ticket._history_label(ticket.id, ticket.sudo().desk_id.id, field_name, labels)
                    if field_name in self._fields else ""
                ),
            )
            for ticket in self
        ])

    @api.model
    @tools.ormcache()
    def _history_fields(self):
        """Return the names of the fields whose changes are kept, in the order in which they are told.

        Every tracked field and every list of records is; others add themselves in :meth:`_history_field_names`.
        """
        names = self._history_field_names()
        return tuple(fname for fname in self._fields if fname in names)

    @api.model
    def _history_field_names(self):
        """Return the set of fields whose changes are kept."""
        return ALSO_LOGGED | set(LIFE_DATES) | {
            fname for fname, field in self._fields.items()
            if field.store and (field.type == "many2many" or getattr(field, "tracking", None))
        }

    @api.model
    @tools.ormcache()
    def _history_columns(self):
        return dict.fromkeys(fname for fname in self._history_fields() if self._fields[fname].column_type)

    def _is_by_hand(self, moment, now):
        """Return whether a date of the ticket's life is another than the change of its stage would have written just now."""
        if not moment:
            return self.sudo().state in lifecycle.DONE_STATES
        return abs((fields.Datetime.to_datetime(moment) - now).total_seconds()) > BY_HAND_SECONDS

    def _log_creation(self, vals_list):
        """Write down the first values of new tickets: what the creation has left in memory, else in the database."""
        values = {ticket_id: {"id": ticket_id} for ticket_id in self._ids}
        for fname in self._history_fields():
            field = self._fields[fname]
            if fname in LIFE_DATES:
                continue
            cache = field._get_cache(self.env)
            # Odoo forgets HTML once it is stored; as plain text it reads as it was given.
            given = dict(zip(self._ids, vals_list, strict=True)) if field.type == "html" else {}
            forgotten = [
                ticket_id for ticket_id in self._ids
                if ticket_id not in cache and fname not in given.get(ticket_id, ()) and field.type != "many2many"
            ]
            if forgotten:
                self.sudo().browse(forgotten).fetch([fname])
            for ticket_id in self._ids:
                values[ticket_id][fname] = cache[ticket_id] if ticket_id in cache else given.get(ticket_id, {}).get(fname)
        self._log_values("create", values)

    def _log_values(self, kind, values_by_ticket):
        texts = self._history_texts([
            (values["desk_id"], fname, value)
            for values in values_by_ticket.values() for fname, value in values.items() if fname != "id"
        ])
        self.env["psa.ticket.history"]._append([
            self._history_row(kind, ticket_id, description=self._history_description(values, texts))
            for ticket_id, values in values_by_ticket.items()
        ])

    @contextmanager
    def _logging_links(self, fnames, names=None):
        """Log what happens meanwhile to lists of records; ``names`` are those of records about to be deleted."""
        tickets = self._origin
        before = {fname: tickets._history_linked(fname) for fname in fnames if tickets}
        yield
        if before:
            tickets._log_linked(before, names)

    def _log_linked(self, before, names=None):
        """Log which records were added to and taken out of lists since ``before``: {field name: {ticket id: ids}}."""
        changes = []
        for fname, linked in before.items():
            after = self._history_linked(fname)
            changes += [
                (ticket_id, fname, linked.get(ticket_id, []), after.get(ticket_id, []))
                for ticket_id in self._ids if linked.get(ticket_id, []) != after.get(ticket_id, [])
            ]
        if changes:
            self._log_changes(changes, {ticket.id: (ticket.desk_id.id,) * 2 for ticket in self.sudo()}, names)

    def _log_changes(self, changes, desks, names=None):
        if changes:
            self.env["psa.ticket.history"]._append(self._history_changes(changes, desks, names))

    def _history_writer(self):
        """Return who writes now, with the language and time zone in which he sees values."""
        return self.env.uid, self.env.context.get("lang"), self.env.context.get("tz")

    def _history_writers(self):
        """Return {ticket id: who wrote it in this transaction}: the ORM sends his changes off later, as anybody."""
        return self.env.cr.precommit.data.setdefault("psa.ticket.history.writers", {})

    def _remember_writer(self):
        writers, writer = self._history_writers(), self._history_writer()
        if any(writers.get(ticket_id, writer)[0] != self.env.uid for ticket_id in self._ids):
            self.flush_recordset()
        writers.update(dict.fromkeys(self._ids, writer))
