from odoo import models


class PsaTicket(models.Model):
    """Who hears of what happens to a ticket."""

    _inherit = "psa.ticket"

    def _psa_notify(self, event, users=None, partners=None, emails=(), template=None, note="", channels=None):
        """Tell people about an event of these tickets; return ``{ticket id: [who was told, as text]}``.

        :param event: code of a ``psa.notification.event``: assigned, queue_new, desk_new, reopened, client_replied, sla_warning,
            sla_breach, escalated, mentioned, rule
        :param users: users who are told; None together with no partners and no emails: the event's own audience
        :param partners: people without an account, contacts of the client among them, who never get what is internal
        :param emails: bare mail addresses
        :param template: a ``mail.template`` for psa.ticket, or its XML id, to say it in its words
        :param note: internal text, told to staff only
        :param channels: only on these ways: a subset of mail, pager, sms, inapp, push
        """
        return {ticket.id: [] for ticket in self}
