from odoo import api, fields, models

from ..core import entry_text
from ..models.psa_ticket_entry import KIND_SELECTION

AUDIENCE = [("public", "The client too, by mail and on the portal"), ("internal", "Staff only")]


class PsaTicketEntryCompose(models.TransientModel):
    """Writes an entry of a ticket, or corrects one."""

    _name = "psa.ticket.entry.compose"
    _description = "Write an Entry"

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade")
    entry_id = fields.Many2one("psa.ticket.entry", "Corrected Entry", ondelete="cascade")
    kind = fields.Selection(KIND_SELECTION, default="comment", required=True)
    audience = fields.Selection(
        AUDIENCE, "Who Reads It", required=True, compute="_compute_audience", store=True, readonly=False, precompute=True
    )
    body = fields.Html("Text", compute="_compute_body", store=True, readonly=False, sanitize_attributes=True, sanitize_form=True)
    attachment_ids = fields.Many2many("ir.attachment", string="Files", bypass_search_access=True)
    max_attachment_mb = fields.Integer(compute="_compute_max_attachment_mb")

    @api.depends("kind")
    def _compute_audience(self):
        # What solved the ticket is for the client; a word among colleagues must not slip out.
        for wizard in self:
            wizard.audience = "public" if wizard.kind == "resolution" else "internal"

    @api.depends("entry_id")
    def _compute_body(self):
        for wizard in self:
            wizard.body = wizard.entry_id.body if wizard.entry_id else wizard.body

    @api.depends("ticket_id")
    def _compute_max_attachment_mb(self):
        settings = self.env["psa.desk"]._settings_by_desk()
        for wizard in self:
            wizard.max_attachment_mb = settings.get(wizard.ticket_id.sudo().desk_id.id, {}).get("max_attachment_mb", 0)

    def action_save(self):
        """Post the entry, or take its correction over."""
        self.ensure_one()
        if self.entry_id:
            self.entry_id.check_access("read")
            self.entry_id._correct(self.body)
        elif self.audience == "public" and self.ticket_id._psa_waits() and not (
            entry_text.is_empty(self.body) and not self.attachment_ids
        ):
            return self.ticket_id._psa_hold_entry(self.body, self.kind, self.attachment_ids)
        else:
            self.env["psa.ticket.entry"].create({
                "ticket_id": self.ticket_id.id,
                "kind": self.kind,
                "is_internal": self.audience == "internal",
                "body": self.body,
                "attachment_ids": [fields.Command.set(self.attachment_ids.ids)],
            })
        return {"type": "ir.actions.act_window_close"}
