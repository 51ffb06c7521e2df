import logging
from functools import partial

from odoo import api, fields, models
from odoo.addons.psa_crm.tools import despite_collisions
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL
from psycopg2 import OperationalError

from ..core import periods
from .psa_contract_component import PERIODIC, RESTING

_logger = logging.getLogger(__name__)
BILL_BATCH = 50


class PsaContract(models.Model):
    """When a contract is billed, how its invoices look, and what falls due."""

    _inherit = "psa.contract"

    _billed_idx = models.Index("(billed_until, id) WHERE state IN ('active', 'suspended', 'ended')")

    billing_cycle = fields.Selection(
        [("monthly", "Monthly"), ("quarterly", "Quarterly"), ("yearly", "Yearly")],
        default="monthly",
        required=True,
        tracking=True,
    )
    cycle_start = fields.Selection(
        [("calendar", "Calendar"), ("anniversary", "Start of the contract")],
        "Periods Follow",
        default="calendar",
        required=True,
        help="Calendar: months, quarters and years as everybody's. Start of the contract: from its day of the month.",
    )
    billing_timing = fields.Selection(
        [("advance", "In advance"), ("arrears", "In arrears")],
        "Due",
        default="advance",
        required=True,
        help="In advance: on the first day of a period. In arrears: on its last.",
    )
    bill_from = fields.Date(
        copy=False, help="Nothing before this day falls due here, because it was billed elsewhere. Empty: all."
    )
    invoice_grouping = fields.Selection(
        [("client", "One for the client"), ("contract", "One for the contract")],
        "Invoice",
        default="client",
        required=True,
    )
    line_grouping = fields.Selection(
        [
            ("entry", "Each entry"),
            ("ticket", "Each ticket"),
            ("work_type", "Each work type"),
            ("role", "Each role"),
            ("single", "A single line"),
        ],
        "A Line for",
        default="entry",
        required=True,
    )
    po_required = fields.Boolean(
        "Purchase Order Required", help="Nothing of the contract is invoiced as long as the number is missing."
    )
    po_number = fields.Char("Purchase Order", tracking=True)
    monthly_value = fields.Monetary(
        compute="_compute_monthly_value",
        store=True,
        help="What the contract brings each month by itself, by the quantities and prices of today.",
    )
    billed_until = fields.Date(readonly=True, copy=False, help="Everything due until this day is in the ledger.")
    billing_error = fields.Char(readonly=True, copy=False, help="Why nothing more could be billed.")

    @api.depends(
        "state",
        "billing_cycle",
        "component_ids.kind",
        "component_ids.purchase",
        "component_ids.date_from",
        "component_ids.date_to",
        "component_ids.step_ids.date_from",
        "component_ids.step_ids.quantity",
        "component_ids.step_ids.price_unit",
    )
    def _compute_monthly_value(self):
        for contract in self:
            today = contract.company_id._psa_today() if contract.company_id else fields.Date.context_today(self)
            value = 0.0
            if contract.state in ("draft", "active") and contract.date_start:
                for component in contract.component_ids:
                    is_recurring = component.kind in PERIODIC or (component.kind == "block" and component.purchase == "cycle")
                    if is_recurring and (not component.date_to or component.date_to >= today):
                        value += component.quantity * component.price_unit
            contract.monthly_value = value / periods.CYCLE_MONTHS[contract.billing_cycle or "monthly"]

    def write(self, vals):
        cut = {"billing_cycle", "cycle_start", "date_start"} & vals.keys()
        changed = self.filtered(
            lambda contract: any(
                contract[name] != self._psa_value(name, vals[name])
                for name in cut
                if name != "date_start" or contract.cycle_start == "anniversary"
            )
        )
        if changed and changed.component_ids._psa_frozen_dues():
            raise UserError(
                self.env._(
                    "Periods of %s were billed, so its billing cycle stays. End the components and add new ones to a new "
                    "contract with the other cycle.",
                    changed.component_ids._psa_frozen_dues().contract_id[:1].display_name,
                )
            )
        result = super().write(vals)
        if vals.keys() & {"billing_cycle", "cycle_start", "billing_timing", "date_start", "date_end", "bill_from"}:
            self.component_ids._psa_forget_open_dues()
        return result

    def action_bill(self):
        """Put what fell due until today in the ledger now, and say what that was."""
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(self.env._("Only members of the group “PSA / Billing” bill contracts."))
        self.check_access("write")
        dues = self._psa_bill_due(fields.Date.context_today(self))
        failed = self.filtered("billing_error")
        if failed:
            message, kind = "\n".join(failed.mapped("billing_error")), "danger"
        elif dues:
            message, kind = self.env._("%s rows are in the ledger now.", len(dues)), "success"
        else:
            message, kind = self.env._("Nothing more has fallen due."), "info"
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"message": message, "type": kind, "next": {"type": "ir.actions.client", "tag": "soft_reload"}},
        }

    def action_view_dues(self):
        """Open what fell due."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_contract_due")
        action["domain"] = [("contract_id", "in", self.ids)]
        return action

    def _psa_cycle_rule(self):
        """Return how the contract's time is cut into periods."""
        self.ensure_one()
        return periods.Cycle(
            periods.CYCLE_MONTHS[self.billing_cycle], self.date_start if self.cycle_start == "anniversary" else None
        )

    def _psa_cycle(self, day):
        """Return ``(start, end)`` of the billing cycle that a day lies in; the end is the first day after it."""
        self.ensure_one()
        period = periods.cycle_of(self._psa_cycle_rule(), day)
        return period.start, period.end

    def _psa_check_running(self):
        """Refuse to sell under contracts that are not in force."""
        for contract in self:
            if contract.state != "active":
                raise UserError(
                    self.env._("%s is not active, so nothing more is sold under it. Activate it first.", contract.display_name)
                )

    def _psa_by_day(self):
        """Return ``[(today, contracts)]``: what runs at night goes by the day it is at each contract's company."""
        return list(self.grouped(lambda contract: contract.company_id._psa_today()).items())

    def _psa_bill_due(self, until):
        """Put everything that fell due until a day (included) in the ledger, each once; return the new dues.

        Periods, instalments, signed-off milestones, set-up fees, closed tickets, and prepaid purchases; and signed
        true-ups of periods billed before. Contracts that fail are marked (``billing_error``) and do not stop the others.
        """
        contracts = self.sudo().filtered(lambda contract: contract.state != "draft")
        Due = self.env["psa.contract.due"].sudo()
        if not contracts:
            return Due
        contracts._psa_lock()
        known = contracts.component_ids._psa_known_dues()
        vals_by_contract, errors = {}, {}
        for contract in contracts:
            try:
                with self.env.cr.savepoint():
                    vals_by_contract[contract] = [
                        vals
                        for component in contract.component_ids
                        # While it rests, only what was charged for the days is put right.
                        if contract.state != "suspended" or component.kind in RESTING
                        for vals in component._psa_prepare_due_vals(until, known)
                    ]
            except (UserError, ValidationError) as error:
                errors[contract] = str(error)
        dues, failed = self._psa_make_dues(vals_by_contract)
        errors.update(failed)
        contracts._psa_note_billed(until, errors)
        return dues

    def _psa_make_dues(self, vals_by_contract):
        """Make dues and their ledger rows: all at once, and if that fails contract by contract.

        :return: ``(dues, {contract: error})``
        """
        Due = self.env["psa.contract.due"].sudo()
        vals_list = [vals for vals_list in vals_by_contract.values() for vals in vals_list]
        if not vals_list:
            return Due, {}
        try:
            with self.env.cr.savepoint():
                dues = Due.create(vals_list)
                dues._psa_bill()
                return dues, {}
        except (UserError, ValidationError) as error:
            if len(vals_by_contract) == 1:
                return Due, {next(iter(vals_by_contract)): str(error)}
        dues, errors = Due, {}
        for contract, vals_list in vals_by_contract.items():
            made, failed = self._psa_make_dues({contract: vals_list})
            dues |= made
            errors.update(failed)
        return dues, errors

    def _psa_note_billed(self, until, errors):
        """Note until when contracts are billed, and what went wrong; tell the responsible once."""
        fine = self.filtered(lambda contract: contract not in errors)
        stale = fine.filtered(lambda contract: contract.billing_error or contract.billed_until != until)
        stale.filtered(lambda contract: not contract.billed_until or contract.billed_until < until).billed_until = until
        stale.filtered("billing_error").billing_error = False
        for contract, error in errors.items():
            if contract.billing_error != error:
                contract.billing_error = error
                contract.activity_schedule(
                    "mail.mail_activity_data_warning",
                    summary=self.env._("The contract cannot be billed"),
                    note=error,
                    user_id=contract.user_id.id or self.env.uid,
                )

    def _psa_bill_again(self):
        """Let the night look once more at contracts that were billed beyond their last day.

        An ended contract is left out from then on: what was charged for days on which it is no longer in force, or what was
        taken back to be reckoned again, would never be billed.
        """
        billed = self.sudo().filtered(
            lambda contract: contract.date_end and contract.billed_until and contract.billed_until > contract.date_end
        )
        for contract in billed:
            contract.billed_until = contract.date_end
        if billed:
            self.env.ref("psa_billing.ir_cron_contract_bill").sudo()._trigger()

    def _psa_lock(self):
        """Take the contracts' turn, in id order: who bills, buys or renews them at the same time waits."""
        self.flush_recordset()
        self.env.cr.execute(
            SQL("SELECT id FROM psa_contract WHERE id IN %s ORDER BY id FOR NO KEY UPDATE", tuple(self.ids))
        )

    @api.model
    def _cron_bill_due(self):
        """Bill what fell due, a batch of contracts at a time; what one contract lacks does not stop the others."""
        contracts = self.sudo().search(
            [("state", "!=", "draft"), ("component_ids", "!=", False), ("active", "in", (True, False))], order="id"
        )
        # An ended contract has nothing more to bill once its last day was; of one that rests only credits are reckoned again.
        contracts = contracts.filtered(
            lambda contract: contract.state != "ended"
            or not contract.billed_until
            or contract.billing_error
            or (contract.date_end and contract.billed_until <= contract.date_end)
        )
        contracts._psa_in_batches(lambda batch: [some._psa_bill_due(day) for day, some in batch._psa_by_day()], BILL_BATCH)

    def _psa_in_batches(self, work, size):
        """Do some work for batches of contracts, commit after each, and go on when one fails.

        A batch that collides with somebody who works at the same ledgers is done once more.
        """
        remaining = len(self)
        self.env["ir.cron"]._commit_progress(remaining=remaining)
        for start in range(0, len(self), size):
            despite_collisions(self.env, partial(self[start : start + size]._psa_in_one_batch, work))
            done = len(self[start : start + size])
            remaining -= done
            if not self.env["ir.cron"]._commit_progress(done, remaining=remaining):
                break

    def _psa_in_one_batch(self, work):
        """Do some work for contracts nobody else is at, together or, if that fails, one by one."""
        batch = self.try_lock_for_update(allow_referencing=True)
        try:
            with self.env.cr.savepoint():
                work(batch)
        except OperationalError:
            # Somebody else was faster: the batch is to be tried again.
            raise
        except Exception:  # pylint: disable=broad-except
            _logger.exception("Contracts %s, now one by one", batch.ids)
            batch._psa_one_by_one(work)
        self.env.flush_all()

    def _psa_one_by_one(self, work):
        for contract in self:
            try:
                with self.env.cr.savepoint():
                    work(contract)
            except OperationalError:
                raise
            except (UserError, ValidationError) as error:
                contract.billing_error = str(error)
            except Exception as error:  # pylint: disable=broad-except
                contract.billing_error = self.env._("Something unforeseen went wrong: %s", error)
