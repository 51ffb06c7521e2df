from odoo import api, models

from ..core import rules


class PsaTicketEntry(models.Model):
    """What is said about a ticket sets off rules."""

    _inherit = "psa.ticket.entry"

    @api.model
    def _record(self, rows):
        entries = super()._record(rows)
        if self.env["psa.rule"]._catalog():
            self._note_entries(rows)
        return entries

    @api.model
    def _note_entries(self, rows):
        """Note entries for the rules about them.

        The description of a new ticket belongs to its creation, what the system or the desk itself says (in the name of the
        company) is nobody's word, and what an answering machine sends (an internal note) is no mail from anybody. What the
        monitoring says is an alert.
        """
        robot_id = self.env["ir.model.data"]._xmlid_to_res_id("base.partner_root")
        tickets = self.env["psa.ticket"].sudo().browse(row["ticket_id"] for row in rows)
        noted = {}
        for ticket, row in zip(tickets, rows, strict=True):
            is_internal = bool(row.get("is_internal"))
            if row.get("is_mail") and not is_internal:
                noted.setdefault(("mail", False), []).append(ticket.id)
            if row["kind"] == "description":
                continue
            if rules.brings_alert(row["kind"], row.get("source")):
                noted.setdefault(("alert", is_internal), []).append(ticket.id)
            author = self.env["res.partner"].sudo().browse(row.get("author_id") or ())
            is_system = author.id == robot_id or (author.partner_share and author == ticket.company_id.partner_id)
            who = rules.speaker(is_internal, bool(author), author.partner_share, row.get("source"), is_system)
            if who:
                noted.setdefault((f"entry_{who}", is_internal), []).append(ticket.id)
        for (event, is_internal), ticket_ids in noted.items():
            self.env["psa.ticket"].browse(ticket_ids)._psa_rules_event(event, is_internal=is_internal)
