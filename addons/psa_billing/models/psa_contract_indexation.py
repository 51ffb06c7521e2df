from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..core import periods
from ..tools import to_decimal

INDEXED_KINDS = ("recurring", "included_hours", "per_ticket", "block", "retainer")
INDEX_MONTHS = 12


class PsaContract(models.Model):
    """Prices that rise by an agreed share once a year."""

    _inherit = "psa.contract"

    _index_idx = models.Index("(index_next_date) WHERE index_next_date IS NOT NULL AND state = 'active'")

    index_percent = fields.Float("Indexation (%)", help="By how much prices rise each time.")
    index_next_date = fields.Date("Next Indexation", copy=False, help="Then again each year.")
    index_name = fields.Char("By", help="What the contract names, e.g. consumer price index.")

    def _psa_index(self, percent, day, note=False):
        """Raise prices and rates from a day on: a further step and a new version, never a rewritten one."""
        for contract in self:
            components = contract.component_ids.filtered(lambda c: c.kind in INDEXED_KINDS)
            if components.step_ids.filtered(lambda s: s.origin == "index" and s.date_from == day) or (
                contract.version_ids.filtered(lambda v: v.date_from == day and v.is_indexed)
            ):
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
            for component in components:
                component._psa_index(percent, day, note)
            contract._psa_index_rates(percent, day, note)

    def _psa_covers(self, day):
        """Say whether a day is within the term."""
        self.ensure_one()
        return self.date_start <= day and (not self.date_end or day <= self.date_end)

    def _psa_index_rates(self, percent, day, note):
        self.ensure_one()
        before = self.version_ids.filtered(lambda version: version.date_from <= day).sorted("date_from")[-1:]
        if not before.rate_ids:
            return
        version = before if before.date_from == day else before._psa_copy_from(day, note)
        for rate in version.rate_ids:
            rate.hourly_rate = float(
                periods.indexed(to_decimal(rate.hourly_rate), to_decimal(percent), to_decimal(self.currency_id.rounding))
            )
        version.sudo().is_indexed = True

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
            if contract._psa_covers(day):
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
