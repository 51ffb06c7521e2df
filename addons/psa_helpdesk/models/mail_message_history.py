from odoo import api, models


class MailMessage(models.Model):
    """Files that a message only points to, such as those of a template, are part of the ticket's history as well."""

    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        with_files = [
            message for message, vals in zip(messages, vals_list, strict=True)
            if vals.get("attachment_ids") and message.model == "psa.ticket" and message.res_id
        ]
        if with_files:
            messages.browse(message.id for message in with_files)._psa_log_foreign_files({})
        return messages

    def write(self, vals):
        if "attachment_ids" not in vals:
            return super().write(vals)
        before = self._psa_foreign_files()
        result = super().write(vals)
        self._psa_log_foreign_files(before)
        return result

    def _psa_foreign_files(self):
        """Return {(message id, attachment id): (ticket id, name)} of files that belong to other records."""
        return {
            (message.id, attachment.id): (message.res_id, attachment.name)
            for message in self.sudo() if message.model == "psa.ticket" and message.res_id
            for attachment in message.attachment_ids
            if (attachment.res_model, attachment.res_id) != ("psa.ticket", message.res_id)
        }

    def _psa_log_foreign_files(self, before):
        after = self._psa_foreign_files()
        Attachment = self.env["ir.attachment"]
        rows = [Attachment._psa_file_row(ticket_id, name, "") for key, (ticket_id, name) in before.items() if key not in after]
        rows += [Attachment._psa_file_row(ticket_id, "", name) for key, (ticket_id, name) in after.items() if key not in before]
        if rows:
            self.env["psa.ticket.history"]._append(rows)
