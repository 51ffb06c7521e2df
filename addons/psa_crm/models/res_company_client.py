from odoo import api, models
from odoo.fields import Command, Domain


class ResCompany(models.Model):
    _inherit = 'res.company'

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._psa_create_client_defaults()
        return companies

    @api.model
    def _psa_create_missing_client_defaults(self):
        """Give the companies that were there before this addon what a new company gets."""
        self.sudo().with_context(active_test=False).search([('id', '!=', False)])._psa_create_client_defaults()

    def _psa_create_client_defaults(self):
        """Give each company client classes, sets of own fields and a first checklist of its own.

        They are the company's own from the start: what one company changes or writes in, no other one sees.
        """
        companies = self.sudo()
        existing = self.env['psa.field.set']._psa_ids_by_company(companies)
        companies = companies.filtered(lambda company: (company.id, 'client') not in existing)
        if not companies:
            return
        self.env['psa.field.set'].sudo().create([
            {'company_id': company.id, 'applies_to': applies_to}
            for company in companies for applies_to in ('client', 'contact')
        ])
        # Clients that were there before their company had the sets.
        clients = self.env['res.partner'].sudo().with_context(active_test=False).search(
            Domain('psa_is_client', '=', True) & Domain('company_id', 'in', companies.ids))
        if clients:
            people = clients.search(Domain('commercial_partner_id', 'in', clients.ids))
            self.env.add_to_compute(people._fields['psa_field_set_id'], people)
        self.env['psa.client.class'].sudo().create([
            {**vals, 'company_id': company.id} for company in companies for vals in self._prepare_psa_class_vals()
        ])
        self.env['mail.activity.plan'].sudo().create([
            {**self._prepare_psa_checklist_vals(), 'company_id': company.id} for company in companies
        ])

    @api.model
    def _prepare_psa_class_vals(self):
        """Return the client classes every company starts with."""
        return [
            {'name': self.env._("Premier"), 'sequence': 10, 'color': 10,
             'description': self.env._("First in line: answered and solved before others.")},
            {'name': self.env._("Standard"), 'sequence': 20, 'color': 4,
             'description': self.env._("Served as agreed.")},
            {'name': self.env._("Jeopardy"), 'sequence': 30, 'color': 1,
             'description': self.env._("The relation is at risk: tell the account manager before you promise anything.")},
        ]

    @api.model
    def _prepare_psa_checklist_vals(self):
        """Return the checklist every company starts with. It is started by hand until its template says otherwise."""
        steps = [
            ('account_manager', 0, self.env._("Hold the kick-off call and note who decides what")),
            ('account_manager', 1, self.env._("Have the contract signed and enter it")),
            ('dispatcher', 2, self.env._("Enter people, sites and mail domains")),
            ('dispatcher', 2, self.env._("Invite the client's administrator to the portal")),
            ('primary_technician', 5, self.env._("Take stock of hardware, software and warranties")),
            ('primary_technician', 7, self.env._("Check backups by restoring a file")),
            ('primary_technician', 10, self.env._("Review accounts and remove who has left")),
            ('account_manager', 30, self.env._("Ask the client how the first month went")),
        ]
        return {
            'name': self.env._("New client"),
            'res_model': 'res.partner',
            'psa_is_checklist': True,
            'template_ids': [
                Command.create({
                    'sequence': sequence, 'summary': summary, 'responsible_type': f'psa_{role}',
                    'delay_count': days, 'delay_unit': 'days', 'delay_from': 'after_plan_date',
                    'activity_type_id': self.env.ref('mail.mail_activity_data_todo').id,
                })
                for sequence, (role, days, summary) in enumerate(steps)
            ],
        }
