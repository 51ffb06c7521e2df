from odoo import api, models
from odoo.exceptions import UserError


class PsaBillableMixin(models.AbstractModel):
    """What is charged by a quantity and a price: charges, expenses, milestones, periods of recurring services.

    Recipe, for a model whose records are put in the billing ledger:

    1. ``_inherit = [..., 'psa.billable.mixin']`` and ``_psa_item_kind = "charge"`` (a value of ``psa.billing.item.kind``).
    2. ``_psa_price_facts()`` returns the facts of the records: a :class:`terms.PriceFact` for each part that is charged, with
       the part's name unique for the record. A record that is not to be charged (any more) returns none.
    3. ``_psa_item_vals(row)`` returns what else the ledger row of that record keeps.
    4. Call ``_psa_bill()`` when the records are approved or due, also again after they changed: rows are
       made, changed or taken away until the ledger says what the facts say. Released and invoiced rows stay, and with one
       of them all others of the record: what falls due again and again is a record each time.
       ``_psa_unbill()`` takes the records' rows away again, or says why they cannot go.
    """

    _name = "psa.billable.mixin"
    _description = "Charged by a Price"

    _psa_item_kind = "charge"
    # The field that names the contract of a record.
    _psa_contract_field = "contract_id"

    @api.model
    def _psa_items_domain(self, ids):
        """Return the domain of the ledger rows of records with these ids."""
        return [("source_model", "=", self._name), ("source_id", "in", list(ids))]

    def _psa_items(self):
        """Return the ledger rows of the records."""
        return self.env["psa.billing.item"].search(self._psa_items_domain(self.ids))

    def _psa_price_facts(self):
        """Return the facts of the records as rating reads them.

        In a constant number of queries for many records.

        :return: list of :class:`terms.PriceFact`, ``source_model`` and ``source_id`` being the record's
        """
        raise NotImplementedError

    def _psa_item_vals(self, row):
        """Return the values of a ledger row of this record that rating does not know.

        ``name`` (invoice text, required), ``kind``, ``ticket_id``, ``project_id``, ``user_id``, ``employee_id``, ``cost`` (in the
        company's currency), ``uom_id``, ``component_id``, ``period_from``.

        :param row: the :class:`terms.LedgerRow`
        """
        raise NotImplementedError

    @api.model
    def _psa_check_movable(self):
        """Refuse that rows of these records move to another contract, if these belong to theirs by what they are."""
        if self._psa_contract_field not in self._fields:
            raise UserError(self.env._("A row of the kind “%s” cannot be moved to another contract.", self._description))

    def _psa_set_contract(self, contract):
        """Put the records under another contract of their client; billing has decided so in the review."""
        self.write({self._psa_contract_field: contract.id})

    def _psa_bill(self):
        """Put the records in the billing ledger, or bring their rows up to date.

        :return: their ledger rows
        """
        return self.env["psa.billing.item"]._psa_bill_sources(self)

    def _psa_unbill(self):
        """Take the records out of the ledger again.

        :raise UserError: if one of the rows is on an invoice
        """
        return self.env["psa.billing.item"]._psa_unbill_sources(self)
