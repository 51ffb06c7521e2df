from odoo import models


class PsaClientClass(models.Model):
    _inherit = 'psa.client.class'

    def unlink(self):
        # By the ORM, not by the database alone: what follows from the rules goes with them.
        self.env['psa.access.rule'].sudo().with_context(active_test=False).search([('class_id', 'in', self.ids)]).unlink()
        return super().unlink()
