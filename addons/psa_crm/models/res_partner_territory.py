from odoo import api, fields, models

from ..core import territory as core


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_territory_id = fields.Many2one(
        'psa.territory', string="Territory", compute='_compute_psa_territory_id', store=True, precompute=True,
        index='btree_not_null', groups='base.group_user',
        help="The sales territory of the client, by its address and industry. It follows the address at once, and changes of "
             "territories in the background.")
    psa_territory_reason = fields.Char(
        string="Why this Territory", compute='_compute_psa_territory_reason', groups='base.group_user')
    psa_territory_due = fields.Boolean(
        copy=False, groups='base.group_system', help="Territories were changed; the client is to be looked at again.")

    # The work list of the scheduled action.
    _psa_territory_due_idx = models.Index('(id) WHERE psa_territory_due IS TRUE')

    @api.depends('psa_is_client', 'company_id', 'country_id', 'state_id', 'zip', 'industry_id')
    def _compute_psa_territory_id(self):
        clients = self.filtered('psa_is_client')
        matches = clients._psa_match_territories()
        for partner in self:
            match = matches.get(partner)
            partner.psa_territory_id = match.key if match else False

    @api.depends('psa_territory_id')
    def _compute_psa_territory_reason(self):
        clients = self.filtered('psa_is_client')
        matches = clients._psa_match_territories()
        reasons = self.env['psa.territory']._psa_explain([
            (match, client._psa_territory_address()) for client, match in matches.items()])
        (self - clients).psa_territory_reason = False
        for client, reason in zip(matches, reasons, strict=True):
            client.psa_territory_reason = reason

    def _psa_territory_address(self):
        """Return what decides about the territory of the contact."""
        self.ensure_one()
        return core.Address(
            country=self.country_id.id, state=self.state_id.id, postcode=self.zip or '', industry=self.industry_id.id)

    def _psa_match_territories(self):
        """Return the match (or None) of each of these contacts, in a constant number of queries."""
        if not self:
            return {}
        territories = self.env['psa.territory']._psa_load(self.company_id)
        return {
            partner: core.find_territory(partner._psa_territory_address(), territories[partner.company_id.id])
            for partner in self
        }
