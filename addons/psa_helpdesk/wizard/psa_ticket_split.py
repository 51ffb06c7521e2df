from odoo import api, fields, models
from odoo.exceptions import UserError


class PsaTicketSplit(models.TransientModel):
    """Ask which entry of a ticket becomes a ticket of its own, and how that is called."""

    _name = "psa.ticket.split"
    _description = "Split a Ticket"

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade", default=lambda self: self._default_ticket_id())
    entry_id = fields.Many2one(
        "psa.ticket.entry", ondelete="cascade", domain="[('ticket_id', '=', ticket_id)]",
        help="Its text and files are copied; the entry itself stays.",
    )
    text = fields.Html(related="entry_id.body")
    name = fields.Char("Subject of the New Ticket", compute="_compute_name", compute_sudo=False, store=True, readonly=False)
    company_id = fields.Many2one(related="ticket_id.company_id")
    desk_id = fields.Many2one("psa.desk", compute="_compute_desk_id", store=True, readonly=False, ondelete="cascade",
                              domain="[('company_id', '=', company_id)]")
    user_id = fields.Many2one("res.users", "Assigned to", domain="[('share', '=', False), ('company_ids', 'in', company_id)]")

    @api.model
    def _default_ticket_id(self):
        return self.env.context.get("active_model") == "psa.ticket" and self.env.context.get("active_id")

    @api.depends("entry_id")
    def _compute_name(self):
        for wizard in self:
            line = (wizard.entry_id.search_text or "").strip().partition("\n")[0]
            wizard.name = line[:80] or wizard.ticket_id.name

    @api.depends("ticket_id")
    def _compute_desk_id(self):
        for wizard in self:
            wizard.desk_id = wizard.ticket_id.desk_id

    def action_split(self):
        """Make the new ticket and open it."""
        self.ensure_one()
        if not self.entry_id or not (self.name or "").strip():
            raise UserError(self.env._("Choose the Entry and give the new ticket a Subject."))
        vals = {"name": self.name.strip(), "user_id": self.user_id.id}
        if self.desk_id != self.ticket_id.desk_id:
            vals.update(desk_id=self.desk_id.id, queue_id=self.desk_id.default_queue_id.id, priority_id=False)
        return self.ticket_id._split(self.entry_id, vals)._action_open()
