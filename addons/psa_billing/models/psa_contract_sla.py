from datetime import timedelta

from odoo import api, models, tools

# What decides whether a contract runs for whom.
DECISIVE = {"state", "active", "client_id", "company_id", "date_start", "date_end"}


class PsaContract(models.Model):
    """Tickets have their targets looked at again when a contract of their client begins or ends."""

    _inherit = "psa.contract"

    @api.model_create_multi
    def create(self, vals_list):
        contracts = super().create(vals_list)
        self.env.registry.clear_cache()
        return contracts

    def write(self, vals):
        decisive = DECISIVE & vals.keys()
        clients = self.sudo().client_id if decisive else self.env["res.partner"]
        result = super().write(vals)
        if decisive:
            self.env.registry.clear_cache()
            (clients | self.sudo().client_id)._sla_contracts_changed()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    def _cron_end_contracts(self):
        """End the contracts whose last day is past, and let those count whose first day this is."""
        result = super()._cron_end_contracts()
        today = self.env["res.company"]._psa_last_today()
        started = self.sudo().search(
            [("state", "=", "active"), ("date_start", ">=", today - timedelta(days=1)), ("date_start", "<=", today)]
        )
        started = started.filtered(lambda contract: contract.date_start == contract.company_id._psa_today())
        started.client_id._sla_contracts_changed()
        return result

    @api.model
    @tools.ormcache()
    def _sla_contracts_by_client(self):
        """Return {client id: ((contract id, company id, first day, last day or False), …)} of active contracts; cached."""
        contracts = {}
        running = (
            self.sudo()
            .with_context(active_test=True)
            .search_fetch(
                [("state", "=", "active")], ["client_id", "company_id", "date_start", "date_end"]
            )
        )
        for contract in running:
            contracts.setdefault(contract.client_id.id, []).append(
                (contract.id, contract.company_id.id, contract.date_start, contract.date_end)
            )
        return {client_id: tuple(rows) for client_id, rows in contracts.items()}
