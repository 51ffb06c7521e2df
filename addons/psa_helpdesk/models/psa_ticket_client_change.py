from email.utils import formataddr

from odoo import api, models
from odoo.tools import email_normalize

from ..core import copies


class PsaTicket(models.Model):
    """A ticket that turns out to be another client's: whoever stands outside and is not of that client has no part in it any more.

    Followers and copies are taken away, links of earlier mails open nothing, and an answer of somebody of another client is for us
    only. Of our own people those stay who may read the ticket now; a guest to whom the new client is not lent may not. History and
    conversation say who was taken away, so that somebody can be put back.
    """

    _inherit = "psa.ticket"

    def write(self, vals):
        if not vals.keys() & {"partner_id", "client_id"}:
            return super().write(vals)
        before = {ticket: ticket.client_id for ticket in self.sudo()}
        result = super().write(vals)
        # That an unknown sender becomes known takes nothing away from anybody.
        parted = self.sudo().filtered(lambda ticket: before[ticket] and ticket.client_id != before[ticket])
        if parted:
            parted._part_from_client(before, keep_contact=bool(vals.get("partner_id")))
        return result

    def _part_from_client(self, before, keep_contact):
        """Take away what people outside have of these tickets that are not of the new client.

        :param before: {ticket: its former client}
        :param keep_contact: whether the contact was chosen together with the client
        """
        if not keep_contact:
            foreign = self.filtered(lambda ticket: ticket.partner_id.commercial_partner_id == before[ticket])
            if foreign:
                foreign.write({"partner_id": False})
        gone, copied, senders = self._unsubscribe_foreign(), self._foreign_copies(), self._foreign_senders()
        values, histories, notes = {}, [], {}
        for ticket in self:
            vals = {}
            if copied[ticket]:
                kept = copies.merge(self._psa_cc_pairs(ticket.email_cc), without=copied[ticket])
                vals["email_cc"] = ", ".join(formataddr((name, address)) if name else address for name, address in kept) or False
            if ticket in senders:
                # What is said on a ticket without a contact goes to its sender.
                vals["email_from"] = False
            if ticket.access_token:
                vals["access_token"] = False
            if vals:
                key = tuple(vals.items())
                values[key] = values.get(key, self.browse()) | ticket
            if vals or ticket in gone:
                notes[ticket.id] = self._parting_text(before[ticket], gone.get(ticket, ()), copied[ticket], senders.get(ticket))
                histories.append(self._history_row("access", ticket.id, description=notes[ticket.id]))
        for vals, tickets in values.items():
            tickets.write(dict(vals))
        asked = self.env["psa.rating.request"].search([
            ("ticket_id", "in", self.ids), ("date_answered", "=", False), ("is_superseded", "=", False),
        ])
        asked.filtered(
            lambda request: request.partner_id.commercial_partner_id != request.ticket_id.client_id
        ).write({"is_superseded": True})
        if notes:
            self.env["psa.ticket.history"]._append(histories)
            self.browse(notes)._message_log_batch(notes)

    def _parting_text(self, client, partners, addresses, sender):
        """Return the sentence that says who has no part in this ticket any more."""
        names = ", ".join(partner.name or partner.email or "" for partner in partners)
        parts = [
            self.env._("The ticket is not one of %s any more. Links in earlier mails do not open it.", client.name),
            self.env._("No longer followers: %s.", names) if names else "",
            self.env._("No longer in copy: %s.", ", ".join(addresses)) if addresses else "",
            self.env._("No longer its sender: %s.", sender) if sender else "",
        ]
        return " ".join(filter(None, parts))

    def _foreign_copies(self):
        """Return {ticket: addresses in copy that are neither of its client nor ours}, in order."""
        addresses = {ticket: [address for __, address in self._psa_cc_pairs(ticket.email_cc)] for ticket in self}
        everybody = {address for of_ticket in addresses.values() for address in of_ticket}
        clients, staff = self._clients_by_address(everybody), self._psa_staff_by_email(everybody)
        return {
            ticket: [
                address for address in of_ticket
                if address not in staff and not (ticket.client_id and clients[ticket.company_id, address] == ticket.client_id)
            ]
            for ticket, of_ticket in addresses.items()
        }

    def _foreign_senders(self):
        """Return {ticket: address of its sender} where that is known as somebody of another client."""
        senders = {ticket: ticket.email_normalized for ticket in self if ticket.email_normalized}
        clients = self._clients_by_address(set(senders.values()))
        return {
            ticket: address for ticket, address in senders.items()
            if clients[ticket.company_id, address] and clients[ticket.company_id, address] != ticket.client_id
        }

    def _clients_by_address(self, addresses):
        """Return {(service company, address): its client, empty for an address nobody knows} for the companies of these tickets."""
        found = {}
        for company in self.company_id:
            matches = self.env["res.partner"].sudo()._psa_match_sender(addresses, company)
            found.update({(company, address): client for address, (__, client) in matches.items()})
        return found

    def _unsubscribe_foreign(self):
        """Unsubscribe whoever may not follow these tickets now; return {ticket: partners}."""
        followers = self.env["mail.followers"].sudo().search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        users = followers.partner_id.user_ids.filtered(lambda user: user.active and not user.share)
        readable = self._psa_readable({user.id: ("user", user) for user in users})
        gone, rows = {}, followers.browse()
        for follower in followers:
            ticket, partner = self.browse(follower.res_id), follower.partner_id
            staff = partner.user_ids & users
            if staff:
                stays = any(ticket.id in readable[user.id] for user in staff)
            else:
                stays = partner == ticket.partner_id or bool(ticket.client_id and partner.commercial_partner_id == ticket.client_id)
            if not stays:
                rows |= follower
                gone[ticket] = gone.get(ticket, partner.browse()) | partner
        rows.unlink()
        return gone

    def _is_foreign_sender(self, message_dict):
        """Return whether the sender of a mail is known as somebody of another client than that of this ticket, and none of its people."""
        self.ensure_one()
        author = self.env["res.partner"].sudo().browse(message_dict.get("author_id") or [])
        client = author.commercial_partner_id if author else self._match_mail_sender(message_dict, self.company_id)[1]
        if not self.client_id or client == self.client_id or not client.psa_is_client:
            return False
        copied = {address for __, address in self._psa_cc_pairs(self.email_cc)}
        address = email_normalize(message_dict.get("email_from") or "", strict=False)
        return address not in copied and not self._is_own_sender(message_dict)


class MailThread(models.AbstractModel):
    """What people of another client answer on a ticket that was theirs becomes a note: its client does not read it."""

    _inherit = "mail.thread"

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        routes = super().message_route(message, message_dict, model, thread_id, custom_values)
        answered = [route[1] for route in routes or () if route[0] == "psa.ticket" and route[1]]
        if not answered or message_dict.get("is_internal") or message_dict.get("is_bounce"):
            return routes
        for ticket in self.env["psa.ticket"].sudo().browse(answered):
            if ticket._is_foreign_sender(message_dict):
                ticket._take_strangers_mail(message_dict, self.env._(
                    "%(sender)s answered %(ticket)s, but is somebody of another client. The answer is an internal note: nobody of this "
                    "ticket's client reads it.", sender=message_dict.get("email_from") or "", ticket=ticket.number,
                ))
        return routes
