from odoo import fields, models


class PsaChecklistItem(models.Model):
    """One line of a running checklist. Written only by what happens to its activity, and by its buttons."""

    _name = 'psa.checklist.item'
    _description = "Item of a Client Checklist"
    _order = 'checklist_id, sequence, id'

    checklist_id = fields.Many2one('psa.checklist', required=True, readonly=True, ondelete='cascade')
    sequence = fields.Integer(readonly=True)
    name = fields.Char(required=True, readonly=True)
    note = fields.Html(readonly=True)
    user_id = fields.Many2one('res.users', string="Assigned To", readonly=True)
    date_deadline = fields.Date(string="Due", readonly=True)
    state = fields.Selection(
        [('open', "Open"), ('done', "Done"), ('skipped', "Skipped")], required=True, default='open', readonly=True)
    done_by_id = fields.Many2one('res.users', readonly=True)
    done_on = fields.Datetime(readonly=True)
    activity_id = fields.Many2one(
        'mail.activity', readonly=True, index='btree_not_null', ondelete='set null')
    client_id = fields.Many2one(related='checklist_id.client_id')
    company_id = fields.Many2one(related='checklist_id.company_id', store=True, index=True)

    _order_idx = models.Index('(checklist_id, sequence, id)')

    def action_done(self):
        """Tick items off: their activities are done."""
        self.checklist_id._check_may_work()
        items = self.sudo().filtered(lambda item: item.state == 'open')
        items.activity_id.filtered('active').action_feedback()
        items.filtered(lambda item: item.state == 'open')._settle('done')

    def action_skip(self):
        """Leave items out: they do not apply to this client."""
        self.checklist_id._check_may_work()
        items = self.sudo().filtered(lambda item: item.state == 'open')
        activities = items.activity_id
        items._settle('skipped')
        activities.unlink()

    def action_reopen(self):
        """Put items back on the list of whoever does them."""
        self.checklist_id._check_may_work()
        items = self.sudo().filtered(lambda item: item.state != 'open')
        items.write({'state': 'open', 'done_by_id': False, 'done_on': False})
        items._create_activities()

    def _create_activities(self):
        activities = self.env['mail.activity'].with_context(mail_activity_quick_update=True).create([
            {
                'res_model_id': self.env['ir.model']._get_id('res.partner'),
                'res_id': item.client_id.id,
                'activity_type_id': self.env.ref('mail.mail_activity_data_todo').id,
                'summary': item.name,
                'note': item.note,
                'date_deadline': max(item.date_deadline, fields.Date.context_today(item)),
                'user_id': item.user_id.id,
                'automated': True,
            }
            for item in self
        ])
        for item, activity in zip(self, activities, strict=True):
            item.write({'activity_id': activity.id, 'date_deadline': activity.date_deadline})

    def _settle(self, state):
        """Record that items are done or left out, by whom and when."""
        if self:
            self.write({'state': state, 'done_by_id': self.env.uid, 'done_on': fields.Datetime.now()})
