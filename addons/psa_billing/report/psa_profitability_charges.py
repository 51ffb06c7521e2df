from odoo import api, fields, models
from odoo.tools import SQL

from ..models.hr_expense import APPROVED_STATES
from .psa_profitability import SOURCES


class PsaProfitability(models.Model):
    """What was bought and laid out for clients costs all of it once, whether it is charged, in parts, or not at all."""

    _inherit = "psa.profitability"

    charge_id = fields.Many2one("psa.charge", readonly=True)
    expense_id = fields.Many2one("hr.expense", readonly=True)

    _depends = {
        "psa.charge": [
            "approval_state", "client_id", "company_id", "contract_id", "cost_total", "date", "project_id", "ticket_id", "user_id",
        ],
        "hr.expense": [
            "company_id", "date", "employee_id", "psa_client_id", "psa_contract_id", "psa_ticket_id", "state", "untaxed_amount",
        ],
    }  # fmt: skip

    @api.model
    def _sources(self):
        return [*super()._sources(), self._charges(), self._expenses()]

    @api.model
    def _charges(self):
        return self._cost(
            SQL("psa_charge"),
            "psa.charge",
            number=3,
            client_id=SQL("fact.client_id"),
            contract_id=SQL("fact.contract_id"),
            project_id=SQL("fact.project_id"),
            ticket_id=SQL("fact.ticket_id"),
            employee_id=SQL("NULL::integer"),
            user_id=SQL("fact.user_id"),
            kind="charge",
            approved=SQL("fact.approval_state = 'approved'"),
            charge_id=SQL("fact.id"),
            expense_id=SQL("NULL::integer"),
            charge_cost=SQL("COALESCE(fact.cost_total, 0)::float8"),
            expense_cost=SQL("0::float8"),
            where=SQL("TRUE"),
        )

    @api.model
    def _expenses(self):
        return self._cost(
            SQL("hr_expense"),
            "hr.expense",
            number=4,
            client_id=SQL("fact.psa_client_id"),
            contract_id=SQL("fact.psa_contract_id"),
            project_id=SQL("NULL::integer"),
            ticket_id=SQL("fact.psa_ticket_id"),
            employee_id=SQL("fact.employee_id"),
            user_id=SQL("(SELECT employee.user_id FROM hr_employee employee WHERE employee.id = fact.employee_id)"),
            kind="expense",
            approved=SQL("fact.state IN %s", APPROVED_STATES),
            charge_id=SQL("NULL::integer"),
            expense_id=SQL("fact.id"),
            charge_cost=SQL("0::float8"),
            expense_cost=SQL("COALESCE(fact.untaxed_amount, 0)::float8"),
            where=SQL("fact.state <> 'refused' AND fact.psa_client_id IS NOT NULL"),
        )

    @api.model
    def _cost(self, table, model, **columns):
        """Return what the records of a table cost, under the contract the ledger has them under."""
        return SQL(
            """
            SELECT fact.id::bigint * %(sources)s + %(number)s AS id, fact.date, fact.company_id, company.currency_id,
                   client.commercial_partner_id AS client_id, COALESCE(item.contract_id, %(contract_id)s) AS contract_id,
                   %(project_id)s AS project_id, %(ticket_id)s AS ticket_id, %(employee_id)s AS employee_id, %(user_id)s AS user_id,
                   NULL::integer AS work_type_id, NULL::integer AS role_id, %(kind)s::varchar AS kind,
                   COALESCE(CASE WHEN item.state IN ('pending', 'approved') THEN 'open' ELSE item.state END,
                            CASE WHEN %(approved)s THEN 'non_billable' ELSE 'not_approved' END)::varchar AS standing,
                   NULL::integer AS item_id, NULL::integer AS line_id, %(charge_id)s AS charge_id, %(expense_id)s AS expense_id,
                   0::float8 AS revenue, 0::float8 AS revenue_invoiced, 0::float8 AS revenue_open,
                   0::float8 AS covered_value, 0::float8 AS written_off_value, 0::float8 AS labour_cost,
                   %(charge_cost)s AS charge_cost, %(expense_cost)s AS expense_cost,
                   0::float8 AS worked_hours, 0::float8 AS billable_hours, 0::float8 AS drawn_hours, 0::float8 AS available_hours
              FROM %(table)s fact
              JOIN res_company company ON company.id = fact.company_id
              LEFT JOIN res_partner client ON client.id = %(client_id)s
              LEFT JOIN LATERAL (
                       SELECT row.contract_id, row.state FROM psa_billing_item row
                        WHERE row.source_model = %(model)s AND row.source_id = fact.id
                        ORDER BY row.id DESC LIMIT 1
                   ) item ON TRUE
             WHERE %(where)s
            """,
            table=table,
            model=model,
            sources=SOURCES,
            **columns,
        )

    def _outside_source(self):
        return self.charge_id or self.expense_id or super()._outside_source()
