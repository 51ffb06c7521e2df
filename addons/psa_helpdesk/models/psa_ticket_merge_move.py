from odoo import api, models
from odoo.fields import Command, Domain
from odoo.tools.mail import email_split_and_format

from ..core import ticket_graph
from .ir_attachment import RELEASED

# What people said; what the system noted on the merged ticket stays its own.
WORDS = ("comment", "email", "email_outgoing", "auto_comment")


class PsaTicket(models.Model):
    """What moves when tickets are merged."""

    _inherit = "psa.ticket"

    def _merge_into(self, survivor):
        """Move what hangs on this ticket to the survivor; return ``[(model, field, ids)]`` of the rows that now point there.

        Called with full rights, the tickets locked. Addons that hang something on tickets add theirs.
        """
        self.ensure_one()
        stranger = self._is_stranger_to(survivor)
        if stranger:
            self._make_internal()
        moved = []
        for model, fname, domain in self._merge_moves():
            if stranger and model in ("ir.attachment", "psa.ticket.quarantine"):
                # Files are read by whoever reads their ticket; those of notes, too. Technicians find them by the message.
                continue
            records = self.env[model].sudo().with_context(active_test=False).search(domain)
            records = self._merge_movable(records)
            if records:
                records.write({fname: survivor.id})
                moved.append((model, fname, records.ids))
        survivor._merge_values_of(self)
        self._merge_relatives(survivor, moved)
        return moved

    def _merge_moves(self):
        """Return ``[(model, field, domain)]`` of what points to this ticket and moves to a survivor."""
        self.ensure_one()
        here = [("model", "=", self._name), ("res_id", "=", self.id)]
        attached = [("res_model", "=", self._name), ("res_id", "=", self.id)]
        return [
            ("psa.ticket.entry", "ticket_id", [("ticket_id", "=", self.id)]),
            ("mail.message", "res_id", [*here, ("message_type", "in", WORDS)]),
            ("ir.attachment", "res_id", [*attached, ("res_field", "=", False)]),
            ("mail.activity", "res_id", attached),
            ("psa.inbound.mail", "ticket_id", [("ticket_id", "=", self.id)]),
            ("psa.ticket.quarantine", "ticket_id", [("ticket_id", "=", self.id)]),
        ]

    @api.model
    def _merge_movable(self, records):
        """Return those of these records that may be moved between tickets; what is locked stays."""
        # One desk has taken the files already; another one does not refuse them now.
        return records.with_context(psa_released=RELEASED) if records._name == "ir.attachment" else records

    def _make_internal(self):
        """Turn what another client said and read into notes, before it goes to a ticket that is not his."""
        self.env["mail.message"].sudo().search([
            ("model", "=", self._name), ("res_id", "=", self.id), ("message_type", "in", WORDS), ("is_internal", "=", False),
        ]).write({"subtype_id": self.env.ref("mail.mt_note").id, "is_internal": True})
        self.env["psa.ticket.entry"].sudo().search([
            ("ticket_id", "=", self.id), ("is_internal", "=", False),
        ]).write({"is_internal": True})

    def _merge_values_of(self, merged):
        """Take over tags, assets, copies and followers of a merged ticket."""
        stranger = merged._is_stranger_to(self)
        vals = {}
        if merged.tag_ids - self.tag_ids:
            vals["tag_ids"] = [Command.link(tag.id) for tag in merged.tag_ids - self.tag_ids]
        if not stranger and merged.asset_ids - self.asset_ids:
            vals["asset_ids"] = [Command.link(asset.id) for asset in merged.asset_ids - self.asset_ids]
        if merged.problem_ref_id and not self.problem_ref_id and merged.problem_ref_id != self and not self.is_problem:
            vals["problem_ref_id"] = merged.problem_ref_id.id
        if merged.is_problem and not self.is_problem:
            vals.update(is_problem=True, problem_ref_id=False)
        if not stranger:
            addresses = [*email_split_and_format(self.email_cc or ""), *email_split_and_format(merged.email_cc or "")]
            if not merged.partner_id and merged.email_normalized != self.email_normalized:
                addresses.append(merged.email_from)
            copies = ", ".join(dict.fromkeys(filter(None, addresses)))
            if copies != (self.email_cc or ""):
                vals["email_cc"] = copies or False
        if vals:
            self.write(vals)
        followers = merged.message_partner_ids - self.message_partner_ids
        if stranger:
            followers = followers.filtered(lambda partner: any(user._is_internal() for user in partner.user_ids))
        self.message_subscribe(partner_ids=followers.ids)

    def _merge_relatives(self, survivor, moved):
        """Hand links, children and incidents over."""
        Link = self.env["psa.ticket.link"].sudo()
        known = {(link.kind, link.other_id.id) for link in Link.search([("ticket_id", "=", survivor.id)])}
        mine = Link.search([("ticket_id", "=", self.id)])
        wanted = {
            (link.kind, link.other_id.id) for link in mine if link.other_id != survivor
        } - known
        mine.unlink()
        for kind, other_id in sorted(wanted):
            # One that would now lead in a circle says nothing any more.
            directed = kind if kind in ticket_graph.DIRECTED else ticket_graph.INVERSE[kind]
            edge = (survivor.id, other_id) if kind == directed else (other_id, survivor.id)
            if directed in ticket_graph.DIRECTED and ticket_graph.first_circle(Link._edges_after(directed, edge), [edge]):
                continue
            Link.create([{"ticket_id": survivor.id, "kind": kind, "other_id": other_id}])
        for fname in ("parent_ref_id", "problem_ref_id"):
            pointing = self.sudo().with_context(active_test=False).search(Domain(fname, "=", self.id))
            if survivor in pointing:
                # The survivor was a part of the merged ticket: it takes its place.
                survivor.write({fname: self[fname].id if self[fname] != survivor else False})
                pointing -= survivor
            if pointing:
                pointing.write({fname: survivor.id})
                moved.append((self._name, fname, pointing.ids))
