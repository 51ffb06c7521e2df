from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class PsaTicketMerge(models.TransientModel):
    """Ask which of several tickets survives, say what will move, and merge."""

    _name = "psa.ticket.merge"
    _description = "Merge Tickets"

    ticket_ids = fields.Many2many("psa.ticket", string="Tickets", default=lambda self: self._default_ticket_ids())
    survivor_id = fields.Many2one(
        "psa.ticket", "Merge into", compute="_compute_survivor_id", compute_sudo=False, store=True, readonly=False, ondelete="cascade",
        domain="[('company_id', '=', company_id), ('is_merged', '=', False)]",
        help="The ticket into which the others are merged. Type a number or a word of its subject.",
    )
    merged_ids = fields.Many2many("psa.ticket", compute="_compute_merged_ids", string="Merged Tickets")
    company_id = fields.Many2one("res.company", compute="_compute_merged_ids")
    has_strangers = fields.Boolean(compute="_compute_merged_ids")
    allow_strangers = fields.Boolean(
        "Merge across clients", help="What was said on the merged tickets becomes internal notes on the one that goes on."
    )
    notify_contact = fields.Boolean("Tell the contacts", help="Write to the contacts of the merged tickets under which number it goes on.")

    @api.model
    def _default_ticket_ids(self):
        if self.env.context.get("active_model") != "psa.ticket":
            return []
        return [Command.set(self.env.context.get("active_ids") or [])]

    @api.depends("ticket_ids")
    def _compute_survivor_id(self):
        for wizard in self:
            # Asked from one ticket: that one goes, and the other is chosen. From a list: the oldest goes on.
            chosen = wizard.survivor_id
            if not chosen and len(wizard.ticket_ids) > 1:
                chosen = wizard.ticket_ids.sorted("id")[:1]._origin
            wizard.survivor_id = chosen

    @api.depends("ticket_ids", "survivor_id")
    def _compute_merged_ids(self):
        for wizard in self:
            wizard.merged_ids = wizard.ticket_ids - wizard.survivor_id
            wizard.company_id = wizard.ticket_ids[:1].company_id
            survivor = wizard.survivor_id.sudo()
            wizard.has_strangers = bool(survivor) and any(
                ticket._is_stranger_to(survivor) for ticket in wizard.merged_ids.sudo()
            )

    def action_merge(self):
        """Merge the tickets and open the one that goes on."""
        self.ensure_one()
        if not self.survivor_id:
            raise UserError(self.env._("Choose the ticket that goes on under “Merge into”."))
        # Before the merger: the words of a merged ticket are its own contacts'.
        contacts = [
            (ticket, ticket.partner_id) for ticket in self.merged_ids if self.notify_contact and ticket.partner_id
            and not ticket.sudo()._is_stranger_to(self.survivor_id.sudo())
        ]
        self.merged_ids._merge(self.survivor_id, allow_strangers=self.allow_strangers)
        for ticket, contact in contacts:
            localized = self.survivor_id.with_context(lang=contact.lang)
            localized.message_notify(
                partner_ids=contact.ids,
                subject=localized.display_name,
                body=localized.env._(
                    "Your request %(merged)s goes on under the number %(survivor)s. You need not do anything: answers to the old number "
                    "reach us as well.", merged=ticket.number, survivor=self.survivor_id.number,
                ),
                # His answer is one to us, no note of ours.
                subtype_xmlid="mail.mt_comment",
                **self.survivor_id.sudo().desk_id._sender_values(),
            )
        return self.survivor_id._action_open()
