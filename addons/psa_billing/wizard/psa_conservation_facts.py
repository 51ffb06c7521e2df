from collections import defaultdict
from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from ..core.conservation import DRAWN, SPAN, TAKEN_BACK, TOGETHER, WORTHLESS, ZERO, Fact, Line, Row
from ..models.hr_expense import APPROVED_STATES
from ..models.psa_billing_item import TIME_MODEL
from ..tools import to_decimal


class PsaConservation(models.TransientModel):
    """Where the two sides are read: each by queries of its own, past the methods that write them."""

    _inherit = "psa.conservation"

    def _read_sides(self):
        """Return facts, rows, invoice lines, roundings and the company's currency for the comparison."""
        self.env.flush_all()
        facts = [Fact(*values) for query in self._fact_queries() for values in self._fetch_facts(query)]
        rows = self._fetch_rows()
        readable = self._readable_clients({one.client_id for one in (*facts, *rows)} - {None}) | {None}
        facts = [fact for fact in facts if fact.client_id in readable]
        rows = [row for row in rows if row.client_id in readable]
        return facts, rows, self._fetch_lines(rows), self._roundings(), self.company_id.currency_id.id

    def _fact_queries(self):
        """Return a query for each kind of fact.

        Columns: source model, id, client, seconds, is approved, is billable, price (NULL where rating decides), currency.
        """
        return [self._time_facts(), self._due_facts(), self._charge_facts(), self._expense_facts(), self._expense_delta_facts()]

    def _time_facts(self):
        return SQL(
            """
            SELECT 'account.analytic.line', line.id, partner.commercial_partner_id,
                   ROUND(line.unit_amount * 3600)::integer, line.psa_approval_state = 'approved',
                   COALESCE(line.psa_is_billable, FALSE), NULL, NULL::integer
              FROM account_analytic_line line
              LEFT JOIN res_partner partner ON partner.id = line.partner_id
             WHERE line.psa_approval_state IS NOT NULL AND line.company_id = %(company)s
               AND line.date BETWEEN %(start)s AND %(end)s AND %(clients)s
            """,
            clients=self._of_clients(SQL("partner.commercial_partner_id")),
            **self._period(),
        )

    def _due_facts(self):
        return SQL(
            """
            SELECT 'psa.contract.due', due.id, due.client_id, 0, TRUE, TRUE, due.amount, contract.currency_id
              FROM psa_contract_due due
              JOIN psa_contract contract ON contract.id = due.contract_id
             WHERE due.company_id = %(company)s AND due.date BETWEEN %(start)s AND %(end)s AND %(clients)s
            """,
            clients=self._of_clients(SQL("due.client_id")),
            **self._period(),
        )

    def _charge_facts(self):
        return SQL(
            """
            SELECT 'psa.charge', charge.id, client.commercial_partner_id, 0, charge.approval_state = 'approved',
                   COALESCE(charge.is_billable, FALSE), CASE WHEN charge.is_billable THEN charge.amount ELSE 0 END,
                   charge.currency_id
              FROM psa_charge charge
              LEFT JOIN res_partner client ON client.id = charge.client_id
             WHERE charge.company_id = %(company)s AND charge.date BETWEEN %(start)s AND %(end)s AND %(clients)s
            """,
            clients=self._of_clients(SQL("client.commercial_partner_id")),
            **self._period(),
        )

    def _expense_facts(self):
        # One that changed after it was invoiced stands as it was; what changed is a fact of its own.
        return SQL(
            """
            SELECT 'hr.expense', expense.id, client.commercial_partner_id, 0,
                   expense.state IN %(approved)s OR EXISTS (
                       SELECT 1 FROM psa_expense_delta delta WHERE delta.expense_id = expense.id),
                   TRUE, NULL, NULL::integer
              FROM hr_expense expense
              JOIN res_partner client ON client.id = expense.psa_client_id
             WHERE expense.company_id = %(company)s AND expense.date BETWEEN %(start)s AND %(end)s AND %(clients)s
               AND (expense.psa_is_rebilled AND expense.state <> 'refused' OR EXISTS (
                       SELECT 1 FROM psa_expense_delta delta WHERE delta.expense_id = expense.id))
            """,
            clients=self._of_clients(SQL("client.commercial_partner_id")),
            approved=APPROVED_STATES,
            **self._period(),
        )

    def _expense_delta_facts(self):
        return SQL(
            """
            SELECT 'psa.expense.delta', delta.id, client.commercial_partner_id, 0, TRUE, TRUE, NULL, NULL::integer
              FROM psa_expense_delta delta
              JOIN hr_expense expense ON expense.id = delta.expense_id
              JOIN res_partner client ON client.id = expense.psa_client_id
             WHERE expense.company_id = %(company)s AND expense.date BETWEEN %(start)s AND %(end)s AND %(clients)s
            """,
            clients=self._of_clients(SQL("client.commercial_partner_id")),
            **self._period(),
        )

    def _fetch_facts(self, query):
        for model, source_id, client_id, seconds, approved, billable, price, currency_id in self.env.execute_query(query):
            yield (
                model, source_id, client_id, seconds, approved, billable,
                None if price is None else to_decimal(price), currency_id,
            )  # fmt: skip

    def _fetch_rows(self):
        found = self.env.execute_query(
            SQL(
                """
                SELECT id, source_model, source_id, client_id, state, currency_id, COALESCE(worked_seconds, 0),
                       COALESCE(seconds, 0), COALESCE(drawn_seconds, 0), amount, value, drawn_amount, move_line_id,
                       COALESCE(is_adjusted, FALSE), derivation->'value', derivation->'rate'->>'result', derivation->'part',
                       derivation->'time'->>'used', derivation->'corrects'
                  FROM psa_billing_item
                 WHERE company_id = %(company)s AND date BETWEEN %(start)s AND %(end)s AND %(clients)s
                """,
                clients=self._of_clients(SQL("client_id")),
                **self._period(),
            )
        )
        return [
            Row(
                *head,
                amount=to_decimal(amount),
                value=to_decimal(value),
                drawn_amount=to_decimal(drawn),
                line_id=line_id,
                is_adjusted=is_adjusted,
                **_basis(head[1], head[4], is_adjusted, *agreed),
            )
            for *head, amount, value, drawn, line_id, is_adjusted, value_told, rate_told, part, used, corrects in found
            for agreed in ((value_told, rate_told, part, used, corrects),)
        ]

    def _fetch_lines(self, rows):
        """Return the invoice lines of the rows as the books have them, with all the rows each of them charges.

        A line that is in the books no more charges nothing.
        """
        line_ids = {row.line_id for row in rows if row.line_id}
        if not line_ids:
            return []
        found = self.env.execute_query(
            SQL(
                """
                SELECT line.id, CASE WHEN move.move_type = 'out_refund' THEN -line.price_subtotal ELSE line.price_subtotal END,
                       ARRAY_AGG(item.id ORDER BY item.id), SUM(item.amount), line.currency_id
                  FROM account_move_line line
                  JOIN account_move move ON move.id = line.move_id
                  JOIN psa_billing_item_charged charged ON charged.move_line_id = line.id
                 CROSS JOIN LATERAL unnest(charged.item_ids) AS row_id
                  JOIN psa_billing_item item ON item.id = row_id AND item.move_line_id = line.id
                 WHERE line.id IN %s
                 GROUP BY line.id, move.move_type
                """,
                tuple(line_ids),
            )
        )
        lines = [
            Line(line_id, to_decimal(amount), tuple(row_ids), to_decimal(rows_amount), currency_id)
            for line_id, amount, row_ids, rows_amount, currency_id in found
        ]
        lost = defaultdict(list)
        present = {line.id for line in lines}
        for row in rows:
            if row.line_id and row.line_id not in present:
                lost[row.line_id].append(row)
        return lines + [
            Line(line_id, ZERO, tuple(row.id for row in own), sum((row.amount for row in own), ZERO), own[0].currency_id)
            for line_id, own in lost.items()
        ]

    def _period(self):
        return {"company": self.company_id.id, "start": self.date_from, "end": self.date_to}

    def _of_clients(self, column):
        if not self.client_ids:
            return SQL("TRUE")
        return SQL("%s IN %s", column, tuple(self.client_ids.commercial_partner_id.ids))


def _basis(model, state, is_adjusted, value, rate, part, used, corrects):
    """Return how the worth of a row of time can be reckoned again, from what its derivation says was agreed."""
    if model != TIME_MODEL or is_adjusted or state in ("error", "non_billable"):
        return {}
    if corrects:
        worth = corrects["amount"] if corrects.get("value") is None else corrects["value"]
        return {
            "basis": TAKEN_BACK,
            "corrects": (Decimal(worth or 0), corrects["seconds"], corrects["taken"]),
        }
    if value:
        basis = {"rate": Decimal(value["hourly_rate"]), "basis": DRAWN if value["by"] == "hour_value" else SPAN}
        if part and used:
            basis["span"] = (part["from"], part["to"], int(used))
        return basis
    if rate is not None:
        return {"basis": TOGETHER, "rate": Decimal(rate)}
    return {"basis": WORTHLESS} if state == "covered" else {}
