from odoo import models


class DiscussChannel(models.Model):
    _inherit = 'discuss.channel'

    def _subscribe_users_automatically_get_members(self):
        """Let a channel for "everybody" take colleagues only: those of the company of who opened it."""
        members = super()._subscribe_users_automatically_get_members()
        for channel in self:
            partners = self.env['res.partner'].sudo().browse(members[channel.id])
            company = channel.sudo().create_uid.company_id
            members[channel.id] = partners.filtered(lambda partner, company=company: company in partner.user_ids.company_ids).ids
        return members
