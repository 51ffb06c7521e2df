from odoo import fields, models

KIND_SELECTION = [
    ("mail", "E-mail"),
    ("pager", "Pager"),
    ("sms_mail", "SMS by Mail Gateway"),
    ("sms", "SMS"),
    ("push", "Browser Push"),
    ("inapp", "Inbox in the Application"),
]


class PsaNotificationAddress(models.Model):
    """One way on which a user hears of tickets: where to, of which events, of which tickets and when."""

    _name = "psa.notification.address"
    _description = "Notification Address"
    _order = "user_id, sequence, id"

    _order_idx = models.Index("(user_id, sequence, id)")

    user_id = fields.Many2one("res.users", "User", ondelete="cascade", default=lambda self: self.env.user)
    sequence = fields.Integer(default=10, aggregator=None)
    kind = fields.Selection(KIND_SELECTION, required=True, default="mail")
    event_ids = fields.Many2many("psa.notification.event", "psa_notification_address_event_rel", "address_id", "event_id", "Events")
