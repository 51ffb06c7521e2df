from odoo import fields, models

ROLES = [
    ('psa_account_manager', "Account manager of the client"),
    ('psa_primary_technician', "Primary technician of the client"),
    ('psa_dispatcher', "Dispatcher"),
]


class MailActivityPlanTemplate(models.Model):
    _inherit = 'mail.activity.plan.template'

    responsible_type = fields.Selection(
        selection_add=ROLES, ondelete={role: 'set default' for role, _label in ROLES})

    def _determine_responsible(self, on_demand_responsible, applied_on_record):
        """Find the person who has the role for the client; whoever comes next when nobody has it."""
        self.ensure_one()
        if self.responsible_type not in dict(ROLES) or applied_on_record._name != 'res.partner':
            return super()._determine_responsible(on_demand_responsible, applied_on_record)
        client = applied_on_record.commercial_partner_id
        people = client._psa_people_by_role(on_demand_responsible or self.env.user)
        role = self.responsible_type.removeprefix('psa_')
        return {'responsible': client._psa_choose_assignee(role, people), 'error': False, 'warning': False}
