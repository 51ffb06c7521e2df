from odoo import models
from odoo.exceptions import UserError

from .psa_billing_item import TIME_MODEL

# {model of what is corrected: model of its corrections, and their field that names it}
CORRECTED_BY = {
    TIME_MODEL: (TIME_MODEL, "psa_corrects_id"),
    "psa.charge": ("psa.charge", "corrects_id"),
    "hr.expense": ("psa.expense.delta", "expense_id"),
}


class PsaBillingItem(models.Model):
    """Corrections follow what they correct: their price is a share of that one's, whatever the review does with it."""

    _inherit = "psa.billing.item"

    def _psa_corrections(self):
        """Return the rows of the corrections of these rows' entries, without these rows."""
        entries = self.filtered(lambda item: item.source_model == TIME_MODEL).mapped("source_id")
        lines = self.env[TIME_MODEL].sudo().search([("psa_corrects_id", "in", entries)])
        corrections = self._psa_corrections_of_charges()
        if lines:
            corrections |= self.search([("source_model", "=", TIME_MODEL), ("source_id", "in", lines.ids)])
        return corrections - self

    def _psa_corrections_of_charges(self):
        """Return the rows that take back from these rows of charges. (Expenses follow what becomes of theirs by themselves.)"""
        ids = set(self.filtered(lambda item: item.source_model == "psa.charge").mapped("source_id"))
        if not ids:
            return self.browse()
        charges = self.env["psa.charge"].sudo().browse(ids).exists()
        corrections = (charges | charges.corrects_id).correction_ids
        return corrections._psa_items().filtered(lambda item: item._psa_takes_back_from(ids)) if corrections else self.browse()

    def _psa_takes_back_from(self, ids):
        """Say whether the row takes back from one of the charges with these ids, or would, were there enough left."""
        self.ensure_one()
        why = self.derivation or {}
        corrects = why.get("corrects") or {"source_id": why.get("inputs", {}).get("corrects_id")}
        return corrects["source_id"] in ids

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
                    "“%s” takes part of it back and is invoiced or settled already. Cancel or credit that invoice first, "
                    "or enter another correction.",
                    stuck[0].name.split("\n")[0],
                )
            )
        frozen = corrections.filtered(lambda item: item._is_frozen())
        frozen = frozen._locked(self._fields["state"].get_values(self.env))
        frozen._log("back", reason=self.env._("With the entry it corrects"), uid=self.env.uid)
        frozen._psa_open_again()
        return corrections
