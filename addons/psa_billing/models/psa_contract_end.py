from odoo import api, fields, models
from odoo.addons.psa_crm.tools import despite_collisions


class PsaContract(models.Model):
    """Ends that are taken back, and the daily run that renews and ends contracts.

    The run is done once more if it collides with somebody who changes a contract.
    """

    _inherit = "psa.contract"

    former_end = fields.Json(readonly=True, copy=False, help="What “End” has changed, so that “Resume” can put it back.")

    def action_end(self):
        before = {contract: contract._psa_ends() for contract in self if contract.state != "ended"}
        result = super().action_end()
        for contract, ends in before.items():
            contract.sudo().former_end = {"before": ends, "after": contract._psa_ends()}
        return result

    def action_activate(self):
        self.filtered(lambda contract: contract.state == "ended")._psa_take_end_back()
        return super().action_activate()

    def _psa_ends(self):
        """Return the days that the end of a contract changes, as plain text."""
        self.ensure_one()
        return {
            "contract": [self.date_end and str(self.date_end), self.bill_from and str(self.bill_from)],
            "components": {str(component.id): component.date_to and str(component.date_to) for component in self.component_ids},
        }

    def _psa_take_end_back(self):
        """Let contracts run as long as they did before somebody pressed “End”; what was changed by hand since stays."""
        for contract in self:
            former, ends = contract.former_end or {}, contract._psa_ends()
            if former and former["after"]["contract"] == ends["contract"] != former["before"]["contract"]:
                date_end, bill_from = former["before"]["contract"]
                contract.write({"date_end": date_end, "bill_from": bill_from})
                for component in contract.component_ids:
                    before, after = (former[when]["components"].get(str(component.id)) for when in ("before", "after"))
                    if ends["components"][str(component.id)] == after != before:
                        component.date_to = before
            contract.sudo().former_end = False

    @api.model
    def _cron_end_contracts(self):
        """Renew, end and begin contracts, as one step."""
        end_contracts = super()._cron_end_contracts

        def step():
            result = end_contracts()
            self.env.flush_all()
            return result

        return despite_collisions(self.env, step)
