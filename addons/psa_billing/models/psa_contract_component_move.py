from odoo import fields, models
from odoo.fields import Command

from .psa_contract_component import PREPAID


class PsaContractComponent(models.Model):
    """Components of a client that moves to another service company."""

    _inherit = "psa.contract.component"

    def _psa_moved_vals(self, company):
        """Return the values of what goes on there: nothing that was to be paid once falls due twice.

        Set-up fees and milestones stay behind, of a fixed price the instalments that are not billed go over; prepaid hours
        are bought by hand until somebody decides.
        """
        vals_list = []
        for component in self:
            if component.kind in ("setup_fee", "milestone"):
                continue
            if component.kind == "fixed_price" and not component.instalment_ids and component.due_ids:
                continue
            (vals,) = component.copy_data()
            vals.pop("contract_id", None)
            if component.project_id:
                # The project stays behind, and without one the price would pay for all time.
                vals.update(project_id=False, is_time_covered=False)
            if component.date_from and component.date_from <= fields.Date.context_today(self):
                vals["date_from"] = False
            if component.product_id.company_id and component.product_id.company_id != company:
                vals.pop("product_id")
            if component.kind in PREPAID and component.purchase == "once":
                vals["purchase"] = "manual"
            if component.kind == "fixed_price":
                open_instalments = component.instalment_ids.filtered(lambda instalment: not instalment.due_ids)
                vals["instalment_ids"] = [Command.create(one) for one in open_instalments.copy_data()]
            vals_list.append(vals)
        return vals_list
