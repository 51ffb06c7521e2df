from odoo import api, fields, models


class PsaDeskFieldRetire(models.TransientModel):
    """Archive an own field or remove it for good, knowing how many tickets hold a value of it."""

    _name = "psa.desk.field.retire"
    _description = "Retire an Own Field"

    field_id = fields.Many2one("psa.desk.field", required=True, readonly=True, ondelete="cascade")
    is_archived = fields.Boolean(compute="_compute_ticket_count")
    ticket_count = fields.Integer("Tickets with a Value", compute="_compute_ticket_count")
    message = fields.Char(compute="_compute_ticket_count")

    @api.depends("field_id")
    def _compute_ticket_count(self):
        for retire in self:
            retire.field_id.check_access("write")
            retire.is_archived = not retire.field_id.active
            retire.ticket_count = retire.field_id._ticket_count()
            if retire.ticket_count:
                retire.message = self.env._(
                    "%(count)s tickets hold a value of “%(field)s”. Archive the field to keep the values for the day it comes back; "
                    "removing it deletes them for good.", count=retire.ticket_count, field=retire.field_id.name,
                )
            else:
                retire.message = self.env._("No ticket holds a value of “%s”.", retire.field_id.name)

    def action_archive_field(self):
        """Hide the field; tickets keep their values."""
        self.field_id.write({"active": False})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_remove_field(self):
        """Remove the field and all its values."""
        self.field_id._remove()
        return {"type": "ir.actions.client", "tag": "soft_reload"}
