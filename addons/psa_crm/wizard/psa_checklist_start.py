from odoo import fields, models


class PsaChecklistStart(models.TransientModel):
    _name = 'psa.checklist.start'
    _description = "Start a Client Checklist"

    client_id = fields.Many2one('res.partner', required=True, readonly=True)
    company_id = fields.Many2one('res.company', compute='_compute_company_id')
    plan_id = fields.Many2one(
        'mail.activity.plan', string="Checklist", required=True,
        domain="[('psa_is_checklist', '=', True), ('company_id', 'in', [False, company_id])]")
    date = fields.Date(
        string="Starting On", required=True, default=fields.Date.context_today,
        help="The items are due so many days after this one.")

    def _compute_company_id(self):
        for wizard in self:
            wizard.company_id = wizard.client_id.company_id or self.env.company

    def action_start(self):
        """Start the checklist and show it."""
        self.ensure_one()
        # The template is read without rules when it is started.
        self.plan_id.check_access('read')
        runs = self.plan_id._psa_start(self.client_id, self.date)
        if not runs:
            # Nothing to do, or running already: show what there is.
            return self.client_id.action_psa_checklists()
        return runs._get_records_action()
