from odoo import api, models, tools


class MailThread(models.AbstractModel):
    """Mail that answers a merged ticket reaches its survivor."""

    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        routes = super().message_route(message, message_dict, model, thread_id, custom_values)
        answered = [route[1] for route in routes or () if route[0] == "psa.ticket" and route[1]]
        return self.env["psa.ticket"]._lead_mail(routes, answered, message_dict) if answered else routes


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    @api.model
    def _lead_mail(self, routes, answered, message_dict):
        """Return the routes of an answer with merged tickets replaced by their survivors.

        What was said on the ticket of another client went to the survivor as notes, and so does what its people answer.
        """
        survivors = self._lead_to_survivors(answered)
        ends = self.sudo().browse(survivors.get(ticket_id, ticket_id) for ticket_id in answered)
        mixed = self.env["psa.ticket.merge.record"].sudo().search([
            ("survivor_id", "in", ends.ids), ("across_clients", "=", True), ("undone_on", "=", False),
        ]).survivor_id
        for ticket in mixed:
            if not ticket._is_own_sender(message_dict):
                ticket._take_strangers_mail(message_dict)
        return [
            (route[0], survivors.get(route[1], route[1]), *route[2:]) if route[0] == "psa.ticket" else route for route in routes
        ]

    def _is_own_sender(self, message_dict):
        """Return whether the sender of a mail is one of this ticket's people: of its client, a follower, or of ours."""
        self.ensure_one()
        address = tools.email_normalize(message_dict.get("email_from") or "", strict=False)
        if address and address in (self.email_normalized, self.partner_id.email_normalized):
            return True
        author = self.env["res.partner"].sudo().browse(message_dict.get("author_id") or [])
        if not author:
            return False
        return (
            author in self.message_partner_ids
            or bool(self.client_id and author.commercial_partner_id == self.client_id)
            or any(user._is_internal() for user in author.user_ids)
        )

    def _take_strangers_mail(self, message_dict, text=""):
        """Let an answer of another client become a note, and say so to who works the ticket.

        :param text: what he is told; that the ticket was merged with one of another client unless given
        """
        self.ensure_one()
        message_dict["is_internal"] = True
        message_dict.pop("parent_id", None)
        if self.user_id:
            self.message_notify(
                partner_ids=self.user_id.partner_id.ids,
                subject=self.env._("Answer from another client: %s", self.display_name),
                body=text or self.env._(
                    "%(sender)s answered a ticket that was merged into %(ticket)s from another client. The answer is an internal note: "
                    "nobody of this ticket's client reads it.", sender=message_dict.get("email_from") or "", ticket=self.number,
                ),
            )
        if self.state not in ("new", "open"):
            self._move_to_state("open")
