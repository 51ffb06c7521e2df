from odoo import api, fields, models


class PsaBillingItem(models.Model):
    """The derivation of a ledger row, put in words for whoever reviews it or is asked by the client."""

    _inherit = "psa.billing.item"

    explanation = fields.Text("Why This Price", compute="_compute_explanation")

    @api.depends("derivation")
    def _compute_explanation(self):
        for item in self:
            item.explanation = "\n".join(item._explain())

    def _explain(self, for_client=False):
        """Return the derivation as sentences.

        :param for_client: leave out what is not for the client's eyes: cost, internal notes, who decided what
        """
        why = self.derivation or {}
        sentences = []
        contract = {
            "named_on_entry": self.env._("The contract was named on the entry."),
            "named_but_unusable": self.env._(
                "The contract named on the entry is not this client's, or was not in force that day."
            ),
            "no_contract_in_force": self.env._("The client had no contract in force that day."),
            "only_contract_in_force": self.env._("It was the client's only contract in force that day."),
            "newest_start_of_several": self.env._(
                "Of %s contracts in force that day, the one that started last was taken.",
                len(why.get("contract", {}).get("candidate_ids", ())),
            ),
        }.get(why.get("contract", {}).get("why"))
        if contract:
            sentences.append(contract)
        minutes = why.get("minutes")
        if minutes:
            sentences.append(
                self.env._(
                    "%(worked)s min worked; minimum %(minimum)s, increment %(increment)s: "
                    "%(rule)s min.",
                    worked=why["inputs"]["worked_minutes"],
                    minimum=minutes["minimum_minutes"],
                    increment=minutes["increment_minutes"],
                    rule=minutes["by_rule"],
                )
            )
            if minutes["set_by_hand"]:
                sentences.append(self.env._("Set by hand to %s min.", minutes["used"]))
        rate = {
            "contract_role_work_type": self.env._("Rate: the contract's, for role and work type."),
            "contract_role": self.env._("Rate: the contract's, for the role."),
            "role_default": self.env._("Rate: the role's own; the contract names none for it."),
            "role_default_in_other_currency": self.env._(
                "The role's own rate is in another currency, so it does not count."
            ),
            "none": self.env._("Neither a contract nor the role names a rate."),
        }.get(why.get("rate", {}).get("clause"))
        if rate:
            sentences.append(rate)
        if why.get("amount"):
            sentences.append(
                self.env._(
                    "%(rate)s × %(minutes)s min ÷ 60 = %(amount)s, rounded half up to %(rounding)s.",
                    rate=why["rate"]["hourly_rate"],
                    minutes=minutes["used"] if minutes else "?",
                    amount=why["amount"]["result"],
                    rounding=why["amount"]["rounding"],
                )
            )
        return sentences
