from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import checklist


class PsaChecklist(models.Model):
    """A checklist that runs for a client, such as its onboarding.

    Its items are Odoo activities while they are open; the run remembers what became of them.
    """

    _name = 'psa.checklist'
    _description = "Client Checklist"
    _inherit = ['psa.access.mixin']
    _order = 'date_start desc, id desc'
    _check_company_auto = True
    # How we take a client into service is ours: it is not lent with the client.
    _psa_access_lent = False

    name = fields.Char(required=True, readonly=True)
    client_id = fields.Many2one('res.partner', required=True, readonly=True, ondelete='cascade', check_company=True)
    plan_id = fields.Many2one(
        'mail.activity.plan', string="Template", readonly=True, index='btree_not_null', ondelete='set null')
    user_id = fields.Many2one('res.users', string="Started By", readonly=True)
    company_id = fields.Many2one(
        'res.company', compute='_compute_company_id', store=True, precompute=True, required=True)
    state = fields.Selection(
        [('running', "Running"), ('done', "Done"), ('cancelled', "Cancelled")],
        compute='_compute_state', store=True)
    is_cancelled = fields.Boolean(readonly=True)
    date_start = fields.Date(string="Started On", required=True, readonly=True)
    date_done = fields.Date(string="Ended On", compute='_compute_state', store=True)

    item_ids = fields.One2many('psa.checklist.item', 'checklist_id', string="Items", readonly=True)
    item_count = fields.Integer(string="Items to Do", compute='_compute_progress', store=True)
    done_count = fields.Integer(string="Items Done", compute='_compute_progress', store=True)
    progress = fields.Integer(compute='_compute_progress', store=True, aggregator='avg', help="In percent; skipped items do not count.")
    date_next = fields.Date(string="Next Due", compute='_compute_date_next', store=True, help="When the next open item is due.")

    _start_idx = models.Index('(company_id, date_start DESC, id DESC)')
    _recent_idx = models.Index('(date_start DESC, id DESC)')
    _client_idx = models.Index('(client_id, state)')
    _running_uniq = models.UniqueIndex(
        "(client_id, plan_id) WHERE state = 'running'",
        "This checklist is running for the client already. Finish or cancel it before you start it again.")

    @api.depends('client_id.company_id')
    def _compute_company_id(self):
        for run in self:
            run.company_id = run.client_id.company_id or run.company_id or self.env.company

    @api.depends('item_ids.state', 'is_cancelled')
    def _compute_state(self):
        today = fields.Date.context_today(self)
        for run in self:
            over = checklist.is_over(run.item_ids.mapped('state'))
            run.state = 'cancelled' if run.is_cancelled else 'done' if over else 'running'
            run.date_done = (run.date_done or today) if run.state != 'running' else False

    @api.depends('item_ids.state')
    def _compute_progress(self):
        for run in self:
            states = run.item_ids.mapped('state')
            run.item_count = len(states) - states.count(checklist.SKIPPED)
            run.done_count = states.count(checklist.DONE)
            run.progress = checklist.progress(states)

    @api.depends('item_ids.state', 'item_ids.date_deadline', 'is_cancelled')
    def _compute_date_next(self):
        for run in self:
            dates = [item.date_deadline for item in run.item_ids if item.state == checklist.OPEN and item.date_deadline]
            run.date_next = min(dates, default=False) if not run.is_cancelled else False

    @api.depends('name', 'client_id')
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._("%(checklist)s: %(client)s", checklist=run.name, client=run.client_id.name or '')

    def action_cancel(self):
        """Stop the runs: what is open is taken off everybody's list."""
        self._check_may_work()
        open_items = self.sudo().item_ids.filtered(lambda item: item.state == checklist.OPEN)
        activities = open_items.activity_id
        self.sudo().is_cancelled = True
        open_items._settle('skipped')
        activities.unlink()

    def _check_may_work(self):
        """Who may change the client works its checklists."""
        self.check_access('read')
        self.client_id.check_access('write')
        if any(run.state == 'cancelled' for run in self):
            raise UserError(self.env._("This checklist was cancelled. Start it again on the client."))

    def _create_items(self):
        """Give each run the items of its template, with an activity for whoever does it."""
        steps = []
        for run in self:
            client, starter = run.client_id, run.user_id
            people = client._psa_people_by_role(starter)
            for template in run.plan_id.template_ids:
                answer = template._determine_responsible(people['account_manager'] or starter, client)
                steps.append((run, template, answer['responsible'] or starter, template._get_date_deadline(run.date_start)))
        # Nobody wants a mail for each line of a list: the items appear among the activities of whoever does them.
        activities = self.env['mail.activity'].with_context(mail_activity_quick_update=True).create([
            {
                'res_model_id': self.env['ir.model']._get_id('res.partner'),
                'res_id': run.client_id.id,
                'activity_type_id': template.activity_type_id.id,
                'summary': template.summary or template.activity_type_id.name,
                'note': template.note,
                'date_deadline': deadline,
                'user_id': user.id,
                'automated': True,
            }
            for run, template, user, deadline in steps
        ])
        self.env['psa.checklist.item'].create([
            {
                'checklist_id': run.id, 'sequence': sequence, 'name': activity.summary, 'note': template.note,
                'user_id': user.id, 'date_deadline': deadline, 'activity_id': activity.id,
            }
            for sequence, ((run, template, user, deadline), activity) in enumerate(zip(steps, activities, strict=True))
        ])
