from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_date

from ..core import periods
from .psa_contract import RUNNING
from .psa_contract_frozen import FROZEN


class PsaContract(models.Model):
    """How a contract goes on after its term, and which of its terms are in force."""

    _inherit = "psa.contract"

    _notice_idx = models.Index("(date_notice) WHERE state IN ('active', 'suspended') AND date_notice IS NOT NULL")

    renewal = fields.Selection(
        [("none", "Ends"), ("ask", "Ask"), ("auto", "Renew")],
        "At the End",
        default="none",
        required=True,
        tracking=True,
        help="Ask: somebody presses “Renew”, or lets it end. Renew: it goes on by itself.",
    )
    renewal_months = fields.Integer("Renewed for (Months)", default=12)
    notice_days = fields.Integer("Tell before (Days)", default=60)
    renewal_count = fields.Integer("Times Renewed", readonly=True, copy=False)
    date_first_end = fields.Date(
        readonly=True, copy=False, help="Last day of the term before the first renewal; the terms after it are counted from there."
    )
    date_notice = fields.Date(
        "Notice On", compute="_compute_date_notice", store=True, help="When the account manager and the client are reminded."
    )
    is_renewal_due = fields.Boolean(compute="_compute_is_renewal_due", search="_search_is_renewal_due")

    _months_positive = models.Constraint(
        "CHECK(renewal_months > 0 AND notice_days >= 0)",
        "A contract is renewed for at least a month, and the notice cannot be a negative number of days.",
    )

    @api.depends("date_end", "notice_days")
    def _compute_date_notice(self):
        for contract in self:
            contract.date_notice = contract.date_end and contract.date_end - timedelta(days=contract.notice_days)

    @api.depends("date_notice", "state")
    def _compute_is_renewal_due(self):
        today = fields.Date.context_today(self)
        for contract in self:
            contract.is_renewal_due = bool(
                contract.state in RUNNING and contract.date_notice and contract.date_notice <= today
            )

    def _search_is_renewal_due(self, operator, value):
        if operator != "in":
            return NotImplemented
        due = fields.Domain("state", "in", RUNNING) & fields.Domain("date_notice", "<=", fields.Date.context_today(self))
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return fields.Domain(bool(wanted))
        return due if wanted.pop() else ~due

    def action_renew(self):
        """Renew for another term. Pressed twice, the second time says that it was done."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        self.sudo()._psa_lock()
        for contract in self:
            if not contract.date_end:
                raise UserError(self.env._("%s is open-ended: there is nothing to renew.", contract.display_name))
            if contract.state not in RUNNING or contract.date_notice > today:
                raise UserError(
                    self.env._(
                        "%(contract)s runs until %(end)s, and its renewal is not due before %(notice)s. To change its end now, "
                        "set “Ends On”.",
                        contract=contract.display_name,
                        end=format_date(self.env, contract.date_end),
                        notice=format_date(self.env, contract.date_notice),
                    )
                )
            contract._psa_renew()
        return True

    def _psa_renew(self):
        """Move the end by one term."""
        for contract in self:
            before = contract.date_end
            contract.date_end = contract._psa_renewed_end()
            contract.sudo().renewal_count += 1
            contract.message_post(
                body=self.env._(
                    "Renewed for %(months)s months: from %(start)s until %(end)s.",
                    months=contract.renewal_months,
                    start=format_date(self.env, before + timedelta(days=1)),
                    end=format_date(self.env, contract.date_end),
                )
            )

    def _psa_renewed_end(self):
        """Return the last day of the next term.

        Counted from the start of the contract, or from the end of its first term: from one February to the next every
        month would be as short. An end somebody has set since begins anew.
        """
        self.ensure_one()
        follows = periods.after(self.date_end)
        if not self.date_first_end or not periods.follows_from(periods.after(self.date_first_end), follows):
            self.sudo().date_first_end = self.date_end
        anchors = (self.date_start, periods.after(self.date_first_end))
        return periods.renewed_end(self.date_end, self.renewal_months, anchors)

    @api.model
    def _cron_end_contracts(self):
        """Renew what renews by itself, and end the contracts whose last day is past."""
        today = self.env["res.company"]._psa_last_today()
        renewed = [("state", "in", RUNNING), ("renewal", "=", "auto"), ("date_end", "<=", today)]
        for contract in self.search(renewed, order="id"):
            while contract.date_end <= contract.company_id._psa_today():
                contract._psa_renew()
        result = super()._cron_end_contracts()
        self._psa_switch_all(today)
        return result

    @api.model
    def _psa_switch_all(self, today):
        """Show the terms in force on contracts whose next terms begin."""
        begun = self.env["psa.contract.version"].sudo().search(
            [("date_from", "<=", today), ("date_from", ">=", today - timedelta(days=31))]
        )
        begun.contract_id._psa_switch_versions()
        # What a month brings follows the day, too.
        lately = [("date_from", ">=", today - timedelta(days=31)), ("date_from", "<=", today)]
        changed = self.env["psa.contract.component.step"].sudo().search(lately).contract_id
        changed |= (
            self.env["psa.contract.component"]
            .sudo()
            .search([("date_to", ">=", today - timedelta(days=31)), ("date_to", "<", today)])
            .contract_id
        )
        self.env.add_to_compute(self._fields["monthly_value"], changed)

    def _psa_switch_versions(self, without=None):
        """Show the terms in force today, or on a contract that has not begun its first."""
        for contract in self.sudo():
            today = contract.company_id._psa_today()
            versions = contract.version_ids.sorted("date_from")
            if without:
                versions -= without
            current = versions.filtered_domain([("date_from", "<=", today)])[-1:] or versions[:1]
            if current and contract.version_id != current:
                contract.version_id = current

    def action_new_version(self):
        """Ask from when new terms count."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("New Version"),
            "res_model": "psa.contract.new.version",
            "view_mode": "form",
            "target": "new",
            "context": {"default_contract_id": self.id},
        }

    def _psa_new_version(self, day, note=False):
        """Return new terms from a day on, like those in force that day."""
        self.ensure_one()
        if day < self.date_start or (self.date_end and day > self.date_end):
            raise UserError(
                self.env._(
                    "%(contract)s is not in force on %(day)s. Choose a day within its term.",
                    contract=self.display_name,
                    day=format_date(self.env, day),
                )
            )
        versions = self.version_ids.sorted("date_from")
        if day in versions.mapped("date_from"):
            raise UserError(
                self.env._(
                    "%(contract)s already has terms that start on %(day)s. Change those, or choose another day.",
                    contract=self.display_name,
                    day=format_date(self.env, day),
                )
            )
        last = self._psa_last_frozen()
        if last and day <= last:
            raise UserError(
                self.env._(
                    "Work of %(last)s was released or invoiced by the present terms. Let the new ones start after that day.",
                    last=format_date(self.env, last),
                )
            )
        before = versions.filtered(lambda version: version.date_from < day)[-1:] or versions[:1]
        return before._psa_copy_from(day, note)

    def _psa_last_frozen(self):
        """Return the last day of which work was priced for good, False if there is none."""
        self.ensure_one()
        ((day,),) = self.env["psa.billing.item"].sudo()._read_group(
            fields.Domain("contract_id", "=", self.id) & fields.Domain("kind", "=", "time") & FROZEN, [], ["date:max"]
        )
        return day
