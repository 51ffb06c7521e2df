from odoo import models


class PsaContractComponent(models.Model):
    """What is reckoned again of contracts that have ended."""

    _inherit = "psa.contract.component"

    def _psa_forget_open_dues(self):
        result = super()._psa_forget_open_dues()
        # Also where nothing was open: what was released of days that no longer count is to be credited.
        self.contract_id._psa_bill_again()
        return result

    def _psa_prepare_fixed_price_vals(self, until, known):
        contract = self.contract_id
        if contract.state == "ended" and contract.date_end:
            # However late it is billed: instalments of the days after it do not fall due.
            until = min(until, contract.date_end)
        return super()._psa_prepare_fixed_price_vals(until, known)
