from odoo import fields, models


class PsaTicket(models.Model):
    """A ticket writes down everything that happens to it, whoever does it and by whichever way."""

    _inherit = "psa.ticket"

    history_ids = fields.One2many("psa.ticket.history", "ticket_id", "History", readonly=True, copy=False)

    def _attribute_label(self, fname):
        """Return what the ticket's desk calls a field."""
        return self._fields[fname].get_description(self.env, ["string"])["string"]

    def _log_history(self, kind, field_name=False, field_label="", old="", new="", description=""):
        """Write the same row into the history of each of these tickets."""
        self.env["psa.ticket.history"]._append([
            {
                "ticket_id": ticket.id, "kind": kind, "field_name": field_name,
                "field_label": field_label or (ticket._attribute_label(field_name) if field_name in self._fields else ""),
                "old_value": old, "new_value": new, "description": description,
            }
            for ticket in self
        ])
