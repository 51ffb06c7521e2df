from markupsafe import Markup
from odoo import models
from odoo.tools import is_html_empty


class PsaTicket(models.Model):
    """Mails to the client end with the signature of the desk, where it has one."""

    _inherit = "psa.ticket"

    def _notify_by_email_prepare_rendering_context(self, message, msg_vals=False, **kwargs):
        context = super()._notify_by_email_prepare_rendering_context(message, msg_vals=msg_vals, **kwargs)
        if len(self) != 1 or not context["is_discussion"]:
            return context
        signature = self.sudo().with_context(lang=context["lang"]).desk_id.signature
        author = (msg_vals or {}).get("author_id") or message.sudo().author_id.id
        author = self.env["res.partner"].sudo().browse(author or [])
        is_ours = (context["author_user"] and context["author_user"]._is_internal()) or author == self.sudo().company_id.partner_id
        if is_html_empty(signature) or not is_ours:
            return context
        lines = [author.name, signature] if context["author_user"] else [signature]
        return {
            **context, "email_add_signature": True,
            "signature": Markup("<div>-- <br/>%s</div>") % Markup("<br/>").join(lines),
        }
