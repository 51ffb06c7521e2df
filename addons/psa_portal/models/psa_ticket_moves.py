from odoo import SUPERUSER_ID, models
from odoo.addons.psa_helpdesk.core import transitions

from ..core import ticket_form


class PsaTicket(models.Model):
    """What the client may do with a ticket on the portal follows the moves its desk allows."""

    _inherit = "psa.ticket"

    def _portal_close(self, author, comment=""):
        self.ensure_one()
        if not self._portal_may_close():
            return False
        # What he says may take the ticket up again; what he may do is asked of where it stood before.
        stage_id = self._portal_stage_id("closed")
        done = super()._portal_close(author, comment)
        if done and self.stage_id.id != stage_id:
            self.stage_id = stage_id
        return done

    def _portal_reopen(self, author, comment):
        self.ensure_one()
        return self._portal_may_reopen() and super()._portal_reopen(author, comment)

    def _portal_may_close(self):
        """Whether the client is offered to declare the ticket solved: its state and the desk's moves let him."""
        return ticket_form.may_close(self.state) and bool(self._portal_stage_id("closed"))

    def _portal_may_reopen(self):
        """Whether the client is offered to open the ticket again."""
        return ticket_form.may_reopen(self.state) and bool(self._portal_stage_id("open"))

    def _portal_stage_id(self, state):
        """The stage of that state to which the current user may move the ticket, or False."""
        # Who comes with the link of a mail is nobody here; what is done for him runs as the system.
        visitor = self.env.uid == SUPERUSER_ID
        return self._stage_id_for_state(state, transitions.CLIENT_EMPLOYEE if visitor else self._transition_actor())
