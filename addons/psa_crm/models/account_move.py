from odoo import api, models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    _inherit = 'account.move'

    def _invoice_paid_hook(self):
        """Have the rewards of referrals looked at soon; without this call they are within the hour."""
        result = super()._invoice_paid_hook()
        self.env['psa.referral'].sudo()._look_again(self)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_rewarded(self):
        reward = self.env['psa.referral.reward'].sudo().search([('move_id', 'in', self.ids)], limit=1)
        if reward:
            raise UserError(self.env._(
                "%s earned a reward for a referral and stays for the record. Cancel the invoice instead: the reward is taken "
                "back.", reward.move_id.name or reward.move_id.display_name))
