from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .psa_ticket import SOURCE_SELECTION

KIND_SELECTION = [("description", "Description"), ("comment", "Comment"), ("resolution", "Resolution")]
# What who makes an entry says himself; all the rest follows from who he is and when he does it.
OWN_FIELDS = frozenset({"ticket_id", "kind", "is_internal", "source", "body", "attachment_ids"})


class PsaTicketEntry(models.Model):
    """What was said about a ticket: the words a search looks in, told apart by kind and by who may read them.

    An entry and the message in the chatter are two sides of the same thing. ``ticket._add_entry`` posts the message, which
    reaches the client once; a message that was posted (chatter, portal, mail) becomes an entry by itself. Entries are neither
    changed nor deleted: their author corrects them within the time the desk gives, and history keeps what they said before.
    """

    _name = "psa.ticket.entry"
    _description = "Ticket Entry"
    _order = "id desc"
    _rec_name = "search_text"

    _ticket_idx = models.Index("(ticket_id, id DESC)")
    _company_idx = models.Index("(company_id, id DESC)")
    _message_uniq = models.UniqueIndex("(message_id) WHERE message_id IS NOT NULL", "This message is an entry already.")

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one("res.company", related="ticket_id.company_id", store=True, precompute=True, required=True)
    kind = fields.Selection(KIND_SELECTION, default="comment", required=True)
    is_internal = fields.Boolean("Internal", help="Only staff reads it: it is neither sent nor shown on the portal.")
    author_id = fields.Many2one("res.partner", readonly=True, index="btree_not_null", ondelete="set null")
    source = fields.Selection(SOURCE_SELECTION, default="manual", required=True, help="How the entry came in.")
    body = fields.Html("Text", sanitize_attributes=True, sanitize_form=True)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    message_id = fields.Many2one(
        "mail.message", readonly=True, ondelete="set null", help="The same in the conversation of the ticket."
    )
    attachment_ids = fields.Many2many(
        "ir.attachment", "psa_ticket_entry_attachment_rel", "entry_id", "attachment_id", "Attachments", bypass_search_access=True
    )
    search_text = fields.Text("Plain Text", readonly=True, help="The text without markup and without what it quotes.")
    edit_date = fields.Datetime("Edited on", readonly=True, help="When its author last corrected the entry.")

    @api.depends("ticket_id", "kind", "date")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            entry.display_name = f"{entry.ticket_id.number or ''} {kinds.get(entry.kind, '')}".strip()

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        """Post what somebody adds by hand, so that it reaches whom it is for: there is no entry that was not posted."""
        entries = self.browse()
        for vals in vals_list:
            ticket = self.env["psa.ticket"].browse(vals.get("ticket_id") or self.env.context.get("default_ticket_id"))
            if not ticket:
                raise UserError(self.env._("An entry belongs to a ticket. Choose the Ticket."))
            if not self.env.su:
                self.check_access("create")
                ticket.check_access("write")
            said = {name: value for name, value in self.default_get(list(OWN_FIELDS)).items() if name not in vals}
            said.update((name, value) for name, value in vals.items() if name in OWN_FIELDS)
            files = self.new({"attachment_ids": said.get("attachment_ids")}).attachment_ids._origin
            files._psa_move_to_ticket(ticket)
            entries |= ticket._add_entry(
                Markup(said.get("body") or ""),  # noqa: S704 – HTML, sanitized when it is stored
                kind=said.get("kind") or "comment",
                is_internal=bool(said.get("is_internal")),
                source=said.get("source"),
                attachment_ids=files.ids,
            )
        return entries.with_env(self.env)

    @api.model
    def _record(self, rows):
        """Make entries of what is in the database already, with one statement for any number of them.

        A row is a dictionary with ``ticket_id``, ``kind``, ``is_internal``, ``author_id``, ``source``, ``search_text`` and, if it was
        posted, ``message_id``. Text, date and files are those of the message, or else the description of the ticket: taken
        from there they need neither be read nor sanitized again. Whoever calls has made sure that it may be said.
        """
        columns = ("ticket_id", "message_id", "author_id", "kind", "source", "search_text", "is_internal")
        tickets = self.env["psa.ticket"].browse(row["ticket_id"] for row in rows)
        tickets.flush_recordset(["company_id", "description"])
        values = SQL(", ").join(
            SQL(
                "(%s::int, %s::int, %s::int, %s::int, %s::text, %s::text, %s::text, %s::boolean)",
                sequence, *(row.get(column) or None for column in columns[:-1]), bool(row.get("is_internal")),
            )
            for sequence, row in enumerate(rows)
        )
        posted = any(row.get("message_id") for row in rows)
        statement = SQL(
            """
            INSERT INTO psa_ticket_entry (
                ticket_id, company_id, message_id, author_id, kind, source, search_text, is_internal,
                body, date, create_uid, create_date, write_uid, write_date
            )
            SELECT ticket.id, ticket.company_id, row.message_id, row.author_id, row.kind, row.source, row.search_text, row.is_internal,
                %(body)s, %(date)s, %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM (VALUES %(values)s) AS row (sequence, %(columns)s)
            JOIN psa_ticket ticket ON ticket.id = row.ticket_id %(messages)s
            ORDER BY row.sequence
            RETURNING id, message_id
            """,
            now=fields.Datetime.now(), uid=self.env.uid, values=values, columns=SQL(", ").join(map(SQL.identifier, columns)),
            # What no message concerns need not join messages and files: to plan that takes longer than all the rest.
            body=SQL("CASE WHEN row.message_id IS NULL THEN ticket.description ELSE message.body END" if posted else "ticket.description"),
            date=SQL("COALESCE(message.date, %s)", fields.Datetime.now()) if posted else fields.Datetime.now(),
            messages=SQL("LEFT JOIN mail_message message ON message.id = row.message_id" if posted else ""),
        )
        if posted:
            statement = SQL(
                """
                WITH entry AS (%s), file AS (
                    INSERT INTO psa_ticket_entry_attachment_rel (entry_id, attachment_id)
                    SELECT entry.id, file.attachment_id
                    FROM entry JOIN message_attachment_rel file ON file.message_id = entry.message_id
                )
                SELECT id, message_id FROM entry ORDER BY id
                """,
                statement,
            )
        inserted = sorted(entry_id for entry_id, __ in self.env.execute_query(statement))
        tickets.invalidate_recordset(["entry_ids"], flush=False)
        return self.browse(inserted)

    @api.model
    def _summary(self, kind, is_internal):
        """Return what history says of an entry."""
        kind = dict(self._fields["kind"]._description_selection(self.env))[kind]
        return self.env._("%s, internal", kind) if is_internal else self.env._("%s, public", kind)

    def write(self, vals):
        if not self.env.su:
            raise AccessError(self.env._(
                "What was said about a ticket stays as it is. Correct an entry of your own with its Correct button, or add another one."
            ))
        result = super().write(vals)
        if "body" in vals:
            for entry in self:
                entry.search_text = self._text_to_search(entry.kind, entry.body)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if not self.env.su:
            raise AccessError(self.env._("Entries of a ticket are not deleted. Correct it, or add another entry."))
