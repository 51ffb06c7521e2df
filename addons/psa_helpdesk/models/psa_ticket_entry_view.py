from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import format_date

from ..core import quoting

WORDS = 60


class PsaTicketEntry(models.Model):
    """How an entry is shown: what it quotes is folded, its files are linked, its pictures seen."""

    _inherit = "psa.ticket.entry"

    new_body = fields.Html("New Text", compute="_compute_parts", sanitize=False)
    quote_body = fields.Html("Quoted Text", compute="_compute_parts", sanitize=False)
    attachment_links = fields.Html("Files", compute="_compute_attachment_links", sanitize=False)
    attachment_count = fields.Integer("Number of Files", compute="_compute_attachment_links")
    author_name = fields.Char("Written by", compute="_compute_author_name")
    ticket_client_id = fields.Many2one(related="ticket_id.client_id", string="Client")

    @api.depends("author_name", "search_text")
    @api.depends_context("psa_entry_words", "lang", "tz")
    def _compute_display_name(self):
        if not self.env.context.get("psa_entry_words"):
            return super()._compute_display_name()
        # Where one entry is chosen among those of a ticket, what tells them apart is who said what when.
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for entry in self:
            words = " ".join((entry.search_text or "").split())
            entry.display_name = self.env._(
                "%(kind)s, %(author)s, %(date)s: %(words)s",
                kind=kinds.get(entry.kind, ""), author=entry.author_name,
                date=format_date(self.env, fields.Datetime.context_timestamp(entry, entry.date).date(), date_format="MMM d"),
                words=words if len(words) <= WORDS else f"{words[:WORDS].rstrip()}…",
            )
        return None

    @api.depends("body", "kind")
    def _compute_parts(self):
        for entry in self:
            # Both parts come of a body that was sanitized when it was stored.
            parts = quoting.Parts(entry.body or "") if entry.kind == "description" else quoting.split_html(entry.body or "")
            entry.new_body, entry.quote_body = Markup(parts.new), Markup(parts.quote)  # noqa: S704

    @api.depends("attachment_ids")
    def _compute_attachment_links(self):
        for entry in self:
            files = entry.sudo().attachment_ids
            entry.attachment_count = len(files)
            entry.attachment_links = self.env["ir.qweb"]._render(
                "psa_helpdesk.ticket_entry_files", {"files": files}, minimal_qcontext=True
            ) if files else False

    @api.depends("author_id", "message_id")
    def _compute_author_name(self):
        for entry in self.sudo():
            entry.author_name = entry.author_id.name or entry.message_id.email_from or self.env._("Somebody unknown")
