from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ..core import periods


class PsaContract(models.Model):
    """A contract that rests for a while: nothing falls due for the days, and what was billed for them is credited."""

    _inherit = "psa.contract"

    suspension_ids = fields.One2many("psa.contract.suspension", "contract_id", "Rests", copy=False)

    def action_suspend(self):
        """Let the contract rest from today: its services are counted as none. Time is priced all the same."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for contract in self:
            if contract.state != "active":
                raise UserError(self.env._("Only an active contract is suspended; %s is not.", contract.display_name))
            # Suspended again on the day it went on: the rest was never over.
            last = contract.sudo().suspension_ids[-1:]
            if last.date_to and last.date_to >= today - timedelta(days=1):
                last.date_to = False
            else:
                self.env["psa.contract.suspension"].sudo().create({"contract_id": contract.id, "date_from": today})
        self._psa_set_state("suspended")
        self.component_ids._psa_forget_open_dues()
        # What is billed in advance is credited by days, now and not only when it goes on.
        self.filtered("billed_until")._psa_bill_due(today)
        return True

    def action_resume(self):
        """Let a suspended contract go on today, with the quantities and prices agreed for today."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for contract in self:
            if contract.state != "suspended":
                raise UserError(self.env._("%s is not suspended.", contract.display_name))
        self._psa_end_rest(today)
        self._psa_set_state("active")
        self.component_ids._psa_forget_open_dues()
        return True

    def _psa_end_rest(self, today):
        """Let the contracts go on from a day, where they still rest."""
        for contract in self:
            last = contract.sudo().suspension_ids[-1:]
            if not last or last.date_to:
                continue
            if last.date_from >= today:
                last.unlink()
            else:
                last.date_to = today - timedelta(days=1)

    def _psa_is_resting(self, day):
        """Say whether a day is one of rest."""
        return any(first <= day and (end is None or day < end) for first, end in self._psa_rests())

    def _psa_rests(self):
        """Return the days of rest, as ``[(first day, day after the last or None)]``."""
        self.ensure_one()
        return [(rest.date_from, periods.after(rest.date_to or None)) for rest in self.sudo().suspension_ids]
