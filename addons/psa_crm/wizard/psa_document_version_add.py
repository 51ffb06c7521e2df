from odoo import fields, models


class PsaDocumentVersionAdd(models.TransientModel):
    """Asks for the next version of a document's file."""

    _name = 'psa.document.version.add'
    _description = "New Version of a Document"

    document_id = fields.Many2one('psa.document', required=True, readonly=True, ondelete='cascade')
    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    comment = fields.Char(help="What has changed; shown in the list of versions.")

    def action_add(self):
        """Store the file and forget it here."""
        self.ensure_one()
        self.document_id._add_version(self.file_name, self.document_id._decode(self.file), self.comment or '')
        self.unlink()
        return {'type': 'ir.actions.act_window_close'}
