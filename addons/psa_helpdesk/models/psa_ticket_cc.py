from email.utils import formataddr

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.mail import email_normalize_all, email_split_tuples, single_email_re

from ..core import copies


class PsaTicket(models.Model):
    """People who get a copy of each public answer, known by their addresses only.

    They come from the Cc of the client's mail, or are added on the ticket or the portal. Notes never go to them, and an
    address of ours never becomes one: our own mail would come back.
    """

    _inherit = "psa.ticket"

    email_cc = fields.Char(
        "Copies to", tracking=True, help="People who get each answer to the client by mail as well. Internal notes never go to them."
    )

    @api.model_create_multi
    def create(self, vals_list):
        texts = [vals["email_cc"] for vals in vals_list if vals.get("email_cc")]
        if texts:
            ours = self._psa_own_addresses(texts)
            vals_list = [
                {**vals, "email_cc": self._psa_clean_cc(vals["email_cc"], ours)} if vals.get("email_cc") else vals
                for vals in vals_list
            ]
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("email_cc"):
            vals = {**vals, "email_cc": self._psa_clean_cc(vals["email_cc"], self._psa_own_addresses([vals["email_cc"]]))}
        return super().write(vals)

    @api.model
    def _psa_cc_pairs(self, text):
        """Return the pairs of name and address in a Cc line."""
        return [(name, address.lower()) for name, address in email_split_tuples(text or "") if address]

    @api.model
    def _psa_own_addresses(self, texts):
        """Return which addresses in these Cc lines are ours: those mail to us arrives at."""
        addresses = list({address for text in texts for __, address in self._psa_cc_pairs(text)})
        return {
            *self.env["mail.alias"]._psa_desk_addresses(),
            *self.env["mail.alias.domain"].sudo()._find_aliases(addresses),
        }

    @api.model
    def _psa_clean_cc(self, text, ours):
        """Return a Cc line with each address once, and without the addresses mail to us arrives at."""
        pairs = self._psa_cc_pairs(text)
        wrong = [address for __, address in pairs if not single_email_re.match(address)]
        if self.env["mail.thread"]._psa_intake():
            pairs = [(name, address) for name, address in pairs if address not in wrong]  # mail is taken in as it is
        elif wrong or (text.strip() and not pairs):
            raise ValidationError(self.env._(
                "Copies to: “%s” is not an e-mail address. Write addresses separated by commas.", ", ".join(wrong) or text
            ))
        return ", ".join(
            formataddr((name, address)) if name else address for name, address in copies.merge(pairs, without=ours)
        ) or False

    def _psa_copy_pairs(self):
        """Return {ticket id: pairs of name and address of those who get what is said to the client by their addresses only}."""
        return {ticket.id: self._psa_cc_pairs(ticket.email_cc) for ticket in self.sudo()}

    def _psa_add_cc(self, pairs):
        """Add addresses to those who get copies."""
        for ticket in self:
            merged = copies.merge(self._psa_cc_pairs(ticket.email_cc), pairs)
            ticket.email_cc = ", ".join(formataddr((name, address)) if name else address for name, address in merged)

    def _psa_remove_cc(self, address):
        """Take an address from those who get copies."""
        for ticket in self:
            left = copies.merge(self._psa_cc_pairs(ticket.email_cc), without={address})
            ticket.email_cc = ", ".join(formataddr((name, kept)) if name else kept for name, kept in left) or False

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        recipients = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        if len(self) != 1 or kwargs.get("notify_skip_followers") or not self._psa_goes_to_copies(message, msg_vals or {}):
            return recipients
        values, message = msg_vals or {}, message.sudo()
        incoming = ", ".join(
            values.get(fname, message[fname]) or "" for fname in ("incoming_email_to", "incoming_email_cc")
        )
        author = self.env["res.partner"].sudo().browse(values.get("author_id", message.author_id.id) or [])
        sender = values.get("email_from", message.email_from) or ""
        names = {address: name for name, address in self._psa_copy_pairs()[self.id]}
        due = copies.due(
            names, [recipient["email_normalized"] for recipient in recipients], email_normalize_all(incoming),
            email_normalize_all(sender), [author.email_normalized],
        )
        return recipients + [
            {
                "active": True, "email_normalized": address, "id": False, "is_follower": False, "name": names[address] or address,
                "lang": False, "groups": [], "notif": "email", "share": True, "type": "customer", "uid": False, "ushare": False,
            }
            for address in due
        ]

    def _psa_goes_to_copies(self, message, msg_vals):
        """Return whether copies of a message are sent: it is said to the client or by him, and nothing internal."""
        ticket, message = self.sudo(), message.sudo()
        if msg_vals.get("is_internal", message.is_internal):
            return False
        if msg_vals.get("message_type", message.message_type) not in ("comment", "email"):
            return False
        comment = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        return msg_vals.get("subtype_id", message.subtype_id.id) == comment and bool(ticket._psa_copy_pairs()[ticket.id])

    def _message_get_suggested_recipients_batch(self, *args, **kwargs):
        """Do not offer those who get a copy anyway: taking one of them out of “To” would not keep the answer from him."""
        suggested = super()._message_get_suggested_recipients_batch(*args, **kwargs)
        for ticket in self:
            served = {address for __, address in self._psa_cc_pairs(ticket.email_cc)}
            if served and ticket.id in suggested:
                suggested[ticket.id] = [
                    info for info in suggested[ticket.id] if not served & set(email_normalize_all(info["email"] or ""))
                ]
        return suggested

    @api.model
    def _find_by_number_and_sender(self, numbers, msg_dict, desk_id):
        """Who gets copies may answer to a number, too: somebody who may read the ticket put him there."""
        ticket = super()._find_by_number_and_sender(numbers, msg_dict, desk_id)
        desk = self.env["psa.desk"]._settings_by_desk().get(desk_id)
        senders = email_normalize_all(msg_dict.get("email_from") or "")
        if ticket or not desk or len(senders) != 1:
            return ticket
        candidates = self.sudo().search([
            ("company_id", "=", desk["company_id"]), ("number", "in", numbers), ("email_cc", "!=", False),
        ], limit=5)
        return candidates.filtered(lambda found: senders[0] in {address for __, address in self._psa_cc_pairs(found.email_cc)})[:1]
