from odoo import api, fields, models

from ..core import checklist


class ResPartner(models.Model):
    _inherit = 'res.partner'

    psa_checklist_ids = fields.One2many(
        'psa.checklist', 'client_id', string="Checklists", groups='psa_crm.group_technician,psa_crm.group_billing')
    psa_checklist_running_count = fields.Integer(
        string="Running Checklists", compute='_compute_psa_checklist_progress',
        groups='psa_crm.group_technician,psa_crm.group_billing')
    psa_checklist_progress = fields.Integer(
        string="Checklist Progress", compute='_compute_psa_checklist_progress',
        groups='psa_crm.group_technician,psa_crm.group_billing', help="How far the running checklists are, in percent.")

    def _compute_psa_checklist_progress(self):
        rows = self.env['psa.checklist']._read_group(
            [('client_id', 'in', self.ids), ('state', '=', 'running')], ['client_id'],
            ['__count', 'item_count:sum', 'done_count:sum'])
        totals = {client: (runs, items, done) for client, runs, items, done in rows}
        for partner in self:
            runs, items, done = totals.get(partner._origin, (0, 0, 0))
            partner.psa_checklist_running_count = runs
            partner.psa_checklist_progress = 100 * (done or 0) // items if items else 0

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        # Clients taken over from elsewhere were taken into service long ago.
        if not self.env.context.get('import_file'):
            partners._psa_start_checklists()
        return partners

    def write(self, vals):
        if not vals.keys() & {'psa_client_status', 'psa_is_client'}:
            return super().write(vals)
        before = {partner: partner.sudo().psa_client_status for partner in self}
        result = super().write(vals)
        self.filtered(lambda partner: partner.sudo().psa_client_status != before[partner])._psa_start_checklists()
        return result

    def action_psa_start_checklist(self):
        """Start the checklist of the company; ask which one when there are several."""
        self.ensure_one()
        plans = self.env['mail.activity.plan'].search([
            ('psa_is_checklist', '=', True), ('company_id', 'in', [False, (self.company_id or self.env.company).id])])
        if len(plans) == 1 and not self.psa_checklist_ids.filtered(lambda run: run.state == 'running'):
            return plans._psa_start(self)._get_records_action()
        return {
            'type': 'ir.actions.act_window', 'name': self.env._("Start a Checklist"), 'res_model': 'psa.checklist.start',
            'view_mode': 'form', 'target': 'new', 'context': {'default_client_id': self.id},
        }

    def action_psa_checklists(self):
        """Open the checklists of the client."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_checklist')
        return {**action, 'domain': [('client_id', '=', self.id)], 'context': {}}

    def _psa_start_checklists(self):
        clients = self.filtered('psa_is_client')
        for status, members in clients.sudo().grouped('psa_client_status').items():
            self.env['mail.activity.plan']._psa_start_automatic(members.sudo(self.env.su), status)

    def _psa_people_by_role(self, starter):
        """Return who does the work of which role for the client: ``{role: user}``, empty where nobody has the role."""
        self.ensure_one()
        client = self.sudo()
        return {
            'account_manager': client.psa_account_manager_id.filtered('active'),
            'primary_technician': client.psa_primary_technician_id.filtered('active'),
            'dispatcher': self._psa_dispatcher(client.company_id or self.env.company),
            'starter': starter,
        }

    @api.model
    def _psa_choose_assignee(self, role, people):
        return checklist.choose_assignee(role, people) or self.env['res.users']

    @api.model
    def _psa_dispatcher(self, company):
        """Return the dispatcher who gets the items of a company's checklists, maybe nobody."""
        dispatchers = self.env['res.users'].sudo().search([
            ('all_group_ids', 'in', self.env.ref('psa_crm.group_dispatcher').ids), ('share', '=', False),
            ('company_ids', 'in', company.ids), ('id', '!=', self.env.ref('base.user_root').id),
        ])
        admin_group = self.env.ref('psa_crm.group_company_admin')
        chosen = checklist.choose_dispatcher([(user.id, admin_group in user.all_group_ids) for user in dispatchers])
        return self.env['res.users'].browse(chosen or [])
