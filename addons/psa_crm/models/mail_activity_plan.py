from odoo import api, fields, models
from odoo.fields import Domain


class MailActivityPlan(models.Model):
    _inherit = 'mail.activity.plan'

    psa_is_checklist = fields.Boolean(
        string="Client Checklist", help="The plan is a checklist for clients: it keeps account of what was done.")
    psa_start_status = fields.Selection(
        [('onboarding', "Onboarding"), ('active', "Active")], string="Starts When a Client Becomes",
        help="The checklist starts by itself for a client that gets this status and never had it before. "
             "Empty: it is started by hand.")

    _psa_start_idx = models.Index('(company_id, psa_start_status) WHERE psa_start_status IS NOT NULL')

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get('psa_is_checklist'):
                vals.setdefault('res_model', 'res.partner')
        return super().create(vals_list)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for plan, vals in zip(self, vals_list, strict=True):
            if plan.psa_is_checklist and 'psa_start_status' not in (default or {}):
                # Two that start by themselves would give every client both.
                vals['psa_start_status'] = False
        return vals_list

    def _psa_start(self, clients, date=None):
        """Start these checklists for these clients, except where one is running.

        Who may change the client may start one; the activities go to people who need not be able to see each other.

        :return: the started runs
        """
        clients.check_access('write')
        date = date or fields.Date.context_today(self)
        Checklist = self.env['psa.checklist'].sudo()
        running = Checklist.search([
            ('plan_id', 'in', self.ids), ('client_id', 'in', clients.ids), ('state', '=', 'running')])
        taken = {(run.plan_id.id, run.client_id.id) for run in running}
        pairs = [
            (plan, client) for plan in self.sudo() for client in clients.sudo()
            if plan.template_ids and (plan.id, client.id) not in taken
        ]
        runs = Checklist.create([
            {
                'name': plan.name, 'plan_id': plan.id, 'client_id': client.id, 'date_start': date,
                'user_id': self.env.uid,
            }
            for plan, client in pairs
        ])
        runs._create_items()
        return runs.sudo(False)

    @api.model
    def _psa_start_automatic(self, clients, status):
        """Start what starts by itself when clients get this status; what a client had once is not started again."""
        if status not in dict(self._fields['psa_start_status'].selection):
            return
        plans = self.sudo().search(
            Domain('psa_is_checklist', '=', True) & Domain('psa_start_status', '=', status)
            & Domain('company_id', 'in', [*(clients.company_id | self.env.company).ids, False]))
        if not plans:
            return
        runs = self.env['psa.checklist'].sudo().search([
            ('plan_id', 'in', plans.ids), ('client_id', 'in', clients.ids)])
        had = {(run.plan_id.id, run.client_id.id) for run in runs}
        for plan in plans:
            plan.sudo(False)._psa_start(clients.filtered(lambda client, plan=plan: (
                (plan.id, client.id) not in had
                and plan.company_id in ((client.company_id or self.env.company), self.env['res.company'])
            )))
