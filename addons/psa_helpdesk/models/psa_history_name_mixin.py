from odoo import api, models, tools


class PsaHistoryNameMixin(models.AbstractModel):
    """What tickets are sorted by, with names that history reads from a cache: it is written at each create and change."""

    _name = "psa.history.name.mixin"
    _description = "Names for Ticket History"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        if "name" in vals:
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache("self._name", "lang")
    def _history_names(self, lang):
        """Return {id: name} in a language, archived ones included; cached."""
        records = self.sudo().with_context(active_test=False, lang=lang).search_fetch([], ["name"])
        return {record.id: record.name for record in records}
