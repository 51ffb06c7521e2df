from odoo import api, models
from odoo.addons.psa_crm.tools import despite_collisions


class PsaContract(models.Model):
    """The daily run that renews and ends contracts is done once more if it collides with somebody who changes one."""

    _inherit = "psa.contract"

    @api.model
    def _cron_end_contracts(self):
        """Renew, end and begin contracts, as one step."""
        end_contracts = super()._cron_end_contracts

        def step():
            result = end_contracts()
            self.env.flush_all()
            return result

        return despite_collisions(self.env, step)
