import base64
import binascii

from odoo import api, models
from odoo.exceptions import MissingError, UserError, ValidationError
from odoo.http import DEFAULT_MAX_CONTENT_LENGTH
from odoo.tools import SQL, human_size

from ..core import document as core


class PsaDocument(models.Model):
    """How files come into documents."""

    _inherit = 'psa.document'

    @api.model
    def _max_file_size(self):
        """Return how many bytes a file may have; the setting is Odoo's own for uploads."""
        value = self.env['ir.config_parameter'].sudo().get_param('web.max_file_upload_size')
        return int(value) if value and str(value).isdigit() and int(value) else DEFAULT_MAX_CONTENT_LENGTH

    @api.model
    def _refusal(self, file_name, size):
        """Return the sentence that says why a file is not taken and what to do, or None if it is."""
        max_size = self._max_file_size()
        name = core.clean_file_name(file_name)
        return {
            'no_name': self.env._("The file has no name. Give it one and try again."),
            'empty': self.env._("%s is empty. Check the file and choose it again.", name),
            'too_large': self.env._(
                "%(name)s has %(size)s; files may have up to %(max)s. Make it smaller, or ask your administrator to raise the limit.",
                name=name, size=human_size(size), max=human_size(max_size)),
        }.get(core.refuse_file(file_name, size, max_size))

    @api.model
    def _decode(self, content):
        """Return the bytes of a file that came through a form or the API."""
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError(self.env._("File: the content is not valid base64. Encode it and send it again.")) from error

    @api.model
    def _create_from_files(self, files, values=None):
        """Make one document of each file.

        :param files: list of pairs (file name, bytes)
        :param values: what all the documents have in common
        :return: pair of the documents and the list of sentences about files that were refused
        """
        refusals = [self._refusal(name, len(content)) for name, content in files]
        taken = [file for file, refusal in zip(files, refusals, strict=True) if not refusal]
        documents = self.create([{**(values or {}), 'name': core.title_of(name)} for name, _content in taken])
        documents._add_versions([(name, content, '') for name, content in taken])
        return documents, [refusal for refusal in refusals if refusal]

    def _add_version(self, file_name, content, comment=''):
        """Make the file the current version of this document and return the version."""
        self.ensure_one()
        refusal = self._refusal(file_name, len(content))
        if refusal:
            raise UserError(refusal)
        current = self.sudo().current_version_id
        if current and current.checksum == self.env['ir.attachment']._compute_checksum(content):
            raise UserError(self.env._(
                "%(file)s is the same as version %(number)s, the current one. Choose the file that has changed.",
                file=core.clean_file_name(file_name), number=current.number))
        return self._add_versions([(file_name, content, comment)])

    def _add_versions(self, files):
        """Store a file for each of these documents, as its next version.

        :param files: list of (file name, bytes, comment), in the order of the documents
        """
        self.check_access('write')
        # The content stays byte for byte what was given: Odoo would make large pictures smaller.
        attachments = self.env['ir.attachment'].sudo().with_context(image_no_postprocess=True).create([
            {'name': core.clean_file_name(name), 'raw': content, 'res_model': 'psa.document.version', 'res_id': False}
            for name, content, _comment in files
        ])
        versions = self._append_versions([
            {'attachment_id': attachment.id, 'comment': comment}
            for attachment, (_name, _content, comment) in zip(attachments, files, strict=True)
        ])
        for attachment, version in zip(attachments, versions, strict=True):
            attachment.res_id = version.id
        return versions.sudo(self.env.su)

    def _append_versions(self, vals_list):
        """Number the versions, create them and make each the current one of its document."""
        # Two uploads at once must not get the same number: the second waits, and its request is then tried again.
        self.env.execute_query(SQL(
            "SELECT id FROM psa_document WHERE id IN %s ORDER BY id FOR NO KEY UPDATE", tuple(self.ids) or (None,)))
        documents = self.sudo()
        versions = self.env['psa.document.version'].sudo().create([
            {
                **vals,
                'document_id': document.id,
                'number': document.current_version_id.number + 1,
                'author_id': self.env.uid,
            }
            for document, vals in zip(documents, vals_list, strict=True)
        ])
        for document, version in zip(documents, versions, strict=True):
            document.current_version_id = version
        return versions

    def _current_version(self):
        self.ensure_one()
        if not self.current_version_id:
            raise UserError(self.env._("%s has no file yet. Add one with New Version.", self.name))
        return self.current_version_id

    def _open_stream(self, version, channel, as_attachment):
        """Check the access, log the download and return the stream of the file: the one way to its content.

        :param version: a version of this document; whether the user may read versions is not asked
        """
        self.ensure_one()
        self.check_access('read')
        version = version.sudo()
        if version.document_id != self.sudo():
            raise MissingError(self.env._("%s has no such version.", self.sudo().name))
        shown = version.is_viewable and not as_attachment
        self.env['psa.document.download']._log(version, channel, 'preview' if shown else 'download')
        stream = self.env['ir.binary'].sudo()._get_stream_from(version.attachment_id, filename=version.file_name)
        stream.as_attachment = not shown
        # Each look at the file is one request, and one row of the log: no parts, and nothing kept by the browser.
        stream.conditional = False
        stream.etag = False
        stream.last_modified = None
        return stream
