from dataclasses import replace
from datetime import timedelta

from odoo import models
from odoo.fields import Command

from ..core import periods
from ..tools import to_decimal

ONE_DAY = timedelta(days=1)


class PsaContractComponent(models.Model):
    """Prices that rise."""

    _inherit = "psa.contract.component"

    def _psa_index(self, percent, day, note):
        """Raise the price from a day on.

        A price somebody agreed for that very day, or for a later one, stays. A line that only has another quantity has no
        price of its own: it rises, too. Where something was billed by such a line, the price rises from the day after.
        """
        self.ensure_one()
        before = self._psa_step_before(day)
        if not before or not before.price_unit:
            return
        old = before.price_unit
        digits = self.env["decimal.precision"].precision_get("Product Price")
        price = float(periods.indexed(to_decimal(old), to_decimal(percent), to_decimal(10**-digits)))
        later = self.step_ids.filtered(lambda step: step.date_from >= day).sorted("date_from")
        days = set(later.mapped("date_from"))
        frozen = later._psa_frozen() if later else later
        raised = [] if day in days else [(day, before)]
        for step in later:
            if step.price_unit != old:
                break
            if step not in frozen:
                is_first = step.date_from == day
                step.write({"price_unit": price, "note": note or step.note, **({"origin": "index"} if is_first else {})})
            elif step.date_from + ONE_DAY not in days:
                raised.append((step.date_from + ONE_DAY, step))
        self.step_ids = [
            Command.create(
                {"date_from": start, "quantity": step.quantity, "price_unit": price, "origin": "index", "note": note}
            )
            for start, step in raised
        ]

    def _psa_step_before(self, day):
        """Return the line in force on the day before, none if the component, or its first price, begins that day or later."""
        first_day = self._psa_first_day()
        steps = self.step_ids.sorted("date_from")
        before = steps.filtered(lambda step: step.date_from < day)[-1:]
        if before or day <= first_day or not steps or steps[0].date_from == day:
            return before
        # The first line counts from the start, whenever that is. Now it has to say so.
        self.step_ids = [
            Command.create({"date_from": first_day, "quantity": steps[0].quantity, "price_unit": steps[0].price_unit})
        ]
        return self.step_ids.sorted("date_from")[:1]

    def _psa_index_overage(self, percent, day, note):
        """Raise what an hour over the prepaid ones costs from a day on; what it cost before is kept with the prices.

        Components of a kind agree on it, and all of these do so at every moment: they rise together, those that have ended and
        those that are still to begin, too.
        """
        charged = self.filtered(
            lambda component: component.kind in ("block", "included_hours") and component.overage == "fixed" and component.step_ids
        )
        for (_kind, old), components in charged.grouped(lambda one: (one.kind, one.overage_rate)).items():
            begun = components.filtered(lambda component: component._psa_first_day() < day)
            if not begun:
                continue
            rounding = to_decimal(components.currency_id[:1].rounding)
            rising = components
            for component in begun:
                later = component.step_ids.filtered(lambda step: step.overage_before and step.date_from > day).sorted("date_from")[:1]
                component._psa_keep_overage(day, later.overage_before or old, note)
                if later:
                    # It was raised from a later day already. That stays; what rises is the price until then.
                    later.overage_before = float(periods.indexed(to_decimal(later.overage_before), to_decimal(percent), rounding))
                    rising -= component
            rising.overage_rate = float(periods.indexed(to_decimal(old), to_decimal(percent), rounding))

    def _psa_keep_overage(self, day, rate, note):
        """Note with the line of a day what the hour over the prepaid ones cost until then."""
        step = self.step_ids.filtered(lambda step: step.date_from == day)
        if step:
            step.overage_before = rate
            return
        present = self._psa_step_before(day)
        self.step_ids = [
            Command.create(
                {
                    "date_from": day,
                    "quantity": present.quantity,
                    "price_unit": present.price_unit,
                    "overage_before": rate,
                    "origin": "index",
                    "note": note,
                }
            )
        ]

    def _psa_block_terms(self):
        """Return what happens once the hours are used up, as the rating core reads it: one for each time it cost otherwise."""
        self.ensure_one()
        whole = self._psa_block_term()
        if whole.overage_rate is None:
            return (whole,)
        found, start, end = [], whole.date_from, whole.date_to or periods.FOREVER
        for step in self.step_ids.filtered("overage_before").sorted("date_from"):
            if start < step.date_from <= end:
                rate = to_decimal(step.overage_before)
                found.append(replace(whole, date_from=start, date_to=step.date_from - ONE_DAY, overage_rate=rate))
                start = step.date_from
            elif end < step.date_from:
                # It was raised after the component had ended: its last days have the price from before.
                return (*found, replace(whole, date_from=start, overage_rate=to_decimal(step.overage_before)))
        return (*found, replace(whole, date_from=start))
