from odoo import api, fields, models
from odoo.exceptions import AccessError


class PsaAccessDefault(models.TransientModel):
    """What the staff of a company sees where no rule says anything; set without any right to Odoo's technical settings."""

    _name = 'psa.access.default'
    _description = "Default Access"

    company_id = fields.Many2one(
        'res.company', required=True, readonly=True, default=lambda self: self.env.company)
    psa_access_default = fields.Selection(
        lambda self: self.env['res.company']._fields['psa_access_default']._description_selection(self.env), string="Access to Clients",
        required=True, default=lambda self: self.env.company.sudo().psa_access_default,
        help="Open: everybody sees every client. Need to know: nobody sees a client but those a rule or a share opens, and those "
             "he is account manager or primary technician of.")

    def action_apply(self):
        """Make it so."""
        self.ensure_one()
        company = self.company_id
        if not self.env.su and not (
            self.env.user.has_group('psa_crm.group_company_admin') and company.id in self.env.user._get_company_ids()
        ):
            raise AccessError(self.env._("Only administrators of %s can change what its staff sees by default.", company.sudo().name))
        company.sudo().write(self._prepare_company_vals())
        return {'type': 'ir.actions.act_window_close'}

    def _prepare_company_vals(self):
        """Return what is written to the company; other addons have defaults of their own."""
        return {'psa_access_default': self.psa_access_default}

    @api.model_create_multi
    def create(self, vals_list):
        # For the company one works in, whatever the caller names.
        return super().create([{**vals, 'company_id': self.env.company.id} for vals in vals_list])
