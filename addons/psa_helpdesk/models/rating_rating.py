from odoo import api, fields, models
from odoo.exceptions import AccessError


class RatingRating(models.Model):
    """Ratings of tickets: with what they are counted by, and in nobody's hand but the client's."""

    _inherit = "rating.rating"

    company_id = fields.Many2one("res.company", readonly=True, index="btree_not_null", ondelete="cascade")
    psa_ticket_id = fields.Many2one("psa.ticket", "Ticket", readonly=True, index="btree_not_null", ondelete="cascade")
    psa_desk_id = fields.Many2one("psa.desk", "Desk", readonly=True, index="btree_not_null", ondelete="set null")
    psa_queue_id = fields.Many2one("psa.queue", "Queue", readonly=True, ondelete="set null")
    psa_client_id = fields.Many2one("res.partner", "Client", readonly=True, index="btree_not_null", ondelete="set null")
    psa_user_id = fields.Many2one("res.users", "Technician", readonly=True, ondelete="set null")

    _psa_company_idx = models.Index("(company_id, create_date DESC) WHERE psa_ticket_id IS NOT NULL")

    @api.model_create_multi
    def create(self, vals_list):
        ratings = super().create(vals_list)
        ratings._psa_refuse_by_hand()
        return ratings

    def write(self, vals):
        self._psa_refuse_by_hand()
        result = super().write(vals)
        self._psa_refuse_by_hand()
        return result

    def unlink(self):
        self._psa_refuse_by_hand()
        return super().unlink()

    def action_psa_open_ticket(self):
        """Open the ticket that was rated."""
        self.ensure_one()
        return self.psa_ticket_id._action_open()

    def _psa_refuse_by_hand(self):
        if not self.env.su and any(rating.res_model == "psa.ticket" for rating in self.sudo()):
            raise AccessError(self.env._(
                "Ratings of tickets are what clients answered: nobody enters, changes or deletes them."
            ))
