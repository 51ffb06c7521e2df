from typing import NamedTuple

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.fields import Domain


class Offer(NamedTuple):
    """What is kept in memory of an option."""

    attribute: str
    desk_id: int | bool
    company_id: int | bool
    parent_id: int | bool
    active: bool
    name: str


class PsaTicketOption(models.Model):
    """Which desk offers which option: a desk takes those of the company, has its own, or both, for each attribute."""

    _inherit = "psa.ticket.option"

    offered_desk_ids = fields.Many2many(
        "psa.desk", string="Offered by", compute="_compute_offered_desk_ids", search="_search_offered_desk_ids",
        help="The desks whose tickets can take the option.",
    )

    @api.depends("attribute", "desk_id", "company_id", "active")
    def _compute_offered_desk_ids(self):
        desks = self.env["psa.desk"].search(Domain.TRUE)
        Attribute = self.env["psa.desk.attribute"]
        settings = Attribute._settings_by_desk()
        for option in self:
            option.offered_desk_ids = desks.filtered(lambda desk, option=option: any(
                option._origin.id in self._offered_ids(desk.id, desk.company_id.id, option.attribute, setting["options_from"])
                for fname, setting in settings.get(desk.id, {}).items()
                if Attribute._option_attribute(fname.removesuffix("_id")) == option.attribute
            ))

    def _search_offered_desk_ids(self, operator, value):
        if operator != "in":
            return NotImplemented
        Attribute = self.env["psa.desk.attribute"]
        desks = self.env["psa.desk"]._settings_by_desk()
        settings = Attribute._settings_by_desk()
        domains = []
        for desk_id in value:
            if not desk_id or desk_id not in desks:
                domains.append(Domain("desk_id", "=", False))
                continue
            # Archived ones are left to the search, which hides them or not.
            scope = {
                Attribute._option_attribute(fname.removesuffix("_id")): setting["options_from"]
                for fname, setting in reversed(settings.get(desk_id, {}).items())
            }
            own = [attribute for attribute, source in scope.items() if source == "own"]
            company = [attribute for attribute, source in scope.items() if source == "company"]
            domains.append(
                (Domain("desk_id", "=", desk_id) & Domain("attribute", "not in", company))
                | (
                    Domain("desk_id", "=", False)
                    & Domain("company_id", "in", [desks[desk_id]["company_id"], False])
                    & Domain("attribute", "not in", own)
                )
            )
        return Domain.OR(domains)

    def _name_key(self):
        """Return by what an option is known at another desk: attribute, category and name."""
        self.ensure_one()
        option = self.with_context(lang=None)
        return option.attribute, (option.parent_id.name or "").strip().lower(), (option.name or "").strip().lower()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Tickets keep what they say: an option in use is archived instead."""
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)
        # The subcategories of a category go with it.
        options = self.sudo().with_context(active_test=False).search([("id", "child_of", self.ids)])
        for fname, attribute in tickets._option_attributes().items():
            candidates = options.filtered(lambda option, attribute=attribute: option.attribute == attribute)
            used = candidates and tickets.search([(fname, "in", candidates.ids)], limit=1)
            if used:
                raise UserError(self.env._(
                    "Tickets have “%(option)s” as %(label)s, so it cannot be deleted. Archive it: they keep it, and nobody chooses "
                    "it any more.",
                    option=used[fname].name, label=used._attribute_label(fname),
                ))

    @api.model
    @tools.ormcache()
    def _catalog(self):
        """Return {option id: Offer} of every option, in order; cached: it is looked up at each ticket."""
        options = self.sudo().with_context(active_test=False, lang=None).search_fetch(
            [], ["attribute", "desk_id", "company_id", "parent_id", "active", "name"]
        )
        return {
            option.id: Offer(
                option.attribute, option.desk_id.id, option.company_id.id, option.parent_id.id, option.active,
                (option.name or "").strip().lower(),
            )
            for option in options
        }

    @api.model
    def _fits_desk(self, option_id, desk_id, company_id, attribute, options_from):
        """Tell whether a desk offers an option for an attribute; an archived one fits, too: imports bring old values."""
        offer = self._catalog().get(option_id)
        if offer is None or offer.attribute != attribute or (offer.company_id or company_id) != company_id:
            return False
        if offer.desk_id:
            return offer.desk_id == desk_id and options_from != "company"
        return options_from != "own" or not desk_id

    @api.model
    @tools.ormcache("desk_id", "company_id", "attribute", "options_from")
    def _offered_ids(self, desk_id, company_id, attribute, options_from):
        """Return the ids of the options a desk offers for an attribute, in order; without a desk those of the company; cached."""
        return tuple(
            option_id
            for option_id, offer in self._catalog().items()
            if offer.active and self._fits_desk(option_id, desk_id, company_id, attribute, options_from)
        )
