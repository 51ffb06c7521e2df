from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

GUARDED = 'psa.document.version'


class IrAttachment(models.Model):
    _inherit = 'ir.attachment'

    def _check_access(self, operation):
        """Keep the files of documents away from every way but the suite's own, which logs each download.

        Whoever may read a version could otherwise fetch its file from Odoo's general routes or over the API.
        """
        result = super()._check_access(operation)
        if self.env.su:
            return result
        sudo = self.sudo()
        sudo.fetch(['res_model'])
        guarded = sudo.filtered(lambda attachment: attachment.res_model == GUARDED).sudo(False)
        if not guarded:
            return result
        forbidden = guarded | (result[0] if result else self.browse())
        return self.browse(attachment.id for attachment in self if attachment in forbidden), lambda: AccessError(self.env._(
            "Files of documents are opened from the document: use its buttons Preview and Download."))

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        if not self.env.su and not bypass_access:
            domain = Domain(domain) & Domain('res_model', '!=', GUARDED)
        return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)

    def _inaccessible_comodel_records(self, model_and_ids, operation):
        yield from super()._inaccessible_comodel_records(model_and_ids, operation)
        # Nobody hangs a file of his own, which may be public or carry a token, onto a version.
        if not self.env.su:
            yield from ((GUARDED, res_id) for res_id in model_and_ids.get(GUARDED, ()) if res_id)
