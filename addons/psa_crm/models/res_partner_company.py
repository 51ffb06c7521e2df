from odoo import models


class ResPartner(models.Model):
    _inherit = 'res.partner'

    def write(self, vals):
        result = super().write(vals)
        if 'company_id' in vals:
            self._psa_leave_company_behind()
        return result

    def _psa_leave_company_behind(self):
        """Take from contacts what belongs to another company than theirs: its classes, hours and checklist templates."""
        for partner in self.sudo():
            company = partner.company_id
            left = {
                name: False for name in ('psa_client_class_id', 'psa_calendar_id')
                if company and partner[name].company_id and partner[name].company_id != company
            }
            if left:
                partner.write(left)
            runs = partner.psa_checklist_ids.filtered(
                lambda run, company=company: company and run.plan_id.company_id and run.plan_id.company_id != company)
            runs.plan_id = False
