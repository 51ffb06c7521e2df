from odoo import fields, models

from ..core import assignment

TURN_CODE = "psa.ticket.turn"
METHOD_SELECTION = [
    ("manual", "By hand"),
    (assignment.ROUND_ROBIN, "In turn"),
    (assignment.LEAST_LOADED, "Fewest open tickets"),
    (assignment.SKILL, "By skill"),
]
# What decides about who gets a ticket; tickets look it up in a cache.
SETTINGS = {"name", "active", "company_id", "assignment_method", "member_ids", "turn_sequence_id", "queue_ids", "desk_ids"}


class PsaAssignmentMixin(models.AbstractModel):
    """Desks and queues: how tickets without technician find one.

    Whose turn it is comes from a PostgreSQL sequence of the queue (or of the desk, for tickets its desk's members take):
    two tickets that come in at the same moment draw two numbers, and neither waits for the other. A ticket that comes to
    nothing leaves a gap, which skips one turn.
    """

    _name = "psa.assignment.mixin"
    _description = "Assignment of Tickets"

    turn_sequence_id = fields.Many2one(
        "ir.sequence", "Turns", copy=False, readonly=True, ondelete="set null", groups="base.group_system",
        help="Counts the tickets given out in turn.",
    )

    def _ensure_turns(self):
        """Give those that lack it something to count turns with."""
        missing = self.sudo().filtered(lambda record: not record.turn_sequence_id)
        if not missing:
            return
        sequences = self.env["ir.sequence"].sudo().create([
            {
                "name": self.env._("Turns of %s", record.name),
                "code": TURN_CODE,
                "implementation": "standard",
                "company_id": record.company_id.id,
            }
            for record in missing
        ])
        for record, sequence in zip(missing, sequences, strict=True):
            record.turn_sequence_id = sequence

    def unlink(self):
        sequences = self.sudo().turn_sequence_id
        result = super().unlink()
        sequences.unlink()
        return result
