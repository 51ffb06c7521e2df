from odoo import api, models
from odoo.tools.misc import format_date

from ..core import history


class AccountAnalyticLine(models.Model):
    """Time on a ticket is part of the ticket's history: that it was entered, what was changed, that it was deleted."""

    _inherit = "account.analytic.line"

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._psa_log_time({})
        return lines

    def write(self, vals):
        before = self._psa_ticket_times()
        result = super().write(vals)
        self._psa_log_time(before)
        return result

    def unlink(self):
        before = self._psa_ticket_times()
        result = super().unlink()
        self.browse()._psa_log_time(before)
        return result

    def _psa_ticket_times(self):
        """Return {line id: (ticket id, text)} of the entries that belong to tickets."""
        return {
            line.id: (line.psa_ticket_id.id, line._psa_history_text())
            for line in self.sudo()
            if line.psa_ticket_id
        }

    def _psa_history_text(self):
        """Return the entry in one line: when, who, how long, as what, and what was done."""
        return history.time_text(
            day=format_date(self.env, self.date),
            who=self.employee_id.name or self.user_id.name,
            worked=self.unit_amount,
            charged=self.psa_billable_minutes,
            parts=(self.psa_work_type_id.name, self.psa_role_id.name, self.name),
        )

    def _psa_log_time(self, before):
        """Write what became of the entries since ``before`` into their tickets' history."""
        rows = [
            {
                "ticket_id": ticket_id,
                "kind": "time",
                "field_name": "psa_time_ids",
                "field_label": self.env._("Time"),
                "old_value": old,
                "new_value": new,
            }
            for ticket_id, old, new in history.time_changes(before, self._psa_ticket_times())
        ]
        if rows:
            self.env["psa.ticket.history"]._append(rows)
