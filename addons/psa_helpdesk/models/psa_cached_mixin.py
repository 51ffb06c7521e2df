from odoo import api, models


class PsaCachedMixin(models.AbstractModel):
    """Settings that code reads from a cache: whoever changes them clears it.

    What is read from the cache between the change and the end of an override is new already: the mixin is the innermost.
    """

    _name = "psa.cached.mixin"
    _description = "Settings Read from a Cache"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        if self._psa_touches_cache(vals):
            self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    def _psa_touches_cache(self, vals):
        """Tell whether anything of what is written is cached; everything may be, unless a model says more."""
        return True
