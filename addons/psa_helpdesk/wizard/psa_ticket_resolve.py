from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import entry_text
from .psa_ticket_entry_compose import AUDIENCE


class PsaTicketResolve(models.TransientModel):
    """Asks what solved tickets, and resolves them."""

    _name = "psa.ticket.resolve"
    _description = "Resolve Tickets"

    ticket_ids = fields.Many2many("psa.ticket", default=lambda self: self._default_ticket_ids())
    body = fields.Html("Resolution", sanitize_attributes=True, sanitize_form=True)
    audience = fields.Selection(AUDIENCE, "Who Reads It", default="public", required=True)
    close_too = fields.Boolean(help="The client has said that it works, or need not be asked.")
    is_required = fields.Boolean(compute="_compute_is_required")
    attachment_ids = fields.Many2many("ir.attachment", string="Files", bypass_search_access=True)

    def _default_ticket_ids(self):
        context = self.env.context
        return self.env["psa.ticket"].browse(context.get("active_ids") if context.get("active_model") == "psa.ticket" else ())

    @api.depends("ticket_ids")
    def _compute_is_required(self):
        for wizard in self:
            wizard.is_required = bool(wizard.ticket_ids._origin._without_resolution())

    def action_resolve(self):
        """Add the resolution to each ticket and resolve or close them all."""
        self.ensure_one()
        tickets = self.ticket_ids
        if not tickets:
            raise UserError(self.env._("Choose the Tickets that are resolved."))
        tickets.check_access("write")
        is_empty = entry_text.is_empty(self.body) and not self.attachment_ids
        if is_empty and self.is_required:
            raise UserError(self.env._("The desk wants to know what solved the ticket. Write the Resolution."))
        if not is_empty and self.audience == "public" and tickets._psa_waits():
            return tickets._psa_hold_entry(
                self.body, "resolution", self.attachment_ids, state="closed" if self.close_too else "resolved"
            )
        if not is_empty:
            self.env["psa.ticket.entry"].create([
                {
                    "ticket_id": ticket.id,
                    "kind": "resolution",
                    "is_internal": self.audience == "internal",
                    "body": self.body,
                    # A file hangs on one ticket; the others get the words.
                    "attachment_ids": [fields.Command.set(self.attachment_ids.ids if ticket == tickets[0] else [])],
                }
                for ticket in tickets
            ])
        if self.close_too:
            tickets.action_close()
        else:
            tickets.action_resolve()
        return {"type": "ir.actions.act_window_close"}
