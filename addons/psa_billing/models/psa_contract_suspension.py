from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

SUSPENDED_KINDS = ("recurring", "included_hours", "per_ticket")


class PsaContract(models.Model):
    """A contract that rests for a while: nothing falls due for the days, and what was billed for them is credited."""

    _inherit = "psa.contract"

    suspended_on = fields.Date(readonly=True, copy=False)

    def action_suspend(self):
        """Let the contract rest from today: its services are counted as none."""
        today = fields.Date.context_today(self)
        for contract in self:
            if contract.state != "active":
                raise UserError(self.env._("Only an active contract is suspended; %s is not.", contract.display_name))
        # Billed up to the day before, as long as the quantities are what they were.
        self._psa_bill_due(today - timedelta(days=1))
        for component in self.component_ids.filtered(lambda c: c.kind in SUSPENDED_KINDS):
            day = max(today, component._psa_first_day())
            step = component._psa_step_today()
            same_day = component.step_ids.filtered(lambda one: one.date_from == day)
            note = self.env._("Suspended")
            if same_day and not same_day._psa_frozen():
                same_day.write({"quantity": 0.0, "origin": "suspension", "note": f"{note}: {same_day.quantity:g}"})
            else:
                component.step_ids = [
                    Command.create(
                        {
                            "date_from": day + timedelta(days=1) if same_day else day,
                            "quantity": 0.0,
                            "price_unit": step.price_unit,
                            "origin": "suspension",
                            "note": f"{note}: {step.quantity:g}",
                        }
                    )
                ]
        self.write({"state": "suspended", "suspended_on": today})
        self._psa_bill_suspended(today)
        return True

    def _psa_bill_suspended(self, today):
        """Credit the rest of periods that were billed in advance."""
        self.sudo().filtered(lambda contract: contract.billed_until)._psa_bill_due(today)

    def action_resume(self):
        """Let a suspended contract go on, with the quantities it had and today's prices."""
        today = fields.Date.context_today(self)
        for contract in self:
            if contract.state != "suspended":
                raise UserError(self.env._("%s is not suspended.", contract.display_name))
        for component in self.component_ids.filtered(lambda c: c.kind in SUSPENDED_KINDS):
            steps = component.step_ids.sorted("date_from")
            resting = steps.filtered(lambda one: one.origin == "suspension" and one.date_from <= today + timedelta(days=1))[-1:]
            if not resting:
                continue
            before = steps.filtered(lambda one: one.date_from < resting.date_from)[-1:]
            # A price agreed for a day within the rest counts from now.
            agreed = steps.filtered(lambda one: resting.date_from < one.date_from <= today)
            latest = agreed[-1:] or before
            quantity = latest.quantity or _quantity_before(resting)
            price = latest.price_unit or resting.price_unit
            agreed.filtered(lambda one: not one._psa_frozen()).write({"quantity": 0.0, "origin": "suspension"})
            if resting.date_from >= today:
                resting.write({"quantity": quantity, "price_unit": price, "origin": "manual", "note": False})
                continue
            same_day = steps.filtered(lambda one: one.date_from == today)
            if same_day:
                same_day.write({"quantity": quantity, "price_unit": price, "origin": "manual"})
            else:
                component.step_ids = [Command.create({"date_from": today, "quantity": quantity, "price_unit": price})]
        self.write({"state": "active", "suspended_on": False})
        return True


def _quantity_before(step):
    """Return the quantity that is noted on a step of suspension."""
    try:
        return float((step.note or "").rsplit(":", 1)[-1])
    except ValueError:
        return 0.0
