from odoo import api, fields, models
from odoo.tools.misc import format_date, formatLang

from ..core import terms


class PsaBillingItem(models.Model):
    """The derivation of a ledger row, put in words for whoever reviews it or is asked by the client.

    The keys of a derivation are those of ``core/derivation.py``.
    """

    _inherit = "psa.billing.item"

    explanation = fields.Text("Why This Price", compute="_compute_explanation")

    @api.depends("derivation", "state", "is_adjusted", "is_held")
    def _compute_explanation(self):
        for item in self:
            # Who releases rows reads the sentences, not the figures behind them.
            item.explanation = "\n".join(item.sudo()._explain())

    def _explain(self, for_client=False):
        """Return the derivation as sentences.

        :param for_client: leave out what is not for the client's eyes: cost, internal reasons, who decided what
        """
        self.ensure_one()
        why = self.derivation or {}
        sentences = [
            *self._explain_contract(why, for_client),
            *self._explain_correction(why),
            *self._explain_time(why),
            *self._explain_cover(why),
            *self._explain_draw(why),
            *self._explain_overage(why),
            *self._explain_multiplier(why),
            *self._explain_rate(why),
            *self._explain_amount(why),
            *self._explain_value(why),
            *self._explain_problem(why),
        ]
        if self.is_adjusted:
            sentences.append(self._explain_adjustment(for_client))
        if not for_client:
            sentences += self._explain_inside()
        return [sentence for sentence in sentences if sentence]

    def _explain_contract(self, why, for_client):
        contract = why.get("contract", {})
        count = len(contract.get("candidate_ids", ()))
        problem = {
            "not_the_clients": self.env._("The contract named on the entry is not this client's."),
            "not_confirmed": self.env._("The contract named on the entry is still a draft."),
            "before_start": self.env._("The contract named on the entry had not started that day."),
            "after_end": self.env._("The contract named on the entry had ended by that day."),
        }.get(contract.get("problem"))
        sentence = problem or {
            "named_on_entry": self.env._("The contract was named on the entry."),
            "named_but_unusable": self.env._(
                "The contract named on the entry is not this client's, or was not in force that day."
            ),
            "no_contract_in_force": self.env._("The client had no contract in force that day."),
            "only_contract_in_force": self.env._("It was the client's only contract in force that day."),
            "first_priority_of_several": self.env._(
                "Of %s contracts in force that day, the one with the first priority was taken.", count
            ),
            "newest_start_of_several": self.env._(
                "Of %s contracts in force that day, the one that started last was taken.", count
            ),
            "latest_made_of_several": self.env._(
                "Of %s contracts in force that day, started on the same day, the one made last was taken.", count
            ),
        }.get(contract.get("why"))
        if for_client and self.contract_id:
            return [self.env._("It falls under the contract “%s”.", self.contract_id.name)]
        return [sentence]

    def _explain_correction(self, why):
        corrects = why.get("corrects")
        if "time" not in why:
            return self._explain_price_correction(why, corrects)
        if corrects:
            return [
                self.env._(
                    "It takes %(time)s of an earlier entry back, at the price it was charged at then.",
                    time=self._time_text(-self.seconds),
                )
            ]
        if why.get("inputs", {}).get("corrects_id"):
            return [self.env._("It corrects an earlier entry and is charged as time of that day.")]
        return []

    def _explain_price_correction(self, why, corrects):
        """Return where money comes from that is taken back; what is charged anew explains itself."""
        if not corrects:
            return []
        values = {"amount": self._money(-float(why["amount"]["result"])), "value": self._money(corrects["value"])}
        if self.funding == terms.BY_RETAINER:
            sentences = [
                self.env._(
                    "%(amount)s of the %(value)s that the retainer “%(name)s” paid for it go back into that retainer.",
                    name=self.sudo().prepaid_id.display_name, **values,
                )
            ]
        else:
            sentences = [self.env._("%(amount)s of the %(value)s charged for it before are taken back.", **values)]
        if float(corrects["taken"]):
            sentences.append(
                self.env._("Earlier corrections took %(taken)s of that back already.", taken=self._money(corrects["taken"]))
            )
        if self.state == "written_off":
            sentences.append(self.env._("That had been written off, so this is written off as well: nothing is credited."))
        return sentences

    def _explain_time(self, why):
        time = why.get("time")
        if not time or time["rule"] == "correction":
            return []
        worked = self._time_text(why["inputs"]["worked_seconds"])
        by_rule = self._time_text(time["by_rule"])
        rounding = {
            "worked": worked,
            "rule": by_rule,
            "minimum": time.get("minimum_minutes") or 0,
            "increment": time.get("increment_minutes") or 0,
        }
        if time["rule"] == "none":
            sentences = [self.env._("%(worked)s worked; the contract rounds nothing.", worked=worked)]
        elif not rounding["minimum"] and not rounding["increment"]:
            sentences = [self.env._("%(worked)s worked, charged as worked.", worked=worked)]
        elif time["rule"] == "contract":
            sentences = [
                self.env._(
                    "%(worked)s worked; the contract's minimum is %(minimum)s min, its increment %(increment)s min: %(rule)s.", **rounding
                )
            ]
        else:
            sentences = [
                self.env._("%(worked)s worked; minimum %(minimum)s min, increment %(increment)s min: %(rule)s.", **rounding)
            ]
        if time.get("set_by_hand"):
            sentences.append(self.env._("Set by hand to %s.", self._time_text(time["used"])))
        part = why.get("part")
        if part and (part["from"], part["to"]) != (0, time["used"]):
            sentences.append(
                self.env._(
                    "This row is the part from %(start)s to %(end)s of it; other rows pay for the rest.",
                    start=self._time_text(part["from"]),
                    end=self._time_text(part["to"]),
                )
            )
        return sentences

    def _explain_cover(self, why):
        sentences = []
        coverage = why.get("coverage")
        if coverage:
            sentences.append({
                terms.INCLUDED: self.env._("The contract includes this kind of work: nothing is drawn and nothing to be paid."),
                terms.EXCLUDED: self.env._("The contract excludes this kind of work from its included and prepaid hours."),
                terms.AT_RATE: self.env._("The contract has a rate of its own for this kind of work; prepaid hours do not pay for it."),
            }.get(coverage["effect"]))
        flat = why.get("flat")
        if flat:
            project = self.env["project.project"].sudo().browse(flat.get("project_id")).exists()
            sentences.append({
                "fixed_price": self.env._("The fixed price of the project “%s” pays for it.", project.name)
                if project
                else self.env._("A fixed price pays for it."),
                "per_ticket": self.env._("The price of the ticket pays for it."),
            }.get(flat["kind"]))
        if self.state == "non_billable":
            sentences.append(self.env._("It was marked as not billable."))
        return sentences

    def _explain_draw(self, why):
        draw = why.get("draw")
        if not draw or ("time" not in why and why.get("corrects")):
            return []
        if self.funding == terms.BY_RETAINER:
            sentences = [
                self.env._(
                    "%(amount)s of it are paid from the retainer “%(name)s”.",
                    amount=self._money(draw["money"]),
                    name=self.sudo().prepaid_id.display_name,
                )
            ]
        elif self.funding == terms.BY_INCLUDED:
            sentences = [
                self.env._(
                    "%(time)s are taken from the included hours of the period from %(day)s.",
                    time=self._time_text(draw["seconds"]),
                    day=format_date(self.env, self.period_from),
                )
            ]
        else:
            sentences = [
                self.env._(
                    "%(time)s are taken from the prepaid hours “%(name)s”.",
                    time=self._time_text(draw["seconds"]),
                    name=self.sudo().prepaid_id.display_name,
                )
            ]
        if draw.get("uses_up"):
            sentences.append(self.env._("That uses them up."))
        if draw.get("may_go_negative"):
            sentences.append(self.env._("The contract lets them go below zero."))
        return sentences

    def _explain_overage(self, why):
        if self.funding == terms.BY_OVERAGE:
            agreed = self.env["psa.contract.component"].sudo().browse(why.get("block_terms", {}).get("terms_id")).exists()
            if agreed:
                return [
                    self.env._(
                        "The prepaid hours were used up, so the hours over them are charged as agreed under “%s”.", agreed.name
                    )
                ]
            return [self.env._("The prepaid hours were used up, so the hours over them are charged.")]
        if why.get("block_terms", {}).get("is_hard_stop") and self.error == terms.BLOCKS_EXHAUSTED:
            return [self.env._("The contract says that nothing is worked beyond the prepaid hours.")]
        return []

    def _explain_multiplier(self, why):
        multiplier = why.get("multiplier")
        if not multiplier:
            return []
        values = {
            "work_type": self._number(multiplier["work_type"]),
            "role": self._number(multiplier["role"]),
            "result": self._number(multiplier["result"]),
        }
        if multiplier["policy"] == "highest":
            return [self.env._("It counts %(result)s times: the higher of %(work_type)s (work type) and %(role)s (role).", **values)]
        return [self.env._("It counts %(result)s times: %(work_type)s (work type) × %(role)s (role).", **values)]

    def _explain_rate(self, why):
        rate = why.get("rate", {})
        sentences = [{
            "contract_role_work_type": self.env._("Rate: the contract's, for role and work type."),
            "contract_role": self.env._("Rate: the contract's, for the role."),
            "contract_work_type": self.env._("Rate: the contract's, for the work type."),
            "contract_any": self.env._("Rate: the contract's, for any work."),
            "role_default": self.env._("Rate: the role's own; the contract names none for it."),
            "overage": self.env._("Rate: the contract's, for hours over the prepaid ones."),
            "coverage_rule": self.env._("Rate: the contract's, for this kind of work."),
            "role_default_in_other_currency": self.env._("The role's own rate is in another currency, so it does not count."),
            "role_default_not_valid": self.env._("The role has rates, but none that was valid that day."),
            "none": self.env._("Neither a contract nor the role names a rate."),
        }.get(rate.get("clause"))]
        if rate.get("multiplier"):
            sentences.append(
                self.env._(
                    "%(rate)s × %(multiplier)s = %(result)s an hour.",
                    rate=self._money(rate["hourly_rate"]),
                    multiplier=self._number(rate["multiplier"]),
                    result=self._money(rate["result"]),
                )
            )
        return sentences

    def _explain_amount(self, why):
        amount = why.get("amount")
        if not amount:
            return []
        result = amount["result"]
        values = {
            "rounding": amount.get("rounding") or self._number(self.currency_id.rounding),
            "whole": self._money(amount.get("whole", result)),
            "result": self._money(result),
        }
        if "seconds" in amount:
            sentences = [
                self.env._(
                    "%(rate)s an hour × %(time)s = %(whole)s, rounded half up to %(rounding)s.",
                    rate=self._money(why["rate"]["result"]), time=self._time_text(amount["seconds"]), **values,
                )
            ]
        else:
            sentences = [
                self.env._(
                    "%(quantity)s × %(price)s = %(whole)s.",
                    quantity=self._number(why["inputs"]["quantity"]), price=self._money(why["inputs"]["price_unit"]), **values,
                )
            ]
        if self.error == terms.MORE_THAN_CHARGED:
            sentences.append(self.env._("There is not as much left to take back: %(rest)s too much.", rest=self._money(-float(result))))
        elif float(amount.get("paid") or 0) < 0:
            sentences.append(
                self.env._(
                    "Of that %(paid)s were taken back from other rows, which were funded later: %(result)s.",
                    paid=self._money(-float(amount["paid"])), **values,
                )
            )
        elif amount.get("paid") and float(amount["paid"]):
            sentences.append(
                self.env._("Less %(paid)s from retainers: %(result)s.", paid=self._money(amount["paid"]), **values)
            )
        if why.get("retainers_in_other_currency"):
            sentences.append(self.env._("A retainer in another currency does not pay for it."))
        return sentences

    def _explain_value(self, why):
        value = why.get("value")
        if not value:
            return []
        if value["by"] == "hour_value":
            return [self.env._(
                "The hours were sold at %(rate)s each, so they are worth %(result)s.",
                rate=self._money(value["hourly_rate"]), result=self._money(value["result"]),
            )]
        return [self.env._(
            "At %(rate)s an hour it would be worth %(result)s.",
            rate=self._money(value["hourly_rate"]), result=self._money(value["result"]),
        )]

    def _explain_problem(self, why):
        if self.state != "error":
            return []
        return [{
            terms.MISSING_CLIENT: self.env._("Nobody knows whom to charge: the entry has no client."),
            terms.MISSING_WORK_TYPE: self.env._("Nothing says how the time is charged: the entry has no work type."),
            terms.MISSING_ROLE: self.env._("No rate can be looked up: the entry has no role."),
            terms.MISSING_PRODUCT: self.env._("An invoice line needs a product, and there is none."),
            terms.MISSING_RATE: False if why.get("rate") else self._explain_no_price(),
            terms.NEGATIVE_TIME: self.env._("There is less left of the entry than is to be taken back, or the time is negative."),
            terms.MORE_THAN_CHARGED: self.env._(
                "What is corrected was charged less, has been taken back already, or could not be charged itself. Lower what the "
                "correction takes back, or write this row off."
            ),
            terms.CURRENCY_MISMATCH: self.env._("Its currency is not the contract's."),
            terms.MISSING_CURRENCY_RATE: self.env._("There is no exchange rate for the currency on that day."),
            terms.BLOCKS_EXHAUSTED: self.env._("The prepaid hours are used up."),
        }.get(self.error)]

    def _explain_no_price(self):
        if self.source_model == "psa.charge":
            return self.env._("It has no price. Adjust the row, or take back the approval of the charge and enter a Unit Price.")
        return self.env._("It has no price.")

    def _explain_adjustment(self, for_client):
        quantity, price = self._number(self.quantity), formatLang(self.env, self.price_unit, currency_obj=self.currency_id)
        amount = formatLang(self.env, self.amount, currency_obj=self.currency_id)
        values = {"quantity": f"{quantity} {self.uom_id.name or ''}".strip(), "price": price, "amount": amount}
        if for_client:
            return self.env._("It was adjusted: %(quantity)s × %(price)s = %(amount)s.", **values)
        return self.env._(
            "Adjusted by hand to %(quantity)s × %(price)s = %(amount)s, because: %(reason)s", reason=self.adjust_reason or "–", **values
        )

    def _explain_inside(self):
        """Return what only the company is told."""
        sentences = []
        if self.is_held:
            sentences.append(self.env._("Held, because: %s", self.hold_reason or "–"))
        if self.state == "written_off":
            sentences.append(self.env._("Written off, because: %s", self.write_off_reason or "–"))
        if self.settled_on:
            sentences.append(self.env._("Settled with its period on %s.", format_date(self.env, self.settled_on)))
        return sentences

    @api.model
    def _time_text(self, seconds):
        """Return seconds as people read them: hours and minutes, and seconds where there are some.

        :param seconds: may be negative
        """
        sign, seconds = ("−", -seconds) if seconds < 0 else ("", seconds)
        minutes, rest = divmod(int(seconds), 60)
        text = f"{sign}{minutes // 60}:{minutes % 60:02d}"
        return f"{text}:{rest:02d} h" if rest else f"{text} h"

    def _money(self, number):
        return formatLang(self.env, float(number or 0), currency_obj=self.currency_id)

    @api.model
    def _number(self, number):
        return f"{float(number):g}"
