from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_date

from ..core import periods
from ..tools import to_decimal

# Periods that ended longer ago are settled: what is found about them later is not charged.
TRUE_UP_DAYS = 731


class PsaContractComponent(models.Model):
    """What falls due under a component, and when."""

    _inherit = "psa.contract.component"

    def _psa_prepare_due_vals(self, until, known):
        """Return the values of what fell due until a day (included) and is not known yet.

        :param known: see ``_psa_known_dues``
        """
        self.ensure_one()
        prepare = {
            "recurring": self._psa_prepare_period_vals,
            "included_hours": self._psa_prepare_period_vals,
            "setup_fee": self._psa_prepare_once_vals,
            "fixed_price": self._psa_prepare_fixed_price_vals,
            "milestone": self._psa_prepare_milestone_vals,
            "per_ticket": self._psa_prepare_ticket_vals,
            "block": self._psa_prepare_purchase_vals,
            "retainer": self._psa_prepare_purchase_vals,
        }[self.kind]
        vals_list = [
            {"contract_id": self.contract_id.id, "component_id": self.id, "product_id": self.product_id.id, **vals}
            for vals in prepare(until, known)
        ]
        if vals_list:
            self._psa_check_sellable()
        return vals_list

    def _psa_known_dues(self):
        """Return what fell due before: ``(keys, {(component id, cycle start): [next number of a key, amount]})``."""
        keys, charged = set(), {}
        for due in self.env["psa.contract.due"].sudo().search_fetch(
            [("component_id", "in", self.ids)], ["component_id", "key", "cycle_from", "amount"]
        ):
            keys.add((due.component_id.id, due.key))
            if due.cycle_from:
                entry = charged.setdefault((due.component_id.id, due.cycle_from), [0, to_decimal(0)])
                # After the highest, not by how many there are: some may have been taken back in between.
                entry[0] = max(entry[0], int(due.key.rsplit(":", 1)[1]) + 1)
                entry[1] += to_decimal(due.amount)
        return keys, charged

    def _psa_check_sellable(self):
        product = self.product_id
        if not product:
            raise UserError(
                self.env._("“%s” has no product, so no account and no taxes. Set “Product”.", self.name)
            )
        if not product.active:
            raise UserError(
                self.env._(
                    "“%(component)s” is sold as “%(product)s”, which is archived. Choose another product on the component, or "
                    "unarchive it.",
                    component=self.name,
                    product=product.display_name,
                )
            )

    def _psa_frozen_dues(self):
        """Return what fell due and was released or invoiced."""
        dues = self.env["psa.contract.due"].sudo().search([("component_id", "in", self._origin.ids)])
        return dues._psa_frozen() if dues else dues

    def _psa_forget_open_dues(self):
        """Take back periods and fees nobody has released yet: they fall due again, by what the contract says now.

        A period of which a part was released stays as a whole: it was billed, and what is different is a true-up.
        """
        dues = self.env["psa.contract.due"].sudo().search(
            [("component_id", "in", self._origin.ids), ("kind", "in", ("recurring", "correction", "setup", "fixed_price"))]
        )
        frozen = dues._psa_frozen() if dues else dues
        begun = {(due.component_id, due.cycle_from) for due in frozen if due.kind == "recurring"}
        dues = (dues - frozen).filtered(
            lambda due: due.kind != "recurring" or (due.component_id, due.cycle_from) not in begun
        )
        if dues:
            dues._psa_take_back_for_now()

    def _psa_forget_whole(self):
        """Take back fixed prices that fell due as a whole, now that they have instalments; refuse if they were billed."""
        whole = self.env["psa.contract.due"].sudo().search([("component_id", "in", self.ids), ("key", "=", "once")])
        whole._psa_check_open(
            lambda due: self.env._(
                "“%s” was billed as a whole, so it takes no instalments. Credit its invoice and take the row back to the "
                "review first (“Back to Review”).",
                due.component_id.name,
            )
        )
        if whole:
            whole._psa_take_back_for_now()

    def _psa_prepare_period_vals(self, until, known):
        """A row for each part of a period, or one for what a period billed before costs more or less."""
        contract, steps = self.contract_id, self._psa_steps()
        rounding = to_decimal(contract.currency_id.rounding)
        _keys, charged = known
        # In arrears a period is due on its last day, which may lie behind "until".
        for period, active in self._psa_periods(self._psa_first_day(), until + timedelta(days=1)):
            due_day = periods.due_day(active, contract.billing_timing)
            if due_day > until or (contract.bill_from and active.last_day < contract.bill_from):
                continue
            parts = periods.slices(steps, period, active, rounding, self.is_prorated)
            yield from self._psa_prepare_one_period(period, active, parts, due_day, until, charged)
        # A period that is not to be charged at all any more, since the contract or the component ended before it, or begins later.
        yield from self._psa_prepare_dropped_periods(until, charged)

    def _psa_prepare_one_period(self, period, active, parts, due_day, until, charged):
        number, amount = charged.get((self.id, period.start), (0, to_decimal(0)))
        if not number:
            for index, part in enumerate(parts):
                if part.amount:
                    yield {
                        "kind": "recurring",
                        "key": f"period:{period.start}:{index}",
                        "name": self._psa_period_name(part),
                        "date": due_day,
                        "cycle_from": period.start,
                        "period_from": part.start,
                        "period_to": part.end - timedelta(days=1),
                        **self._psa_priced(part),
                        "derivation": self._psa_derivation(period, [part]),
                    }
            return
        if (until - period.end).days > TRUE_UP_DAYS:
            return
        expected = sum((part.amount for part in parts), to_decimal(0))
        yield from self._psa_prepare_true_up(period, active, parts, expected, number, amount, until)

    def _psa_prepare_dropped_periods(self, until, charged):
        first, end = self._psa_first_day(), self._psa_end()
        for (component_id, start), (number, amount) in sorted(charged.items()):
            if component_id != self.id or not amount:
                continue
            period = periods.cycle_of(self.contract_id._psa_cycle_rule(), start)
            if period.end <= first or (end and start >= end):
                yield from self._psa_prepare_true_up(period, period, (), to_decimal(0), number, amount, until)

    def _psa_prepare_true_up(self, period, active, parts, expected, number, amount, until):
        difference = periods.true_up(expected, amount, self.true_up)
        if not difference:
            return
        last_day = self.contract_id.date_end
        yield {
            "kind": "correction",
            "key": f"true_up:{period.start}:{number}",
            "name": self.env._(
                "%(component)s, %(start)s to %(end)s: %(parts)s (%(charged)s were charged before)",
                component=self.name,
                start=format_date(self.env, active.start),
                end=format_date(self.env, active.last_day),
                parts="; ".join(self._psa_part_text(part) for part in parts) or self.env._("nothing"),
                charged=self.currency_id.format(float(amount)),
            ),
            "date": max(min(until, last_day) if last_day else until, self._psa_first_day()),
            "cycle_from": period.start,
            "period_from": active.start,
            "period_to": active.last_day,
            "quantity": 1.0 if difference > 0 else -1.0,
            "price_unit": float(abs(difference)),
            "amount": float(difference),
            "derivation": {
                **self._psa_derivation(period, parts),
                "expected": str(expected),
                "charged_before": str(amount),
                "policy": self.true_up,
            },
        }

    def _psa_prepare_once_vals(self, until, known):
        """The set-up fee, or a fixed price without instalments: due with the first day."""
        keys, _charged = known
        day = self._psa_first_day()
        step = periods.step_on(self._psa_steps(), day)
        if day > until or not step or not step.quantity * step.price_unit or (self.id, "once") in keys:
            return
        if self._psa_end() and day >= self._psa_end():
            return
        if self.contract_id.bill_from and day < self.contract_id.bill_from:
            return
        yield {
            "kind": "setup" if self.kind == "setup_fee" else "fixed_price",
            "key": "once",
            "name": self.name,
            "date": day,
            **self._psa_quantity_price(step.quantity, step.price_unit),
            "derivation": {"step_from": str(step.date_from)},
        }

    def _psa_prepare_fixed_price_vals(self, until, known):
        if not self.instalment_ids:
            yield from self._psa_prepare_once_vals(until, known)
            return
        keys, _charged = known
        if (self.id, "once") in keys:
            return
        first, bill_from = self._psa_first_day(), self.contract_id.bill_from
        for instalment in self.instalment_ids:
            key = f"instalment:{instalment.id}"
            if instalment.date_due > until or (self.id, key) in keys or (bill_from and instalment.date_due < bill_from):
                continue
            if self.date_to and instalment.date_due > self.date_to:
                continue
            yield {
                "kind": "fixed_price",
                "key": key,
                "name": f"{self.name}: {instalment.name}",
                "date": max(instalment.date_due, first),
                "instalment_id": instalment.id,
                **self._psa_quantity_price(1, to_decimal(instalment.amount)),
                "derivation": {"instalment_id": instalment.id, "due_on": str(instalment.date_due)},
            }

    def _psa_prepare_milestone_vals(self, until, known):
        keys, _charged = known
        for milestone in self.milestone_ids:
            key = f"milestone:{milestone.id}"
            if (
                not milestone.is_reached
                or not milestone.psa_signed_off_on
                or milestone.psa_signed_off_on > until
                or not milestone.psa_amount
                or (self.id, key) in keys
            ):
                continue
            yield {
                "kind": "milestone",
                "key": key,
                "name": self.env._(
                    "%(component)s: %(milestone)s, accepted by %(who)s on %(day)s",
                    component=self.name,
                    milestone=milestone.name,
                    who=milestone.psa_signed_off_by or self.client_id.name,
                    day=format_date(self.env, milestone.psa_signed_off_on),
                ),
                "date": max(milestone.psa_signed_off_on, self._psa_first_day()),
                "milestone_id": milestone.id,
                **self._psa_quantity_price(1, to_decimal(milestone.psa_amount)),
                "derivation": {"milestone_id": milestone.id, "signed_off_on": str(milestone.psa_signed_off_on)},
            }

    def _psa_prepare_ticket_vals(self, until, known):
        """Each of the client's tickets that falls under the contract, once, when it was closed; by the price of that day."""
        keys, _charged = known
        self._psa_forget_tickets_of_others()
        first, end = self._psa_first_day(), self._psa_end()
        if self.contract_id.bill_from:
            first = max(first, self.contract_id.bill_from)
        last = min(until, end - timedelta(days=1)) if end else until
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False).search(
            Domain("client_id", "=", self.contract_id.client_id.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "closed")
            & Domain("date_closed", ">=", fields.Datetime.to_datetime(first) - timedelta(days=1))
            & Domain("date_closed", "<", fields.Datetime.to_datetime(last) + timedelta(days=2))
            & Domain("is_merged", "=", False)
            & Domain("id", "not in", [int(key.split(":")[1]) for id_, key in keys if id_ == self.id and key.startswith("ticket:")])
            & self._psa_domain("ticket_domain", "psa.ticket"),
            order="id",
        )
        steps = self._psa_steps()
        for ticket in self._psa_own_tickets(tickets):
            day = ticket._psa_price_day()
            step = periods.step_on(steps, day)
            if not first <= day <= last or step is None or not step.price_unit or not step.quantity:
                continue
            yield {
                "kind": "per_ticket",
                "key": f"ticket:{ticket.id}",
                "name": f"{self.name}: {ticket.display_name}",
                "date": day,
                "ticket_id": ticket.id,
                **self._psa_quantity_price(1, step.quantity * step.price_unit),
                "derivation": {"closed_on": str(day), "step_from": str(step.date_from)},
            }

    def _psa_priced(self, part):
        """Return quantity, price and amount of a part of a period; a part of one is one thing at its own price."""
        if part.is_whole:
            return self._psa_quantity_price(part.quantity, part.price_unit, part.amount)
        return self._psa_quantity_price(1, part.amount)

    def _psa_quantity_price(self, quantity, price_unit, amount=None):
        rounding = to_decimal(self.contract_id.currency_id.rounding)
        if amount is None:
            amount = periods.round_to(quantity * price_unit, rounding)
        return {"quantity": float(quantity), "price_unit": float(price_unit), "amount": float(amount)}

    def _psa_period_name(self, part):
        text = self.env._(
            "%(component)s, %(start)s to %(end)s",
            component=self.name,
            start=format_date(self.env, part.start),
            end=format_date(self.env, part.end - timedelta(days=1)),
        )
        return text if part.is_whole else f"{text}: {self._psa_part_text(part)}"

    def _psa_part_text(self, part):
        if part.is_whole:
            return self.env._(
                "%(quantity)s × %(price)s", quantity=f"{float(part.quantity):g}", price=self.currency_id.format(float(part.price_unit))
            )
        return self.env._(
            "%(quantity)s × %(price)s for %(days)s of %(all_days)s days",
            quantity=f"{float(part.quantity):g}",
            price=self.currency_id.format(float(part.price_unit)),
            days=part.days,
            all_days=part.period_days,
        )

    def _psa_derivation(self, period, parts):
        return {
            "period": [str(period.start), str(period.last_day)],
            "counted": self.count_source,
            "parts": [
                {
                    "from": str(part.start),
                    "to": str(part.end - timedelta(days=1)),
                    "days": part.days,
                    "of_days": part.period_days,
                    "quantity": str(part.quantity),
                    "price_unit": str(part.price_unit),
                    "amount": str(part.amount),
                }
                for part in parts
            ],
        }
