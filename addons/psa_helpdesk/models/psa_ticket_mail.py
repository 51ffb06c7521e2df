import logging
from email.utils import parseaddr

from odoo import api, fields, models
from odoo.tools import email_normalize, html2plaintext

from ..core import lifecycle, mail_intake

_logger = logging.getLogger(__name__)

ANNOUNCEMENT_BATCH = 50


class PsaTicket(models.Model):
    """The mail side of a ticket: what comes in by the gateway, who is told what, and how answers find back."""

    _inherit = "psa.ticket"

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Make a ticket of a mail sent to a desk.

        The gateway runs with full rights, so client and company are settled here: the sender is looked up among the
        clients of the desk's company only, and an author of another company is not taken over.
        """
        values = dict(custom_values or {})
        desk_id = values.get("desk_id") or self._default_desk_id()
        desk = self.env["psa.desk"]._settings_by_desk().get(desk_id)
        if desk:
            values["desk_id"] = desk_id
            company = self.env["res.company"].browse(desk["company_id"])
            self = self.with_company(company)
            contact, client = self._match_mail_sender(msg_dict, company)
            if client and not contact:
                contact = self._create_mail_contact(msg_dict, client)
            msg_dict["author_id"] = contact.id or self._trusted_author_id(msg_dict.get("author_id"), company)
            values.update(partner_id=contact.id, client_id=client.id)
        intake = self.env["mail.thread"]._psa_intake()
        values.setdefault("source", "email")
        values.update(
            name=mail_intake.ticket_name(
                msg_dict.get("subject") or "", html2plaintext(msg_dict.get("body") or ""), self.env._("(no subject)")
            ),
            email_from=msg_dict.get("email_from"),
            origin_message_id=msg_dict.get("message_id"),
        )
        if "cid:" not in (msg_dict.get("body") or ""):
            values["description"] = msg_dict.get("body")
        if intake and intake.kind != mail_intake.NORMAL:
            values["announcement_due"] = "notice"
        ticket = super().message_new(msg_dict, custom_values=values)
        if intake:
            intake.new_ids.add(ticket.id)
        return ticket

    def message_update(self, msg_dict, update_vals=None):
        """Take a reply in. Like for new tickets, an author of another company is not taken over."""
        if len(self) == 1:
            msg_dict["author_id"] = self._trusted_author_id(msg_dict.get("author_id"), self.company_id)
        return super().message_update(msg_dict, update_vals=update_vals)

    @api.model
    def _match_mail_sender(self, msg_dict, company):
        """Return (contact, client) of a mail's sender; the contact is empty when only the mail domain is known."""
        intake = self.env["mail.thread"]._psa_intake()
        if intake and company.id in intake.senders:
            return intake.senders[company.id]
        Partner = self.env["res.partner"].sudo()
        address = email_normalize(msg_dict.get("email_from") or "", strict=False)
        if not address:
            return Partner.browse(), Partner.browse()
        match = Partner._psa_match_sender([address], company)[address]
        if intake:
            intake.senders[company.id] = match
        return match

    @api.model
    def _find_by_number_and_sender(self, numbers, msg_dict, desk_id):
        """Return the ticket of one of these numbers that the sender of a mail may add to, or none.

        A number can be guessed, so it opens a ticket only to its sender, its contact, its followers and its client's people.
        """
        desk = self.env["psa.desk"]._settings_by_desk().get(desk_id)
        address = email_normalize(msg_dict.get("email_from") or "", strict=False)
        if not desk or not address:
            return self.browse()
        company = self.env["res.company"].browse(desk["company_id"])
        tickets = self.sudo().search([("company_id", "=", company.id), ("number", "in", numbers)], limit=5)
        if not tickets:
            return self.browse()
        __, client = self._match_mail_sender(msg_dict, company)
        return tickets.filtered(
            lambda ticket: (client and ticket.client_id == client)
            or address in (ticket.email_normalized, ticket.partner_id.email_normalized)
            or address in ticket.message_partner_ids.mapped("email_normalized")
        )[:1]

    @api.model
    def _create_mail_contact(self, msg_dict, client):
        """Make a contact of somebody who writes from the mail domain of a client."""
        name, address = parseaddr(msg_dict["email_from"])
        return self.env["res.partner"].sudo().with_context(mail_create_nosubscribe=True).create({
            "name": name or address,
            "email": email_normalize(address, strict=False),
            "parent_id": client.id,
            "company_id": client.company_id.id,
            "lang": client.lang,
            "user_id": False,
        })

    @api.model
    def _trusted_author_id(self, author_id, company):
        """Return the author Odoo found for a mail if this company may know him, else False."""
        author = self.env["res.partner"].sudo().browse(author_id or [])
        return author.id if author and author.company_id in (company, company.browse()) else False

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        self._take_over_first_mail(message, msg_values)
        self._link_new_contact(message)
        if msg_values.get("message_type") in ("comment", "email") and self._is_client_word(message, msg_values):
            for ticket in self.sudo():
                state = lifecycle.state_after_client_message(ticket.state)
                if state != ticket.state:
                    ticket._move_to_state(state)
        return result

    def _is_client_word(self, message, msg_values):
        """Return whether the message is something the client (or anybody outside) said to us."""
        comment = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        if msg_values.get("is_internal") or msg_values.get("subtype_id") != comment:
            return False
        author = self.env["res.partner"].sudo().browse(msg_values.get("author_id") or ())
        # What the desk says by itself, it says in the name of its company.
        return not author or (author.partner_share and author not in self.sudo().company_id.partner_id)

    def _take_over_first_mail(self, message, msg_values):
        """Keep a first mail with pictures as the description: the pictures exist only now that it was posted."""
        if msg_values.get("message_type") != "email" or not msg_values.get("attachment_ids"):
            return
        for ticket in self.sudo():
            if ticket.origin_message_id == msg_values.get("message_id") and not ticket.description:
                ticket.description = message.body

    def _link_new_contact(self, message):
        """Once somebody makes a contact of an unknown sender by answering him, his tickets belong to the contact."""
        for ticket in self.sudo():
            if ticket.partner_id or not ticket.email_normalized or not message.partner_ids:
                continue
            contact = message.sudo().partner_ids.filtered(
                lambda partner, ticket=ticket: partner.email_normalized == ticket.email_normalized
                and partner.company_id in (ticket.company_id, ticket.company_id.browse())
            )[:1]
            if contact:
                self.sudo().search([
                    ("company_id", "=", ticket.company_id.id),
                    ("email_normalized", "=", ticket.email_normalized),
                    ("partner_id", "=", False),
                ]).write({"partner_id": contact.id})

    def _message_compute_parent_id(self, parent_id):
        # What has just been made of a mail has no earlier message to look for.
        intake = self.env["mail.thread"]._psa_intake()
        if intake and not parent_id and self.id in intake.new_ids:
            return False
        return super()._message_compute_parent_id(parent_id)

    def _message_compute_real_author(self, author_id):
        # As Odoo does, but without three queries whether its own robot is still there.
        if self.env.user.active or author_id != self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root"):
            author = self.env["res.partner"].browse(author_id or [])
            return self.env.user.partner_id if self.env.user.active else author.filtered("active")
        return self.env["res.partner"]

    def _message_auto_subscribe_followers(self, updated_values, default_subtype_ids):
        # On creation, create() itself subscribes everybody in one go.
        if self.env.context.get("psa_ticket_create"):
            return []
        followers = super()._message_auto_subscribe_followers(updated_values, default_subtype_ids)
        contact = self.env["res.partner"].sudo().browse(updated_values.get("partner_id") or [])
        if contact.active:
            followers.append((contact.id, self.env["mail.message.subtype"].default_subtypes(self._name)[2].ids, False))
        return followers

    def _subscribe_on_create(self, creator):
        """Make contact, technician and creator follow the new tickets: two queries for any number of them."""
        default, __, external = self.env["mail.message.subtype"].sudo().default_subtypes(self._name)
        user = self.env.user
        creator_id = user.partner_id.id if creator and user.active and not user.share else False
        rows, assigned = [], {}
        for ticket in self.sudo():
            subtypes = {}
            if ticket.partner_id.active:
                subtypes[ticket.partner_id.id] = external.ids
            if ticket.user_id.active:
                subtypes[ticket.user_id.partner_id.id] = default.ids
                if ticket.user_id != user and ticket._tells_assignee_at_once():
                    assigned[ticket.user_id] = assigned.get(ticket.user_id, self.browse()) | ticket
            if creator_id:
                subtypes[creator_id] = default.ids
            rows += [
                {
                    "res_model": self._name,
                    "res_id": ticket.id,
                    "partner_id": partner_id,
                    "subtype_ids": [fields.Command.set(subtype_ids)],
                }
                for partner_id, subtype_ids in subtypes.items()
            ]
        if rows:
            self.env["mail.followers"].sudo().with_context(default_partner_id=False).create(rows)
        for technician, tickets in assigned.items():
            tickets.with_env(self.env).with_context(lang=technician.lang)._message_auto_subscribe_notify(
                technician.partner_id.ids, "mail.message_user_assigned"
            )

    def _tells_assignee_at_once(self):
        """Return whether who is given a new ticket is told while it is created."""
        return True

    def _get_customer_information(self):
        """Say what Odoo should fill in when it makes a contact of an unknown sender."""
        information = super()._get_customer_information()
        for ticket in self.filtered(lambda ticket: ticket.email_normalized and not ticket.partner_id):
            information.setdefault(ticket.email_normalized, {}).update({
                "name": parseaddr(ticket.email_from or "")[0] or ticket.email_normalized,
                "company_id": ticket.company_id.id,
                "parent_id": ticket.client_id.id,
            })
        return information

    def _notify_get_reply_to(self, default=None, author_id=False):
        """Answers go to the address of the desk."""
        addresses = self.sudo().desk_id._notify_get_reply_to(default=default, author_id=author_id)
        return {ticket.id: addresses.get(ticket.sudo().desk_id.id) for ticket in self}

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """Give clients a button to their ticket on the portal."""
        groups = super()._notify_get_recipients_groups(message, model_description, msg_vals=msg_vals)
        if not self:
            return groups
        self.ensure_one()
        for name, __, data in groups:
            if name == "portal_customer":
                data["button_access"]["title"] = self.env._("View Ticket")
        return groups

    @api.model
    def _detect_loop_sender_domain(self, email_from_normalized):
        # Odoo's own domain searches "ilike" through every ticket; this one has an index.
        return [("email_normalized", "=", email_from_normalized)]

    def _message_receive_bounce(self, email, partner):
        """Say on the ticket that a mail about it did not arrive."""
        for ticket in self:
            ticket._message_log(body=self.env._("A mail to %s could not be delivered.", email))
        return super()._message_receive_bounce(email, partner)

    @api.model
    def _cron_announce_tickets(self):
        """Acknowledge new tickets to their senders and tell the contacts of desk and queue.

        Each ticket is announced once, also with several workers: the rows are locked, and the mark is taken away in
        the transaction that writes the mails.
        """
        domain = [("announcement_due", "!=", False)]
        remaining = self.sudo().with_context(active_test=False).search_count(domain)
        while remaining:
            tickets = self.sudo().with_context(active_test=False).search(
                domain, limit=ANNOUNCEMENT_BATCH, order="id"
            ).try_lock_for_update()
            if not tickets:
                break
            tickets._announce()
            remaining = max(0, remaining - len(tickets))
            if not self.env["ir.cron"]._commit_progress(len(tickets), remaining=remaining):
                break

    def _announce(self):
        """Send what is due for these new tickets and take the mark away."""
        acknowledged = self.filtered(lambda ticket: ticket._wants_acknowledgement())
        self.write({"announcement_due": False})
        for desk, tickets in acknowledged.grouped("desk_id").items():
            tickets._acknowledge(desk)
        self._psa_tell_of_new()

    def _acknowledge(self, desk):
        """Confirm the arrival of these tickets of one desk to their senders, in the thread of their own mail."""
        headers = {
            "Auto-Submitted": "auto-replied",
            "X-Auto-Response-Suppress": "All",
            **({"X-Loop": desk.alias_email} if desk.alias_email else {}),
        }
        mails = desk.acknowledgement_template_id.send_mail_batch(
            self.ids,
            email_values={"headers": repr(headers), **desk._sender_values()},
            email_layout_xmlid="mail.mail_notification_light",
        )
        origin = {ticket.id: ticket.origin_message_id for ticket in self}
        for mail in mails:
            mail.references = " ".join(filter(None, (origin.get(mail.res_id), mail.message_id)))
        mails.send_after_commit()

    def _wants_acknowledgement(self):
        """Return whether the sender of this new ticket is told that it has arrived."""
        self.ensure_one()
        if self.announcement_due != "all" or self.state in lifecycle.DONE_STATES:
            return False
        if self.desk_id.acknowledgement == "none" or not (self.partner_id.email or self.email_normalized):
            return False
        return self.desk_id.acknowledgement == "all" or bool(self.client_id)
