from odoo import api, fields, models
from odoo.fields import Domain


class PsaFieldSet(models.Model):
    """The own fields that one service company keeps on its clients, or on their people.

    Odoo keeps one definition of own fields of contacts for the whole database: its labels would be read by every company.
    """

    _name = 'psa.field.set'
    _description = "Own Fields"
    _order = 'company_id, applies_to, id'

    company_id = fields.Many2one('res.company', required=True, readonly=True, ondelete='cascade')
    applies_to = fields.Selection(
        [('client', "Clients"), ('contact', "People of clients")], required=True, readonly=True)
    properties_definition = fields.PropertiesDefinition(string="Fields")

    _company_uniq = models.UniqueIndex(
        '(company_id, applies_to)', "This company already has its own fields of that kind.")

    @api.depends('applies_to', 'company_id')
    def _compute_display_name(self):
        labels = dict(self._fields['applies_to']._description_selection(self.env))
        for field_set in self:
            field_set.display_name = self.env._(
                "%(kind)s of %(company)s", kind=labels.get(field_set.applies_to), company=field_set.company_id.sudo().name)

    @api.model
    def _psa_ids_by_company(self, companies):
        """Return ``{(company id, applies to): id of the set}``."""
        sets = self.sudo().search_fetch(Domain('company_id', 'in', companies.ids), ['company_id', 'applies_to'])
        return {(field_set.company_id.id, field_set.applies_to): field_set.id for field_set in sets}
