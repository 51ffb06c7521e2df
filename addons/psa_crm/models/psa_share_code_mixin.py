from odoo import api, fields, models
from odoo.tools import SQL

from ..core import share_code


class PsaShareCodeMixin(models.AbstractModel):
    """Who can be found by people of other companies with a code he gave them, and in no other way."""

    _name = 'psa.share.code.mixin'
    _description = "Holder of a Sharing Code"

    # The letter in front of the codes of the model.
    _psa_share_code_kind = share_code.PERSON

    # Not prefetched: nobody but its holder needs it.
    psa_share_code = fields.Char(
        string="Sharing Code", readonly=True, copy=False, prefetch=False, groups='base.group_system',
        help="Give it to people of other service companies who are to share clients with you. It opens nothing: you accept or "
             "decline each offer.")

    @api.model
    def _psa_init_share_codes(self):
        """Give a code to all that have none yet. Holders call it in their ``init``: those of Odoo would not reach one here."""
        self._psa_store_share_codes([row_id for [row_id] in self.env.execute_query(SQL(
            "SELECT id FROM %s WHERE psa_share_code IS NULL ORDER BY id", SQL.identifier(self._table)))])

    @api.model_create_multi
    def create(self, vals_list):
        holders = super().create(vals_list)
        holders._psa_renew_share_code()
        return holders

    def _psa_renew_share_code(self):
        """Give new codes; the old ones are useless from now on."""
        self._psa_store_share_codes(self.ids)
        self.invalidate_recordset(['psa_share_code'])

    @api.model
    def _psa_store_share_codes(self, ids):
        # Past the fields' rights: those who create users or companies need not know their codes, nor can they choose them.
        if ids:
            self.env.cr.execute(SQL(
                """UPDATE %s AS holder SET psa_share_code = fresh.code
                     FROM unnest(%s, %s) AS fresh(id, code) WHERE holder.id = fresh.id""",
                SQL.identifier(self._table), ids, self._psa_new_share_codes(len(ids))))

    @api.model
    def _psa_new_share_codes(self, count):
        return share_code.new_codes(self._psa_share_code_kind, count, self._psa_free_share_codes)

    @api.model
    def _psa_free_share_codes(self, codes):
        taken = self.env.execute_query(SQL(
            "SELECT psa_share_code FROM %s WHERE psa_share_code = ANY(%s)", SQL.identifier(self._table), list(codes)))
        return codes - {code for [code] in taken}
