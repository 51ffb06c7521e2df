from odoo import models
from odoo.fields import Command

from ..core.lifecycle import OPEN_STATES


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _psa_move_history(self, company, responsible):
        """Move the tickets to the desk and queue of the same name in the new company, else to its first desk.

        Numbers stay unless the new company has them; options and tags are matched by name.
        """
        result = super()._psa_move_history(company, responsible)
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False).search([("client_id", "in", self.ids)], order="id")
        if not tickets:
            return result
        numbers = self._psa_move_numbers(tickets, company)
        places = self._psa_move_places(tickets, company)
        options = self._psa_move_options(tickets, company)
        tags = self._psa_move_tags(tickets, company)
        staff = company.user_ids
        batches = {}
        for ticket in tickets:
            desk, queue = places[ticket.desk_id, ticket.queue_id]
            vals = {"desk_id": desk.id, "queue_id": queue.id}
            if ticket in numbers:
                vals["number"] = numbers[ticket]
            if ticket.user_id and ticket.user_id not in staff:
                vals["user_id"] = responsible.id if ticket.state in OPEN_STATES else False
            for fname in ticket._option_attributes():
                if ticket[fname] in options:
                    vals[fname] = options[ticket[fname]].id
            if any(tag in tags for tag in ticket.tag_ids):
                vals["tag_ids"] = tuple(sorted(tags.get(tag, tag).id for tag in ticket.tag_ids))
            if ticket.asset_ids.filtered(lambda asset: asset.company_id != company):
                vals["asset_ids"] = tuple(ticket.asset_ids.filtered(lambda asset: asset.company_id == company).ids)
            key = tuple(vals.items())
            batches[key] = batches.get(key, tickets.browse()) | ticket
        for key, batch in batches.items():
            batch.write({
                fname: [Command.set(value)] if isinstance(value, tuple) else value for fname, value in key
            })
        return result

    def _psa_move_numbers(self, tickets, company):
        """Return ``{ticket: new number}`` for those whose number is taken in the new company; keep its counter ahead."""
        taken = set(self.env["psa.ticket"].sudo().with_context(active_test=False).search([
            ("company_id", "=", company.id), ("number", "in", tickets.mapped("number")),
        ]).mapped("number"))
        clashing = tickets.browse()
        for ticket in tickets:
            if ticket.number in taken:
                clashing |= ticket
            taken.add(ticket.number)
        company._psa_skip_ticket_numbers(tickets.mapped("number"))
        if not clashing:
            return {}
        return dict(zip(clashing, company._psa_draw_ticket_numbers(len(clashing)), strict=True))

    def _psa_move_places(self, tickets, company):
        """Return ``{(desk, queue): (desk, queue) of the new company}``."""
        desks = self.env["psa.desk"].sudo().search([("company_id", "=", company.id)])
        if not desks:
            company._psa_create_first_desk()
            desks = self.env["psa.desk"].sudo().search([("company_id", "=", company.id)])
        queues = self.env["psa.queue"].sudo().search([("company_id", "=", company.id)])
        by_name = desks.grouped("name")
        places = {}
        for desk, queue in {(ticket.desk_id, ticket.queue_id) for ticket in tickets}:
            target = by_name.get(desk.name, desks)[:1]
            same = queues.filtered(lambda record, queue=queue: record.name == queue.name)[:1] if queue else queue
            places[desk, queue] = (target, same or target.default_queue_id)
        return places

    def _psa_move_options(self, tickets, company):
        """Return ``{option of a former company or desk: option of that name the new company offers, or none}``."""
        Option = self.env["psa.ticket.option"].sudo()
        used = Option.union(*(tickets[fname] for fname in tickets._option_attributes()))
        foreign = used.filtered(lambda option: option.desk_id or (option.company_id and option.company_id != company))
        offered = {
            (option.attribute, option.name): option
            for option in Option.search([("company_id", "in", (company.id, False)), ("desk_id", "=", False)])
        }
        return {option: offered.get((option.attribute, option.name), Option) for option in foreign}

    def _psa_move_tags(self, tickets, company):
        """Return ``{tag of a former company: tag of that name in the new one}``, making those that are missing."""
        foreign = tickets.tag_ids.filtered(lambda tag: tag.company_id and tag.company_id != company)
        known = {
            tag.name: tag
            for tag in self.env["psa.ticket.tag"].sudo().search([("company_id", "in", (company.id, False))])
        }
        return {tag: known.get(tag.name) or tag.copy({"company_id": company.id}) for tag in foreign}
