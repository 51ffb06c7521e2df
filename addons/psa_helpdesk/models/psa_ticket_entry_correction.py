from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core import entry_text, quoting


class PsaTicketEntry(models.Model):
    """An author corrects what he wrote within the time his desk gives; history keeps what it said before."""

    _inherit = "psa.ticket.entry"

    can_correct = fields.Boolean(compute="_compute_can_correct", help="The user wrote it, and may still correct it.")

    @api.depends("author_id", "date")
    @api.depends_context("uid")
    def _compute_can_correct(self):
        now = fields.Datetime.now()
        settings = self.env["psa.desk"]._settings_by_desk()
        for entry in self:
            minutes = settings.get(entry.ticket_id.sudo().desk_id.id, {}).get("correction_minutes", 0)
            entry.can_correct = (
                bool(entry.author_id) and entry.author_id == self.env.user.partner_id
                and now < (entry.date or now) + timedelta(minutes=minutes)
            )

    def action_correct(self):
        """Open the entry to correct it."""
        self.ensure_one()
        self._check_correction()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_entry_compose"),
            "name": self.env._("Correct the %s", self._kind_label().lower()),
            "context": {"default_ticket_id": self.ticket_id.id, "default_entry_id": self.id},
        }

    def _kind_label(self):
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    def _check_correction(self):
        """Refuse a correction by anybody but the author, or too late; rights and sudo do not matter here."""
        self.ensure_one()
        entry = self.sudo()
        entry.invalidate_recordset(["can_correct"], flush=False)
        if entry.can_correct:
            return
        minutes = self.env["psa.desk"]._settings_by_desk()[entry.ticket_id.desk_id.id]["correction_minutes"]
        if entry.author_id != self.env.user.partner_id:
            raise AccessError(self.env._("Only its author can correct an entry. Add an entry of your own instead."))
        raise UserError(
            self.env._("Entries can be corrected for %s minutes after they were written. Add another entry instead.", minutes)
            if minutes else self.env._("Entries of this desk cannot be corrected. Add another entry instead.")
        )

    def _correct(self, body):
        """Let the author replace the text (HTML) of his entry, in the conversation too."""
        self._check_correction()
        body = Markup(body or "")  # noqa: S704 – HTML, sanitized when it is stored
        entry = self.sudo()
        if entry_text.is_empty(body) and not entry.attachment_ids:
            raise UserError(self.env._("An entry is corrected, not emptied. Write what it should say as its Text."))
        if entry.message_id:
            entry.ticket_id._message_update_content(entry.message_id, body=body, strict=False)
        else:
            entry._replace_body(body)

    def _replace_body(self, body):
        """Take the new text over and write the old one into history."""
        entry = self.sudo()
        old = entry_text.plain_text(entry.body)
        is_description = entry.kind == "description" and entry.ticket_id.description == entry.body
        entry.write({"body": body, "edit_date": fields.Datetime.now()})
        new = entry_text.plain_text(entry.body)
        if is_description:
            entry.ticket_id.description = entry.body
        if new != old:
            entry.ticket_id._log_history(
                "entry", field_label=entry._kind_label(), old=old, new=new,
                description=self.env._("Corrected: %s", entry._summary(entry.kind, entry.is_internal)),
            )

    @api.model
    def _text_to_search(self, kind, body):
        """Return the plain text of a body without what it quotes; what a description quotes was not said here before."""
        return entry_text.plain_text(body if kind == "description" else quoting.split_html(body or "").new)
