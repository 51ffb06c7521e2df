from odoo import models

from .psa_ticket_entries import EntryBatch


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _comment_all(self, body, is_internal):
        """Make the entries of a comment on many tickets together, too."""
        batch = EntryBatch()
        result = super(PsaTicket, self.with_context(psa_entry_batch=batch))._comment_all(body, is_internal)
        if batch.rows:
            self._record_rows(batch.rows)
        return result
