from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..core import periods
from ..tools import to_decimal

INDEXED_KINDS = ("recurring", "included_hours", "per_ticket", "block", "retainer")
INDEX_MONTHS = 12
ONE_DAY = timedelta(days=1)


class PsaContract(models.Model):
    """Prices that rise by an agreed share once a year."""

    _inherit = "psa.contract"

    _index_idx = models.Index("(index_next_date) WHERE index_next_date IS NOT NULL AND state = 'active'")

    index_percent = fields.Float("Indexation (%)", help="By how much prices rise each time.")
    index_next_date = fields.Date("Next Indexation", copy=False, help="Then again each year.")
    index_name = fields.Char("By", help="What the contract names, e.g. consumer price index.")

    _index_leaves_a_price = models.Constraint(
        "CHECK(index_percent > -100)", "The indexation must leave something of the price: more than −100 %."
    )

    def _psa_index(self, percent, day, note=False):
        """Raise prices and rates from a day on: a further step and a new version, never a rewritten one."""
        for contract in self:
            if contract._psa_is_raised_from(day):
                raise UserError(
                    self.env._(
                        "The prices of %(contract)s were raised from %(day)s already. Choose another day, or change the prices of "
                        "that day by hand.",
                        contract=contract.display_name,
                        day=format_date(self.env, day),
                    )
                )
            if not contract._psa_covers(day):
                raise UserError(
                    self.env._(
                        "%(contract)s is not in force on %(day)s. Choose a day within its term.",
                        contract=contract.display_name,
                        day=format_date(self.env, day),
                    )
                )
            # What is over by then has no price any more that could rise.
            components = contract._psa_indexed_components().filtered(
                lambda component: not component._psa_end() or day < component._psa_end()
            )
            for component in components:
                component._psa_index(percent, day, note)
            contract._psa_indexed_components()._psa_index_overage(percent, day, note)
            contract._psa_index_rates(percent, day, note)

    def _psa_indexed_components(self):
        return self.component_ids.filtered(lambda component: component.kind in INDEXED_KINDS)

    def _psa_is_raised_from(self, day):
        """Say whether prices were raised from a day on; what was billed by then rose a day later."""
        self.ensure_one()
        days = (day, day + ONE_DAY)
        return bool(
            self._psa_indexed_components().step_ids.filtered(lambda step: step.origin == "index" and step.date_from in days)
            or self.version_ids.filtered(lambda version: version.is_indexed and version.date_from in days)
        )

    def _psa_covers(self, day):
        """Say whether a day is within the term."""
        self.ensure_one()
        return self.date_start <= day and (not self.date_end or day <= self.date_end)

    def _psa_index_rates(self, percent, day, note):
        """Raise the rates, and those of "at this rate", in the terms of a day and in later ones that have the same.

        A rate somebody agreed for that very day, or for a later one, stays. Where work was priced for good by terms, it
        rises from the day after they begin.
        """
        self.ensure_one()
        versions = self.version_ids.sorted("date_from")
        before = versions.filtered(lambda version: version.date_from < day)[-1:]
        old = {key: line.hourly_rate for key, line in (before or versions[:1])._psa_priced_lines().items() if line.hourly_rate}
        if not old:
            return
        later = [version for version in versions if version.date_from >= day]
        if before and (not later or later[0].date_from != day):
            later.insert(0, before._psa_copy_from(day, note))
        days = {version.date_from for version in later}
        frozen = self.version_ids.browse(version.id for version in later)._psa_frozen()
        for version in later:
            follows = version.date_from + ONE_DAY
            if version in frozen and follows in days:
                continue
            raised = version._psa_copy_from(follows, note) if version in frozen else version
            lines = raised._psa_priced_lines()
            same = {key: line for key, line in lines.items() if key in old and line.hourly_rate == old[key]}
            old = {key: old[key] for key in same}
            if not old:
                return
            for line in same.values():
                rate = periods.indexed(to_decimal(line.hourly_rate), to_decimal(percent), to_decimal(self.currency_id.rounding))
                line.hourly_rate = float(rate)
            raised.sudo().is_indexed = True

    @api.model
    def _cron_index(self):
        """Raise prices where a contract says so."""
        today = self.env["res.company"]._psa_last_today()
        contracts = self.sudo().search(
            [("state", "=", "active"), ("index_next_date", "<=", today), ("index_percent", "!=", 0)], order="id"
        )
        contracts._psa_in_batches(lambda batch: batch._psa_index_by_itself(), 20)

    def _psa_index_by_itself(self):
        for contract in self:
            if not contract.index_percent or not contract.index_next_date:
                continue
            day = contract.index_next_date
            if day > contract.company_id._psa_today():
                continue
            if contract._psa_is_raised_from(day):
                # Somebody was faster, by hand: that is what was agreed, and the next time is in a year.
                contract.message_post(
                    body=self.env._(
                        "Prices were raised from %s already, so the agreed indexation of that day changed nothing.",
                        format_date(self.env, day),
                    )
                )
            elif contract._psa_covers(day):
                contract._psa_index(contract.index_percent, day, contract.index_name)
                contract.message_post(
                    body=self.env._(
                        "Prices and rates rise by %(percent)s %% from %(day)s (%(why)s).",
                        percent=f"{contract.index_percent:g}",
                        day=format_date(self.env, day),
                        why=contract.index_name or self.env._("indexation"),
                    )
                )
            contract.index_next_date = periods.add_months(day, INDEX_MONTHS)
