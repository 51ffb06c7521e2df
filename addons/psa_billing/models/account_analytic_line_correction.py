from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..core.terms import SECONDS_PER_HOUR, SECONDS_PER_MINUTE
from ..tools import hours_to_minutes

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
    psa_billable_seconds = fields.Integer(
        "Billable Seconds", readonly=True, copy=False,
        help="What a correction charges, or takes back, besides its whole minutes: so it leaves exactly the time that was entered.",
    )
    psa_corrected_hours = fields.Float(
        "Worked after Corrections", compute="_compute_psa_corrected", help="The time of this entry and of all its corrections."
    )
    psa_corrected_billable_hours = fields.Float("Billable after Corrections", compute="_compute_psa_corrected")

    @api.depends(
        "unit_amount", "psa_billable_minutes", "psa_correction_ids.unit_amount", "psa_correction_ids.psa_billable_minutes",
        "psa_billable_seconds", "psa_correction_ids.psa_billable_seconds",
    )
    def _compute_psa_corrected(self):
        corrections = self.sudo().search_fetch(
            [("psa_corrects_id", "in", self.ids)],
            ["psa_corrects_id", "unit_amount", "psa_billable_minutes", "psa_billable_seconds"],
        )
        charged = (self | corrections)._psa_charged_seconds()
        of_line = corrections.grouped("psa_corrects_id")
        for line in self:
            family = [line, *of_line.get(line._origin, ())]
            line.psa_corrected_hours = sum(one.unit_amount for one in family)
            line.psa_corrected_billable_hours = sum(
                charged.get(one._origin.id, one._psa_entered_seconds()) for one in family
            ) / SECONDS_PER_HOUR

    @api.depends("psa_corrects_id")
    def _compute_partner_id(self):
        corrections = self.filtered("psa_corrects_id")
        result = super(AccountAnalyticLine, self - corrections)._compute_partner_id()
        for line in corrections:
            line.partner_id = line.psa_corrects_id.partner_id
        return result

    @api.constrains("psa_corrects_id", "unit_amount", "psa_billable_minutes", "psa_billable_seconds")
    def _check_psa_correction(self):
        if self.filtered(lambda line: abs(line.psa_billable_seconds) >= (SECONDS_PER_MINUTE if line.psa_corrects_id else 1)):
            raise ValidationError(self.env._(
                "“Billable Seconds” are what a correction charges besides whole minutes: less than 60, and of other entries none."
            ))
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
        if {"psa_billable_minutes", "psa_billable_hours"} & vals.keys() and self.sudo().filtered("psa_billable_seconds"):
            # Who changes the minutes means whole ones.
            vals = {"psa_billable_seconds": 0, **vals}
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

    def _psa_entered_seconds(self):
        """Return the seconds that are to be charged as they were entered."""
        self.ensure_one()
        return self.psa_billable_minutes * SECONDS_PER_MINUTE + self.psa_billable_seconds

    def _psa_charged_seconds(self):
        """Return ``{entry id: seconds}`` that the ledger charges: by the contract's rounding, and as the review has left them."""
        return dict(self.env["psa.billing.item"].sudo()._read_group(
            [("source_model", "=", self._name), ("source_id", "in", self.ids)], ["source_id"], ["seconds:sum"]
        ))

    def _psa_rounding(self):
        """Return minimum and increment the entry is charged by: those of the terms that priced it, else of its work type."""
        self.ensure_one()
        row = self.env["psa.billing.item"].sudo().search(
            [("source_model", "=", self._name), ("source_id", "=", self._origin.id)], order="id", limit=1
        )
        told = (row.derivation or {}).get("time", {})
        if told.get("rule") in ("contract", "none"):
            return told.get("minimum_minutes", 0), told.get("increment_minutes", 0)
        return self.psa_work_type_id.minimum_minutes, self.psa_work_type_id.increment_minutes

    def _psa_check_built_upon(self):
        """Refuse to take the approval of time back that was added by a correction, and that a later one takes from."""
        added = self.sudo().filtered(lambda line: line.psa_corrects_id and (line.unit_amount > 0 or line._psa_entered_seconds() > 0))
        for line in added:
            later = line.psa_corrects_id.psa_correction_ids.filtered(
                lambda other, line=line: other.id > line.id
                and other.psa_approval_state == "approved"
                and (other.unit_amount < 0 or other._psa_entered_seconds() < 0)
            ) - self
            if later:
                last = later.sorted("id")[-1]
                raise UserError(self.env._(
                    "“%(entry)s” was corrected again after this, by %(worked)+d min worked and %(charged)+d min charged on %(day)s "
                    "(%(reason)s). Take the approval of that correction back first, or enter another correction.",
                    entry=line.psa_corrects_id.display_name,
                    worked=hours_to_minutes(last.unit_amount),
                    charged=last.psa_billable_minutes,
                    day=format_date(self.env, last.create_date),
                    reason=last.psa_correction_reason or self.env._("no reason given"),
                ))

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
