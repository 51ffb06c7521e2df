from odoo import models
from odoo.exceptions import UserError

from .psa_billing_item import TIME_MODEL


class PsaBillingItem(models.Model):
    """Corrections follow what they correct: their price is a share of that one's, whatever the review does with it."""

    _inherit = "psa.billing.item"

    def _psa_corrections(self):
        """Return the rows of the corrections of these rows' entries, without these rows."""
        entries = self.filtered(lambda item: item.source_model == TIME_MODEL).mapped("source_id")
        lines = self.env[TIME_MODEL].sudo().search([("psa_corrects_id", "in", entries)])
        if not lines:
            return self.browse()
        return self.search([("source_model", "=", TIME_MODEL), ("source_id", "in", lines.ids)]) - self

    def _psa_open_corrections(self):
        """Make the corrections of these rows' entries open ones again: what they take back is about to change.

        :return: their rows
        :raise UserError: if one of them is invoiced or settled, and so keeps the price it has
        """
        corrections = self._psa_corrections()
        stuck = corrections.filtered(lambda item: item.state == "invoiced" or item.settled_on)
        if stuck:
            raise UserError(
                self.env._(
                    "“%s” takes part of this work back and is invoiced or settled already. Cancel or credit that invoice first, "
                    "or enter another correction.",
                    stuck[0].name.split("\n")[0],
                )
            )
        frozen = corrections.filtered(lambda item: item._is_frozen())
        frozen = frozen._locked(self._fields["state"].get_values(self.env))
        frozen._log("back", reason=self.env._("With the entry it corrects"), uid=self.env.uid)
        frozen._psa_open_again()
        return corrections
