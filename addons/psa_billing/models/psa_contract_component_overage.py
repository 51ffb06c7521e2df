from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.misc import format_date

HOURS = ("block", "included_hours")


class PsaContractComponent(models.Model):
    """Which of a contract's components says what happens once the hours are used up.

    Included hours pay first, blocks go on from there: so it is the block, and there must be one answer for each kind.
    """

    _inherit = "psa.contract.component"

    overage_note = fields.Char("Which Counts", compute="_compute_overage_note")

    @api.depends(
        "kind",
        "overage",
        "date_from",
        "date_to",
        "contract_id.component_ids.kind",
        "contract_id.component_ids.name",
        "contract_id.component_ids.date_from",
        "contract_id.component_ids.date_to",
    )
    def _compute_overage_note(self):
        for component in self:
            component.overage_note = False
            if component.kind != "included_hours":
                continue
            blocks = component.contract_id.component_ids.filtered(
                lambda other, component=component: other.kind == "block" and component._psa_days_with(other)
            )
            if blocks:
                component.overage_note = self.env._(
                    "The prepaid hours of “%s” pay for what is over the included ones, so as long as they are sold it counts what is "
                    "chosen there.",
                    "”, “".join(block.name or "" for block in blocks),
                )
            elif component.overage == "negative":
                component.overage_note = self.env._(
                    "Included hours end with their period and do not go below zero: what is over them is charged at the rate of "
                    "role and work type."
                )

    @api.onchange("kind")
    def _onchange_kind_overage(self):
        """Offer for a further component what was agreed for the others of its kind."""
        agreed = self.contract_id.component_ids.filtered(lambda other: other.kind == self.kind and other._origin)[-1:]
        if self.kind in HOURS and agreed and not self._origin:
            self.overage, self.overage_rate = agreed.overage, agreed.overage_rate

    @api.constrains("contract_id", "kind", "date_from", "date_to", "overage", "overage_rate")
    def _check_overage_agrees(self):
        """Refuse two answers to what hours beyond cost; what is over is left as it is."""
        for component in self.filtered(lambda component: component.kind in HOURS):
            others = component.contract_id.component_ids.filtered(
                lambda other, component=component: other.kind == component.kind and other != component
            )
            for other in others:
                if component._psa_overage_said() == other._psa_overage_said():
                    continue
                days = component._psa_days_with(other)
                today = component.company_id._psa_today()
                if days and (not days[1] or days[1] > today):
                    raise ValidationError(
                        self.env._(
                            "“%(component)s” and “%(other)s” are both in force from %(day)s, and do not agree on what happens once "
                            "the hours are used up. Choose the same under “When Used Up”, or let one of them end (“Until”) before "
                            "the other begins.",
                            component=component.name,
                            other=other.name,
                            day=format_date(self.env, days[0]),
                        )
                    )

    def _psa_overage_said(self):
        """Return what happens once the hours are used up, to be compared."""
        self.ensure_one()
        rate = self.currency_id.round(self.overage_rate) if self.overage == "fixed" else 0.0
        return self.overage, rate

    def _psa_days_with(self, other):
        """Return the first day on which both are in force, and the day after the last (None: open); nothing if there is none."""
        if not self.contract_id.date_start:
            return None
        start = max(self._psa_first_day(), other._psa_first_day())
        end = min((end for end in (self._psa_end(), other._psa_end()) if end), default=None)
        return (start, end) if end is None or start < end else None
