from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError

from ..core import lifecycle, ticket_graph


class PsaTicket(models.Model):
    """Parents and children: a piece of work that is split into tickets of their own, and how far they are."""

    _inherit = "psa.ticket"

    parent_ref_id = fields.Many2one(
        "psa.ticket", "Parent (stored)", index="btree_not_null", ondelete="set null", copy=False, groups=fields.NO_ACCESS
    )
    parent_id = fields.Many2one(
        "psa.ticket", compute="_compute_parent_id", inverse="_inverse_parent_id", search="_search_parent_id",
        groups="base.group_user", help="The ticket this one is a part of.",
    )
    child_ids = fields.Many2many("psa.ticket", string="Children", compute="_compute_child_ids", groups="base.group_user")
    child_count = fields.Integer("All Children", compute="_compute_child_ids", groups="base.group_user")
    open_child_count = fields.Integer("Open Children", compute="_compute_child_ids", groups="base.group_user")
    children_done = fields.Boolean(
        "All Children Done", compute="_compute_children_done", groups="base.group_user",
        help="It has children, all of them are done, and it is not done itself.",
    )

    @api.depends("parent_ref_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_parent_id(self):
        self._show_pointer("parent_ref_id", "parent_id")

    def _inverse_parent_id(self):
        self._keep_pointer("parent_ref_id", "parent_id")

    def _search_parent_id(self, operator, value):
        return self._search_pointer("parent_ref_id", operator, value)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_child_ids(self):
        children = self._pointing_here("parent_ref_id")
        for ticket in self:
            ticket.child_ids = children[ticket]
            ticket.child_count = len(children[ticket])
            ticket.open_child_count = len(children[ticket].filtered(lambda child: child.state in lifecycle.OPEN_STATES))

    @api.depends("state", "child_ids")
    def _compute_children_done(self):
        for ticket in self:
            ticket.children_done = bool(
                ticket.child_count and not ticket.open_child_count and ticket.state in lifecycle.OPEN_STATES
            )

    @api.constrains("parent_ref_id")
    def _check_parent(self):
        tickets = self.sudo().filtered("parent_ref_id")
        if not tickets:
            return
        tickets.flush_recordset(["parent_ref_id"])
        parents = self._pointers_around("parent_ref_id", tickets.ids)
        self.browse({*parents, *parents.values()})._lock_together()
        for ticket in tickets:
            problem = ticket_graph.tree_problem(parents, ticket.id)
            if problem == "circle":
                raise ValidationError(self.env._(
                    "%(parent)s is a child of %(ticket)s, so it cannot be its parent. Choose another Parent.",
                    parent=ticket.parent_ref_id.number, ticket=ticket.number,
                ))
            if problem:
                raise ValidationError(self.env._(
                    "Tickets can be split over %(limit)s levels, and %(ticket)s would be too deep. Choose a Parent further up.",
                    limit=ticket_graph.MAX_LEVELS, ticket=ticket.number,
                ))

    def action_create_child(self):
        """Enter a new ticket as a part of this one."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "view_mode": "form",
            "views": [(False, "form")],
            "name": self.env._("New Part of %s", self.number),
            "context": {
                "default_parent_id": self.id, "default_desk_id": self.desk_id.id, "default_partner_id": self.partner_id.id,
                "default_client_id": self.client_id.id, "default_queue_id": self.queue_id.id,
                "default_priority_id": self.priority_id.id, "default_asset_ids": [fields.Command.set(self.asset_ids.ids)],
            },
        }

    def action_view_children(self):
        """Open the parts of this ticket."""
        self.ensure_one()
        return self._action_open_list(
            self.env._("Parts of %s", self.number), [("parent_id", "in", self.ids)],
            default_parent_id=self.id, default_desk_id=self.desk_id.id, default_partner_id=self.partner_id.id,
        )

    def _update_life_dates(self, before, keep=()):
        result = super()._update_life_dates(before, keep=keep)
        done = self.filtered(
            lambda ticket: ticket.state in lifecycle.DONE_STATES and before[ticket] in lifecycle.OPEN_STATES
        )
        done.sudo().parent_ref_id._resolve_with_children()
        return result

    def _resolve_with_children(self):
        """Resolve those of these parents whose children are all done, where the desk wants it."""
        settings = self.env["psa.desk"]._relation_settings()
        waiting = self.filtered(
            lambda parent: parent.state in lifecycle.OPEN_STATES and settings[parent.desk_id.id]["resolves_parents"]
        )
        if not waiting:
            return
        still_open = {parent for parent, in self._read_group(
            [("parent_ref_id", "in", waiting.ids), ("state", "in", lifecycle.OPEN_STATES)], ["parent_ref_id"]
        )}
        ready = waiting.filtered(lambda parent: parent not in still_open)
        if ready:
            ready._log_history("link", description=self.env._("Resolved, because all its children are done"))
            # By the system, which a desk does not ask what solved the ticket.
            ready.with_user(SUPERUSER_ID)._move_to_state("resolved")

    def _family_ids(self):
        """Return ``{ticket id: ids of itself, its descendants and all that was merged into them}``, in one query."""
        if not self.ids:
            return {}
        self.env["psa.ticket"].flush_model(["parent_ref_id", "merged_ref_id"])
        self.env.cr.execute(
            """
            WITH RECURSIVE family AS (
                SELECT id AS head, id FROM psa_ticket WHERE id IN %s
                UNION
                SELECT family.head, part.id FROM psa_ticket part
                JOIN family ON part.parent_ref_id = family.id OR part.merged_ref_id = family.id
            )
            SELECT head, array_agg(id) FROM family GROUP BY head
            """,
            [tuple(self.ids)],
        )
        return dict(self.env.cr.fetchall())
