from odoo import api, fields, models, tools
from odoo.fields import Domain


class PsaDesk(models.Model):
    """What a desk wants of related tickets, and whether it asks clients how satisfied they are."""

    _inherit = "psa.desk"

    resolves_parents = fields.Boolean(
        "Resolve Parents", tracking=True, help="Once all children of a ticket are done, resolve the ticket itself."
    )
    asks_rating = fields.Boolean(
        "Ask for a Rating", tracking=True,
        help="Ask the contact by e-mail how satisfied he is after his ticket was closed. Nobody is asked about cancelled or merged "
        "tickets or alerts, and no unknown sender is.",
    )
    rating_delay_hours = fields.Integer("Ask After (Hours)", default=24, help="Hours between closing the ticket and asking.")
    rating_expiry_days = fields.Integer("Link Valid (Days)", default=14, help="Days the link in the mail can be answered.")
    rating_template_id = fields.Many2one(
        "mail.template", "Rating E-mail", domain="[('model', '=', 'psa.rating.request')]", ondelete="set null",
        default=lambda self: self.env.ref("psa_helpdesk.mail_template_rating_request", raise_if_not_found=False),
    )
    rating_count = fields.Integer("Number of Ratings", compute="_compute_rating_figures")
    rating_average = fields.Float("Average Rating", compute="_compute_rating_figures", digits=(3, 1))

    _rating_delay_sane = models.Constraint(
        "CHECK(rating_delay_hours BETWEEN 0 AND 2160)", "Ask for a rating within 90 days: correct “Ask After (Hours)”."
    )
    _rating_expiry_sane = models.Constraint(
        "CHECK(rating_expiry_days BETWEEN 1 AND 365)", "The link can be valid for 1 to 365 days: correct “Link Valid (Days)”."
    )

    def _compute_rating_figures(self):
        figures = {
            desk: (count, average) for desk, count, average in self.env["rating.rating"]._read_group(
                [("psa_desk_id", "in", self.ids), ("consumed", "=", True)], ["psa_desk_id"], ["__count", "rating:avg"]
            )
        }
        for desk in self:
            desk.rating_count, desk.rating_average = figures.get(desk._origin, (0, 0.0))

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"resolves_parents", "asks_rating", "rating_delay_hours", "rating_expiry_days"}

    @api.model
    @tools.ormcache()
    def _relation_settings(self):
        """Return ``{desk id: what is needed when its tickets are done}`` for every desk; cached."""
        desks = self.sudo().with_context(active_test=False).search(Domain.TRUE)
        return {
            desk.id: {
                "resolves_parents": desk.resolves_parents,
                "rating_delay_hours": desk.rating_delay_hours if desk.asks_rating and desk.rating_template_id else None,
            }
            for desk in desks
        }

    def action_view_ratings(self):
        """Open the ratings of this desk's tickets."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rating")
        return {
            **action, "name": self.env._("Ratings of %s", self.name),
            "domain": [("psa_ticket_id", "!=", False), ("consumed", "=", True), ("psa_desk_id", "=", self.id)],
        }
