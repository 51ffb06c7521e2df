from odoo.fields import Command

from .common import PsaCrmCommon


class PsaSalesCommon(PsaCrmCommon):
    """Two sales teams, an inside salesperson, and two outside reps with a client each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Territories of demo data would take part in the routing.
        cls.env['psa.territory'].search([]).active = False
        cls.sales = cls._new_staff('psa_sales', 'psa_crm.group_sales')
        cls.rep = cls._new_staff('psa_rep', 'psa_crm.group_outside_rep')
        cls.other_rep = cls._new_staff('psa_other_rep', 'psa_crm.group_outside_rep')
        cls.team_west, cls.team_east = cls.env['crm.team'].create([
            {'name': "West", 'company_id': cls.company.id, 'member_ids': [Command.link(cls.rep.id)]},
            {'name': "East", 'company_id': cls.company.id, 'member_ids': [Command.link(cls.other_rep.id)]},
        ])
        cls.uk = cls.env.ref('base.uk')
        cls.germany = cls.env.ref('base.de')

    @classmethod
    def _new_territory(cls, name, **values):
        return cls.env['psa.territory'].create({
            'name': name, 'company_id': cls.company.id, 'team_id': cls.team_west.id, 'user_id': cls.rep.id, **values})

    @classmethod
    def _new_lead(cls, user=None, **values):
        return cls.env['crm.lead'].with_user(user or cls.sales).create({
            'name': "New phones", 'company_id': cls.company.id, **values})

    @classmethod
    def _win(cls, lead):
        lead.action_set_won()
        return lead
