from odoo import api, models


class PsaDemoStory(models.AbstractModel):
    _inherit = "psa.demo.story"

    @api.model
    def _load_entries(self):
        """Make entries of what the story says, and let the desk of new clients ask what solved a ticket."""
        Entry = self.env["psa.ticket.entry"]
        messages = self.env["mail.message"].search(
            [("model", "=", "psa.ticket"), ("message_type", "in", ("comment", "email"))], order="date, id"
        )
        messages -= Entry.search([("message_id", "in", messages.ids)]).message_id
        tickets = self.env["psa.ticket"].browse(dict.fromkeys(messages.mapped("res_id"))).exists()
        descriptions = {entry.ticket_id.id: entry for entry in Entry.search([("ticket_id", "in", tickets.ids)], order="id desc")}
        last = {message.res_id: message for message in messages if not message.is_internal and not message.author_id.partner_share}
        rows = []
        for message in messages:
            ticket = tickets.browse(message.res_id)
            description = descriptions.get(ticket.id)
            if description and not description.message_id and message.body == description.body:
                description.write({"message_id": message.id, "date": message.date})
                continue
            solved = ticket.state in ("resolved", "closed") and message == last.get(ticket.id)
            rows.append({
                "ticket_id": ticket.id,
                "message_id": message.id,
                "author_id": message.author_id.id,
                "kind": "resolution" if solved else "comment",
                "source": "email" if message.message_type == "email" else "portal" if message.author_id.partner_share else "manual",
                "is_internal": message.is_internal,
                "search_text": Entry._text_to_search("comment", message.body),
            })
        if rows:
            Entry._record(rows)
        for ticket_id, description in descriptions.items():
            if not description.message_id:
                description.date = tickets.browse(ticket_id).create_date
