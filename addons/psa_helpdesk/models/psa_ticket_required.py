from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools.sql import column_exists, create_column, table_exists

from ..core import required

# Who may leave fields open hands this on; the context of a remote call holds plain data only, so nobody outside has it.
_INCOMPLETE_ACCEPTED = object()
TOLD_TICKETS = 10


class PsaTicket(models.Model):
    """Fields a desk requires: nobody gets around them, and what comes by mail or from monitoring is marked instead.

    The decision is in ``core/required.py``. What is missing is asked of ``_missing_required``; addons with fields of their own
    extend it.
    """

    _inherit = "psa.ticket"

    _incomplete_idx = models.Index("(desk_id, id DESC) WHERE is_incomplete IS TRUE")

    is_incomplete = fields.Boolean(
        "Incomplete", compute="_compute_is_incomplete", store=True, precompute=True, readonly=True,
        help="Something the desk requires is not filled in yet, as in tickets that came by mail.",
    )
    missing_text = fields.Char("Missing", compute="_compute_missing_text", help="What the desk requires and nobody filled in yet.")

    @api.depends(
        "type_id", "category_id", "subcategory_id", "severity_id", "priority_id", "module_id",
        "reported_version_id", "resolved_version_id", "phase_id", "desk_id", "stage_id", "properties",
    )
    def _compute_is_incomplete(self):
        for ticket in self:
            ticket.is_incomplete = bool(ticket._missing_required(ticket._required_moment()))

    @api.depends("is_incomplete")
    @api.depends_context("lang")
    def _compute_missing_text(self):
        for ticket in self:
            missing = ticket._missing_required(ticket._required_moment()) if ticket.is_incomplete else ()
            ticket.missing_text = ", ".join(missing)

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        incomplete = tickets.filtered("is_incomplete")
        if incomplete and not self._accepts_incomplete():
            self._refuse_incomplete({ticket: ticket._missing_required(ticket._required_moment()) for ticket in incomplete})
        return tickets

    def write(self, vals):
        if vals.keys().isdisjoint(self._fields_with_requirements()) or self._accepts_incomplete():
            return super().write(vals)
        before = {}
        for ticket in self.sudo():
            moment = ticket._required_moment()
            before[ticket] = moment, ticket._missing_required(moment), ticket.desk_id.id
        result = super().write(vals)
        refused = {}
        for ticket, (moment, missing, desk_id) in before.items():
            now = ticket._required_moment()
            blocking = required.blocking(
                missing, ticket._missing_required(now), from_moment=moment, to_moment=now, has_moved=ticket.desk_id.id != desk_id
            )
            if blocking:
                refused[ticket] = blocking
        if refused:
            self._refuse_incomplete(refused)
        return result

    def _auto_init(self):
        # No desk requires anything yet when this comes to tickets that are there: no need to go through all of them.
        if table_exists(self.env.cr, self._table) and not column_exists(self.env.cr, self._table, "is_incomplete"):
            create_column(self.env.cr, self._table, "is_incomplete", "boolean")
        return super()._auto_init()

    def _missing_required(self, moment):
        """Return the labels of what the ticket's desk requires at a moment and the ticket lacks.

        :param moment: "create", "resolve", "close" or None, as ``core/required.py`` has them
        """
        self.ensure_one()
        desk_id = self.desk_id._origin.id
        since = self.env["psa.desk.attribute"]._required_by_desk().get(desk_id)
        if not since:
            return []
        return [
            self._desk_label(desk_id, fname)
            for fname in required.required_at(since, moment)
            if not self[fname] and (fname != "subcategory_id" or self._has_subcategories())
        ]

    def _has_subcategories(self):
        """Tell whether there is a subcategory to choose; without a category nobody knows yet."""
        category_id, desk_id = self.category_id._origin.id, self.desk_id._origin.id
        if not category_id:
            return True
        Option = self.env["psa.ticket.option"]
        source = self.env["psa.desk.attribute"]._settings_by_desk()[desk_id]["subcategory_id"]["options_from"]
        catalog, company_id = Option._catalog(), self.env["psa.desk"]._settings_by_desk()[desk_id]["company_id"]
        offered = Option._offered_ids(desk_id, company_id, "subcategory", source)
        return any(catalog[option_id].parent_id == category_id for option_id in offered)

    def _required_moment(self):
        """Return the moment whose requirements the ticket has to meet as it stands."""
        self.ensure_one()
        return required.moment_of(self.env["psa.ticket.stage"]._state_by_stage().get(self.stage_id._origin.id, "new"))

    @api.model
    def _fields_with_requirements(self):
        """Return the fields whose change can leave a ticket without what its desk requires."""
        return {*self._option_attributes(), "desk_id", "stage_id", "properties"}

    def _accepting_incomplete(self):
        """Return the tickets for a writer who cannot be asked: what is missing is marked instead of refused.

        For mail, monitoring and the decisions of clients only: in their name, by code, never because a caller says so.
        """
        return self.with_context(psa_incomplete=_INCOMPLETE_ACCEPTED)

    @api.model
    def _accepts_incomplete(self):
        return self.env.context.get("psa_incomplete") is _INCOMPLETE_ACCEPTED or bool(self.env["mail.thread"]._psa_intake())

    @api.model
    def _refuse_incomplete(self, missing_by_ticket):
        """Refuse with one error that names all that is missing, ticket by ticket."""
        told = list(missing_by_ticket.items())[:TOLD_TICKETS]
        if len(missing_by_ticket) == 1:
            ((ticket, missing),) = told
            raise ValidationError(self.env._(
                "Please fill in: %(labels)s. Desk “%(desk)s” requires it for this ticket (%(ticket)s).",
                labels=", ".join(missing), desk=ticket.desk_id.sudo().name, ticket=ticket.sudo().display_name,
            ))
        lines = [f"{ticket.sudo().display_name}: {', '.join(missing)}" for ticket, missing in told]
        if len(missing_by_ticket) > TOLD_TICKETS:
            lines.append(self.env._("… and %s more", len(missing_by_ticket) - TOLD_TICKETS))
        raise ValidationError("\n".join([self.env._("Please fill in what the desks of these tickets require:"), *lines]))
