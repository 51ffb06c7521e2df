from odoo import api, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, Query


class PsaTicket(models.Model):
    """How one ticket points to another without telling of it to who may not read it.

    Odoo shows the name of a many2one's record to everybody who reads the field. A ticket may have a parent or a problem of another
    client, or be lent without it; so what is stored (``…_ref_id``) is for the system alone, and people get a computed field beside it.
    """

    _inherit = "psa.ticket"

    def _show_pointer(self, stored, shown):
        """Compute ``shown`` from ``stored``: empty for who may not read the ticket it leads to."""
        targets = {ticket: ticket.sudo()[stored] for ticket in self}
        found = self.browse().concat(*targets.values()).sudo(self.env.su)
        readable = found if self.env.su else found._filtered_access("read")
        for ticket, target in targets.items():
            ticket[shown] = target & readable

    def _keep_pointer(self, stored, shown):
        """Store what somebody chose in ``shown``: a ticket he may read, of the same company."""
        before, after = {}, {}
        for ticket in self:
            before[ticket], after[ticket] = ticket.sudo()[stored], ticket[shown].sudo()
        targets = self.browse().concat(*after.values())
        if not self.env.su:
            targets.sudo(False).check_access("read")
        self._check_same_company(targets)
        for target, tickets in self.grouped(lambda ticket: after[ticket]).items():
            tickets.sudo().write({stored: target.id})
        self._log_pointers(shown, before, after)

    def _search_pointer(self, stored, operator, value):
        """Return the domain of a search by a shown pointer; it finds only what the searcher may read at the other end."""
        if operator in ("any", "not any"):
            value = self.browse()._search(value)
            operator = "in" if operator == "any" else "not in"
        if operator not in ("in", "not in"):
            return NotImplemented
        if isinstance(value, (Query, SQL)):
            return Domain("id", operator, self._pointing_query(stored, Domain(stored, "in", value)))
        ids = [item for item in value if item]
        pointing = self._pointing_query(stored, Domain(stored, "in", self._search([("id", "in", ids)], active_test=False)))
        domain = Domain("id", "in", pointing)
        if len(ids) < len(value):
            domain |= Domain("id", "in", self._pointing_query(stored, Domain(stored, "=", False)))
        return domain if operator == "in" else ~domain

    def _pointing_query(self, stored, domain):
        return self.sudo().with_context(active_test=False)._search(domain, order=None)

    def _pointing_here(self, stored, domain=Domain.TRUE):
        """Return ``{ticket: those the user may read whose pointer leads to it}`` in two queries."""
        found = self.sudo().search_fetch(Domain(stored, "in", self.ids) & domain, [stored])
        readable = (found if self.env.su else found.sudo(False)._filtered_access("read")).sudo()
        by_target = readable.grouped(stored)
        return {ticket: by_target.get(ticket.sudo()._origin, readable.browse()).sudo(self.env.su) for ticket in self}

    def _check_same_company(self, others):
        for other in others:
            if other.company_id != self.sudo().company_id:
                raise ValidationError(self.env._(
                    "Tickets of different companies cannot be put together: choose a ticket of %s.",
                    ", ".join(self.sudo().company_id.mapped("name")),
                ))

    def _log_pointers(self, shown, before, after):
        """Write a change of pointers into the history of both ends, by number: a number tells nothing to who may not read it."""
        rows = []
        for ticket in self:
            old, new = before[ticket].sudo(), after[ticket].sudo()
            if old == new:
                continue
            label = ticket._attribute_label(shown)
            rows.append({
                "ticket_id": ticket.id, "kind": "link", "field_name": shown, "field_label": label,
                "old_value": old.number, "new_value": new.number,
            })
            for target, text in ((old, self.env._("No longer %(field)s of %(ticket)s", field=label, ticket=ticket.number)),
                                 (new, self.env._("Is now %(field)s of %(ticket)s", field=label, ticket=ticket.number))):
                if target:
                    rows.append({"ticket_id": target.id, "kind": "link", "description": text})
        if rows:
            self.env["psa.ticket.history"]._append(rows)

    def _lock_together(self):
        """Take these tickets for this transaction, in the order of their ids, so that nobody waits in a circle.

        The rows are written, not only locked: whoever waits for them starts again with what happened meanwhile before his eyes.
        """
        if not self:
            return
        self.flush_recordset()
        ids = tuple(self.ids)
        self.env.execute_query(SQL("SELECT id FROM psa_ticket WHERE id IN %s ORDER BY id FOR UPDATE", ids))
        self.env.cr.execute(SQL("UPDATE psa_ticket SET write_date = write_date WHERE id IN %s", ids))

    @api.model
    def _pointers_around(self, column, ticket_ids):
        """Return ``{ticket id: id it points to}`` of everything above and below these tickets, in one query."""
        column = SQL.identifier(column)
        rows = self.env.execute_query(SQL(
            """
            WITH RECURSIVE above AS (
                SELECT id, %(column)s AS target FROM psa_ticket WHERE id IN %(ids)s
                UNION SELECT t.id, t.%(column)s FROM psa_ticket t JOIN above ON t.id = above.target
            ), below AS (
                SELECT id, %(column)s AS target FROM psa_ticket WHERE %(column)s IN %(ids)s
                UNION SELECT t.id, t.%(column)s FROM psa_ticket t JOIN below ON t.%(column)s = below.id
            )
            SELECT id, target FROM above WHERE target IS NOT NULL UNION SELECT id, target FROM below
            """,
            column=column, ids=tuple(ticket_ids),
        ))
        return dict(rows)
