from odoo import api, fields, models
from odoo.tools import SQL

from .psa_profitability import SOURCES


class PsaProfitability(models.Model):
    """What was bought and laid out for clients but is in no ledger: it costs all the same."""

    _inherit = "psa.profitability"

    charge_id = fields.Many2one("psa.charge", readonly=True)
    expense_id = fields.Many2one("hr.expense", readonly=True)

    _depends = {
        "psa.charge": [
            "approval_state", "client_id", "company_id", "contract_id", "cost_total", "date", "project_id", "ticket_id", "user_id",
        ],
    }  # fmt: skip

    @api.model
    def _sources(self):
        return [*super()._sources(), self._charges_outside()]

    @api.model
    def _charges_outside(self):
        """Return the charges that are in no ledger, for their cost: not approved yet, or not charged."""
        return SQL(
            """
            SELECT charge.id::bigint * %(sources)s + 3 AS id, charge.date, charge.company_id, company.currency_id, charge.client_id,
                   charge.contract_id, charge.project_id, charge.ticket_id, NULL::integer AS employee_id, charge.user_id,
                   NULL::integer AS work_type_id, NULL::integer AS role_id, 'charge'::varchar AS kind,
                   CASE WHEN charge.approval_state = 'approved' THEN 'non_billable' ELSE 'not_approved' END::varchar AS standing,
                   NULL::integer AS item_id, NULL::integer AS line_id, charge.id AS charge_id, NULL::integer AS expense_id,
                   0::float8 AS revenue, 0::float8 AS revenue_invoiced, 0::float8 AS revenue_open,
                   0::float8 AS covered_value, 0::float8 AS written_off_value, 0::float8 AS labour_cost,
                   COALESCE(charge.cost_total, 0)::float8 AS charge_cost, 0::float8 AS expense_cost, 0::float8 AS worked_hours,
                   0::float8 AS billable_hours, 0::float8 AS drawn_hours, 0::float8 AS available_hours
              FROM psa_charge charge
              JOIN res_company company ON company.id = charge.company_id
             WHERE NOT EXISTS (
                       SELECT 1 FROM psa_billing_item item
                        WHERE item.source_model = 'psa.charge' AND item.source_id = charge.id
                   )
            """,
            sources=SOURCES,
        )

    def _outside_source(self):
        return self.charge_id or self.expense_id or super()._outside_source()
