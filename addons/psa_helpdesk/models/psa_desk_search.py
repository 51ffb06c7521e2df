from odoo import api, fields, models, tools

from ..core import search_query


class PsaDesk(models.Model):
    """The language in which the words of a desk's tickets are indexed."""

    _inherit = "psa.desk"

    search_language = fields.Selection(
        lambda self: self._search_language_selection(), "Language of Its Tickets", tracking=True,
        help="Searching finds other forms of a word by the rules of this language. "
        "Left empty, it is the language of the ticket's contact, or else of the company.",
    )

    @api.model
    def _search_language_selection(self):
        """Return one choice for each language there are rules for; Norwegian has two, Odoo a third."""
        names = {name: code for code, name in reversed(search_query.CONFIGURATIONS.items())}
        return sorted(((code, name.capitalize()) for name, code in names.items()), key=lambda choice: choice[1])

    def write(self, vals):
        before = {desk: desk.search_language for desk in self} if "search_language" in vals else {}
        result = super().write(vals)
        changed = self.browse(desk.id for desk, language in before.items() if desk.search_language != language)
        if changed:
            self.env["psa.search.job"].sudo()._start(changed)
        return result

    @api.model
    @tools.ormcache()
    def _search_languages(self):
        """Return the languages chosen for any desk."""
        desks = self.sudo().with_context(active_test=False).search([("search_language", "!=", False)])
        return frozenset(desks.mapped("search_language"))

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"search_language"}
