from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..item_fields import OPEN_STATES

# Before a row is priced again, it must not count as released.
BACK = {
    "state": "pending",
    "write_off_reason": False,
    "is_held": False,
    "hold_reason": False,
    "run_line_ids": [Command.clear()],
}


class PsaBillingItem(models.Model):
    """The review before invoices are made: release, hold, write off, price again."""

    _inherit = "psa.billing.item"

    def action_approve(self):
        """Release rows for invoicing; what is held stays where it is."""
        self._check_may_release()
        if self and not self.filtered(lambda item: not item.is_held):
            raise UserError(
                self.env._("“%s” is held. Let it go first (“Let Go”).", self[0].name.split("\n")[0])
            )
        items = self.sudo()._locked(("pending",)).filtered(lambda item: not item.is_held)
        items._reviewed("release", {"state": "approved"}, self.env.uid)
        return True

    def action_back_to_review(self):
        """Take the release or the write-off of rows back, and price them again."""
        self._check_billing()
        items = self.sudo()
        items._psa_take_turn(items.client_id, items.company_id)
        items = items._locked(("approved", "written_off"))
        items._psa_open_corrections()
        items._reviewed("back", BACK, self.env.uid)
        items._psa_rate_again()
        return True

    def action_rate_again(self):
        """Price rows again, after a rate, role, product or contract was put right."""
        self._check_billing()
        self.sudo()._psa_rate_again()
        return True

    def action_hold(self):
        """Ask for the reason, then hold rows back."""
        return self._open_wizard("psa_billing.action_psa_billing_hold")

    def action_let_go(self):
        """Take the hold off rows; they can be released again."""
        self._check_billing()
        items = self.sudo()._locked(("error", "pending", "covered")).filtered("is_held")
        items._reviewed("let_go", {"is_held": False, "hold_reason": False}, self.env.uid)
        return True

    def action_write_off(self):
        """Ask for the reason, then give the rows up."""
        return self._open_wizard("psa_billing.action_psa_billing_write_off")

    def action_move(self):
        """Ask for the contract, show what would change, then move the rows there."""
        return self._open_wizard("psa_billing.action_psa_billing_move")

    def action_adjust(self):
        """Ask what is to be charged instead, and why."""
        self.ensure_one()
        return self._open_wizard("psa_billing.action_psa_billing_adjust", "default_item_id", self.id)

    def _open_wizard(self, xmlid, name="default_item_ids", value=None):
        self._check_billing()
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        action["context"] = {name: value or [fields.Command.set(self.ids)]}
        return action

    def _hold(self, reason):
        """Hold rows back for a reason: they are not released until somebody lets them go."""
        self._check_billing()
        self._check_states(OPEN_STATES, self.env._("Only rows that are not invoiced yet can be held."))
        items = self.sudo()
        items._psa_take_turn(items.client_id, items.company_id)
        items = items._locked(OPEN_STATES)
        released = items.filtered(lambda item: item.state == "approved")
        released._psa_open_corrections()
        items._reviewed("hold", {"is_held": True, "hold_reason": reason, "run_line_ids": [Command.clear()]}, self.env.uid, reason)
        released._write_row({"state": "pending"})
        released._psa_rate_again()

    def _write_off(self, reason):
        """Give rows up for a reason; they stay in the ledger."""
        self._check_billing()
        self._check_states(OPEN_STATES, self.env._("Only rows that are not invoiced yet can be written off."))
        items = self.sudo()
        items._psa_take_turn(items.client_id, items.company_id)
        items = items._locked(OPEN_STATES)
        is_corrected = bool(items._psa_open_corrections())
        given_up = {"state": "written_off", "write_off_reason": reason, "run_line_ids": [Command.clear()]}
        items._reviewed("write_off", given_up, self.env.uid, reason)
        if is_corrected:
            # What was taken back from these rows is taken back from what is given up.
            items._psa_rate_again()
            corrections = items._psa_corrections().filtered(lambda item: item.state == "written_off")
            corrections._reviewed("write_off", given_up, self.env.uid, reason)

    def _check_states(self, states, message):
        if self.filtered(lambda item: item.state not in states):
            raise UserError(message)

    def _psa_rate_again(self):
        """Price these rows again, and with them what their clients have open."""
        clientless = self.filtered(lambda item: not item.client_id)
        lines = self.env["account.analytic.line"].sudo().browse(
            clientless.filtered(lambda item: item.source_model == "account.analytic.line").mapped("source_id")
        )
        self._psa_rate(self.client_id, self.company_id, lines=lines.exists())

    @api.model
    def _review_stamp(self, uid):
        return {"reviewed_by_id": uid, "reviewed_on": fields.Datetime.now()}

    def _reviewed(self, event, vals, uid, reason=False):
        """Write what was decided about the rows, by whom and why."""
        if not self:
            return
        self._log(event, reason=reason, uid=uid)
        self._write_row({**vals, **self._review_stamp(uid)})

    def _psa_release_at_sign_off(self, clients, companies):
        """Release what needs no review: the company or contract says that the approval of the time is enough."""
        at_once = companies.sudo().filtered("psa_released_at_sign_off")
        contracts = self.env["psa.contract"].sudo().with_context(active_test=False).search(
            [("client_id", "in", clients.ids), ("company_id", "in", companies.ids), ("release", "!=", "company")]
        )
        named = contracts.filtered(lambda contract: contract.release == "sign_off")
        if not at_once and not named:
            return
        items = self.search(
            Domain("id", "in", self.ids)
            & Domain("state", "=", "pending")
            & Domain("is_held", "=", False)
            & Domain("is_below_cost", "=", False)
            & (
                Domain("contract_id", "in", named.ids)
                | (Domain("company_id", "in", at_once.ids) & Domain("contract_id", "not in", contracts.ids))
            )
        )
        items._reviewed("release", {"state": "approved"}, self.env.uid, self.env._("With the approval of the time"))
