from odoo import api, models

LOGGED = {"name", "res_model", "res_id", "raw", "datas", "db_datas", "url"}


class IrAttachment(models.Model):
    """Files that come to a ticket, change or go are part of its history, also those in its messages."""

    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        attachments = super().create(vals_list)
        attachments._psa_log_files({})
        return attachments

    def write(self, vals):
        if not vals.keys() & LOGGED:
            return super().write(vals)
        before = self._psa_files()
        result = super().write(vals)
        self._psa_log_files(before)
        return result

    def unlink(self):
        before = self._psa_files()
        if before:
            self.browse()._psa_log_files(before)
        return super().unlink()

    def _psa_files(self):
        """Return {attachment id: (ticket id, name, checksum)} of those that hang on tickets."""
        return {
            attachment.id: (attachment.res_id, attachment.name, attachment.checksum)
            for attachment in self.sudo()
            if attachment.res_model == "psa.ticket" and attachment.res_id and not attachment.res_field
        }

    def _psa_log_files(self, before):
        """Log what became of the files since ``before``."""
        after = self._psa_files()
        if before == after:
            return
        rows = []
        nothing = (False, "", "")
        for attachment_id in [*before, *(key for key in after if key not in before)]:
            old_ticket, old_name, old_sum = before.get(attachment_id, nothing)
            new_ticket, new_name, new_sum = after.get(attachment_id, nothing)
            if old_ticket == new_ticket:
                if (old_name, old_sum) != (new_name, new_sum):
                    rows.append(self._psa_file_row(
                        new_ticket, old_name, new_name, old_sum != new_sum and self.env._("The content was replaced.")))
                continue
            if old_ticket:
                rows.append(self._psa_file_row(old_ticket, old_name, ""))
            if new_ticket:
                rows.append(self._psa_file_row(new_ticket, "", new_name))
        self.env["psa.ticket.history"]._append(rows)

    def _psa_file_row(self, ticket_id, old, new, description=False):
        return {
            "ticket_id": ticket_id, "kind": "attachment", "field_name": "attachment_ids", "field_label": self.env._("Attachment"),
            "old_value": old, "new_value": new, "description": description,
        }
