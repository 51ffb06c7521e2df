from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..core import territory as core

# What decides which clients belong to the territory; who works there does not.
CRITERIA = {'active', 'sequence', 'company_id', 'country_ids', 'state_ids', 'postcodes', 'industry_ids'}
CLIENTS_PER_BATCH = 500


class PsaTerritory(models.Model):
    """Where and in which industries a sales team or a rep works.

    Territories are tried in their order; the first that holds the address wins. New leads are given to its team and rep, and
    each client knows its territory. What holds an address is decided by ``core/territory.py``.
    """

    _name = 'psa.territory'
    _description = "Sales Territory"
    _order = 'sequence, id'
    _check_company_auto = True

    name = fields.Char(required=True, translate=True, help="Such as South West or Hospitals.")
    sequence = fields.Integer(default=10, help="Territories are tried from top to bottom; the first that holds the address wins.")
    active = fields.Boolean(default=True)
    color = fields.Integer(aggregator=None)
    company_id = fields.Many2one(
        'res.company', index='btree_not_null', default=lambda self: self.env.company,
        help="The service company whose leads and clients are looked at. Empty: those of every company.")

    country_ids = fields.Many2many(
        'res.country', 'psa_territory_country_rel', 'territory_id', 'country_id', string="Countries",
        help="The address is in one of these countries. Empty: any.")
    state_ids = fields.Many2many(
        'res.country.state', 'psa_territory_state_rel', 'territory_id', 'state_id', string="States",
        help="The address is in one of these states. Empty: any.")
    postcodes = fields.Text(
        help="Separated by commas or lines: ranges such as 10000-19999, beginnings such as 97, areas such as BS, districts such as "
             "BS1 or BS1-BS16. Capitals, blanks and dashes do not matter, leading zeros do. Empty: any.")
    industry_ids = fields.Many2many(
        'res.partner.industry', 'psa_territory_industry_rel', 'territory_id', 'industry_id', string="Industries",
        help="The client is in one of these industries. Empty: any.")

    team_id = fields.Many2one(
        'crm.team', string="Sales Team", index='btree_not_null', check_company=True,
        help="New leads of the territory go to this team.")
    user_id = fields.Many2one(
        'res.users', string="Sales Rep", index='btree_not_null', check_company=True, domain=[('share', '=', False)],
        help="New leads of the territory are given to this person. Empty: they wait in the team.")

    is_pending = fields.Boolean(
        string="Clients Not Yet Updated", readonly=True, copy=False,
        help="The territory was changed; its clients are looked at again in the background.")
    client_count = fields.Integer(string="Clients", compute='_compute_counts')
    lead_count = fields.Integer(string="Open Leads", compute='_compute_counts')

    _order_idx = models.Index('(sequence, id)')

    def _compute_counts(self):
        clients = dict(self.env['res.partner']._read_group(
            [('psa_territory_id', 'in', self.ids), ('psa_is_client', '=', True)], ['psa_territory_id'], ['__count']))
        # Technicians see territories, but no leads.
        leads = dict(self.env['crm.lead']._read_group(
            [('psa_territory_id', 'in', self.ids), ('won_status', '=', 'pending')], ['psa_territory_id'], ['__count'],
        )) if self.env['crm.lead'].has_access('read') else {}
        for territory in self:
            territory.client_count = clients.get(territory._origin, 0)
            territory.lead_count = leads.get(territory._origin, 0)

    @api.constrains('postcodes')
    def _check_postcodes(self):
        for territory in self:
            try:
                core.parse_postcodes(territory.postcodes)
            except core.InvalidPostcodes as error:
                raise ValidationError(territory._psa_postcode_problem(error)) from error

    @api.constrains('team_id', 'user_id')
    def _check_somebody_works_there(self):
        for territory in self:
            if not territory.team_id and not territory.user_id:
                raise ValidationError(self.env._(
                    "%s: choose a Sales Team or a Sales Rep, so that its leads reach somebody.", territory.name))

    @api.constrains('country_ids', 'state_ids')
    def _check_states(self):
        for territory in self:
            strangers = territory.country_ids and territory.state_ids.filtered(
                lambda state, territory=territory: state.country_id not in territory.country_ids)
            if strangers:
                raise ValidationError(self.env._(
                    "%(territory)s: no address is both in %(countries)s and in %(states)s. Remove these States, or add their "
                    "country to Countries.",
                    territory=territory.name, countries=', '.join(territory.country_ids.mapped('name')),
                    states=', '.join(strangers.mapped('name'))))

    @api.model_create_multi
    def create(self, vals_list):
        territories = super().create([{**vals, 'is_pending': True} for vals in vals_list])
        self._psa_trigger_update()
        return territories

    def write(self, vals):
        if not vals.keys() & CRITERIA:
            return super().write(vals)
        if 'company_id' in vals:
            # Its clients of the company it leaves need another territory.
            self._psa_mark_clients()
        result = super().write({**vals, 'is_pending': True})
        if 'company_id' in vals:
            # Odoo checks the record as it was: nobody gives a territory to a company he has no access to.
            self.check_access('write')
        self._psa_trigger_update()
        return result

    def unlink(self):
        self._psa_mark_clients()
        self._psa_trigger_update()
        return super().unlink()

    def action_update_clients(self):
        """Look for the territory of all clients again, in the background."""
        self.check_access('write')
        # One territory that is to be looked at again is enough to have all clients of its companies looked at.
        domain = [('id', 'in', self.ids)] if self else [('company_id', 'in', [*self.env.companies.ids, False])]
        self.search(domain).is_pending = True
        self._psa_trigger_update()
        return {
            'type': 'ir.actions.client',
            'tag': 'display_notification',
            'params': {
                'type': 'success',
                'message': self.env._("The territories of all clients are looked up again in the background."),
                'next': {'type': 'ir.actions.act_window_close'},
            },
        }

    def action_view_clients(self):
        """Open the clients of the territory."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_clients')
        return {**action, 'domain': [('psa_is_client', '=', True), ('psa_territory_id', '=', self.id)]}

    def action_view_leads(self):
        """Open the leads and opportunities of the territory."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_pipeline')
        return {**action, 'domain': [('psa_territory_id', '=', self.id)], 'context': {}}

    @api.model
    def _psa_load(self, companies):
        """Return the territories that count for each company, and for records of no company (``False``), in their order.

        They are read for all users alike: a lead that comes by mail is routed as one that is typed in. The number of queries does not
        depend on the number of companies, territories or addresses.

        :return: dictionary of company id (or False) → list of ``core.Territory``
        """
        territories = self.sudo().search_fetch(
            [('company_id', 'in', [*companies.ids, False])],
            ['company_id', 'country_ids', 'state_ids', 'postcodes', 'industry_ids'])
        criteria = [
            (territory.company_id.id, core.Territory(
                key=territory.id,
                countries=frozenset(territory.country_ids.ids),
                states=frozenset(territory.state_ids.ids),
                postcodes=core.parse_postcodes(territory.postcodes),
                industries=frozenset(territory.industry_ids.ids),
            ))
            for territory in territories
        ]
        return {
            company_id: [criterion for owner, criterion in criteria if owner in (company_id, False)]
            for company_id in [*companies.ids, False]
        }

    @api.model
    def _psa_explain(self, found):
        """Say in words why each address is in its territory, or that no territory holds it.

        :param found: list of pairs of ``core.Match`` or None and ``core.Address``
        :return: list of texts
        """
        def names(model, ids):
            # Read together, not one by one.
            return {record.id: record.name for record in self.env[model].sudo().browse({key for key in ids if key})}

        territories = names('psa.territory', [match and match.key for match, _address in found])
        where = {
            'country': names('res.country', [address.country for _match, address in found]),
            'state': names('res.country.state', [address.state for _match, address in found]),
            'industry': names('res.partner.industry', [address.industry for _match, address in found]),
        }
        texts = []
        for match, address in found:
            values = {
                'postcode': address.postcode,
                **{criterion: known.get(getattr(address, criterion)) for criterion, known in where.items()},
            }
            if not match:
                texts.append(self._psa_explain_no_match(values))
            elif not match.reasons:
                texts.append(self.env._(
                    "Territory %(territory)s, number %(position)s in the order: it takes every address.",
                    territory=territories[match.key], position=match.position))
            else:
                texts.append(self.env._(
                    "Territory %(territory)s, number %(position)s in the order: %(reasons)s.",
                    territory=territories[match.key], position=match.position,
                    reasons=', '.join(self._psa_explain_reason(criterion, values[criterion], part)
                                      for criterion, part in match.reasons)))
        return texts

    @api.model
    def _psa_explain_no_match(self, values):
        known = [text for text in (
            values['postcode'] and self.env._("postcode %s", values['postcode']),
            values['state'] and self.env._("state %s", values['state']),
            values['country'] and self.env._("country %s", values['country']),
            values['industry'] and self.env._("industry %s", values['industry']),
        ) if text]
        if not known:
            return self.env._("No territory: there is no address yet.")
        return self.env._("No territory holds %s.", ', '.join(known))

    @api.model
    def _psa_explain_reason(self, criterion, value, part):
        if criterion == 'postcode':
            return self.env._("postcode %(code)s is in %(part)s", code=value, part=part)
        if criterion == 'state':
            return self.env._("state is %s", value)
        if criterion == 'country':
            return self.env._("country is %s", value)
        return self.env._("industry is %s", value)

    def _psa_postcode_problem(self, error):
        """Say in words what is wrong with the Postcodes of the territory."""
        values = {'territory': self.name, 'text': error.text}
        if error.problem == 'backwards':
            return self.env._("%(territory)s: the range %(text)s in Postcodes ends before it begins. Swap its ends.", **values)
        if error.problem == 'unequal':
            return self.env._(
                "%(territory)s: it is not clear what the range %(text)s in Postcodes holds. Write both ends with the same number of "
                "digits (10000-19999) or behind the same letters (BS1-BS16), and a single postcode without its dash.", **values)
        return self.env._(
            "%(territory)s: “%(text)s” in Postcodes is no postcode. Enter ranges such as 10000-19999, or beginnings such as 97 or "
            "BS, separated by commas.", **values)

    def _psa_mark_clients(self):
        """Have the clients of these territories looked at again."""
        clients = self.env['res.partner'].sudo().with_context(active_test=False).search([('psa_territory_id', 'in', self.ids)])
        clients.psa_territory_due = True

    @api.model
    def _psa_trigger_update(self):
        self.env.ref('psa_crm.ir_cron_update_client_territories').sudo()._trigger()

    @api.model
    def _cron_update_client_territories(self):
        """Give the clients the territory they have after a change of territories, one batch after the other."""
        Partner = self.env['res.partner'].with_context(active_test=False)
        pending = self.with_context(active_test=False).search([('is_pending', '=', True)])
        if pending:
            companies = pending.company_id
            everywhere = any(not territory.company_id for territory in pending)
            self.env.flush_all()
            # Marking is one statement; the work is done in the batches below.
            self.env.cr.execute(SQL(
                "UPDATE res_partner SET psa_territory_due = TRUE WHERE psa_is_client IS TRUE AND psa_territory_due IS NOT TRUE "
                "AND (%s OR company_id = ANY(%s))", everywhere, companies.ids))
            Partner.invalidate_model(['psa_territory_due'])
            pending.is_pending = False
        domain = [('psa_territory_due', '=', True)]
        self.env['ir.cron']._commit_progress(remaining=Partner.search_count(domain))
        while clients := Partner.search(domain, limit=CLIENTS_PER_BATCH, order='id'):
            clients.psa_territory_due = False
            self.env.add_to_compute(Partner._fields['psa_territory_id'], clients)
            clients.flush_recordset(['psa_territory_id'])
            if not self.env['ir.cron']._commit_progress(len(clients)):
                break
