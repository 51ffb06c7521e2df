import base64

from .common import PsaCrmCommon

PDF = b'%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n'


class DocumentCommon(PsaCrmCommon):
    """The service level agreement of Harbour Dental, in one version, and the people around it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client_dental.company_id = cls.company
        cls.sla_type = cls.env.ref('psa_crm.document_type_sla')
        cls.sla = cls._new_document("SLA 2026", type_id=cls.sla_type.id, client_id=cls.client_dental.id)

    @classmethod
    def _new_document(cls, name, content=PDF, file_name=None, **values):
        values = {'type_id': cls.env.ref('psa_crm.document_type_other').id, **values}
        document = cls.env['psa.document'].create({'name': name, **values})
        if content:
            document._add_version(file_name or f'{name}.pdf', content)
        return document

    def _base64(self, content):
        return base64.b64encode(content).decode()

    def _content(self, version):
        return version.sudo().attachment_id.raw
