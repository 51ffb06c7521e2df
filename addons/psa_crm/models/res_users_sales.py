from odoo import models


class ResUsers(models.Model):
    _inherit = 'res.users'

    def _psa_sells_outside(self):
        """Tell whether the user is an outside rep who sees only his own leads, quotes and quotas."""
        self.ensure_one()
        return self.has_group('psa_crm.group_outside_rep') and not self.has_group('sales_team.group_sale_salesman_all_leads')

    def _psa_is_outside_rep(self):
        """Tell whether the user is an outside rep who sees only his own clients.

        Who also works for clients, or bills them, sees those that the rules of access give him.
        """
        self.ensure_one()
        return self._psa_sells_outside() and not (
            self.has_group('psa_crm.group_technician') or self.has_group('psa_crm.group_billing'))
