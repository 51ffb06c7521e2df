from datetime import timedelta

from markupsafe import Markup
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from .psa_ticket_merge import UNDO_DAYS


class PsaTicketMergeRecord(models.Model):
    """What was done when a ticket was merged, row by row, so that it can be taken back."""

    _name = "psa.ticket.merge.record"
    _description = "Ticket Merger"
    _order = "id desc"
    _rec_name = "ticket_id"

    _ticket_idx = models.Index("(ticket_id, id DESC)")
    _company_idx = models.Index("(company_id)")

    ticket_id = fields.Many2one("psa.ticket", "Merged Ticket", required=True, readonly=True, ondelete="cascade")
    survivor_id = fields.Many2one("psa.ticket", "Merged into", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(
        "res.company", related="ticket_id.company_id", store=True, precompute=True, required=True
    )
    user_id = fields.Many2one("res.users", "By", readonly=True, default=lambda self: self.env.user, ondelete="set null")
    across_clients = fields.Boolean(readonly=True, help="The tickets were of different clients: what was said became internal notes.")
    summary = fields.Char("Moved", compute="_compute_summary")
    moved = fields.Json("Rows Moved", readonly=True, groups=fields.NO_ACCESS)
    stage_id = fields.Many2one("psa.ticket.stage", "Stage Before", readonly=True, ondelete="set null")
    undone_on = fields.Datetime("Taken Back on", readonly=True)

    @api.depends("moved")
    def _compute_summary(self):
        for record in self:
            record.summary = ", ".join(
                f"{self.env['ir.model']._get(model).sudo().name}: {len(ids)}" for model, __, ids in record.sudo().moved["rows"]
            )

    @api.model
    def _make(self, tickets, survivor, strangers):
        """Merge the tickets, one after the other, and keep what moved."""
        cancelled = {ticket: ticket.stage_id for ticket in tickets}
        rows = []
        for ticket in tickets:
            public = self._public_words(ticket) if ticket in strangers else {}
            rows.append({
                "ticket_id": ticket.id, "survivor_id": survivor.id, "stage_id": cancelled[ticket].id,
                "across_clients": ticket in strangers,
                "moved": {"rows": ticket._merge_into(survivor), "public": public},
            })
        tickets.write({"merged_ref_id": survivor.id, "rating_due": False, "announcement_due": False})
        tickets._move_to_end()
        records = self.sudo().create(rows)
        for ticket in tickets:
            survivor._message_log(body=ticket._merge_note())
            ticket._message_log(body=self.env._("Merged into %s.", survivor.number))
        self.env["psa.ticket.history"]._append([
            row for record in records for row in (
                {"ticket_id": record.ticket_id.id, "kind": "merge",
                 "description": self.env._("Merged into %(survivor)s. Moved: %(what)s",
                                           survivor=survivor.number, what=record.summary or "–")},
                {"ticket_id": survivor.id, "kind": "merge",
                 "description": self.env._("%(ticket)s was merged into this ticket. Moved: %(what)s",
                                           ticket=record.ticket_id.number, what=record.summary or "–")},
            )
        ])
        self.env.invalidate_all()
        return records

    @api.model
    def _public_words(self, ticket):
        """Return the ids of what is public on a ticket now and will be internal after the merger."""
        messages = self.env["mail.message"].sudo().search([
            ("model", "=", "psa.ticket"), ("res_id", "=", ticket.id), ("is_internal", "=", False),
            ("subtype_id", "=", self.env.ref("mail.mt_comment").id),
        ])
        entries = self.env["psa.ticket.entry"].sudo().search([("ticket_id", "=", ticket.id), ("is_internal", "=", False)])
        return {"mail.message": messages.ids, "psa.ticket.entry": entries.ids}

    @api.model
    def _last_undoable(self, tickets):
        """Return, with full rights, the last merger of each of these tickets that can still be taken back."""
        since = fields.Datetime.now() - timedelta(days=UNDO_DAYS)
        found = self.sudo().search([
            ("ticket_id", "in", tickets.ids), ("undone_on", "=", False), ("create_date", ">=", since),
        ])
        last = {}
        for record in found:
            if record.ticket_id.merged_ref_id == record.survivor_id:
                last.setdefault(record.ticket_id, record)
        return self.sudo().browse(record.id for record in last.values())

    def _undo(self):
        """Give the ticket back what it had, as far as it is still where the merger put it."""
        self.ensure_one()
        ticket, survivor = self.ticket_id, self.survivor_id
        self.env["psa.ticket"].browse((ticket | survivor).ids).check_access("write")
        (ticket | survivor)._lock_together()
        self.invalidate_recordset(["undone_on"])
        if self.undone_on:
            raise UserError(self.env._("Somebody has just taken this merger back."))
        for model, fname, ids in reversed(self.moved["rows"]):
            records = self.env[model].sudo().browse(ids).exists().filtered(
                lambda record, fname=fname: self._pointed_id(record, fname) == survivor.id
            )
            ticket._merge_movable(records).write({fname: ticket.id})
        public = self.moved["public"]
        if public:
            comment = self.env.ref("mail.mt_comment")
            self.env["mail.message"].sudo().browse(public["mail.message"]).exists().write(
                {"is_internal": False, "subtype_id": comment.id}
            )
            self.env["psa.ticket.entry"].sudo().browse(public["psa.ticket.entry"]).exists().write({"is_internal": False})
        vals = {"merged_ref_id": False}
        if self.stage_id.active:
            vals["stage_id"] = self.stage_id.id
        ticket.write(vals)
        self.write({"undone_on": fields.Datetime.now()})
        for record, other in ((ticket, survivor), (survivor, ticket)):
            text = self.env._("The merger with %s was taken back.", other.number)
            record._message_log(body=text)
            record._log_history("merge", description=text)
        self.env.invalidate_all()

    @api.model
    def _pointed_id(self, record, fname):
        value = record[fname]
        return value if isinstance(value, int) else value.id


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _move_to_end(self):
        """Put merged tickets among the cancelled ones, or the closed ones where a desk cannot cancel."""
        Stage = self.env["psa.ticket.stage"]
        for ticket in self.filtered(lambda ticket: ticket.state not in ("closed", "cancelled")):
            can_cancel = Stage._first_id("cancelled", ticket.desk_id.id, ticket.company_id.id)
            # By the system: neither desk nor stage asks anything of what goes on elsewhere.
            ticket.with_user(SUPERUSER_ID)._accepting_incomplete()._move_to_state("cancelled" if can_cancel else "closed")

    def _merge_note(self):
        """Return what the survivor's conversation says of a ticket merged into it."""
        self.ensure_one()
        sender = self.partner_id.name or self.email_from or ""
        head = self.env._(
            "%(ticket)s “%(subject)s”%(sender)s was merged into this ticket.",
            ticket=self.number, subject=self.name, sender=f" ({sender})" if sender else "",
        )
        if not self.description:
            return Markup("<p>%s</p>") % head
        return Markup("<p>%s</p><blockquote>%s</blockquote>") % (head, self.description)
