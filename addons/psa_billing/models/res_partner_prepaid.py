from odoo import models


class ResPartner(models.Model):
    """What a client has left of what he paid ahead."""

    _inherit = "res.partner"

    def _psa_prepaid_balances(self):
        """Return the client's balances, a dictionary for each block, for people who may see them.

        Staff by the access to the client's contracts; of the client himself approvers and administrators. Keys: ``id``,
        ``name``, ``contract``, ``kind`` (hours, money), ``size``, ``drawn``, ``remaining``, ``currency``, ``date_from``,
        ``date_to``, ``state``.
        """
        return []
