from odoo import api, fields, models, tools
from odoo.fields import Domain


class PsaNotificationEvent(models.Model):
    """Something that happens to a ticket and that somebody may want to hear of; each is shipped, nobody adds one."""

    _name = "psa.notification.event"
    _inherit = "psa.cached.mixin"
    _description = "Notification Event"
    _order = "sequence, id"

    _order_idx = models.Index("(sequence, id)")
    _code_uniq = models.UniqueIndex("(code)", "There is an event of that code already.")

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10, aggregator=None)
    description = fields.Char(translate=True, help="Who hears of it unless he says otherwise.")

    @api.model
    @tools.ormcache()
    def _ids_by_code(self):
        """Return {code: id} of all events, cached."""
        return {event.code: event.id for event in self.sudo().search_fetch(Domain.TRUE, ["code"])}
