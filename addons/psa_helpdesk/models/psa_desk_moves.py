from odoo import fields, models


class PsaDesk(models.Model):
    """The moves between stages a desk allows."""

    _inherit = "psa.desk"

    transition_ids = fields.One2many(
        "psa.ticket.transition", "desk_id", "Allowed Moves", copy=False,
        help="Which stage may follow which, and who may move a ticket so. Empty: as the company says; if it says nothing, "
        "every move is allowed.",
    )
    transition_count = fields.Integer("Number of Allowed Moves", compute="_compute_transition_count")

    def _compute_transition_count(self):
        for desk in self:
            desk.transition_count = len(desk.transition_ids)

    def copy(self, default=None):
        copies = super().copy(default)
        for desk, new_desk in zip(self, copies, strict=True):
            # Only now does the new desk have its stages.
            desk.transition_ids.copy({"desk_id": new_desk.id, "company_id": new_desk.company_id.id})
        return copies

    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"transition_ids"}

    def action_view_transitions(self):
        """Open the moves of this desk, by the stage they begin at."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_transition")
        return {
            **action,
            "name": self.env._("Allowed Moves of %s", self.name),
            "domain": [("desk_id", "=", self.id)],
            "context": {
                "default_desk_id": self.id, "default_company_id": self.company_id.id, "search_default_group_from": 1,
            },
        }

    def action_fill_transitions(self):
        """List every move there is, to take away those that are not wanted."""
        self.ensure_one()
        self.env["psa.ticket.transition"]._fill(self)
        return self.action_view_transitions()

    def action_allow_every_move(self):
        """Take the restrictions of this desk away."""
        self.write({"transition_ids": [fields.Command.clear()]})
        return True
