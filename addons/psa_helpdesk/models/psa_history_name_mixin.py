from odoo import api, models, tools


class PsaHistoryNameMixin(models.AbstractModel):
    """What tickets are sorted by, with names that history reads from a cache: it is written at each create and change."""

    _name = "psa.history.name.mixin"
    _description = "Names for Ticket History"
    _inherit = ["psa.cached.mixin"]

    @api.model
    def _psa_touches_cache(self, vals):
        return super()._psa_touches_cache(vals) or "name" in vals

    @api.model
    @tools.ormcache("self._name", "lang")
    def _history_names(self, lang):
        """Return {id: name} in a language, archived ones included; cached."""
        records = self.sudo().with_context(active_test=False, lang=lang).search_fetch([], ["name"])
        return {record.id: record.name for record in records}
