from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.misc import format_date


class PsaCharge(models.Model):
    """Corrections of approved charges: signed charges that take back from what they correct, or are charged in its place."""

    _inherit = "psa.charge"

    client_id = fields.Many2one(recursive=True)

    @api.depends("corrects_id.client_id")
    def _compute_client_id(self):
        # What is taken back goes to whoever it was charged to, wherever the ticket has moved since.
        corrections = self.filtered("corrects_id")
        result = super(PsaCharge, self - corrections)._compute_client_id()
        for charge in corrections:
            charge.client_id = charge.corrects_id.client_id
        return result

    @api.constrains("corrects_id", "client_id", "contract_id", "currency_id", "is_billable")
    def _check_corrects_id(self):
        """Refuse a correction that would find nothing to take back."""
        for charge in (self | self.correction_ids).sudo().filtered("corrects_id"):
            if fault := charge._psa_correction_fault():
                raise ValidationError(fault)

    def _psa_correction_fault(self):
        """Return why this correction has nothing to take back, with what to do about it; None if it has."""
        original = self.corrects_id
        names = {"correction": self.name, "charge": original.name}
        if self.client_id != original.client_id:
            return self.env._(
                "“%(correction)s” corrects “%(charge)s”, which %(client)s pays. Keep that Client on both, or delete the "
                "correction first.",
                client=original.client_id.name or self.env._("nobody"),
                **names,
            )
        if self.currency_id != original.currency_id:
            return self.env._(
                "“%(correction)s” is in %(currency)s, and “%(charge)s”, which it corrects, in %(other)s: there would be "
                "nothing to take back. Choose a Contract in %(other)s, or delete the correction first.",
                currency=self.currency_id.name,
                other=original.currency_id.name,
                **names,
            )
        if self.is_billable != original.is_billable:
            return self.env._(
                "“%(correction)s” corrects “%(charge)s”: tick Billable on both, or on neither. Delete the correction to "
                "leave the charge as it is.",
                **names,
            )
        return None

    def action_correct(self):
        """Ask what the charge should have been, and why."""
        self.ensure_one()
        self._psa_check_correctable()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge_correct")
        action["context"] = {"default_charge_id": self.id}
        return action

    def _psa_check_correctable(self):
        self._psa_check_approver()
        self.check_access("write")
        if self.approval_state != "approved":
            raise UserError(self.env._("“%s” is not approved yet: change it directly.", self.name))
        if self.corrects_id:
            raise UserError(self.env._("“%s” is a correction itself. Correct the charge it belongs to.", self.name))
        if self.correction_ids.filtered(lambda charge: charge.approval_state != "approved"):
            raise UserError(
                self.env._("A correction of “%s” waits for its approval. Approve it, or delete it, before you correct anew.", self.name)
            )
        if "written_off" in (self | self.correction_ids).sudo()._psa_items().mapped("state"):
            # A correction would credit what the client never owed.
            raise UserError(
                self.env._(
                    "“%s” was written off: there is nothing to correct. Take it “Back to Review” in the billing ledger first.",
                    self.name,
                )
            )

    def _psa_correct(self, lines, reason):
        """Make signed charges that correct this one, approve them, and return them.

        :param lines: :class:`~..core.charges.Correction`
        """
        self.ensure_one()
        self._psa_check_correctable()
        vals_list = [
            dict(
                vals,
                name=self.env._("Correction of %s", self.name),
                quantity=float(line.quantity),
                price_unit=float(line.price_unit),
                cost=self.cost,
                is_price_manual=True,
                approval_state="submitted",
                corrects_id=self.id,
                correction_reason=reason,
            )
            for line in lines
            for vals in self.copy_data()
        ]
        made = self._psa_create_unguarded(vals_list)
        made.action_approve()
        return made

    def _psa_check_corrections(self):
        """Refuse to approve what takes back more than is charged: what is not approved itself is no charge yet."""
        for original in self.corrects_id:
            corrections = original.correction_ids.filtered(lambda charge: charge.approval_state == "approved" or charge in self)
            if original.approval_state != "approved" and original not in self:
                raise UserError(
                    self.env._(
                        "“%(correction)s” corrects “%(charge)s”, which is not approved itself. Approve that charge first.",
                        correction=(corrections & self)[:1].name,
                        charge=original.name,
                    )
                )
            if original.quantity + sum(corrections.mapped("quantity")) < 0:
                raise UserError(
                    self.env._(
                        "Of “%(charge)s” only %(quantity)s were charged: more cannot be taken back.",
                        charge=original.name,
                        quantity=original.quantity + sum((corrections - self).mapped("quantity")),
                    )
                )

    def _psa_check_uncorrected(self):
        """Refuse to take the approval of charges back, or of what was charged in their place, from which a correction takes."""
        for charge in self:
            later = (charge.correction_ids or charge.corrects_id.correction_ids).filtered(
                lambda other, charge=charge: other.approval_state == "approved" and other.id > charge.id
            ) - self
            if charge.corrects_id:
                later = later.filtered(lambda other, charge=charge: other.quantity < 0 < charge.quantity)
            if later:
                last = later.sorted("id")[-1]
                raise UserError(
                    self.env._(
                        "“%(charge)s” was corrected after it was approved, by %(quantity)s on %(day)s (%(reason)s). Take the approval "
                        "of that correction back first, or enter another correction.",
                        charge=charge.display_name,
                        quantity=f"{last.quantity:+g}",
                        day=format_date(self.env, last.create_date),
                        reason=last.correction_reason,
                    )
                )
