from odoo import api, models


class PsaBillingItem(models.Model):
    """The rating service: everything open of a client is priced together, in one fixed order."""

    _inherit = "psa.billing.item"

    @api.model
    def _psa_rate(self, clients, companies, lines=None, sources=()):
        """Price everything open of these clients in these companies, and bring the ledger up to date.

        Takes the clients' turn, then locks their prepaid rows and their ledger rows in id order; reads facts and terms;
        rates; and writes the difference in few queries. What is released, invoiced, written off, settled or
        adjusted is not touched, and counts as drawn.

        :param lines: approved time that is not in the ledger yet
        :param sources: record sets of models with ``psa.billable.mixin`` that are to be in the ledger
        :return: the open rows of the clients
        """
        raise NotImplementedError

    @api.model
    def _psa_bill_sources(self, records):
        """Put records with ``psa.billable.mixin`` in the ledger, and return their rows."""
        raise NotImplementedError

    @api.model
    def _psa_unbill_sources(self, records):
        """Take the rows of records with ``psa.billable.mixin`` out of the ledger; invoiced ones stay.

        :raise UserError: if one of the rows is on an invoice
        """
        raise NotImplementedError
