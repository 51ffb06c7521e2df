from odoo import SUPERUSER_ID, models
from odoo.tools import plaintext2html

from ..core import ticket_form


class PsaTicket(models.Model):
    """Staff on the client's page of a ticket: there they may do no more, and are asked no less, than in the office."""

    _inherit = "psa.ticket"

    def _portal_is_staff(self):
        """Tell whether who decides is one of the staff; who comes with the link of a mail is nobody here."""
        return self.env.uid != SUPERUSER_ID and self.env.user._is_internal()

    def _portal_may_close(self):
        return super()._portal_may_close() and self._portal_may_decide()

    def _portal_may_reopen(self):
        return super()._portal_may_reopen() and self._portal_may_decide()

    def _portal_may_decide(self):
        """Tell whether the ticket's progress is for this visitor to decide: a client who sees it, staff who may change it."""
        return not self._portal_is_staff() or self.sudo(False).has_access("write")

    def _portal_asks_resolution(self):
        """Tell whether who closes the ticket here has to say what solved it."""
        self.ensure_one()
        return bool(self._without_resolution())

    def _portal_accepting(self):
        return self if self._portal_is_staff() else super()._portal_accepting()

    def _portal_say_solved(self, author, comment):
        if not self._portal_asks_resolution():
            super()._portal_say_solved(author, comment)
            return
        if not comment.strip():
            self._check_resolution()
        self._add_entry(
            plaintext2html(comment.strip()[: ticket_form.DESCRIPTION_MAX]), kind="resolution", author=author, source="portal"
        )
