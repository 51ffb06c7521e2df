from odoo import api, fields, models


class PsaTicketReachMixin(models.AbstractModel):
    """A dialog in which something is said to clients tells, before it is said, where it reaches nobody."""

    _name = "psa.ticket.reach.mixin"
    _description = "Tells Where Nobody Is Reached"

    unreached = fields.Char("Reaches Nobody", compute="_compute_unreached")

    def _compute_unreached(self):
        for wizard in self:
            wizard.unreached = wizard._spoken_tickets()._unreached_text()

    def _spoken_tickets(self):
        """Return the tickets on which something is said."""
        return self.ticket_ids._origin


class PsaTicketEntryCompose(models.TransientModel):
    _name = "psa.ticket.entry.compose"
    _inherit = ["psa.ticket.entry.compose", "psa.ticket.reach.mixin"]

    @api.depends("ticket_id")
    def _compute_unreached(self):
        return super()._compute_unreached()

    def _spoken_tickets(self):
        return self.ticket_id._origin


class PsaTicketResolve(models.TransientModel):
    _name = "psa.ticket.resolve"
    _inherit = ["psa.ticket.resolve", "psa.ticket.reach.mixin"]

    @api.depends("ticket_ids")
    def _compute_unreached(self):
        return super()._compute_unreached()


class MailComposeMessage(models.TransientModel):
    _inherit = "mail.compose.message"

    psa_unreached = fields.Char("Reaches Nobody", compute="_compute_psa_unreached")

    @api.depends("model", "res_ids", "partner_ids", "subtype_id", "composition_mode")
    def _compute_psa_unreached(self):
        for composer in self:
            is_answer = composer.model == "psa.ticket" and composer.composition_mode == "comment" and not composer.subtype_is_log
            named = any(partner.partner_share and partner.email_normalized for partner in composer.partner_ids)
            tickets = self.env["psa.ticket"].browse(composer._evaluate_res_ids() if is_answer and not named else ())
            composer.psa_unreached = tickets._unreached_text()


class PsaTicketBulkEdit(models.TransientModel):
    _name = "psa.ticket.bulk.edit"
    _inherit = ["psa.ticket.bulk.edit", "psa.ticket.reach.mixin"]

    @api.depends("ticket_ids")
    def _compute_unreached(self):
        return super()._compute_unreached()

    def _spoken_tickets(self):
        return self._editable_tickets()


class PsaProblemResolve(models.TransientModel):
    _name = "psa.problem.resolve"
    _inherit = ["psa.problem.resolve", "psa.ticket.reach.mixin"]

    @api.depends("incident_ids")
    def _compute_unreached(self):
        return super()._compute_unreached()

    def _spoken_tickets(self):
        return self.incident_ids._origin
