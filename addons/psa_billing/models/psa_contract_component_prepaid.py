from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..core import periods, terms
from ..tools import to_decimal
from .psa_contract import RUNNING
from .psa_contract_component import PREPAID
from .psa_contract_prepaid import NOT_DRAWING


class PsaContractComponent(models.Model):
    """Blocks of hours and retainers: bought, topped up, and carried over."""

    _inherit = "psa.contract.component"

    def _psa_prepare_purchase_vals(self, until, known):
        """Buy what is bought by itself until a day, and return the dues of purchases that have none."""
        present = self.prepaid_ids.sorted("id")
        keys = set(present.mapped("key"))
        for key, day in self._psa_purchases(until):
            if key not in keys:
                present |= self._psa_buy(day, "purchase", key)
        return [
            block._prepare_due_vals()
            for block in present
            if block.amount
            and block.origin != "rollover"
            and not block.is_cancelled
            and block.purchased_on <= until
            and (self.id, f"purchase:{block.id}") not in known[0]
        ]

    def _psa_purchases(self, until):
        """Return ``[(key, day)]`` of what is bought by itself until a day (included)."""
        first = self._psa_first_day()
        bill_from = self.contract_id.bill_from or first
        if self.purchase == "once":
            is_over = self._psa_end() and first >= self._psa_end()
            return [("once", first)] if bill_from <= first <= until and not is_over else []
        if self.purchase == "cycle":
            return [
                (f"cycle:{period.start}", active.start)
                for period, active in self._psa_periods(first, until + timedelta(days=1))
                # Nothing is sold for a contract that rests: the next purchase comes with a cycle that begins after it.
                if bill_from <= active.start <= until and not self.contract_id._psa_is_resting(active.start)
            ]
        return []

    def _psa_buy(self, day, origin, key=False):
        """Sell the block or retainer once, valid from a day; see ``_psa_order`` for its ledger row."""
        self.ensure_one()
        step = periods.step_on(self._psa_steps(), day)
        is_money = self.kind == "retainer"
        quantity = step.quantity if step else to_decimal(0)
        price = step.price_unit if step else to_decimal(0)
        amount = periods.round_to(quantity * price, to_decimal(self.currency_id.rounding))
        return (
            self.env["psa.contract.prepaid"]
            .sudo()
            .create(
                {
                    "name": self.env._(
                        "%(component)s from %(day)s", component=self.name, day=format_date(self.env, day)
                    ),
                    "component_id": self.id,
                    "kind": "money" if is_money else "hours",
                    "hours": 0.0 if is_money else float(quantity),
                    "price": 0.0 if is_money else float(price),
                    "amount": float(amount),
                    "date_from": day,
                    "date_to": periods.valid_until(day, self.validity_months),
                    "purchased_on": day,
                    "usable": self.usable,
                    "origin": origin,
                    "key": key,
                }
            )
        )

    def _psa_top_up(self, today):
        """Buy once more where too little is left; what is ordered but not usable yet counts as there."""
        components = self.filtered(
            lambda component: component.is_auto_top_up
            and component.kind in PREPAID
            and component.contract_id.state == "active"
            and component._psa_first_day() <= today
            and not (component._psa_end() and component._psa_end() <= today)
        )
        if not components:
            return self.env["psa.contract.prepaid"]
        components.contract_id._psa_lock()
        left = {}
        blocks = components.prepaid_ids.filtered(
            lambda block: not block.is_cancelled and (not block.date_to or block.date_to >= today)
        )
        for block, rest in blocks._psa_left().items():
            left[block.component_id] = left.get(block.component_id, 0) + rest
        bought = self.env["psa.contract.prepaid"]
        for component in components:
            limit = to_decimal(component.top_up_below)
            if component.kind == "block":
                limit *= terms.SECONDS_PER_HOUR
            step = periods.step_on(component._psa_steps(), today)
            size = (step.quantity if component.kind == "block" else step.quantity * step.price_unit) if step else 0
            # Nothing bought leaves as little as before: it would be bought again each time.
            if size and left.get(component, 0) < limit:
                bought |= component._psa_buy(today, "top_up")
        bought._psa_order()
        return bought

    def _psa_roll_over(self, today):
        """Carry over the agreed share of what was not used of the last period, or of blocks that have expired.

        Only of what was bought for it: what had come over itself is not carried over again. As long as the hours can
        be used, time approved late for the period before makes them fewer.
        """
        changed = self.env["psa.contract.prepaid"]
        for component in self.filtered("rollover_percent"):
            if component.kind == "included_hours":
                changed |= component._psa_roll_over_hours(today)
            elif component.kind in PREPAID:
                changed |= component._psa_roll_over_blocks(today)
        changed._psa_rate_clients()
        return changed

    def _psa_roll_over_hours(self, today):
        rule = self.contract_id._psa_cycle_rule()
        current = periods.cycle_of(rule, today)
        before = periods.cycle_of(rule, current.start - timedelta(days=1))
        first, end = self._psa_first_day(), self._psa_end()
        active, follows = periods.clip(before, first, end), periods.clip(current, first, end)
        if not active or not follows:
            return self.env["psa.contract.prepaid"]
        drawn = self._psa_included_drawn(active.start)
        seconds = periods.rolled_over(self._psa_included_seconds(before, active), drawn, to_decimal(self.rollover_percent))
        return self._psa_carry(
            f"rollover:{active.start}",
            seconds,
            {
                "name": self.env._(
                    "%(component)s, left from %(start)s to %(end)s",
                    component=self.name,
                    start=format_date(self.env, active.start),
                    end=format_date(self.env, active.last_day),
                ),
                "kind": "hours",
                "price": float(self._psa_hour_value(active.start) or 0),
                "date_from": follows.start,
                "date_to": follows.last_day,
            },
        )

    def _psa_roll_over_blocks(self, today):
        changed = self.env["psa.contract.prepaid"]
        expired = self.prepaid_ids.filtered(
            lambda block: block.origin != "rollover" and block.date_to and block.date_to < today
        )
        # Hours nobody has paid for as agreed do not go over. Paid late they do; and what went over is taken back where the
        # payment, the invoice or the purchase was.
        usable = expired._psa_usable()
        drawn = expired._psa_drawn()
        for block in expired:
            start = block.date_to + timedelta(days=1)
            date_to = periods.valid_until(start, self.validity_months or 1)
            if date_to < today:
                continue
            is_money = block.kind == "money"
            size, used = block._psa_size(), drawn.get(block, 0)
            if is_money:
                cent = to_decimal(self.currency_id.rounding)
                rest = periods.rolled_over(int(size / cent), int(used / cent), to_decimal(self.rollover_percent)) * cent
            else:
                rest = periods.rolled_over(size, used, to_decimal(self.rollover_percent))
            if block not in usable:
                rest = 0
            changed |= self._psa_carry(
                f"rollover:block:{block.id}",
                rest,
                {
                    "name": self.env._("%s, what was left", block.name),
                    "kind": block.kind,
                    "price": block.price,
                    "date_from": start,
                    "date_to": date_to,
                },
            )
        return changed

    def _psa_carry(self, key, rest, vals):
        """Make or correct what is carried over; ``rest`` is seconds, or money. Return it if it changed."""
        Prepaid = self.env["psa.contract.prepaid"].sudo()
        present = Prepaid.search([("component_id", "=", self.id), ("key", "=", key)])
        fname, value = ("amount", float(rest)) if vals["kind"] == "money" else ("hours", rest / terms.SECONDS_PER_HOUR)
        if present:
            # Nobody takes back hours that work was paid with.
            used = present[f"drawn_{fname}"]
            value = max(value, used)
            if abs(present[fname] - value) < 1e-6:
                return Prepaid
            present[fname] = value
            return present
        if not rest:
            return Prepaid
        return Prepaid.create(
            {
                **vals,
                fname: value,
                "component_id": self.id,
                "origin": "rollover",
                "key": key,
                "purchased_on": vals["date_from"],
                "usable": "at_once",
            }
        )

    def _psa_included_drawn(self, period_from):
        """Return the seconds drawn from the included hours of the period that starts on a day."""
        self.ensure_one()
        ((seconds,),) = self.env["psa.billing.item"].sudo()._read_group(
            Domain("component_id", "=", self.id)
            & Domain("period_from", "=", period_from)
            & Domain("funding", "=", terms.BY_INCLUDED)
            & Domain("state", "not in", NOT_DRAWING),
            [],
            ["drawn_seconds:sum"],
        )
        return seconds or 0

    @api.model
    def _cron_prepaid(self):
        """Carry over, top up, and let work draw from blocks that have become usable."""
        contracts = self.env["psa.contract"].sudo().search(
            [("state", "in", RUNNING), ("component_ids.kind", "in", (*PREPAID, "included_hours"))], order="id"
        )
        contracts._psa_in_batches(lambda batch: [some._psa_tend_prepaid(day) for day, some in batch._psa_by_day()], 20)
