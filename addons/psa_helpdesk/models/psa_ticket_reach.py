from odoo import models
from odoo.tools.mail import email_normalize

from ..core import copies

SHOWN = 5


class PsaTicket(models.Model):
    """What is said to the client reaches somebody: as long as nobody knows who asked, the address the ticket came from.

    Where not even that is known, whoever writes is told that nobody outside gets it by mail.
    """

    _inherit = "psa.ticket"

    def _psa_copy_pairs(self):
        pairs = super()._psa_copy_pairs()
        unknown = self.sudo().filtered(
            lambda ticket: not ticket.partner_id and ticket.email_normalized and copies.is_answerable(ticket.email_normalized)
        )
        # Our own mail would come back.
        ours = self._psa_own_addresses(unknown.mapped("email_normalized")) if unknown else ()
        for ticket in unknown:
            sender = [pair for pair in self._psa_cc_pairs(ticket.email_from) if pair[1] == ticket.email_normalized]
            if ticket.email_normalized not in ours:
                pairs[ticket.id] = [*sender, *pairs[ticket.id]]
        return pairs

    def _unreached(self):
        """Return those of these tickets of which nobody outside gets a public entry by mail."""
        tickets = self.sudo()
        followers = tickets._comment_followers()
        reached = set()
        for partner in self.env["res.partner"].sudo().browse(followers):
            if partner.partner_share and email_normalize(partner.email or ""):
                reached.update(followers[partner.id])
        copied = self._psa_copy_pairs()
        return self.filtered(lambda ticket: ticket.id not in reached and not copied[ticket.id])

    def psa_unreached(self):
        """Return what the composer tells who is about to write to the client of this ticket, empty if somebody is reached."""
        self.check_access("read")
        return self._unreached_text()

    def _unreached_text(self):
        """Return what to tell who says something to the clients of these tickets, if some of them are not reached."""
        unreached = self._unreached() if self.ids else self
        if not unreached:
            return ""
        names = ", ".join(unreached[:SHOWN].mapped("number"))
        if len(unreached) > SHOWN:
            names = self.env._("%(numbers)s and %(count)s more", numbers=names, count=len(unreached) - SHOWN)
        return self.env._(
            "Nobody outside gets this by mail on %s: there is neither a contact with an e-mail address who follows the ticket, nor a "
            "sender who can be answered, nor anybody in copy. Choose a Contact, or add somebody to Copies to.", names,
        )

    def _warn_of_unreached(self):
        """Tell the current user if something he has said to the clients of these tickets reached nobody outside."""
        text = self._unreached_text()
        if text:
            self.env.user._bus_send("simple_notification", {
                "type": "warning", "title": self.env._("Nobody was told"), "message": text, "sticky": True,
            })
