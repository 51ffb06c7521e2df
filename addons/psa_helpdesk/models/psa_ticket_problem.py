from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import lifecycle


class PsaTicket(models.Model):
    """Problems and their incidents: one cause, many clients who suffer from it and are told once it is gone."""

    _inherit = "psa.ticket"

    is_problem = fields.Boolean(
        "Problem", tracking=True, copy=False, groups="base.group_user",
        help="The cause of other tickets. Resolving it offers to resolve them, too.",
    )
    workaround = fields.Html(
        sanitize_attributes=True, sanitize_form=True, copy=False, groups="base.group_user",
        help="What helps until the problem is solved. Technicians read it on every incident of the problem.",
    )
    problem_ref_id = fields.Many2one(
        "psa.ticket", "Problem (stored)", index="btree_not_null", ondelete="set null", copy=False, groups=fields.NO_ACCESS
    )
    problem_id = fields.Many2one(
        "psa.ticket", "Caused by Problem", compute="_compute_problem_id", inverse="_inverse_problem_id",
        search="_search_problem_id", groups="base.group_user", domain="[('is_problem', '=', True), ('company_id', '=', company_id)]",
        help="The problem of which this ticket is an incident.",
    )
    problem_workaround = fields.Html("Workaround of the Problem", compute="_compute_problem_workaround", groups="base.group_user")
    incident_ids = fields.Many2many("psa.ticket", string="Incidents", compute="_compute_incident_ids", groups="base.group_user")
    incident_count = fields.Integer("All Incidents", compute="_compute_incident_ids", groups="base.group_user")
    open_incident_count = fields.Integer("Open Incidents", compute="_compute_incident_ids", groups="base.group_user")

    _problem_idx = models.Index("(company_id, id DESC) WHERE is_problem IS TRUE")

    @api.depends("problem_ref_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_problem_id(self):
        self._show_pointer("problem_ref_id", "problem_id")

    def _inverse_problem_id(self):
        self._keep_pointer("problem_ref_id", "problem_id")
        unmarked = self.sudo().problem_ref_id.filtered(lambda problem: not problem.is_problem)
        if unmarked:
            unmarked.is_problem = True

    def _search_problem_id(self, operator, value):
        return self._search_pointer("problem_ref_id", operator, value)

    @api.depends("problem_id")
    def _compute_problem_workaround(self):
        for ticket in self:
            ticket.problem_workaround = ticket.problem_id.workaround

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_incident_ids(self):
        incidents = self._pointing_here("problem_ref_id")
        for ticket in self:
            ticket.incident_ids = incidents[ticket]
            ticket.incident_count = len(incidents[ticket])
            ticket.open_incident_count = len(incidents[ticket].filtered(lambda other: other.state in lifecycle.OPEN_STATES))

    @api.constrains("problem_ref_id")
    def _check_problem(self):
        tickets = self.sudo().filtered("problem_ref_id")
        with_incidents = self.sudo().with_context(active_test=False).search([("problem_ref_id", "in", tickets.ids)]).problem_ref_id
        for ticket in tickets:
            if ticket.problem_ref_id == ticket or ticket.problem_ref_id.problem_ref_id or ticket in with_incidents:
                raise ValidationError(self.env._(
                    "A problem is not itself an incident: %(ticket)s and %(problem)s cannot be put together like that. Link them with "
                    "“is caused by” instead.",
                    ticket=ticket.number, problem=ticket.problem_ref_id.number,
                ))

    def action_resolve(self):
        """Resolve the tickets; after a problem, offer to resolve its incidents."""
        result = super().action_resolve()
        if len(self) == 1 and self.is_problem and self.open_incident_count:
            return self.action_resolve_incidents()
        return result

    def action_resolve_incidents(self):
        """Ask for the words with which the open incidents of this problem are resolved."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_problem_resolve")
        return {**action, "context": {"default_problem_id": self.id}}

    def action_view_incidents(self):
        """Open the incidents of this problem."""
        self.ensure_one()
        return self._action_open_list(
            self.env._("Incidents of %s", self.number), [("problem_id", "in", self.ids)],
            default_problem_id=self.id, default_desk_id=self.desk_id.id,
        )

    def action_view_problem(self):
        """Open the problem this ticket is an incident of."""
        return self.problem_id._action_open()
