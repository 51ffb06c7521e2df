from odoo import api, fields, models
from odoo.addons.crm.models.crm_lead import PARTNER_ADDRESS_FIELDS_TO_SYNC

from ..core import territory as core


class CrmLead(models.Model):
    _inherit = 'crm.lead'

    psa_territory_id = fields.Many2one(
        'psa.territory', string="Territory", index='btree_not_null', copy=False, readonly=True,
        help="The sales territory that the address was in when the lead was routed.")
    psa_territory_reason = fields.Char(string="Why this Territory", copy=False, readonly=True)
    psa_industry_id = fields.Many2one(
        'res.partner.industry', string="Industry", compute='_compute_psa_industry_id', store=True, readonly=False,
        help="The territory of a lead depends on it.")

    @api.depends('partner_id')
    def _compute_psa_industry_id(self):
        for lead in self:
            lead.psa_industry_id = lead.partner_id.commercial_partner_id.industry_id or lead.psa_industry_id

    @api.model_create_multi
    def create(self, vals_list):
        """Route new leads: team and rep are those of the territory, unless a salesperson was chosen."""
        routed = self._psa_route_new(vals_list)
        leads = super().create(routed)
        leads._psa_log_route({
            lead: vals['psa_territory_reason']
            for lead, vals in zip(leads, routed, strict=True) if vals.get('psa_territory_reason')
        })
        return leads

    def action_psa_route(self):
        """Look for the territory again and give the leads to its team and rep, also if they have a salesperson."""
        self.check_access('write')
        leads = self.filtered(lambda lead: lead.won_status == 'pending')
        companies = {lead: lead.company_id or lead.team_id.company_id or self.env.company for lead in leads}
        territories = self.env['psa.territory']._psa_load(self.env['res.company'].union(*companies.values()))
        addresses = {lead: lead._psa_territory_address() for lead in leads}
        matches = {
            lead: core.find_territory(addresses[lead], territories[companies[lead].id]) for lead in leads}
        reasons = dict(zip(leads, self.env['psa.territory']._psa_explain([
            (matches[lead], addresses[lead]) for lead in leads]), strict=True))
        for key, group in leads.grouped(lambda lead: matches[lead].key if matches[lead] else False).items():
            group.write({'psa_territory_id': key, **self._psa_prepare_route_vals(key)})
        for reason, group in leads.grouped(reasons.get).items():
            group.psa_territory_reason = reason
        leads._psa_log_route(reasons)
        return True

    def _psa_territory_address(self):
        """Return what decides about the territory of the lead."""
        self.ensure_one()
        return core.Address(
            country=self.country_id.id, state=self.state_id.id, postcode=self.zip or '', industry=self.psa_industry_id.id)

    @api.model
    def _psa_route_new(self, vals_list):
        """Return the values of new leads, with the territory and what follows from it."""
        Partner = self.env['res.partner'].sudo()
        partner_ids = [vals.get('partner_id') or self.env.context.get('default_partner_id') for vals in vals_list]
        known_ids = [partner_id for partner_id in partner_ids if partner_id]
        partners = [Partner.browse(partner_id or ()).with_prefetch(known_ids) for partner_id in partner_ids]
        companies = [self._psa_company_of_new(vals, partner) for vals, partner in zip(vals_list, partners, strict=True)]
        territories = self.env['psa.territory']._psa_load(self.env['res.company'].union(*companies))
        if not any(territories.values()):
            return vals_list
        found = []
        for vals, partner, company in zip(vals_list, partners, companies, strict=True):
            address = self._psa_address_of_new(vals, partner)
            found.append((core.find_territory(address, territories[company.id]), address))
        reasons = self.env['psa.territory']._psa_explain(found)
        return [
            self._psa_prepare_routed_vals(vals, match, reason)
            for vals, (match, _address), reason in zip(vals_list, found, reasons, strict=True)
        ]

    @api.model
    def _psa_prepare_routed_vals(self, vals, match, reason):
        """Return the values of one new lead, with the territory and what follows from it."""
        if not match:
            return {**vals, 'psa_territory_reason': reason}
        route = {'psa_territory_id': match.key}
        # A plain default is nobody's choice; a default that a screen hands on is one.
        chosen = vals['user_id'] if 'user_id' in vals else self.env.context.get('default_user_id')
        if chosen or self.env.user._psa_sells_outside():
            reason = self.env._("%s The salesperson was chosen by hand and stays.", reason)
        else:
            route.update(self._psa_prepare_route_vals(match.key))
        return {**vals, **route, 'psa_territory_reason': reason}

    @api.model
    def _psa_prepare_route_vals(self, territory_id):
        """Return who works in the territory, as values of a lead. No territory changes nothing."""
        territory = self.env['psa.territory'].sudo().browse(territory_id)
        if not territory:
            return {}
        values = {'user_id': territory.user_id.id}
        if territory.team_id:
            values['team_id'] = territory.team_id.id
        return values

    @api.model
    def _psa_company_of_new(self, vals, partner):
        """Return the company whose territories count for a new lead."""
        for company_id in (
            vals.get('company_id') or self.env.context.get('default_company_id'),
            self.env['crm.team'].sudo().browse(vals.get('team_id') or self.env.context.get('default_team_id')).company_id.id,
            partner.company_id.id,
        ):
            if company_id:
                return self.env['res.company'].browse(company_id)
        return self.env.company

    @api.model
    def _psa_address_of_new(self, vals, partner):
        """Return the address of a new lead as Odoo is going to fill it: of the contact, all of it or none."""
        from_partner = any(partner[name] for name in PARTNER_ADDRESS_FIELDS_TO_SYNC)

        def value_of(name):
            if name in vals:
                return vals[name]
            default = self.env.context.get(f'default_{name}')
            if default or not from_partner:
                return default
            return partner[name].id if name.endswith('_id') else partner[name]

        industry = vals.get('psa_industry_id') or partner.commercial_partner_id.industry_id.id
        return core.Address(
            country=value_of('country_id') or None, state=value_of('state_id') or None, postcode=value_of('zip') or '',
            industry=industry or None)

    def _psa_log_route(self, reasons):
        """Tell in the chatter of each lead why it was routed as it was."""
        if reasons:
            self.browse([lead.id for lead in reasons])._message_log_batch(
                bodies={lead.id: reason for lead, reason in reasons.items()})
