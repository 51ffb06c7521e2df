from odoo import api, fields, models


class PsaCannedResponseText(models.Model):
    """A canned response in one more language; whoever reads or keeps the response reads or keeps its texts."""

    _name = "psa.canned.response.text"
    _description = "Canned Response in Another Language"
    _order = "response_id, lang"

    _response_lang_uniq = models.UniqueIndex(
        "(response_id, lang)", "The response already has a text in this language. Change that one."
    )

    response_id = fields.Many2one("mail.canned.response", "Canned Response", required=True, ondelete="cascade")
    lang = fields.Selection(lambda self: self.env["res.lang"].get_installed(), "Language", required=True)
    body = fields.Text("Text", required=True)
    company_id = fields.Many2one("res.company", related="response_id.company_id", store=True, index="btree_not_null")

    @api.constrains("body", "response_id")
    def _check_placeholders(self):
        for text in self.sudo().filtered("response_id.psa_scope"):
            text.response_id._psa_refuse_faults(text.body, text._fields["body"])

    @api.model_create_multi
    def create(self, vals_list):
        texts = super().create(vals_list)
        texts.response_id.check_access("write")
        return texts

    def write(self, vals):
        result = super().write(vals)
        if "response_id" in vals:
            self.response_id.check_access("write")
        return result

    def _check_access(self, operation):
        refusal = super()._check_access(operation)
        if refusal or operation in ("read", "create") or self.env.su or not self._ids:
            return refusal
        of_response = self.sudo().response_id.with_env(self.env)._check_access("write")
        return (self, of_response[1]) if of_response else None
