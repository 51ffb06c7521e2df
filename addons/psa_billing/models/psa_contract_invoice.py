from odoo import api, fields, models
from odoo.tools import SQL

from ..core import invoice_plan


class PsaContract(models.Model):
    """What a contract says of its invoices."""

    _inherit = "psa.contract"

    work_details = fields.Selection(
        [("none", "Not on the Invoice"), ("table", "Table After the Totals")],
        compute="_compute_work_details",
        store=True,
        readonly=False,
        precompute=True,
        help="Whether the printed invoice lists the work behind it, also what the contract covers.",
    )

    @api.depends("client_id")
    def _compute_work_details(self):
        for contract in self:
            contract.work_details = contract.client_id.psa_work_details or "table"

    def _psa_cycles(self):
        """Return a function that tells the billing cycle of one of these contracts for a day; each is computed once."""
        by_id = {contract.id: contract for contract in self}
        known = {contract.id: [] for contract in self}

        def cycle_of(contract_id, day):
            for cycle in known[contract_id]:
                if cycle[0] <= day < cycle[1]:
                    return cycle
            cycle = by_id[contract_id]._psa_cycle(day)
            known[contract_id].append(cycle)
            return cycle

        return cycle_of

    def _psa_invoice_terms(self):
        """Return the contracts as the planning core reads them."""
        self.env["psa.billing.run.line"].flush_model()
        billed = dict(
            self.env.execute_query(
                SQL(
                    """SELECT rel.contract_id, MAX(line.cycle_end)
                         FROM psa_billing_run_line_contract_rel AS rel
                         JOIN psa_billing_run_line AS line ON line.id = rel.line_id
                        WHERE rel.contract_id = ANY(%s) AND line.state IN ('done', 'covered')
                        GROUP BY rel.contract_id""",
                    self.ids,
                )
            )
        )
        return [
            invoice_plan.Contract(
                id=contract.id,
                grouping=contract.invoice_grouping,
                po_number=contract.po_number or "",
                billed_until=billed.get(contract.id),
            )
            for contract in self
        ]
