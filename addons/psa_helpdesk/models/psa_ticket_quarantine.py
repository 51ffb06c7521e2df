from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.orm.models import NO_ACCESS

from ..core import attachment_rules


class PsaTicketQuarantine(models.Model):
    """A file that came with a mail and is not taken by the ticket's desk.

    It can be seen but not opened: nobody downloads it from here. A company administrator who trusts it puts it onto the ticket.
    """

    _name = "psa.ticket.quarantine"
    _description = "File Kept Aside"
    _order = "id desc"

    _ticket_idx = models.Index("(ticket_id, id DESC)")
    _company_idx = models.Index("(company_id, state, id DESC)")

    ticket_id = fields.Many2one("psa.ticket", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", related="ticket_id.company_id", store=True, precompute=True, required=True)
    name = fields.Char("File", required=True, readonly=True)
    size = fields.Integer("Size (Bytes)", readonly=True, aggregator=None)
    reason = fields.Selection(
        [(attachment_rules.TOO_LARGE, "Too large"), (attachment_rules.EXECUTABLE, "Program or script")], required=True, readonly=True
    )
    state = fields.Selection(
        [("kept", "Kept aside"), ("released", "Put onto the ticket"), ("deleted", "Deleted")], default="kept", required=True, readonly=True
    )
    # Not even its id is told: the file is not to be had by another way.
    attachment_id = fields.Many2one("ir.attachment", readonly=True, ondelete="set null", index="btree_not_null", groups=NO_ACCESS)
    decided_by_id = fields.Many2one("res.users", "Decided by", readonly=True)

    @api.model
    def _keep(self, ticket, files):
        """Keep files of a ticket: list of (name, content, reason)."""
        kept = self.create([
            {"ticket_id": ticket.id, "name": name, "size": len(content), "reason": reason} for name, content, reason in files
        ])
        attachments = self.env["ir.attachment"].sudo().with_context(image_no_postprocess=True).create([
            {"name": record.name, "raw": content, "mimetype": "application/octet-stream", "res_model": self._name, "res_id": record.id}
            for record, (__, content, __) in zip(kept, files, strict=True)
        ])
        for record, attachment in zip(kept, attachments, strict=True):
            record.attachment_id = attachment
        return kept

    def write(self, vals):
        if not self.env.su:
            raise AccessError(self.env._("Decide about a file that was kept aside with its buttons."))
        return super().write(vals)

    def action_release(self):
        """Put the files onto their tickets: whoever may read a ticket can then open them."""
        self.check_access("write")
        for record in self.sudo():
            if record.state != "kept" or not record.attachment_id:
                raise UserError(self.env._("“%s” is not kept aside any more.", record.name))
            record.attachment_id._psa_release(record.ticket_id)
            record.ticket_id._log_history("attachment", description=self.env._("Put onto the ticket: %s", record.name))
        self.sudo().write({"state": "released", "attachment_id": False, "decided_by_id": self.env.uid})
        return True

    def action_delete_file(self):
        """Delete the files; that they came stays written here."""
        self.check_access("write")
        for record in self.sudo().filtered(lambda record: record.state == "kept"):
            record.attachment_id.unlink()
            record.ticket_id._log_history("attachment", description=self.env._("Deleted: %s", record.name))
            record.write({"state": "deleted", "decided_by_id": self.env.uid})
        return True
