from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from .psa_accounting_map import FORMATS

INVOICE_TYPES = ("out_invoice", "out_refund")
# What only the buttons set.
BUTTON_FIELDS = {
    "state", "line_ids", "left_out_ids", "again_of_id", "again_reason", "attachment_ids", "exported_by_id", "exported_on",
}  # fmt: skip


class PsaAccountingExport(models.Model):
    """A batch of posted invoices and credit notes for another accounting program, kept with its file.

    Each document goes once in each format. To export one again, a batch says so and why. What the format cannot carry is
    left out by hand, with a reason.
    """

    _name = "psa.accounting.export"
    _description = "Accounting Export"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name", store=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    format = fields.Selection(FORMATS, required=True, default="iif", tracking=True)
    date_from = fields.Date("From", required=True, default=lambda self: fields.Date.start_of(fields.Date.context_today(self), "month"))
    date_to = fields.Date("To", required=True, default=lambda self: fields.Date.end_of(fields.Date.context_today(self), "month"))
    date_style = fields.Selection(
        [("mdy", "12/31/2026"), ("dmy", "31/12/2026"), ("iso", "2026-12-31")],
        "Dates",
        compute="_compute_date_style",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="How the other program reads dates. QuickBooks Online asks on its import page; Xero takes it from the region of "
        "the organisation.",
    )
    state = fields.Selection(
        [("draft", "To Export"), ("done", "Exported")], required=True, readonly=True, copy=False, default="draft", tracking=True
    )
    line_ids = fields.One2many(
        "psa.accounting.export.line", "export_id", "Exported", readonly=True, domain=[("is_left_out", "=", False)]
    )
    left_out_ids = fields.One2many(
        "psa.accounting.export.line", "export_id", readonly=True, domain=[("is_left_out", "=", True)]
    )
    move_ids = fields.Many2many(
        "account.move", string="To Be Exported", compute="_compute_move_ids", help="Posted, of these days, not exported yet."
    )
    document_count = fields.Integer("Documents", compute="_compute_document_count")
    missing_ids = fields.Many2many("psa.accounting.map", string="Names Missing", compute="_compute_missing_ids")
    missing_count = fields.Integer(compute="_compute_missing_ids")
    problems = fields.Text("What Is in the Way", compute="_compute_problems")
    again_of_id = fields.Many2one(
        "psa.accounting.export", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    again_reason = fields.Char("Exported Again Because", readonly=True, copy=False)
    attachment_ids = fields.Many2many(
        "ir.attachment", "psa_accounting_export_file_rel", "export_id", "attachment_id", "Files", readonly=True, copy=False
    )
    exported_by_id = fields.Many2one("res.users", readonly=True, copy=False, ondelete="restrict")
    exported_on = fields.Datetime(readonly=True, copy=False)

    @api.depends("format", "date_from", "date_to")
    def _compute_name(self):
        formats = dict(FORMATS)
        for export in self:
            export.name = self.env._(
                "%(format)s, %(first)s – %(last)s",
                format=formats.get(export.format, ""),
                first=format_date(self.env, export.date_from),
                last=format_date(self.env, export.date_to),
            )

    @api.depends("company_id")
    def _compute_date_style(self):
        for export in self:
            country = export.company_id.account_fiscal_country_id or export.company_id.country_id
            export.date_style = "mdy" if country.code in (False, "US") else "dmy"

    @api.depends("company_id", "format", "date_from", "date_to", "state", "again_of_id", "left_out_ids")
    def _compute_move_ids(self):
        for export in self:
            export.move_ids = self.env["account.move"].search(export._psa_moves_domain())

    @api.depends("move_ids", "line_ids", "state")
    def _compute_document_count(self):
        for export in self:
            export.document_count = len(export.line_ids if export.state == "done" else export.move_ids)

    @api.depends("move_ids", "state")
    def _compute_missing_ids(self):
        for export in self:
            if export.state == "done":
                export.missing_ids, export.missing_count = False, 0
                continue
            names = self.env["psa.accounting.map"]._psa_names(export.company_id, export.format)
            export.missing_ids = export._psa_missing()
            # Also what nobody has asked for yet, and has no row therefore.
            export.missing_count = len(export._psa_wanted() - names.keys())

    @api.depends("move_ids", "state")
    def _compute_problems(self):
        for export in self:
            problems = export._psa_problems() if export.state == "draft" else []
            export.problems = "\n".join(text for __, text in problems) or False

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        for export in self:
            if export.date_from > export.date_to:
                raise ValidationError(self.env._("The export ends before it starts. Correct From or To."))

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals.update(state="draft", again_of_id=False, again_reason=False, exported_by_id=False, exported_on=False)
        return super().create(vals_list)

    def write(self, vals):
        own = {name for name in vals if not name.startswith(("message_", "activity_"))}
        if own & BUTTON_FIELDS or (own and "done" in self.mapped("state")):
            raise UserError(self.env._("What was exported stays as it is. Make a new export, or export again."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_done(self):
        if "done" in self.mapped("state"):
            raise UserError(self.env._("An export that was made is kept, with its file."))

    def action_check(self):
        """List the names that are missing in the mapping, and open it."""
        self.ensure_one()
        self.env["psa.accounting.map"]._psa_ensure(self.company_id, self.format, self._psa_wanted())
        return self.action_view_map()

    def action_view_map(self):
        """Open the names of this format, the missing ones first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_accounting_map")
        action["domain"] = [("company_id", "=", self.company_id.id), ("format", "=", self.format)]
        action["context"] = {
            "default_company_id": self.company_id.id,
            "default_format": self.format,
            "search_default_missing": 1 if self.missing_count else 0,
        }
        return action

    def action_export(self):
        """Write the file and keep the batch."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "done":
            raise UserError(self.env._("This batch is exported already. Press “Export Again” to do it on purpose."))
        moves = self.move_ids
        if not moves:
            raise UserError(
                self.env._("Nothing to export: no posted invoice or credit note of these days that is not exported yet.")
            )
        missing = self.env["psa.accounting.map"]._psa_ensure(self.company_id, self.format, self._psa_wanted())
        if missing:
            raise UserError(
                self.env._(
                    "%(count)s names are missing: %(names)s. Fill them in under Names.",
                    count=len(missing),
                    names=", ".join(missing.mapped("our_name")[:5]),
                )
            )
        if self.problems:
            raise UserError(self.env._("%s\nPress “Leave Out…” to go on without.", self.problems))
        files = self._psa_files(moves)
        lines = [
            {"export_id": self.id, "move_id": move.id, "is_again": bool(self.again_of_id)} for move in moves
        ]
        self.env["psa.accounting.export.line"].sudo().create(lines)
        attachments = self.env["ir.attachment"].create(
            [
                {"name": name, "raw": content, "mimetype": mimetype, "res_model": self._name, "res_id": self.id}
                for name, content, mimetype in files
            ]
        )
        self._psa_write_unguarded(
            {
                "state": "done",
                "attachment_ids": [fields.Command.set(attachments.ids)],
                "exported_by_id": self.env.uid,
                "exported_on": fields.Datetime.now(),
            }
        )
        return True

    def action_again(self):
        """Ask for the reason, then export the same documents once more."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_accounting_export_again")
        action["context"] = {"default_export_id": self.id}
        return action

    def action_leave_out(self):
        """Ask for the reason, then go on without what this format cannot carry."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_accounting_export_leave")
        action["context"] = {"default_export_id": self.id}
        return action

    def action_download(self):
        """Download the file, or all files in one."""
        self.ensure_one()
        if not self.attachment_ids:
            raise UserError(self.env._("There is no file yet: press “Export” first."))
        together = self.attachment_ids.filtered(lambda attachment: attachment.mimetype == "application/zip")
        file = (together or self.attachment_ids)[0]
        return {"type": "ir.actions.act_url", "url": f"/web/content/{file.id}?download=true", "target": "self"}

    def action_view_moves(self):
        """Open the invoices and credit notes of the batch."""
        self.ensure_one()
        moves = self.line_ids.move_id if self.state == "done" else self.move_ids
        action = self.env["ir.actions.act_window"]._for_xml_id("account.action_move_out_invoice_type")
        action["domain"] = [("id", "in", moves.ids)]
        action["context"] = {"create": False}
        return action

    def _psa_moves_domain(self):
        """Return the domain of the documents that go with this batch."""
        self.ensure_one()
        if self.again_of_id:
            moves = self.again_of_id.line_ids.move_id - self.left_out_ids.move_id
            return [("id", "in", moves.ids), ("state", "=", "posted")]
        exported = self.env["psa.accounting.export.line"].sudo()._search(
            [("format", "=", self.format), ("company_id", "=", self.company_id.id)]
        )
        return [
            ("company_id", "=", self.company_id.id),
            ("move_type", "in", INVOICE_TYPES),
            ("state", "=", "posted"),
            ("invoice_date", ">=", self.date_from),
            ("invoice_date", "<=", self.date_to),
            ("id", "not in", exported.subselect("move_id")),
        ]

    def _psa_leave_out(self, reason):
        """Keep the documents that are in the way out of this batch and of the next ones, with a reason."""
        self.ensure_one()
        self.check_access("write")
        if self.state != "draft":
            raise UserError(self.env._("What was exported stays as it is. Make a new export, or export again."))
        moves = self.env["account.move"].union(*(move for move, __ in self._psa_problems()))
        if not moves:
            raise UserError(self.env._("Nothing is in the way of this export."))
        self.env["psa.accounting.export.line"].sudo().create(
            [
                {
                    "export_id": self.id,
                    "move_id": move.id,
                    "is_again": bool(self.again_of_id),
                    "is_left_out": True,
                    "reason": reason,
                }
                for move in moves
            ]
        )
        self.message_post(
            body=self.env._("Left out: %(documents)s. %(reason)s", documents=", ".join(moves.mapped("name")), reason=reason)
        )

    def _psa_export_again(self, reason):
        """Export the same documents again, as a batch of its own, and return it."""
        self.ensure_one()
        self.check_access("write")
        again = self.create(
            {
                "company_id": self.company_id.id,
                "format": self.format,
                "date_from": self.date_from,
                "date_to": self.date_to,
                "date_style": self.date_style,
            }
        )
        again._psa_write_unguarded({"again_of_id": (self.again_of_id or self).id, "again_reason": reason})
        again.action_export()
        return again

    def _psa_write_unguarded(self, vals):
        """Write past the guard; private, so closed to callers outside."""
        return super().write(vals)  # pylint: disable=super-method-mismatch
