from odoo import api, fields, models

from ..core import territory as core


class PsaTerritoryCheck(models.TransientModel):
    """Answers: which territory would this address get, why, and which others hold it too?"""

    _name = 'psa.territory.check'
    _description = "Try an Address on the Territories"

    company_id = fields.Many2one('res.company', required=True, default=lambda self: self.env.company)
    partner_id = fields.Many2one('res.partner', string="Address of", help="Fills in the address of this contact.")
    zip = fields.Char(string="Postcode", compute='_compute_address', store=True, readonly=False)
    state_id = fields.Many2one(
        'res.country.state', compute='_compute_address', store=True, readonly=False,
        domain="[('country_id', '=?', country_id)]")
    country_id = fields.Many2one('res.country', compute='_compute_address', store=True, readonly=False)
    industry_id = fields.Many2one('res.partner.industry', compute='_compute_address', store=True, readonly=False)

    territory_id = fields.Many2one('psa.territory', compute='_compute_territory')
    team_id = fields.Many2one(related='territory_id.team_id')
    user_id = fields.Many2one(related='territory_id.user_id')
    reason = fields.Char(compute='_compute_territory')
    other_ids = fields.Many2many(
        'psa.territory', string="Would Hold It, Too", compute='_compute_territory',
        help="They hold the address as well, but come later in the order.")

    @api.depends('partner_id')
    def _compute_address(self):
        for check in self:
            if check.partner_id:
                check.zip = check.partner_id.zip
                check.state_id = check.partner_id.state_id
                check.country_id = check.partner_id.country_id
                check.industry_id = check.partner_id.industry_id

    @api.depends('company_id', 'zip', 'state_id', 'country_id', 'industry_id')
    def _compute_territory(self):
        territories = self.env['psa.territory']._psa_load(self.company_id)
        for check in self:
            address = core.Address(
                country=check.country_id.id, state=check.state_id.id, postcode=check.zip or '', industry=check.industry_id.id)
            holding = [
                territory.key for territory in territories[check.company_id.id] if core.find_territory(address, [territory])]
            match = core.find_territory(address, territories[check.company_id.id])
            check.territory_id = match.key if match else False
            check.other_ids = holding[1:]
            check.reason = self.env['psa.territory']._psa_explain([(match, address)])[0]
