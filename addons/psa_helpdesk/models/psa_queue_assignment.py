from odoo import api, fields, models

from ..core import assignment
from .psa_assignment_mixin import METHOD_SELECTION, SETTINGS


class PsaQueue(models.Model):
    """How the queue's tickets find somebody, and whom it tells when one stays undone."""

    _name = "psa.queue"
    _inherit = ["psa.queue", "psa.assignment.mixin"]

    assignment_method = fields.Selection(
        METHOD_SELECTION, "Assignment", tracking=True, falsy_value_label="As the desk says",
        help="Who gets a ticket of this queue nobody is named for. Empty: as its desk says. "
        "Chosen are members of the queue, or of the desk if the queue has none, who are not away and may work on the ticket.",
    )
    escalation_contact_ids = fields.One2many(
        "psa.escalation.contact", "queue_id", "Escalation Contacts", copy=True,
        help="Who is told about tickets of this queue that stay undone, and after how long. Empty: whom the desk names.",
    )
    skill_ids = fields.Many2many(
        "psa.skill", "psa_skill_queue_rel", "queue_id", "skill_id", string="Skills Wanted", check_company=True,
        help="Tickets of this queue that are assigned by skill go to members who have all of these.",
    )
    overdue_ticket_count = fields.Integer("Overdue Tickets", compute="_compute_ticket_counts")
    is_member = fields.Boolean("I Am a Member", compute="_compute_is_member", search="_search_is_member")

    def _compute_ticket_counts(self):
        counts = self.env["psa.ticket"]._open_counts_by("queue_id", self.ids)
        for queue in self:
            queue.open_ticket_count, queue.unassigned_ticket_count, queue.overdue_ticket_count = counts.get(
                queue._origin.id, (0, 0, 0)
            )

    @api.depends("member_ids")
    @api.depends_context("uid")
    def _compute_is_member(self):
        for queue in self:
            queue.is_member = self.env.user in queue.member_ids

    def _search_is_member(self, operator, value):
        if operator != "in" or len(value) != 1:
            return NotImplemented
        return [("member_ids", "in" if True in value else "not in", self.env.uid)]

    @api.model_create_multi
    def create(self, vals_list):
        queues = super().create(vals_list)
        queues._ensure_turns_of_queue()
        return queues

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"assignment_method", "desk_ids"}:
            self._ensure_turns_of_queue()
        return result

    def _ensure_turns_of_queue(self):
        self.filtered(
            lambda queue: queue.assignment_method == assignment.ROUND_ROBIN
            or assignment.ROUND_ROBIN in queue.sudo().desk_ids.mapped("assignment_method")
        )._ensure_turns()

    def action_take_next(self):
        """Give the current user the most urgent ticket of this queue nobody has."""
        return self.env["psa.ticket"]._action_take_next(self)

    def action_view_tickets(self):
        action = super().action_view_tickets()
        # The counters of the cards open the list with their own filter.
        filters = {key: value for key, value in self.env.context.items() if key.startswith("search_default_")}
        if filters:
            action["context"] = {"default_queue_id": self.id, **filters}
        return action

    @api.model
    def _psa_touches_cache(self, vals):
        return super()._psa_touches_cache(vals) or bool(vals.keys() & SETTINGS) or "skill_ids" in vals
