from odoo import models


class MailTrackingValue(models.Model):
    _inherit = "mail.tracking.value"

    def _tracking_value_format_model(self, model):
        """What changed on a ticket is told in the words of its desk."""
        if model != "psa.ticket" or not self:
            return super()._tracking_value_format_model(model)
        by_desk = {}
        for tracking in self:
            desk = self.env[model].sudo().browse(tracking.sudo().mail_message_id.res_id).desk_id
            by_desk[desk.id] = by_desk.get(desk.id, self.browse()) | tracking
        formatted = []
        for desk_id, trackings in by_desk.items():
            of_desk = trackings.with_context(psa_desk_view_ref=desk_id)
            formatted += super(MailTrackingValue, of_desk)._tracking_value_format_model(model)
        return formatted
