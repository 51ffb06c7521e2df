from odoo import api, models
from odoo.tools.misc import format_date

from ..core import history


class PsaCharge(models.Model):
    """A charge on a ticket is part of the ticket's history: that it was added, what was changed, that it was deleted."""

    _inherit = "psa.charge"

    @api.model_create_multi
    def create(self, vals_list):
        made = super().create(vals_list)
        made._psa_log_charges({})
        return made

    @api.model
    def _psa_create_unguarded(self, vals_list):
        made = super()._psa_create_unguarded(vals_list)
        made._psa_log_charges({})
        return made

    def write(self, vals):
        before = self._psa_ticket_charges()
        result = super().write(vals)
        self._psa_log_charges(before)
        return result

    def unlink(self):
        before = self._psa_ticket_charges()
        result = super().unlink()
        self.browse()._psa_log_charges(before)
        return result

    def _psa_ticket_charges(self):
        """Return {charge id: (ticket id, text)} of the charges that are on tickets."""
        return {
            charge.id: (charge.ticket_id.id, charge._psa_history_text()) for charge in self.sudo() if charge.ticket_id
        }

    def _psa_history_text(self):
        """Return the charge in one line: when, who, how much of what. Money is not for everybody who reads the history."""
        return " · ".join(
            filter(
                None,
                [
                    format_date(self.env, self.date),
                    self.user_id.name,
                    f"{self.quantity:g} {self.uom_id.name or ''}".strip(),
                    self.billable_type_id.name,
                    self.name,
                    None if self.is_billable else self.env._("not charged"),
                ],
            )
        )

    def _psa_log_charges(self, before):
        """Write what became of the charges since ``before`` into their tickets' history."""
        rows = [
            {
                "ticket_id": ticket_id,
                "kind": "change",
                "field_name": "psa_charge_ids",
                "field_label": self.env._("Charges"),
                "old_value": old,
                "new_value": new,
            }
            for ticket_id, old, new in history.time_changes(before, self._psa_ticket_charges())
        ]
        if rows:
            self.env["psa.ticket.history"]._append(rows)
