from datetime import date

from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """What a client has left of what he paid ahead."""

    _inherit = "res.partner"

    def _psa_prepaid_balances(self):
        """Return the client's balances, a dictionary for each block, for people who may see them.

        Staff by the access to the client's contracts; of the client himself approvers and administrators. Keys: ``id``,
        ``name``, ``contract``, ``kind`` (hours, money), ``size``, ``drawn``, ``remaining`` (hours or money),
        ``used_percent``, ``currency``, ``date_from``, ``date_to``, ``state``. Included hours of the current period come as
        kind ``included``, without an id of a block.
        """
        self.ensure_one()
        client = self.commercial_partner_id
        if not client._psa_may_see_balances():
            return []
        today = fields.Date.context_today(self)
        domain = Domain("client_id", "=", client.id) & Domain("state", "in", ("active", "suspended", "ended"))
        Contract = self.env["psa.contract"]
        if self.env.user._is_internal():
            contracts = Contract.search(domain, order="priority, id").sudo()
        else:
            contracts = Contract.sudo().search(domain, order="priority, id")
        blocks = contracts.prepaid_ids.filtered(
            lambda block: not block.is_cancelled and (not block.date_to or block.date_to >= today)
        )
        blocks = blocks.sorted(lambda block: (block.date_to or date.max, block.id))
        return [*contracts._psa_included_balances(today), *(block._prepare_balance() for block in blocks)]

    def _psa_may_see_balances(self):
        """Say whether the current user may see what this client has left."""
        user = self.env.user
        if self.env.su or user._is_internal():
            return self.env["psa.contract"].has_access("read")
        return user.partner_id.commercial_partner_id == self and (
            user.has_group("psa_crm.group_client_admin") or user.has_group("psa_crm.group_client_approver")
        )
