from odoo import api, fields, models
from odoo.tools.misc import format_date


class PsaContractNewVersion(models.TransientModel):
    """Agree on new terms from a day on; what was priced before keeps its price."""

    _name = "psa.contract.new.version"
    _inherit = "psa.wizard.mixin"
    _description = "New Version of Contract Terms"

    contract_id = fields.Many2one("psa.contract", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", related_sudo=False)
    date_from = fields.Date("In Force From", required=True, default=fields.Date.context_today)
    note = fields.Char("What Changes")
    last_frozen = fields.Date(compute="_compute_last_frozen")

    @api.depends("contract_id")
    def _compute_last_frozen(self):
        for wizard in self:
            wizard.last_frozen = wizard.contract_id._psa_last_frozen()

    def action_create(self):
        """Make the new terms, like those in force on the day, and open them."""
        self.ensure_one()
        self.contract_id.check_access("write")
        version = self.contract_id._psa_new_version(self.date_from, self.note)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Terms from %s", format_date(self.env, self.date_from)),
            "res_model": "psa.contract.version",
            "res_id": version.id,
            "view_mode": "form",
            "target": "new",
        }
