from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core import lifecycle, ticket_graph

KIND_SELECTION = [
    ("blocked_by", "is blocked by"),
    ("blocks", "blocks"),
    ("caused_by", "is caused by"),
    ("causes", "causes"),
    ("duplicates", "duplicates"),
    ("duplicated_by", "is duplicated by"),
    ("relates", "relates to"),
]


class PsaTicketLink(models.Model):
    """What one ticket has to do with another. Each link is kept as two rows, one for each side, made and removed together.

    Who may not read one of the two tickets is not told of the link at all.
    """

    _name = "psa.ticket.link"
    _description = "Ticket Link"
    _order = "kind, id"
    _rec_name = "kind"

    _uniq = models.UniqueIndex("(ticket_id, kind, other_id)", "These two tickets are linked like that already.")
    _not_itself = models.Constraint("CHECK(ticket_id <> other_id)", "A ticket cannot be linked to itself. Choose another one.")
    _order_idx = models.Index("(kind, id)")
    _other_idx = models.Index("(other_id)")
    _company_idx = models.Index("(company_id)")

    ticket_id = fields.Many2one("psa.ticket", required=True, ondelete="cascade")
    kind = fields.Selection(KIND_SELECTION, "Link", required=True, default="relates")
    other_id = fields.Many2one(
        "psa.ticket", "Ticket Linked", required=True, ondelete="cascade", help="Type a number or a word of the subject."
    )
    company_id = fields.Many2one("res.company", related="ticket_id.company_id", store=True, precompute=True, required=True)
    other_number = fields.Char(related="other_id.number", string="Number", related_sudo=False)
    other_stage_id = fields.Many2one(related="other_id.stage_id", string="Stage", related_sudo=False)
    other_state = fields.Selection(related="other_id.state", string="State", related_sudo=False)
    other_user_id = fields.Many2one(related="other_id.user_id", string="Assigned to", related_sudo=False)
    other_client_id = fields.Many2one(related="other_id.client_id", string="Client", related_sudo=False)
    is_open_blocker = fields.Boolean(compute="_compute_is_open_blocker")

    @api.depends("ticket_id", "kind", "other_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for link in self:
            link.display_name = f"{kinds.get(link.kind, '')} {link.other_id.number or ''}".strip()

    @api.depends("kind", "other_state")
    def _compute_is_open_blocker(self):
        for link in self:
            link.is_open_blocker = link.kind == "blocked_by" and link.other_state in lifecycle.OPEN_STATES

    @api.model_create_multi
    def create(self, vals_list):
        ticket_id = self.env.context.get("default_ticket_id")
        pairs = {}
        for vals in vals_list:
            source, other = vals.get("ticket_id") or ticket_id, vals.get("other_id") or self.env.context.get("default_other_id")
            kind = vals.get("kind") or self.env.context.get("default_kind") or "relates"
            if not source or not other:
                raise UserError(self.env._("A link needs two tickets. Choose the Ticket Linked."))
            if kind not in ticket_graph.INVERSE:
                raise UserError(self.env._("“%s” is no kind of link.", kind))
            pairs[source, kind, other] = {"ticket_id": source, "kind": kind, "other_id": other}
        mirrors = {
            (other, ticket_graph.INVERSE[kind], source): {"ticket_id": other, "kind": ticket_graph.INVERSE[kind], "other_id": source}
            for source, kind, other in pairs
        }
        self._check_tickets(pairs)
        self._check_circles({**pairs, **mirrors})
        links = super().create([*pairs.values(), *(vals for key, vals in mirrors.items() if key not in pairs)])
        links._log(self.env._("Linked"))
        return links[:len(pairs)]

    def write(self, vals):
        if vals:
            raise UserError(self.env._("A link is not changed. Remove it and add another one."))
        return super().write(vals)

    def unlink(self):
        both = self | self._other_sides()
        both._log(self.env._("Link removed"))
        return super(PsaTicketLink, both).unlink()

    def action_open(self):
        """Open the ticket linked."""
        self.ensure_one()
        return self.other_id._action_open()

    def _other_sides(self):
        """Return the rows that say the same of the other ticket."""
        if not self:
            return self
        keys = {(link.other_id.id, ticket_graph.INVERSE[link.kind], link.ticket_id.id) for link in self}
        found = self.sudo().search([("ticket_id", "in", self.other_id.ids), ("other_id", "in", self.ticket_id.ids)])
        return found.filtered(
            lambda link: (link.ticket_id.id, link.kind, link.other_id.id) in keys
        ).sudo(self.env.su)

    @api.model
    def _check_tickets(self, pairs):
        Ticket = self.env["psa.ticket"]
        tickets = Ticket.browse({ticket_id for source, __, other in pairs for ticket_id in (source, other)})
        if not self.env.su:
            tickets.check_access("read")
        for source, __, other in pairs:
            Ticket.browse(source)._check_same_company(Ticket.browse(other).sudo())

    @api.model
    def _check_circles(self, pairs):
        """Refuse links that lead back to where they start: two tickets that block each other would never be done."""
        Ticket = self.env["psa.ticket"]
        for kind in ticket_graph.DIRECTED:
            added = [(source, other) for source, its_kind, other in pairs if its_kind == kind]
            if not added:
                continue
            involved = {ticket_id for edge in added for ticket_id in edge}
            edges = self._edges_after(kind, involved)
            Ticket.browse(involved | {ticket_id for edge in edges for ticket_id in edge})._lock_together()
            circle = ticket_graph.first_circle(edges, added)
            if circle:
                source, other = (Ticket.browse(ticket_id).sudo() for ticket_id in circle)
                raise ValidationError(self.env._(
                    "%(other)s already %(kind)s %(ticket)s, directly or through others, so %(ticket)s cannot be linked to it the same "
                    "way. Remove one of the links first.",
                    ticket=source.number, other=other.number, kind=dict(KIND_SELECTION)[kind],
                ))

    @api.model
    def _edges_after(self, kind, ticket_ids):
        """Return the (ticket, other) of all links of a kind that can be followed from these tickets, in one query."""
        self.flush_model(["ticket_id", "kind", "other_id"])
        return self.env.execute_query(SQL(
            """
            WITH RECURSIVE following AS (
                SELECT ticket_id, other_id FROM psa_ticket_link WHERE kind = %(kind)s AND ticket_id IN %(ids)s
                UNION
                SELECT link.ticket_id, link.other_id FROM psa_ticket_link link
                JOIN following ON link.ticket_id = following.other_id WHERE link.kind = %(kind)s
            )
            SELECT ticket_id, other_id FROM following
            """,
            kind=kind, ids=tuple(ticket_ids),
        ))

    def _log(self, what):
        """Write into the history of both tickets that they were linked or are no longer."""
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        self.env["psa.ticket.history"]._append([
            {
                "ticket_id": link.ticket_id.id, "kind": "link",
                "description": f"{what}: {kinds[link.kind]} {link.other_id.sudo().number}",
            }
            for link in self.sudo()
        ])
