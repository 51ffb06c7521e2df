from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

APPROVAL_FIELDS = {"approval_state", "approved_by_id", "approved_on", "refusal_reason"}
# What only the buttons set.
BUTTON_FIELDS = APPROVAL_FIELDS | {"corrects_id", "correction_reason", "delivered_on"}
# What follows the ticket, the product or the chatter by itself and is no part of what was approved.
FOLLOWING_FIELDS = {"desk_id", "kind", "asset_ids", "message_follower_ids", "message_ids", "activity_ids", "message_main_attachment_id"}


class PsaCharge(models.Model):
    """Approval of charges, as time has it: handed in, approved and locked, sent back with a reason, taken back."""

    _inherit = "psa.charge"

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._psa_refuse_button_values(vals)
            # Explicit, so that no default from the context can say otherwise.
            vals.update(dict.fromkeys(BUTTON_FIELDS, False), approval_state="draft")
            if "price_unit" in vals:
                vals.setdefault("is_price_manual", True)
        return super().create(vals_list)

    def write(self, vals):
        self._psa_refuse_button_values(vals)
        if vals.keys() - FOLLOWING_FIELDS:
            self._psa_check_unlocked()
        if "price_unit" in vals and "is_price_manual" not in vals:
            vals = dict(vals, is_price_manual=True)
        return super().write(vals)

    def unlink(self):
        self._psa_check_unlocked()
        return super().unlink()

    def action_submit(self):
        """Hand the charges in for approval."""
        self.check_access("write")
        drafts = self.filtered(lambda charge: charge.approval_state == "draft")
        drafts._psa_write_approval({"approval_state": "submitted", "refusal_reason": False})
        return True

    def action_approve(self):
        """Approve the charges: lock them and put them in the billing ledger."""
        self._psa_check_approver()
        self.check_access("write")
        fresh = self.filtered(lambda charge: charge.approval_state != "approved")
        # What is still to be computed is computed now, and stays.
        fresh.flush_recordset()
        fresh._psa_check_corrections()
        for charge in fresh:
            charge._psa_check_rates()
        fresh._psa_write_approval(
            {
                "approval_state": "approved",
                "approved_by_id": self.env.uid,
                "approved_on": fields.Datetime.now(),
                "refusal_reason": False,
            }
        )
        fresh._psa_bill()
        return True

    def action_unapprove(self):
        """Take the approval back, as long as the charge is on no invoice."""
        self._psa_check_approver()
        self.check_access("write")
        approved = self.filtered(lambda charge: charge.approval_state == "approved")
        approved._psa_check_uncorrected()
        approved._psa_unbill()
        approved._psa_write_approval({"approval_state": "submitted", "approved_by_id": False, "approved_on": False})
        return True

    def action_refuse(self):
        """Ask for the reason, then send the charges back."""
        self._psa_check_approver()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge_refuse")
        action["context"] = {"default_charge_ids": [fields.Command.set(self.ids)]}
        return action

    def _psa_refuse(self, reason):
        """Send the charges back to draft and tell the people who added them."""
        self._psa_check_approver()
        self.check_access("write")
        self._psa_check_unlocked()
        self._psa_write_approval({"approval_state": "draft", "refusal_reason": reason})
        for user, of_user in self.grouped("user_id").items():
            if user == self.env.user:
                continue
            of_user[:1].message_notify(
                partner_ids=user.partner_id.ids,
                subject=self.env._("%(count)s charges were sent back", count=len(of_user)),
                body=self.env._(
                    "Not approved: %(charges)s. %(reason)s", charges=", ".join(of_user.mapped("display_name")), reason=reason
                ),
            )

    def _psa_write_approval(self, vals):
        """Change what only buttons set: the one door past the lock, private, so closed to callers outside."""
        return super().write(vals)  # pylint: disable=super-method-mismatch

    def _psa_refuse_button_values(self, vals):
        named = BUTTON_FIELDS & vals.keys()
        if any(vals[name] and vals[name] != "draft" for name in named):
            raise AccessError(
                self.env._("Approval, delivery and corrections of a charge are made with their buttons only.")
            )
        for name in named:
            del vals[name]

    def _psa_check_unlocked(self):
        locked = self.sudo().filtered(lambda charge: charge.approval_state == "approved")
        if locked:
            raise UserError(
                self.env._(
                    "“%s” is approved and therefore locked. Press “Correct” to change what is charged, or ask billing to take "
                    "the approval back; that is possible until it is invoiced.",
                    locked[0].display_name,
                )
            )

    def _psa_check_approver(self):
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(self.env._("Only members of the group “PSA / Billing” approve, refuse or correct charges."))

    @api.model
    def _psa_create_unguarded(self, vals_list):
        """Create charges with what only buttons set; private, so closed to callers outside."""
        return super().create(vals_list)  # pylint: disable=super-method-mismatch
