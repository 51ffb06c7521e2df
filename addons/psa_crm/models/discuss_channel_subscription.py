from odoo import models


class DiscussChannel(models.Model):
    _inherit = 'discuss.channel'

    def _subscribe_users_automatically(self):
        # Odoo goes through the members of the channel, whom who adds a colleague need not all see.
        return super(DiscussChannel, self.sudo())._subscribe_users_automatically()
