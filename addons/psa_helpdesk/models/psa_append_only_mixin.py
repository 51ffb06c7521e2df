from odoo import api, models


class PsaAppendOnlyMixin(models.AbstractModel):
    """A log that nobody adds to, changes or deletes through the ORM: rows come by SQL from what the log is about.

    The table has a trigger besides, which refuses the same to whoever writes past the ORM.
    """

    _name = "psa.append.only.mixin"
    _description = "Log That Is Only Appended To"

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        self._refuse()

    def write(self, vals):  # pylint: disable=method-required-super
        self._refuse()

    def unlink(self):  # pylint: disable=method-required-super
        self._refuse()

    def _write_multi(self, vals_list):  # pylint: disable=method-required-super
        self._refuse()

    def _refuse(self):
        """Raise an AccessError that says who writes the log, and what to do instead."""
        raise NotImplementedError
