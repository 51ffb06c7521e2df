from odoo import models


class ResCurrency(models.Model):
    _inherit = 'res.currency'

    def get_all_currencies(self):
        """Leave out of what every page is told the currencies that another company made for itself."""
        currencies = super().get_all_currencies()
        if self.env.su or not self.env['ir.rule']._psa_is_walled_in():
            return currencies
        own = set(self.with_context(active_test=False)._search([('id', 'in', list(currencies))]))
        return {currency_id: about for currency_id, about in currencies.items() if currency_id in own}
