from odoo import api, models
from odoo.exceptions import UserError

# What would make a kept file another one, or part it from its export.
KEPT = {"raw", "datas", "db_datas", "store_fname", "checksum", "name", "type", "url", "res_model", "res_id", "mimetype"}


class IrAttachment(models.Model):
    """The files of an accounting export stay as they were handed over."""

    _inherit = "ir.attachment"

    def write(self, vals):
        if KEPT & vals.keys():
            self._psa_check_not_exported()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_exported(self):
        self._psa_check_not_exported()

    def _psa_check_not_exported(self):
        some = self.sudo().filtered(lambda attachment: attachment.res_model == "psa.accounting.export" and attachment.res_id)
        if not some:
            return
        exports = self.env["psa.accounting.export"].sudo().browse(some.mapped("res_id")).exists()
        if some & exports.filtered(lambda export: export.state == "done").attachment_ids:
            raise UserError(self.env._("The file of an export that was made is kept as it is. Export again if another one is needed."))
