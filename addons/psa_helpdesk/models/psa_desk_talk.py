from odoo import api, fields, models

MAX_UNDO_SECONDS = 120


class PsaDesk(models.Model):
    _inherit = "psa.desk"

    _undo_seconds_range = models.Constraint(
        f"CHECK (undo_seconds BETWEEN 0 AND {MAX_UNDO_SECONDS})",
        f"Seconds to Undo must lie between 0 (answers leave at once) and {MAX_UNDO_SECONDS}.",
    )

    undo_seconds = fields.Integer(
        "Seconds to Undo", default=10, aggregator=None,
        help="An answer to the client waits this long before it is sent, and can be taken back. 0 sends at once.",
    )
    macro_ids = fields.One2many("psa.ticket.macro", "desk_id", "Macros")
    canned_response_ids = fields.One2many("mail.canned.response", "psa_desk_id", "Canned Responses")

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"undo_seconds"}

    def action_view_macros(self):
        """Open the macros of this desk."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_macro")
        return {
            **action, "name": self.env._("Macros of %s", self.name), "domain": [("desk_id", "=", self.id)],
            "context": {"default_desk_id": self.id, "default_company_id": self.company_id.id},
        }

    def action_view_canned_responses(self):
        """Open the canned responses of this desk."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_canned_response")
        return {
            **action, "name": self.env._("Canned Responses of %s", self.name), "domain": [("psa_desk_id", "=", self.id)],
            "context": {"default_psa_scope": "desk", "default_psa_desk_id": self.id},
        }
