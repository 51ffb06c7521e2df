from odoo import http
from odoo.addons.mail.controllers.attachment import AttachmentController
from odoo.http import request

from ..core import attachment_rules


class TicketAttachmentController(AttachmentController):
    """Files for tickets that come by the pages of Odoo: the chatter here and on the portal."""

    @http.route()
    def mail_attachment_upload(self, ufile, thread_id, thread_model, is_pending=False, **kwargs):
        if thread_model == "psa.ticket":
            ticket = self._get_thread_with_access_for_post(thread_model, thread_id, **kwargs)
            if ticket:
                # What is only pending belongs to no ticket yet: it is refused before somebody has written his answer to it.
                limits = ticket.sudo()._attachment_limits()
                size = ufile.seek(0, 2)
                ufile.seek(0)
                head = ufile.read(attachment_rules.HEAD_SIZE)
                ufile.seek(0)
                reason = attachment_rules.refusal(ufile.filename, size, head, limits)
                if reason:
                    text = request.env["ir.attachment"]._psa_refusal_text(reason, ufile.filename, size, limits)
                    return request.make_json_response({"error": text})
                # Evidence is kept as it came: Odoo would scale large pictures down.
                request.update_context(image_no_postprocess=True)
        return super().mail_attachment_upload(ufile, thread_id, thread_model, is_pending=is_pending, **kwargs)
