from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PsaStaffDeactivate(models.TransientModel):
    """Ends somebody's access and asks who takes over what he was responsible for."""

    _name = 'psa.staff.deactivate'
    _description = "Deactivate a Staff Member"

    staff_id = fields.Many2one('psa.staff', required=True, ondelete='cascade')
    company_id = fields.Many2one(related='staff_id.company_id')
    summary = fields.Char(compute='_compute_summary', string="Responsible For")
    handover = fields.Selection(
        [('successor', "A colleague takes over"), ('nobody', "Leave it with nobody for now")],
        default='successor', required=True)
    successor_id = fields.Many2one(
        'psa.staff', string="Colleague", ondelete='cascade',
        domain="[('company_id', '=', company_id), ('state', '=', 'active'), ('id', '!=', staff_id)]")

    @api.depends('staff_id')
    def _compute_summary(self):
        for wizard in self:
            parts = [
                f"{len(records)} {label}"
                for label, records, __ in wizard.staff_id._psa_responsibilities() if records
            ] if wizard.staff_id.has_access('write') else []
            wizard.summary = ', '.join(parts)

    def action_deactivate(self):
        """End the access and hand over."""
        self.ensure_one()
        successor = self.successor_id if self.handover == 'successor' and self.summary else self.successor_id.browse()
        if self.handover == 'successor' and self.summary and not successor:
            raise ValidationError(self.env._(
                "Choose the Colleague who takes over, or “Leave it with nobody for now”."))
        if successor and (successor.company_id != self.company_id or successor.state != 'active'):
            raise ValidationError(self.env._("%s does not work here now. Choose another Colleague.", successor.name))
        self.staff_id._psa_deactivate(successor.user_id)
        return {'type': 'ir.actions.client', 'tag': 'soft_reload'}
