from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain

from ..core import transitions


class PsaTicketTransition(models.Model):
    """A move from one stage to another that is allowed, and whom.

    A desk with rows of its own goes by these; every other desk by the rows of its company without desk. Where there are
    none, every move is allowed. The decision is in ``core/transitions.py``, the enforcement in ``psa_ticket_moves.py``.
    """

    _name = "psa.ticket.transition"
    _description = "Allowed Move"
    _inherit = ["psa.cached.mixin"]
    _order = "desk_id, from_stage_id, to_stage_id, id"
    _check_company_auto = True

    _move_uniq = models.UniqueIndex(
        "(company_id, COALESCE(desk_id, 0), COALESCE(from_stage_id, 0), to_stage_id)",
        "This move is already in the list. Change who may do it there.",
    )

    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", ondelete="cascade", check_company=True,
        help="The desk whose tickets may be moved so. Empty: every desk of the company that has no moves of its own.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, compute="_compute_company_id", store=True, readonly=False, precompute=True,
    )
    from_stage_id = fields.Many2one(
        "psa.ticket.stage", "From", index="btree_not_null", ondelete="cascade", check_company=True, falsy_value_label="Any stage",
        domain="[('desk_ids', 'in', [False, desk_id]), ('company_id', 'in', [False, company_id])]",
        help="Where the ticket stands. Empty: the move is allowed from every stage.",
    )
    to_stage_id = fields.Many2one(
        "psa.ticket.stage", "To", required=True, index=True, ondelete="cascade", check_company=True,
        domain="[('desk_ids', 'in', [False, desk_id]), ('company_id', 'in', [False, company_id])]",
        help="Where it may be moved.",
    )
    staff = fields.Selection(
        [("technician", "Technicians"), ("desk_admin", "Desk administrators"), ("nobody", "Nobody")],
        default="technician", required=True, help="Who of your company may do it. Desk administrators may do what technicians may.",
    )
    client = fields.Selection(
        [("employee", "Everybody"), ("administrator", "Client administrators"), ("nobody", "Nobody")],
        default="nobody", required=True, help="Who of the client may do it on the portal, with the buttons to close and to reopen.",
    )

    @api.depends("desk_id")
    def _compute_company_id(self):
        for transition in self:
            transition.company_id = transition.desk_id.company_id or transition.company_id or self.env.company

    @api.depends("from_stage_id", "to_stage_id")
    def _compute_display_name(self):
        for transition in self:
            origin = transition.from_stage_id.name or self.env._("Any stage")
            transition.display_name = f"{origin} → {transition.to_stage_id.name}"

    @api.constrains("desk_id", "company_id", "from_stage_id", "to_stage_id")
    def _check_stages(self):
        Stage = self.env["psa.ticket.stage"]
        for transition in self:
            if transition.from_stage_id == transition.to_stage_id:
                raise ValidationError(self.env._(
                    "A ticket may always stay in “%s”. Choose another stage in To.", transition.to_stage_id.name
                ))
            offered = Stage._allowed_ids(transition.desk_id.id, transition.company_id.id)
            for stage in transition.from_stage_id | transition.to_stage_id:
                if stage.active and stage.id not in offered:
                    raise ValidationError(self.env._(
                        "Stage “%(stage)s” is not one of “%(desk)s”. Choose another stage.",
                        stage=stage.name, desk=transition.desk_id.name or self.env._("every desk"),
                    ))

    def _check_access(self, operation):
        return super()._check_access(operation) or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"desk_id", "company_id"}:
            # Odoo checks the move as it was: nobody hands one to another desk, or to all of them.
            self.check_access("write")
        return result

    @api.model
    @tools.ormcache()
    def _rules_by_desk(self):
        """Return {desk id: (its transitions, ids of its administrators)} for desks that restrict moves; cached."""
        own, shared = {}, {}
        for row in self.sudo().search(Domain.TRUE):
            rule = transitions.Transition(row.from_stage_id.id or None, row.to_stage_id.id, row.staff, row.client)
            key, rules = (row.desk_id.id, own) if row.desk_id else (row.company_id.id, shared)
            rules.setdefault(key, []).append(rule)
        if not own and not shared:
            return {}
        desks = self.env["psa.desk"].sudo().with_context(active_test=False).search([
            "|", ("id", "in", list(own)), ("company_id", "in", list(shared)),
        ])
        return {
            desk.id: (tuple(own.get(desk.id) or shared[desk.company_id.id]), frozenset(desk.admin_ids.ids)) for desk in desks
        }

    @api.model
    def _fill(self, desk):
        """Give a desk a row for every move between its stages, to take away what is not wanted."""
        known = {(row.from_stage_id.id, row.to_stage_id.id) for row in desk.transition_ids}
        stages = self.env["psa.ticket.stage"]._allowed_ids(desk.id, desk.company_id.id)
        desk.write({"transition_ids": [
            Command.create({"from_stage_id": origin, "to_stage_id": target, "client": "employee"})
            for origin in stages for target in stages
            if origin != target and (origin, target) not in known
        ]})
