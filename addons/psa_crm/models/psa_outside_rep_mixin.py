from odoo import api, models


class PsaOutsideRepMixin(models.AbstractModel):
    """What names contacts: an outside rep names none but those he may see, whether he chooses them or passes them as defaults."""

    _name = 'psa.outside.rep.mixin'
    _description = "Names Contacts an Outside Rep May See"

    _psa_partner_fields = ('partner_id', 'commercial_partner_id')

    @api.model_create_multi
    def create(self, vals_list):
        self.env['res.partner']._psa_check_rep_may_use([
            vals.get(name) or self.env.context.get(f'default_{name}')
            for vals in vals_list for name in self._psa_partner_fields])
        return super().create(vals_list)

    def write(self, vals):
        self.env['res.partner']._psa_check_rep_may_use([vals.get(name) for name in self._psa_partner_fields])
        return super().write(vals)
