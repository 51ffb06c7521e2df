from odoo import api, fields, models, tools
from odoo.fields import Domain

from ..core import assignment
from .psa_assignment_mixin import METHOD_SELECTION


class PsaDesk(models.Model):
    """How the desk's tickets find somebody, and whom it tells when one stays undone."""

    _name = "psa.desk"
    _inherit = ["psa.desk", "psa.assignment.mixin"]

    assignment_method = fields.Selection(
        METHOD_SELECTION, "Assignment", default="manual", required=True, tracking=True,
        help="Who gets a ticket nobody is named for. A queue can say something else for its own tickets. "
        "Chosen are members of the queue, or of the desk if the queue has none, who are not away and may work on the ticket.",
    )
    escalation_contact_ids = fields.One2many(
        "psa.escalation.contact", "desk_id", "Escalation Contacts", copy=True,
        help="Who is told about tickets that stay undone, and after how long. A queue with a ladder of its own goes first.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        desks = super().create(vals_list)
        desks._ensure_turns_of_desk()
        return desks

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"assignment_method", "queue_ids"}:
            self._ensure_turns_of_desk()
        return result

    def _ensure_turns_of_desk(self):
        by_turn = self.filtered(lambda desk: desk.assignment_method == assignment.ROUND_ROBIN).sudo()
        by_turn._ensure_turns()
        by_turn.queue_ids._ensure_turns()

    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"assignment_method", "escalation_contact_ids"}

    @api.model
    @tools.ormcache()
    def _assignment_settings(self):
        """Return {(model, id): (method, name, member ids, sequence id)} of desks and queues, cached; empty if all is by hand."""
        settings, automatic = {}, False
        for model in ("psa.desk", "psa.queue"):
            for record in self.env[model].sudo().with_context(active_test=False).search(Domain.TRUE):
                settings[model, record.id] = (
                    record.assignment_method, record.name, tuple(record.member_ids.ids), record.turn_sequence_id.id,
                )
                automatic = automatic or record.assignment_method not in (False, "manual")
        return settings if automatic else {}

    @api.model
    def _assignment_plan(self, desk_id, queue_id):
        """Return (method, name of where, member ids, owner of the turns) for a ticket of this desk and queue; None by hand."""
        settings = self._assignment_settings()
        desk = settings.get(("psa.desk", desk_id))
        if not desk:
            return None
        queue = settings.get(("psa.queue", queue_id))
        method = (queue[0] if queue else None) or desk[0]
        if method == "manual":
            return None
        # The members who share the work share the turns.
        key, owner = (("psa.queue", queue_id), queue) if queue and queue[2] else (("psa.desk", desk_id), desk)
        return method, owner[1], owner[2], key
