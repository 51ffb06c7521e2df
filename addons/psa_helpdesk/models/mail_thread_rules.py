from odoo import api, models

from .psa_rule_queue import RuleQueue


class MailThread(models.AbstractModel):
    """Taking in a mail is one step: the rules about the new ticket run when its first message is there."""

    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        if not any(route[0] == "psa.ticket" for route in routes or ()):
            return super()._message_route_process(message, message_dict, routes)
        with RuleQueue.of(self.env.cr).step(self.env):
            return super()._message_route_process(message, message_dict, routes)
