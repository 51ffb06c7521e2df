from markupsafe import Markup
from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Command

from ..core import lifecycle, ticket_graph


class PsaProblemResolve(models.TransientModel):
    """Ask for the words with which the open incidents of a problem are resolved, and resolve them all."""

    _name = "psa.problem.resolve"
    _description = "Resolve Incidents"

    problem_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade")
    resolution = fields.Html(
        required=True, sanitize_attributes=True, sanitize_form=True, compute="_compute_incident_ids", compute_sudo=False, store=True,
        readonly=False,
        help="What the client of each incident reads.",
    )
    incident_ids = fields.Many2many(
        "psa.ticket", string="Incidents", compute="_compute_incident_ids", compute_sudo=False, store=True,
        readonly=False,
        domain="[('problem_id', '=', problem_id), ('state', 'in', ['new', 'open', 'waiting', 'on_hold'])]",
    )
    contact_count = fields.Integer("Messages", compute="_compute_contact_count", help="Everybody gets one message about all his incidents.")

    @api.depends("problem_id")
    def _compute_incident_ids(self):
        for wizard in self:
            still_open = wizard.problem_id.incident_ids.filtered(lambda ticket: ticket.state in lifecycle.OPEN_STATES)
            wizard.incident_ids = [Command.set(still_open._filtered_access("write").ids)]
            said = wizard.problem_id.entry_ids.filtered(lambda entry: entry.kind == "resolution" and not entry.is_internal)
            wizard.resolution = wizard.resolution or said.sorted("id")[-1:].body

    @api.depends("incident_ids")
    def _compute_contact_count(self):
        for wizard in self:
            wizard.contact_count = len({recipient for __, recipient in wizard._recipients() if recipient})

    def action_resolve(self):
        """Resolve the incidents: each gets the resolution, and everybody one message."""
        self.ensure_one()
        if tools.is_html_empty(self.resolution):
            raise UserError(self.env._("Say in the Resolution what the clients are to read."))
        strange = self.incident_ids.filtered(lambda ticket: ticket.problem_id != self.problem_id)
        if strange:
            raise UserError(self.env._(
                "%s is no incident of this problem. Take it off the list.", ", ".join(strange.mapped("number"))
            ))
        incidents = self.incident_ids.filtered(lambda ticket: ticket.state in lifecycle.OPEN_STATES)
        incidents.check_access("write")
        tickets = {ticket.id: ticket for ticket in incidents}
        for speaker_id, other_ids in ticket_graph.owed_messages(self._recipients(incidents)).items():
            speaker, others = tickets[speaker_id], incidents.browse(other_ids)
            body = self.resolution
            if others:
                also = speaker.with_context(lang=speaker.partner_id.lang).env._(
                    "This resolves as well: %s", ", ".join(others.mapped("number"))
                )
                body += Markup("<p>%s</p>") % also
            speaker._add_entry(body, kind="resolution")
            for other in others:
                # Nobody is told twice: it stands in the conversation, and the mail was about all of them.
                other._add_entry(self.resolution, kind="resolution", notify_skip_followers=True)
        incidents.action_resolve()
        incidents._log_history("link", description=self.env._("Resolved with its problem %s", self.problem_id.number))
        self.problem_id._log_history(
            "link", description=self.env._("Incidents resolved: %s", ", ".join(incidents.mapped("number")))
        )
        return {"type": "ir.actions.act_window_close"}

    def _recipients(self, incidents=None):
        """Return (ticket id, who is told) of the incidents."""
        incidents = self.incident_ids if incidents is None else incidents
        return [(ticket.id, ticket.partner_id.id or ticket.email_normalized or None) for ticket in incidents._origin]


class PsaTicketResolve(models.TransientModel):
    _inherit = "psa.ticket.resolve"

    def action_resolve(self):
        if len(self.ticket_ids) != 1 or not self.ticket_ids.is_problem or not self.ticket_ids.open_incident_count:
            return super().action_resolve()
        # Its incidents are asked about next, so the problem cannot wait to be undone.
        super(PsaTicketResolve, self.with_context(psa_by_hand=False)).action_resolve()
        return self.ticket_ids.action_resolve_incidents()
