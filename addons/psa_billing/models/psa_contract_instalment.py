from odoo import api, fields, models

# What falls due by these.
DECISIVE = {"date_due", "amount", "component_id"}


class PsaContractInstalment(models.Model):
    """A part of a fixed price, due on a day."""

    _name = "psa.contract.instalment"
    _description = "Contract Instalment"
    _order = "component_id, date_due, id"

    _order_idx = models.Index("(component_id, date_due, id)")

    component_id = fields.Many2one("psa.contract.component", required=True, ondelete="cascade", index=True)
    contract_id = fields.Many2one(related="component_id.contract_id", store=True, index=True)
    company_id = fields.Many2one(related="component_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="component_id.currency_id")
    name = fields.Char("Description", required=True)
    date_due = fields.Date("Due On", required=True)
    amount = fields.Monetary(required=True)
    due_ids = fields.One2many("psa.contract.due", "instalment_id")

    @api.model_create_multi
    def create(self, vals_list):
        instalments = super().create(vals_list)
        instalments.component_id._psa_forget_whole()
        instalments.contract_id._psa_bill_again()
        return instalments

    def write(self, vals):
        if vals.keys() & DECISIVE:
            self._psa_check_open()
        result = super().write(vals)
        if "component_id" in vals:
            # Odoo checks the instalment as it was: it goes to no component that is not one's own to change.
            self.check_access("write")
        if vals.keys() & DECISIVE:
            self.contract_id._psa_bill_again()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_billed(self):
        self._psa_check_open()

    def _psa_check_open(self):
        """Refuse to change what was billed; take back what nobody has released yet."""
        dues = self.sudo().due_ids
        dues._psa_check_open(
            lambda due: self.env._(
                "“%s” was billed, so it stays. Add another instalment for the difference, or credit the invoice.",
                due.instalment_id.name,
            )
        )
        if dues:
            dues._psa_take_back_for_now()
