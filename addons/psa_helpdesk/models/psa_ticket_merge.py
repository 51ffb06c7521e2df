from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core import lifecycle, ticket_graph

UNDO_DAYS = 14


class PsaTicket(models.Model):
    """Merging tickets: one of several about the same thing survives, the others lead to it.

    What was said, who follows, files, activities and the rest move to the survivor (``_merge_into``, which other addons extend);
    the merged ticket is cancelled, keeps its number and history and points to the survivor. Answers by mail and on the portal go
    there. What was said by or to another client moves as internal notes only: clients do not see each other's words.
    """

    _inherit = "psa.ticket"

    merged_ref_id = fields.Many2one(
        "psa.ticket", "Merged into (stored)", index="btree_not_null", ondelete="set null", copy=False, groups=fields.NO_ACCESS
    )
    merged_into_id = fields.Many2one(
        "psa.ticket", "Merged into", compute="_compute_merged_into_id", search="_search_merged_into_id",
        help="The ticket that goes on in place of this one.",
    )
    is_merged = fields.Boolean(
        "Merged", compute="_compute_is_merged", search="_search_is_merged", help="Another ticket goes on in place of this one."
    )
    merged_ids = fields.Many2many("psa.ticket", string="Merged Tickets", compute="_compute_merged_ids", groups="base.group_user")
    merged_count = fields.Integer(compute="_compute_merged_ids", groups="base.group_user")
    can_unmerge = fields.Boolean(compute="_compute_can_unmerge", groups="base.group_user")

    @api.depends("merged_ref_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_merged_into_id(self):
        self._show_pointer("merged_ref_id", "merged_into_id")

    def _search_merged_into_id(self, operator, value):
        return self._search_pointer("merged_ref_id", operator, value)

    @api.depends("merged_ref_id")
    def _compute_is_merged(self):
        for ticket in self:
            ticket.is_merged = bool(ticket.sudo().merged_ref_id)

    def _search_is_merged(self, operator, value):
        if operator != "in":
            return NotImplemented
        merged = Domain("id", "in", self._pointing_query("merged_ref_id", Domain("merged_ref_id", "!=", False)))
        wanted = {bool(item) for item in value}
        return Domain(len(wanted) == 2) if len(wanted) != 1 else merged if wanted.pop() else ~merged

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_merged_ids(self):
        merged = self._pointing_here("merged_ref_id")
        for ticket in self:
            ticket.merged_ids = merged[ticket]
            ticket.merged_count = len(merged[ticket])

    @api.depends("merged_ref_id")
    def _compute_can_unmerge(self):
        merged = self.sudo().filtered("merged_ref_id")
        undoable = merged and self.env["psa.ticket.merge.record"]._last_undoable(merged).ticket_id
        for ticket in self:
            ticket.can_unmerge = ticket.sudo() in (undoable or ())

    def action_view_merged(self):
        """Open the tickets that were merged into this one."""
        self.ensure_one()
        return self._action_open_list(self.env._("Merged into %s", self.number), [("merged_into_id", "in", self.ids)])

    def action_view_survivor(self):
        """Open the ticket that goes on in place of this one."""
        self.ensure_one()
        return self._survivor().sudo(self.env.su)._action_open()

    def action_unmerge(self):
        """Take the merger of these tickets back."""
        self.check_access("write")
        records = self.env["psa.ticket.merge.record"]._last_undoable(self)
        if records.ticket_id != self.sudo():
            raise UserError(self.env._(
                "Only tickets merged within the last %s days can be taken out again, and only as long as both tickets are there.", UNDO_DAYS
            ))
        for record in records:
            record._undo()
        return True

    def message_post(self, **kwargs):
        # A client may have the merged ticket still open on the portal; what he says there is said to the survivor.
        if self.env.user.share and len(self) == 1 and self.sudo().merged_ref_id:
            survivor = self._survivor().with_env(self.env)
            if self.sudo()._is_stranger_to(survivor.sudo()):
                kwargs = {**kwargs, "subtype_xmlid": "mail.mt_note", "subtype_id": False}
            return super(PsaTicket, survivor).message_post(**kwargs)
        return super().message_post(**kwargs)

    def _update_life_dates(self, before, keep=()):
        for ticket in self:
            if ticket.state in lifecycle.OPEN_STATES and before[ticket] in lifecycle.DONE_STATES and ticket.sudo().merged_ref_id:
                raise UserError(self.env._(
                    "%(ticket)s was merged into %(survivor)s. Work on that one, or take the merger back with Unmerge.",
                    ticket=ticket.number, survivor=ticket._survivor().number,
                ))
        return super()._update_life_dates(before, keep=keep)

    def _survivor(self):
        """Return, with full rights, the ticket that goes on in place of this one: itself unless it was merged."""
        self.ensure_one()
        ticket = self.sudo()
        if not ticket.merged_ref_id:
            return ticket
        pointers = {}
        while ticket.merged_ref_id and ticket.id not in pointers:
            pointers[ticket.id] = ticket.merged_ref_id.id
            ticket = ticket.merged_ref_id
        return self.sudo().browse(ticket_graph.chain_end(pointers, self.id))

    def _is_stranger_to(self, survivor):
        """Return whether this ticket's people must not read what the survivor's people write."""
        if self.client_id or survivor.client_id:
            return self.client_id != survivor.client_id
        return not self.email_normalized or self.email_normalized != survivor.email_normalized

    def _merge(self, survivor, allow_strangers=False):
        """Merge these tickets into the survivor.

        :param allow_strangers: whether tickets of other clients may be merged; their words become internal notes
        """
        merged = self - survivor
        if not merged:
            raise UserError(self.env._("There is nothing to merge. Choose at least two tickets."))
        everything = merged | survivor
        everything.check_access("write")
        merged._check_same_company(survivor)
        if len(merged.sudo().company_id) > 1:
            raise UserError(self.env._("Tickets of different companies cannot be merged."))
        everything._lock_together()
        everything.invalidate_recordset(["merged_ref_id", "stage_id", "state"])
        for ticket in everything.sudo():
            if ticket.merged_ref_id:
                raise UserError(self.env._(
                    "%(ticket)s was already merged into %(survivor)s. Choose that one, or take the merger back first.",
                    ticket=ticket.number, survivor=ticket._survivor().number,
                ))
        strangers = merged.sudo().filtered(lambda ticket: ticket._is_stranger_to(survivor.sudo()))
        if strangers and not allow_strangers:
            raise UserError(self.env._(
                "%(tickets)s and %(survivor)s are not of the same client. Confirm that you merge across clients: what was said on the "
                "merged tickets then becomes internal notes.",
                tickets=", ".join(strangers.mapped("number")), survivor=survivor.number,
            ))
        self.env["psa.ticket.merge.record"]._make(merged.sudo(), survivor.sudo(), strangers)

    @api.model
    def _lead_to_survivors(self, ticket_ids):
        """Return ``{id of a merged ticket: id of its survivor}`` for those of these that were merged."""
        merged = self.sudo().with_context(active_test=False).search([("id", "in", ticket_ids), ("merged_ref_id", "!=", False)])
        return {ticket.id: ticket._survivor().id for ticket in merged}
