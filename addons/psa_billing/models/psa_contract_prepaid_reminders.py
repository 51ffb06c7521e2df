from datetime import timedelta

from odoo import models
from odoo.tools.misc import format_date, formatLang

from ..core import periods


class PsaContractPrepaid(models.Model):
    """The reminders of a block."""

    _inherit = "psa.contract.prepaid"

    def _psa_prepare_low_notice(self, left, told):
        """Return the reminder of the highest level that is reached; none if that, or a higher one, was sent before."""
        self.ensure_one()
        size = self._psa_size()
        level = periods.reached(size, size - left, periods.thresholds(self.component_id.notice_percents))
        if level is None or level <= told:
            return None
        return {
            **self._prepare_notice_vals("low_balance", f"low:{self.id}:{level}"),
            "level": level,
            "name": self.env._("%(block)s: %(level)s %% used", block=self.name, level=level),
            "body": self.env._(
                "Of %(size)s, %(left)s are left.", size=self._psa_amount_text(size), left=self._psa_amount_text(left)
            )
            + (f" {self.env._('Valid until %s.', format_date(self.env, self.date_to))}" if self.date_to else ""),
        }

    def _psa_prepare_expiry_notice(self, left, today):
        self.ensure_one()
        days = self.component_id.expiry_notice_days
        if not self.date_to or not days or left <= 0 or self.date_to - timedelta(days=days) > today:
            return None
        if self.origin == "rollover":
            return None
        return {
            **self._prepare_notice_vals("expiry", f"expiry:{self.id}:{self.date_to}"),
            "name": self.env._(
                "%(block)s expires on %(day)s", block=self.name, day=format_date(self.env, self.date_to)
            ),
            "body": self.env._("%s are not used yet.", self._psa_amount_text(left)),
        }

    def _psa_prepare_top_up_notice(self):
        self.ensure_one()
        return {
            **self._prepare_notice_vals("top_up", f"top_up:{self.id}"),
            "name": self.env._("%s was bought automatically", self.component_id.name),
            "body": self.env._(
                "%(size)s for %(amount)s.",
                size=self._psa_amount_text(self._psa_size()),
                amount=self.currency_id.format(self.amount),
            ),
        }

    def _prepare_notice_vals(self, kind, key):
        return {
            "contract_id": self.contract_id.id,
            "prepaid_id": self.id,
            "kind": kind,
            "key": key,
            "manager_id": self.contract_id._psa_notice_manager().id,
        }

    def _psa_amount_text(self, amount):
        """Return hours (given in seconds) or money as text."""
        if self.kind == "money":
            return self.currency_id.format(float(amount))
        return self.env._("%s hours", formatLang(self.env, amount / 3600, digits=2))
