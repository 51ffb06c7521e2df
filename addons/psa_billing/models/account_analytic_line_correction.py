from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

# What a correction has in common with the entry it corrects.
SHARED_FIELDS = (
    "company_id", "date", "employee_id", "project_id", "task_id", "psa_ticket_id", "psa_work_type_id", "psa_role_id",
    "psa_contract_id", "psa_is_billable",
)  # fmt: skip
FIXED_FIELDS = {*SHARED_FIELDS, "user_id", "partner_id", "psa_corrects_id", "psa_start", "psa_end"}


class AccountAnalyticLine(models.Model):
    """Corrections of approved time: signed entries beside the original, which is never edited.

    Original and corrections together are what was worked. A correction needs approval as all time does.
    """

    _inherit = "account.analytic.line"

    psa_corrects_id = fields.Many2one(
        "account.analytic.line", "Corrects", readonly=True, copy=False, index="btree_not_null", ondelete="restrict",
        help="The approved entry that this one corrects: its time is added to that one's, and may be negative.",
    )
    psa_correction_ids = fields.One2many("account.analytic.line", "psa_corrects_id", "Corrections", readonly=True)
    psa_correction_reason = fields.Char("Corrected Because", readonly=True, copy=False, groups="base.group_user")
    psa_corrected_hours = fields.Float(
        "Worked after Corrections", compute="_compute_psa_corrected", help="The time of this entry and of all its corrections."
    )
    psa_corrected_billable_hours = fields.Float("Billable after Corrections", compute="_compute_psa_corrected")

    @api.depends("unit_amount", "psa_billable_minutes", "psa_correction_ids.unit_amount", "psa_correction_ids.psa_billable_minutes")
    def _compute_psa_corrected(self):
        sums = {
            original.id: (worked, minutes)
            for original, worked, minutes in self.sudo()._read_group(
                [("psa_corrects_id", "in", self.ids)], ["psa_corrects_id"], ["unit_amount:sum", "psa_billable_minutes:sum"]
            )
        }
        for line in self:
            worked, minutes = sums.get(line._origin.id, (0.0, 0))
            line.psa_corrected_hours = line.unit_amount + worked
            line.psa_corrected_billable_hours = (line.psa_billable_minutes + minutes) / 60

    @api.depends("psa_corrects_id")
    def _compute_partner_id(self):
        corrections = self.filtered("psa_corrects_id")
        result = super(AccountAnalyticLine, self - corrections)._compute_partner_id()
        for line in corrections:
            line.partner_id = line.psa_corrects_id.partner_id
        return result

    @api.constrains("psa_corrects_id", "unit_amount", "psa_billable_minutes")
    def _check_psa_correction(self):
        for original in self.psa_corrects_id:
            if original.psa_approval_state != "approved" or original.psa_corrects_id:
                raise ValidationError(self.env._(
                    "Only approved time is corrected, and corrections are not corrected themselves: choose the first entry."
                ))
            if original.psa_corrected_hours < -0.001 or original.psa_corrected_billable_hours < -0.001:
                raise ValidationError(self.env._(
                    "“%(entry)s” would count less than no time with this correction. Correct “Worked” or “Charged”.",
                    entry=original.display_name,
                ))

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # Explicit, so that no default from the context makes a correction of it.
            vals.setdefault("psa_corrects_id", False)
        originals = self.browse({vals["psa_corrects_id"] for vals in vals_list if vals.get("psa_corrects_id")})
        if not originals:
            return super().create(vals_list)
        originals.check_access("read")
        originals.sudo()._psa_take_turn_to_correct()
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
            original = originals.browse(vals.get("psa_corrects_id") or []).sudo()
            if original:
                vals.update(original._psa_shared_vals())
                vals["psa_start"] = vals["psa_end"] = False
                vals.setdefault("psa_billable_minutes", 0)
        return super().create(vals_list)

    def write(self, vals):
        if "psa_corrects_id" in vals or (FIXED_FIELDS & vals.keys() and self.sudo().psa_corrects_id):
            raise UserError(self.env._(
                "A correction keeps ticket, day, person, work type and role of the entry it corrects. Delete it and correct anew."
            ))
        return super().write(vals)

    def action_psa_unapprove(self):
        if self.sudo().psa_correction_ids:
            raise UserError(self.env._(
                "“%s” has corrections. Delete them, or take their approval back and delete them, first.",
                self.sudo().psa_correction_ids.psa_corrects_id[:1].display_name,
            ))
        return super().action_psa_unapprove()

    def action_psa_correct(self):
        """Ask what the approved entry should have said."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time_correct")
        return {**action, "context": {"default_line_id": (self.psa_corrects_id or self).id}}

    def action_psa_view_corrections(self):
        """Open the entry with all its corrections."""
        self.ensure_one()
        original = self.psa_corrects_id or self
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_time")
        return {**action, "domain": ["|", ("id", "=", original.id), ("psa_corrects_id", "=", original.id)], "context": {}}

    def _psa_take_turn_to_correct(self):
        """Let nobody else correct these entries at once: two corrections must not take away more than there is.

        The rows are changed, so that whoever waited, and still sees them uncorrected, is refused by PostgreSQL and begins anew.
        """
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """UPDATE account_analytic_line SET write_date = write_date
                    WHERE id IN (SELECT id FROM account_analytic_line WHERE id = ANY(%s) ORDER BY id FOR UPDATE)""",
                self.ids,
            )
        )

    def _psa_with_corrections(self):
        """Return the entries, those they correct, and all corrections of them."""
        family = self | self.psa_corrects_id
        return family | family.psa_correction_ids

    def _psa_shared_vals(self):
        """Return what a correction of this entry takes from it."""
        self.ensure_one()
        return {"psa_corrects_id": self.id, **{name: self._fields[name].convert_to_write(self[name], self) for name in SHARED_FIELDS}}
