from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import transitions

MOVE_BUTTONS = {"can_resolve": "resolved", "can_close": "closed", "can_reopen": "open", "can_cancel": "cancelled"}


class PsaTicket(models.Model):
    """Where a ticket may be moved next, see ``psa.ticket.transition``.

    Whoever writes the stage as himself is held to the allowed moves: status bar, board, list, import and RPC. What the system
    does with full rights is not: an answer of the client takes a ticket up again, a move to another desk finds the stage
    that means the same, scheduled actions close what is old. The portal writes with full rights in the name of its
    user, so it asks for his role first. A new ticket may begin in any stage.
    """

    _inherit = "psa.ticket"

    allowed_stage_ids = fields.Many2many(
        "psa.ticket.stage", compute="_compute_allowed_stage_ids", context={"active_test": False}, groups="base.group_user",
        export_string_translation=False, help="The stages the user may move the ticket to.",
    )
    can_resolve = fields.Boolean(compute="_compute_can_move", groups="base.group_user", export_string_translation=False)
    can_close = fields.Boolean(compute="_compute_can_move", groups="base.group_user", export_string_translation=False)
    can_reopen = fields.Boolean(compute="_compute_can_move", groups="base.group_user", export_string_translation=False)
    can_cancel = fields.Boolean(compute="_compute_can_move", groups="base.group_user", export_string_translation=False)

    @api.depends("desk_id", "stage_id")
    @api.depends_context("uid")
    def _compute_allowed_stage_ids(self):
        Stage = self.env["psa.ticket.stage"]
        for ticket in self:
            stage_ids = Stage._allowed_ids(ticket.desk_id._origin.id, ticket.company_id.id)
            # In a form, what counts is where the ticket stands in the database, not what was just chosen.
            saved = ticket._origin if ticket._origin.desk_id == ticket.desk_id._origin else ticket
            reachable = saved._reachable_stage_ids() if ticket._origin else None
            ticket.allowed_stage_ids = [
                stage_id for stage_id in stage_ids if reachable is None or stage_id in reachable
            ]

    @api.depends("allowed_stage_ids")
    @api.depends_context("uid")
    def _compute_can_move(self):
        states = self.env["psa.ticket.stage"]._state_by_stage()
        for ticket in self:
            reachable = {states.get(stage_id) for stage_id in ticket.allowed_stage_ids._ids}
            for fname, state in MOVE_BUTTONS.items():
                ticket[fname] = state in reachable

    def write(self, vals):
        if vals.get("stage_id") and not self.env.su:
            self._check_moves(vals["stage_id"], vals.get("desk_id"))
        return super().write(vals)

    def _check_moves(self, target_id, desk_id=None):
        """Refuse the moves to a stage that are not allowed, and say which are.

        :param desk_id: the desk the tickets are given to at the same time
        """
        rules = self.env["psa.ticket.transition"]._rules_by_desk()
        if not rules:
            return
        Stage = self.env["psa.ticket.stage"]
        for ticket in self:
            new_desk_id = desk_id or ticket.sudo().desk_id.id
            origin_id = ticket.sudo().stage_id.id
            if new_desk_id != ticket.sudo().desk_id.id:
                company_id = self.env["psa.desk"]._settings_by_desk().get(new_desk_id, {}).get("company_id")
                if origin_id not in Stage._allowed_ids(new_desk_id, company_id):
                    # What counts is where the ticket would stand in the new desk by itself.
                    origin_id = Stage._first_id(ticket.state, new_desk_id, company_id)
            reachable = ticket._reachable_stage_ids(desk_id=new_desk_id, origin_id=origin_id)
            if reachable is not None and target_id not in reachable:
                ticket._refuse_move(new_desk_id, origin_id, target_id, reachable)

    def _refuse_move(self, desk_id, origin_id, target_id, reachable):
        Stage = self.env["psa.ticket.stage"]
        rules, __ = self.env["psa.ticket.transition"]._rules_by_desk()[desk_id]
        origin, target = Stage.sudo().browse([origin_id, target_id])
        possible = Stage.sudo().browse(
            stage_id for stage_id in Stage._allowed_ids(desk_id, self.sudo().company_id.id)
            if stage_id in reachable and stage_id != origin_id
        )
        values = {
            "ticket": self.display_name, "origin": origin.name, "target": target.name,
            "possible": ", ".join(possible.mapped("name")),
        }
        if possible:
            message = self.env._(
                "Ticket “%(ticket)s” cannot go from “%(origin)s” to “%(target)s”. From here you may move it to: %(possible)s.", **values
            )
        else:
            message = self.env._(
                "Ticket “%(ticket)s” cannot go from “%(origin)s” to “%(target)s”. You may not move it on from here.", **values
            )
        if transitions.DESK_ADMIN in transitions.who_else(rules, origin_id, target_id):
            message += " " + self.env._("Administrators of the desk can do this move.")
        raise UserError(message)

    def _reachable_stage_ids(self, actor=None, desk_id=None, origin_id=None):
        """Return the ids of the stages a person in this role may move the ticket to; None stands for all.

        :param actor: one of ``core.transitions.ACTORS``; the current user's role if left out
        """
        self.ensure_one()
        ticket = self.sudo()
        found = self.env["psa.ticket.transition"]._rules_by_desk().get(desk_id or ticket.desk_id.id)
        if not found:
            return None
        rules, administrators = found
        return transitions.targets(rules, actor or self._transition_actor(administrators), origin_id or ticket.stage_id.id)

    def _transition_actor(self, administrators=()):
        """Return the role of the current user towards this ticket."""
        user = self.env.user
        if user._is_internal():
            runs_company = user.has_group("psa_crm.group_company_admin") and self.sudo().company_id in user.company_ids
            return transitions.DESK_ADMIN if runs_company or user.id in administrators else transitions.TECHNICIAN
        # A visitor who has the link of a mail speaks for the contact, and is trusted with no more than any employee.
        return transitions.CLIENT_ADMIN if user.has_group("psa_crm.group_client_admin") else transitions.CLIENT_EMPLOYEE

    def _stage_id_for_state(self, state, actor=None):
        """Return the desk's first stage of a state, if possible one the person may move the ticket to.

        :param actor: a role that decides even where the code has full rights
        """
        stage_id = super()._stage_id_for_state(state)
        if self.env.su and not actor:
            return stage_id
        reachable = self._reachable_stage_ids(actor)
        if reachable is None or stage_id in reachable:
            return stage_id
        Stage = self.env["psa.ticket.stage"]
        states = Stage._state_by_stage()
        of_state = (
            candidate for candidate in Stage._allowed_ids(self.sudo().desk_id.id, self.sudo().company_id.id)
            if candidate in reachable and states[candidate] == state
        )
        return next(of_state, False if actor else stage_id)
