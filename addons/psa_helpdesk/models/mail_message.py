from odoo import models


class MailMessage(models.Model):
    _inherit = "mail.message"

    def _get_forbidden_access(self, operation):
        """Hide what is internal of a ticket from the portal, whatever its type.

        Odoo itself hides notes of the type comment; what it logs and notes that came by mail could be read by their id.
        """
        forbidden = super()._get_forbidden_access(operation)
        if operation == "read" and not self.env.user._is_internal():
            forbidden |= (self - forbidden).sudo().filtered(
                lambda message: message.model == "psa.ticket"
                and (message.is_internal or not message.subtype_id or message.subtype_id.internal)
            ).with_env(self.env)
        return forbidden
