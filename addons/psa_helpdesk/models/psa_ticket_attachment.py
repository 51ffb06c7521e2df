import base64

from odoo import api, fields, models
from odoo.tools import human_size

from ..core import attachment_rules

STAFF = "psa_crm.group_technician,psa_crm.group_billing"


class PsaTicket(models.Model):
    """Which files a ticket takes; what comes by mail and is not taken is kept aside, and the ticket says so."""

    _inherit = "psa.ticket"

    quarantine_ids = fields.One2many("psa.ticket.quarantine", "ticket_id", "Files Kept Aside", readonly=True, copy=False, groups=STAFF)

    quarantine_count = fields.Integer("Number of Files Kept Aside", compute="_compute_quarantine_count", groups=STAFF)

    @api.depends("quarantine_ids.state")
    def _compute_quarantine_count(self):
        counts = dict(self.env["psa.ticket.quarantine"]._read_group(
            [("ticket_id", "in", self.ids), ("state", "=", "kept")], ["ticket_id"], ["__count"]
        ))
        for ticket in self:
            ticket.quarantine_count = counts.get(ticket._origin, 0)

    def action_view_quarantine(self):
        """Open the files that came by mail and were kept aside."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_quarantine")
        return {**action, "domain": [("ticket_id", "=", self.id)], "context": {}}

    def _attachment_limits(self):
        """Return what the desk of the ticket takes."""
        self.ensure_one()
        desk = self.sudo().desk_id
        return self.env["psa.desk"]._attachment_limits(desk.id)

    def _process_attachments_for_post(self, attachments, attachment_ids, message_values):
        if len(self) == 1 and attachment_ids:
            # Whatever they hung on before, from here on they are files of the ticket.
            files = self.env["ir.attachment"].sudo().browse(attachment_ids)
            if not self.env.user._is_internal():
                # Nobody outside learns of files that are not his.
                files = files.filtered(lambda file: file.create_uid == self.env.user)
            files._psa_check_limits(dict.fromkeys(files, self))
        return super()._process_attachments_for_post(attachments, attachment_ids, message_values)

    def _create_attachments_for_post(self, values_list, extra_list):
        """Keep aside what came by mail and is not taken: the mail itself must not be lost for it."""
        if len(self) != 1 or not self.env["mail.thread"]._psa_intake():
            return super()._create_attachments_for_post(values_list, extra_list)
        limits = self._attachment_limits()
        kept, refused = [], []
        for values, extra in zip(values_list, extra_list, strict=True):
            content = base64.b64decode(values.get("datas") or b"")
            reason = attachment_rules.refusal(values["name"], len(content), content[:attachment_rules.HEAD_SIZE], limits)
            if reason:
                refused.append((values["name"], content, reason))
            else:
                kept.append((values, extra))
        if refused:
            self._keep_aside(refused)
            # Odoo pairs what it made with what it asked for.
            values_list[:] = [values for values, __ in kept]
            extra_list[:] = [extra for __, extra in kept]
        return super()._create_attachments_for_post(values_list, extra_list)

    def _keep_aside(self, files):
        """Keep files in quarantine, and say on the ticket which and why.

        :param files: list of (name, content, reason)
        """
        self.ensure_one()
        quarantined = self.env["psa.ticket.quarantine"].sudo()._keep(self, files)
        reasons = dict(quarantined._fields["reason"]._description_selection(self.env))
        self._message_log(body=self.env["ir.qweb"]._render("psa_helpdesk.message_files_kept_aside", {
            "files": [(name, human_size(len(content)), reasons[reason]) for name, content, reason in files],
        }, minimal_qcontext=True))
        self._log_history("attachment", description=self.env._(
            "Kept aside: %s", ", ".join(f"{name} ({reasons[reason]})" for name, __, reason in files)
        ))

    @api.model
    def _attachment_help(self, desk_id):
        """Return the largest size of a file in MB and the types a desk does not take, to be said before the upload."""
        limits = self.env["psa.desk"]._attachment_limits(desk_id)
        return limits.max_bytes // 1024 ** 2, sorted(limits.blocked)
