from odoo import http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.http import request


def serve(document, version, channel, as_attachment):
    """Answer with a version of the document; the access is checked and the download logged."""
    stream = document._open_stream(version, channel, as_attachment)
    response = stream.get_response(max_age=None)
    response.headers['Cache-Control'] = 'private, no-store'
    return response


class DocumentController(http.Controller):
    """Files of documents, in and out, for staff."""

    @http.route('/psa/documents/version/<int:version_id>', type='http', auth='user', methods=['GET'])
    def psa_document_version(self, version_id, download=None, **kwargs):
        """The file of one version; a version that is not the user's to read looks like one that does not exist."""
        version = request.env['psa.document.version'].browse(version_id).exists()
        if not version or not version.has_access('read') or not version.document_id.has_access('read'):
            raise request.not_found()
        return serve(version.document_id, version, 'backend', as_attachment=bool(download))

    @http.route('/psa/documents/upload', type='http', auth='user', methods=['POST'])
    def psa_document_upload(self, client_id=None, type_id=None, **kwargs):
        """Make a document of each file.

        :return: JSON with the ids of the documents and the sentences about what was refused
        """
        files = [(upload.filename, upload.read()) for upload in request.httprequest.files.getlist('ufile')]
        values = {
            name: int(value)
            for name, value in (('client_id', client_id), ('type_id', type_id)) if value and value.isdigit()
        }
        try:
            with request.env.cr.savepoint():
                documents, refusals = request.env['psa.document']._create_from_files(files, values)
        except (AccessError, UserError, ValidationError) as error:
            return request.make_json_response({'ids': [], 'refusals': [str(error)]})
        return request.make_json_response({'ids': documents.ids, 'refusals': refusals})
