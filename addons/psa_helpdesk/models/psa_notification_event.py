from odoo import fields, models


class PsaNotificationEvent(models.Model):
    """Something that happens to a ticket and that somebody may want to hear of; each is shipped, nobody adds one."""

    _name = "psa.notification.event"
    _description = "Notification Event"
    _order = "sequence, id"

    _order_idx = models.Index("(sequence, id)")
    _code_uniq = models.UniqueIndex("(code)", "There is an event of that code already.")

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10, aggregator=None)
    description = fields.Char(translate=True, help="Who hears of it unless he says otherwise.")
