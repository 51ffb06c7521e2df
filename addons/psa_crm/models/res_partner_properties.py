import json

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import own_fields


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_field_set_id = fields.Many2one(
        'psa.field.set', string="Set of Own Fields", compute='_compute_psa_field_set_id', store=True,
        index='btree_not_null', groups='base.group_user',
        help="The own fields of the service company that serves this client.")
    psa_properties = fields.Properties(
        string="Own Fields", definition='psa_field_set_id.properties_definition', copy=True, groups='base.group_user',
        precompute=False,  # the set depends on the client of the contact, which Odoo knows only once it is stored
        help="Fields that your company added for its clients, or for their people.")

    @api.depends('psa_is_client', 'is_company', 'type', 'company_id', 'commercial_partner_id.psa_is_client',
                 'commercial_partner_id.company_id')
    def _compute_psa_field_set_id(self):
        kinds = {}
        for partner in self:
            client = partner.commercial_partner_id
            if partner.psa_is_client:
                kinds[partner] = (partner.company_id, 'client')
            elif client.psa_is_client and not partner.is_company and partner.type == 'contact':
                kinds[partner] = (client.company_id, 'contact')
        companies = self.env['res.company'].union(*(company for company, _kind in kinds.values()))
        ids = self.env['psa.field.set']._psa_ids_by_company(companies) if companies else {}
        for partner in self:
            company, kind = kinds.get(partner, (self.env['res.company'], None))
            partner.psa_field_set_id = ids.get((company.id, kind), False)

    def write(self, vals):
        """Merge own fields given as a dict into those that are there: Odoo would forget the others."""
        changes = vals.get('psa_properties')
        if isinstance(changes, str):
            changes = json.loads(changes)
        if not isinstance(changes, dict):
            return super().write(vals)
        rest = {name: value for name, value in vals.items() if name != 'psa_properties'}
        result = super().write(rest)
        merged = {partner: partner._psa_merge_properties(changes) for partner in self}
        groups = self.grouped(lambda partner: (partner.psa_field_set_id, json.dumps(merged[partner], default=str)))
        for partners in groups.values():
            super(ResPartner, partners).write({'psa_properties': merged[partners[0]]})
        return result

    def _psa_merge_properties(self, changes):
        """Return the contact's own fields with these changes; raise an error that names the field that is wrong."""
        self.ensure_one()
        # The record format shows the labels of selections; the read format has what is stored, by the current definition.
        fields_read = self._fields['psa_properties'].convert_to_read(self.psa_properties, self, use_display_name=False)
        current = {field['name']: field['value'] for field in fields_read if field.get('value')}
        try:
            return own_fields.merge_values(current, changes, self.psa_field_set_id.sudo().properties_definition or [])
        except own_fields.InvalidValue as error:
            if error.is_unknown:
                raise ValidationError(self.env._(
                    "%(contact)s has no own field “%(field)s”. Add the field on a client first, or correct its name.",
                    contact=self.display_name, field=error.field)) from error
            raise ValidationError(self.env._(
                "%(contact)s: the own field “%(field)s” cannot take this value. Enter one of the kind of the field.",
                contact=self.display_name, field=error.field)) from error
