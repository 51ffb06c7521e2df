from odoo import api, fields, models

from ..core import access


class PsaDocumentDownload(models.Model):
    """Who took which version of a document out, and when. Nobody has rights to add, change or delete rows.

    They outlive the document: what it was called and whose it was is kept in the row.
    """

    _name = 'psa.document.download'
    _description = "Document Download"
    _inherit = ['psa.access.mixin']
    _order = 'create_date desc, id desc'
    _rec_name = 'document_name'

    _psa_access_part = access.DOCUMENTS

    create_date = fields.Datetime(string="Downloaded On", readonly=True)
    document_id = fields.Many2one('psa.document', readonly=True, index='btree_not_null', ondelete='set null')
    document_name = fields.Char(string="Name of the Document", required=True, readonly=True)
    version_id = fields.Many2one('psa.document.version', readonly=True, index='btree_not_null', ondelete='set null')
    version_number = fields.Integer(string="Version No.", readonly=True, aggregator=None)
    user_id = fields.Many2one('res.users', string="Downloaded By", readonly=True, index='btree_not_null', ondelete='set null')
    user_name = fields.Char(string="Name of the User", required=True, readonly=True)
    channel = fields.Selection([('backend', "Staff"), ('portal', "Portal")], required=True, readonly=True)
    kind = fields.Selection([('download', "Download"), ('preview', "Preview")], required=True, readonly=True)
    type_id = fields.Many2one('psa.document.type', readonly=True, index='btree_not_null', ondelete='set null')
    client_id = fields.Many2one('res.partner', readonly=True, index='btree_not_null', ondelete='set null')
    company_id = fields.Many2one('res.company', required=True, readonly=True, index=True, ondelete='cascade')

    _order_idx = models.Index('(create_date DESC, id DESC)')

    @api.model
    def _log(self, version, channel, kind):
        document = version.document_id.sudo()
        return self.sudo().create({
            'document_id': document.id,
            'document_name': document.name,
            'version_id': version.id,
            'version_number': version.sudo().number,
            'user_id': self.env.uid,
            'user_name': self.env.user.sudo().name,
            'channel': channel,
            'kind': kind,
            'type_id': document.type_id.id,
            'client_id': document.client_id.id,
            'company_id': document.company_id.id,
        })
