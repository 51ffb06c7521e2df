from odoo import models
from odoo.tools import email_normalize


class PsaTicket(models.Model):
    """Colleagues whom the client puts in copy on the portal."""

    _inherit = "psa.ticket"

    def _portal_may_copy(self, user):
        """Whether the user, who may read the ticket, also says who gets copies: people of its client do."""
        self.ensure_one()
        client = self.client_id or self.partner_id.commercial_partner_id
        return user._is_portal() and bool(client) and user.partner_id.commercial_partner_id == client

    def _portal_reached(self, user):
        """The people of the client who get our answers by mail without being in copy, as the user calls them."""
        self.ensure_one()
        comment = self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment")
        followers = self.message_follower_ids.filtered(lambda follower: comment in follower.subtype_ids.ids).partner_id
        client = user.partner_id.commercial_partner_id
        people = followers.filtered(lambda partner: partner.commercial_partner_id == client and partner.email_normalized)
        return [self.env._("you") if partner == user.partner_id else partner.name for partner in people]

    def _portal_copies(self):
        """The addresses of the client's own people that get copies: the client is not shown whom we have added."""
        self.ensure_one()
        return [address for __, address in self._psa_cc_pairs(self.email_cc) if self._portal_is_colleague(address)]

    def _portal_is_colleague(self, address):
        """Whether the address is one of the client's people, or at a mail domain of the client."""
        client = self.client_id or self.partner_id.commercial_partner_id
        if address.partition("@")[2] in client.psa_mail_domain_ids.mapped("name"):
            return True
        return bool(self.env["res.partner"].search_count([
            ("commercial_partner_id", "=", client.id), ("email_normalized", "=", address),
        ], limit=1))

    def _portal_add_copy(self, text):
        """Put a colleague in copy.

        :return: None, or what is wrong: ``invalid`` or ``foreign``
        """
        self.ensure_one()
        address = email_normalize(text or "")
        if not address:
            return "invalid"
        if not self._portal_is_colleague(address):
            return "foreign"
        self._psa_add_cc([("", address)])
        return None

    def _portal_remove_copy(self, text):
        """Take a colleague out again; nothing happens to addresses the client is not shown."""
        self.ensure_one()
        address = email_normalize(text or "")
        if address in self._portal_copies():
            self._psa_remove_cc(address)
