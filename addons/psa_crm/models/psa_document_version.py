from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.orm.models import NO_ACCESS

from ..core import access
from ..core import document as core


class PsaDocumentVersion(models.Model):
    """One state of a document's file. Versions are added and read; they are neither changed nor deleted.

    Nobody has rights to create, write or delete them: they come from psa.document and go with the whole document.
    """

    _name = 'psa.document.version'
    _description = "Document Version"
    _inherit = ['psa.access.mixin']
    _order = 'id desc'
    _rec_name = 'file_name'

    _psa_access_part = access.DOCUMENTS

    document_id = fields.Many2one('psa.document', required=True, ondelete='cascade', readonly=True)
    number = fields.Integer(required=True, readonly=True, aggregator=None)
    # Not even its name is read through this field; see the override of ir.attachment. Only the server deletes files: with the
    # document, or all of them with the addon.
    attachment_id = fields.Many2one(
        'ir.attachment', required=True, readonly=True, ondelete='cascade', index=True, groups=NO_ACCESS)
    file_name = fields.Char(related='attachment_id.name', store=True, readonly=True)
    mimetype = fields.Char(related='attachment_id.mimetype', store=True, readonly=True, string="File Type")
    file_size = fields.Integer(related='attachment_id.file_size', store=True, readonly=True, aggregator=None)
    checksum = fields.Char(related='attachment_id.checksum', store=True, readonly=True, string="Checksum (SHA-1)")
    author_id = fields.Many2one('res.users', string="Added By", readonly=True, index='btree_not_null')
    comment = fields.Char(readonly=True, help="What has changed in this version.")
    restored_from_id = fields.Many2one(
        'psa.document.version', readonly=True, index='btree_not_null', ondelete='set null')
    company_id = fields.Many2one(related='document_id.company_id', store=True, index=True)
    client_id = fields.Many2one(related='document_id.client_id', store=True, index='btree_not_null')
    is_current = fields.Boolean(compute='_compute_is_current')
    is_viewable = fields.Boolean(compute='_compute_is_viewable', help="The browser can show the file.")

    _number_uniq = models.Constraint(
        'UNIQUE(document_id, number)', "Somebody else has just added a version of this document. Try again.")

    @api.depends('document_id.current_version_id')
    def _compute_is_current(self):
        for version in self:
            version.is_current = version == version.document_id.current_version_id

    @api.depends('mimetype')
    def _compute_is_viewable(self):
        for version in self:
            version.is_viewable = core.is_viewable(version.mimetype)

    @api.depends('number', 'document_id.name')
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._(
                "%(document)s, version %(number)s", document=version.document_id.name, number=version.number)

    def write(self, vals):
        # What a version is, is a fact; only what follows from its document is written, by the server itself.
        if not self.env.su or vals.keys() - {'company_id', 'client_id', 'file_name', 'mimetype', 'file_size', 'checksum'}:
            raise AccessError(self.env._("A version of a document cannot be changed. Add a new version instead."))
        return super().write(vals)

    def action_preview(self):
        """Show the file in Odoo's viewer; what a browser cannot show is saved."""
        self.ensure_one()
        if not self.is_viewable:
            return self.action_download()
        return {
            'type': 'ir.actions.client',
            'tag': 'psa_document_preview',
            'params': {'version_id': self.id, 'name': self.file_name, 'mimetype': self.mimetype},
        }

    def action_download(self):
        """Save the file."""
        self.ensure_one()
        return {'type': 'ir.actions.act_url', 'url': f'/psa/documents/version/{self.id}?download=1', 'target': 'download'}

    def action_restore(self):
        """Make a new version of this old file; nothing is stored twice and nothing is lost."""
        self.ensure_one()
        self.check_access('read')
        document = self.document_id
        document.check_access('write')
        if self.is_current:
            raise UserError(self.env._("Version %s is the current one; there is nothing to restore.", self.number))
        document._append_versions([{
            'attachment_id': self.sudo().attachment_id.id,
            'restored_from_id': self.id,
            'comment': self.env._("Restored from version %s", self.number),
        }])
        return True
