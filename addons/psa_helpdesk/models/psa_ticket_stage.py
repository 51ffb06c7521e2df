from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

STATE_SELECTION = [
    ("new", "New"),
    ("open", "Open"),
    ("waiting", "Waiting for Client"),
    ("on_hold", "On Hold"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
    ("cancelled", "Cancelled"),
]


class PsaTicketStage(models.Model):
    """A column of the ticket board. Its state is what the suite reckons with; its name is what people see."""

    _name = "psa.ticket.stage"
    _description = "Ticket Stage"
    _inherit = ["psa.cached.mixin"]
    _order = "sequence, id"
    _psa_shipped_rows_are_fixed = True

    _order_idx = models.Index("(sequence, id)")

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, aggregator=None)
    state = fields.Selection(
        STATE_SELECTION, required=True, default="open",
        help="What a ticket in this stage is: dates, overdue marks and service levels follow the state, not the name.",
    )
    fold = fields.Boolean("Folded in Kanban", help="Show the column folded on the board.")
    active = fields.Boolean(default=True)
    desk_ids = fields.Many2many(
        "psa.desk", "psa_desk_stage_rel", "stage_id", "desk_id", string="Desks",
        help="Desks that use the stage. Empty: every desk does.",
    )
    company_id = fields.Many2one("res.company", index=True, help="Empty: every company uses the stage.")
    description = fields.Text(translate=True, help="Shown to technicians as the meaning of the stage.")

    @api.constrains("desk_ids", "company_id")
    def _check_desk_company(self):
        for stage in self:
            if stage.company_id and stage.desk_ids.company_id - stage.company_id:
                raise ValidationError(self.env._(
                    "Stage “%s” belongs to one company but is used by desks of another. Clear its company or those desks.",
                    stage.name,
                ))

    def write(self, vals):
        if "state" in vals:
            self._check_state_unused(vals["state"])
        return super().write(vals)

    def _check_state_unused(self, new_state):
        """Refuse to change what a stage means while tickets stand in it: their dates would no longer be true."""
        changed = self.filtered(lambda stage: stage.state != new_state)
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)
        used = tickets.search([("stage_id", "in", changed.ids)], limit=1).stage_id if changed else changed
        if used:
            raise ValidationError(self.env._(
                "Tickets stand in stage “%s”, so its state cannot change. Create another stage and move the tickets.",
                used.name,
            ))

    @api.model
    @tools.ormcache()
    def _catalog(self):
        """Return every active stage as a tuple (id, state, company id, desk ids), in order; cached."""
        stages = self.sudo().search_fetch([], ["state", "company_id", "desk_ids"])
        return tuple(
            (stage.id, stage.state, stage.company_id.id, frozenset(stage.desk_ids.ids)) for stage in stages
        )

    @api.model
    @tools.ormcache()
    def _state_by_stage(self):
        """Return {stage id: state}, archived stages included; cached."""
        stages = self.sudo().with_context(active_test=False).search_fetch([], ["state"])
        return {stage.id: stage.state for stage in stages}

    @api.model
    def _allowed_ids(self, desk_id, company_id):
        """Return the ids of the stages a ticket of that desk can stand in, in order."""
        return [
            stage_id
            for stage_id, __, stage_company, desks in self._catalog()
            if (not desks or desk_id in desks) and (not stage_company or stage_company == company_id)
        ]

    @api.model
    def _first_id(self, state, desk_id, company_id):
        """Return the id of the desk's first stage of that state; the desk's own stages go before shared ones."""
        candidates = [
            (not desks, position, stage_id)
            for position, (stage_id, stage_state, stage_company, desks) in enumerate(self._catalog())
            if stage_state == state
            and (not desks or desk_id in desks)
            and (not stage_company or stage_company == company_id)
        ]
        return min(candidates)[2] if candidates else False
