from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..core import rating
from ..tools import hours_to_minutes

APPROVAL_FIELDS = {
    "psa_approval_state",
    "psa_approved_by_id",
    "psa_approved_on",
    "psa_refusal_reason",
}
# An entry may have several rows in the ledger; the first of these that one of them is in is told of it.
FIRST_TOLD = ("invoiced", "error", "pending", "approved", "written_off", "covered", "non_billable")


class AccountAnalyticLine(models.Model):
    """Time worked for clients: a timesheet line with ticket or task, work type, role and charged minutes.

    Worked time is Odoo's ``unit_amount``; what is charged is ``psa_billable_minutes``. An approved
    entry is locked for everybody, superuser included, until its approval is taken back. Lines without an
    approval state are Odoo's own timesheets and stay as they are (see ``account_analytic_line_service.py``).
    """

    _inherit = "account.analytic.line"

    _psa_approval_idx = models.Index(
        "(psa_approval_state, date DESC, id DESC) WHERE psa_approval_state IS NOT NULL"
    )
    _psa_billable_not_negative = models.Constraint(
        "CHECK(psa_billable_minutes >= 0 OR psa_corrects_id IS NOT NULL)", "The charged time of an entry cannot be negative."
    )

    psa_ticket_id = fields.Many2one(
        "psa.ticket", "Ticket", index="btree_not_null", ondelete="restrict", check_company=True
    )
    psa_work_type_id = fields.Many2one(
        "psa.work.type",
        "Work Type",
        compute="_compute_psa_work_type_id",
        store=True,
        readonly=False,
        ondelete="restrict",
        check_company=True,
        help="Decides whether and with which rounding the time is charged.",
    )
    psa_role_id = fields.Many2one(
        "psa.role",
        "Role",
        compute="_compute_psa_role_id",
        store=True,
        readonly=False,
        ondelete="restrict",
        check_company=True,
        help="The capacity the work was done in: it decides the rate.",
    )
    psa_contract_id = fields.Many2one(
        "psa.contract",
        "Contract",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain="[('client_id', '=', partner_id), ('state', '!=', 'draft')]",
        help="Leave empty to take the client's contract in force on the day of the work.",
    )
    psa_is_billable = fields.Boolean(
        "Billable", compute="_compute_psa_is_billable", store=True, readonly=False
    )
    psa_billable_minutes = fields.Integer(
        "Billable Minutes",
        compute="_compute_psa_billable_minutes",
        store=True,
        readonly=False,
        help="Minutes charged: the time worked, raised to the work type's minimum and increment. "
        "It can be changed until the entry is approved.",
    )
    psa_billable_hours = fields.Float(
        "Billable Hours",
        compute="_compute_psa_billable_hours",
        inverse="_inverse_psa_billable_hours",
        store=True,
    )
    psa_invoice_text = fields.Text(
        "Invoice Text", help="What the client reads on the invoice. Empty takes the description."
    )
    psa_approval_state = fields.Selection(
        [("draft", "Draft"), ("submitted", "To Approve"), ("approved", "Approved")],
        "Approval",
        readonly=True,
        copy=False,
    )
    psa_approved_by_id = fields.Many2one(
        "res.users", "Approved By", readonly=True, copy=False, ondelete="restrict"
    )
    psa_approved_on = fields.Datetime("Approved On", readonly=True, copy=False)
    psa_refusal_reason = fields.Char(
        "Refused Because", readonly=True, copy=False, groups="base.group_user", help="Why the approver sent the entry back."
    )
    psa_billing_state = fields.Selection(
        lambda self: self.env["psa.billing.item"]._fields["state"].selection,
        "Billing",
        compute="_compute_psa_billing_state",
        help="Where the approved time stands in the billing ledger.",
    )

    @api.depends("psa_is_service_time")
    def _compute_psa_work_type_id(self):
        lines = self.filtered(lambda line: line.psa_is_service_time and not line.psa_work_type_id)
        for company, of_company in lines.grouped("company_id").items():
            of_company.psa_work_type_id = self.env["psa.work.type"]._psa_default(company)

    @api.depends("psa_is_service_time", "user_id")
    def _compute_psa_role_id(self):
        for line in self:
            if line.psa_is_service_time and not line.psa_role_id:
                user = line.user_id.with_company(line.company_id).sudo()
                line.psa_role_id = user.psa_role_id

    @api.depends("psa_work_type_id")
    def _compute_psa_is_billable(self):
        for line in self:
            line.psa_is_billable = line.psa_is_service_time and (
                line.psa_work_type_id.is_billable if line.psa_work_type_id else True
            )

    @api.depends("unit_amount", "psa_work_type_id", "psa_is_billable", "psa_is_service_time")
    def _compute_psa_billable_minutes(self):
        for line in self:
            if line.psa_corrects_id:
                # What a correction adds or takes was agreed on; it is not rounded once more.
                line.psa_billable_minutes = line.psa_billable_minutes
                continue
            if not line.psa_is_service_time or not line.psa_is_billable:
                line.psa_billable_minutes = 0
                continue
            work_type = line.psa_work_type_id
            line.psa_billable_minutes = rating.billable_minutes(
                hours_to_minutes(line.unit_amount),
                work_type.minimum_minutes,
                work_type.increment_minutes,
            )

    @api.depends("psa_billable_minutes")
    def _compute_psa_billable_hours(self):
        for line in self:
            line.psa_billable_hours = line.psa_billable_minutes / 60

    def _inverse_psa_billable_hours(self):
        for line in self:
            line.psa_billable_minutes = hours_to_minutes(line.psa_billable_hours)

    def _compute_psa_billing_state(self):
        states = {}
        for source_id, state in self.env["psa.billing.item"].sudo()._read_group(
            [("source_model", "=", self._name), ("source_id", "in", self.ids)], ["source_id", "state"]
        ):
            states.setdefault(source_id, set()).add(state)
        for line in self:
            of_line = states.get(line.id, ())
            line.psa_billing_state = next((state for state in FIRST_TOLD if state in of_line), False)

    def _psa_billed(self):
        """Return those of which a part is invoiced, or settled with its period: they do not leave the ledger any more."""
        items = self.env["psa.billing.item"].sudo().search_fetch(
            Domain("source_model", "=", self._name)
            & Domain("source_id", "in", self.ids)
            & (Domain("state", "=", "invoiced") | Domain("settled_on", "!=", False)),
            ["source_id"],
        )
        return self.browse(items.mapped("source_id"))

    @api.depends("psa_ticket_id.client_id")
    def _compute_partner_id(self):
        # Moving a ticket or project to another client does not move what was already approved.
        approved = self.filtered(lambda line: line.psa_approval_state == "approved")
        ticket_lines = (self - approved).filtered("psa_ticket_id")
        result = super(AccountAnalyticLine, self - approved - ticket_lines)._compute_partner_id()
        for line in ticket_lines:
            line.partner_id = line.psa_ticket_id.client_id
        return result

    def _compute_project_id(self):
        open_lines = self.filtered(lambda line: line.psa_approval_state != "approved")
        return super(AccountAnalyticLine, open_lines)._compute_project_id()

    def _compute_display_name(self):
        ticket_lines = self.filtered("psa_ticket_id")
        result = super(AccountAnalyticLine, self - ticket_lines)._compute_display_name()
        for line in ticket_lines:
            line.display_name = f"{line.psa_ticket_id.sudo().number}: {line.name or '/'}"
        return result

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._psa_refuse_approval_values(vals)
        self._psa_fill_work(vals_list)
        self._psa_check_work(vals_list)
        service_vals = self._psa_service_vals(vals_list)
        for vals in vals_list:
            # Explicit, so that no default from the context can say otherwise.
            vals["psa_approval_state"] = False
            vals["psa_approved_by_id"] = vals["psa_approved_on"] = False
        for vals in service_vals:
            vals["psa_approval_state"] = "draft"
        if service_vals:
            self._psa_complete_service_vals(service_vals)
        return super().create(vals_list)

    def write(self, vals):
        self._psa_refuse_approval_values(vals)
        self._psa_check_unlocked()
        self._psa_check_work([vals])
        result = super().write(vals)
        if {"psa_ticket_id", "task_id", "project_id"} & vals.keys():
            self._psa_follow_service()
        return result

    def unlink(self):
        self._psa_check_unlocked()
        return super().unlink()

    def action_psa_submit(self):
        """Hand the entries in for approval."""
        self._psa_check_service_time()
        self.check_access("write")
        self._psa_check_owner()
        drafts = self.filtered(lambda line: line.psa_approval_state == "draft")
        drafts._psa_write_approval({"psa_approval_state": "submitted", "psa_refusal_reason": False})
        return True

    def action_psa_approve(self):
        """Approve the entries: lock them and put them in the billing ledger."""
        self._psa_check_approver()
        self._psa_check_service_time()
        self.check_access("write")
        lines = self.filtered(lambda line: line.psa_approval_state != "approved")
        lines._psa_write_approval(
            {
                "psa_approval_state": "approved",
                "psa_approved_by_id": self.env.uid,
                "psa_approved_on": fields.Datetime.now(),
                "psa_refusal_reason": False,
            }
        )
        self.env["psa.billing.item"]._psa_add_time(lines)
        return True

    def action_psa_unapprove(self):
        """Take the approval back, as long as the time is on no invoice."""
        self._psa_check_approver()
        self.check_access("write")
        lines = self.filtered(lambda line: line.psa_approval_state == "approved")
        lines._psa_write_approval(
            {
                "psa_approval_state": "submitted",
                "psa_approved_by_id": False,
                "psa_approved_on": False,
            }
        )
        self.env["psa.billing.item"]._psa_remove_time(lines)
        return True

    def action_psa_refuse(self):
        """Ask for the reason, then send the entries back."""
        self._psa_check_approver()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "psa_billing.action_psa_time_refuse"
        )
        action["context"] = {"default_line_ids": [fields.Command.set(self.ids)]}
        return action

    def action_open_psa_ticket(self):
        """Open the ticket the time was worked on."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "psa.ticket",
            "res_id": self.psa_ticket_id.id,
            "view_mode": "form",
        }

    def _is_readonly(self):
        return super()._is_readonly() or self.psa_approval_state == "approved"

    def _psa_refuse(self, reason, notifies=True):
        """Send the entries back to draft and tell the people whose time it is."""
        self._psa_check_approver()
        self.check_access("write")
        self._psa_check_unlocked()
        self._psa_write_approval({"psa_approval_state": "draft", "psa_refusal_reason": reason})
        if not notifies:
            return
        for work, of_work in self.grouped(lambda line: line._psa_work()).items():
            partners = of_work.user_id.partner_id - self.env.user.partner_id
            if partners:
                work.message_notify(
                    partner_ids=partners.ids,
                    subject=self.env._("Time on %s was sent back", work.display_name),
                    body=self.env._("Your time was not approved: %s", reason),
                )

    def _psa_write_approval(self, vals):
        """Change approval fields: the one door past the lock, private, so closed to callers outside."""
        return super().write(vals)  # pylint: disable=super-method-mismatch

    def _psa_check_work(self, vals_list):
        """Nobody logs time on a ticket or task that he may not read: the entry would tell of it, and its client would pay."""
        if self.env.su:
            return
        for model, name in (("psa.ticket", "psa_ticket_id"), ("project.task", "task_id")):
            work = self.env[model].browse({vals[name] for vals in vals_list if vals.get(name)})
            if work:
                work.check_access("read")

    def _psa_refuse_approval_values(self, vals):
        named = APPROVAL_FIELDS & vals.keys()
        if any(vals[name] and vals[name] != "draft" for name in named):
            raise AccessError(
                self.env._("Approval is given with the buttons “Submit” and “Approve” only.")
            )
        for name in named:
            del vals[name]

    def _psa_check_unlocked(self):
        locked = self.sudo().filtered(lambda line: line.psa_approval_state == "approved")
        if locked:
            raise UserError(
                self.env._(
                    "“%(entry)s” is approved and therefore locked. Ask billing to take the approval "
                    "back first; that is possible until it is invoiced.",
                    entry=locked[0].display_name,
                )
            )

    def _psa_check_approver(self):
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(
                self.env._("Only members of the group “PSA / Billing” approve or refuse time.")
            )

    def _psa_check_owner(self):
        if not self.env.user.has_group("psa_crm.group_billing") and self.filtered(
            lambda line: line.user_id != self.env.user
        ):
            raise AccessError(self.env._("You can submit your own time only."))
