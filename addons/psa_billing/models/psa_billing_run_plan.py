from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import invoice_plan
from ..tools import to_decimal

# What is done as it comes is invoiced once its cycle is over; the rest was due on its date.
WORK_KINDS = ("time", "charge", "expense")


class PsaBillingRun(models.Model):
    """Planning: which released rows go on which invoice."""

    _inherit = "psa.billing.run"

    @api.model
    def _psa_plan(self, company, until, states=("approved",), clients=None, items=None, **values):
        """Plan a run for what is ready, and return it; empty if nothing is.

        The rows are marked, so that whoever plans at the same time waits, and then finds them taken: PostgreSQL refuses
        him, and Odoo begins anew.

        :param states: which rows count, of “approved” and “pending”; pending ones are released in the user's name
        :param clients: only theirs
        :param items: only these rows
        :param values: of the run
        """
        Item = self.env["psa.billing.item"]
        Item._check_billing()
        domain = self._psa_domain(company, until, states, clients, items)
        groups = self._psa_groups(domain, until, values.get("has_open_cycles", False))
        if not groups:
            return self
        if "pending" in states:
            found = Item.browse(id_ for group in groups for id_ in group.row_ids + group.covered_ids)
            pending = found._locked(("pending",))
            if pending:
                pending.action_approve()
                # Releasing may be refused by a row's own rules: what is released now is looked up again.
                return self._psa_plan(company, until, ("approved",), clients, found, **values)
        run = self.sudo().create(
            {
                **values,
                "name": self.env["ir.sequence"]
                .with_company(company)
                .sudo()
                .next_by_code("psa.billing.run"),
                "company_id": company.id,
                "user_id": self.env.uid,
                "date_until": until,
                "client_ids": [(6, 0, clients.ids if clients else [])],
            }
        )
        lines = self.env["psa.billing.run.line"].sudo().create(
            [run._prepare_line_vals(group) for group in groups]
        )
        Item._psa_take(
            {line.id: group.row_ids + group.covered_ids for line, group in zip(lines, groups, strict=True)}
        )
        return run.sudo(False)

    @api.model
    def _psa_preview(self, company, until, states, clients=None, items=None, **values):
        """Return ``(rows, invoices, {currency: amount})`` that a run would make; nothing is locked."""
        domain = self._psa_domain(company, until, states, clients, items)
        groups = self._psa_groups(domain, until, values.get("has_open_cycles", False))
        count, moves, totals = 0, 0, {}
        for group in groups:
            count += len(group.row_ids)
            if not group.row_ids or (group.amount < 0 and values.get("on_negative") != "refund"):
                continue
            moves += 1
            currency = self.env["res.currency"].browse(group.currency_id)
            totals[currency] = totals.get(currency, 0.0) + float(group.amount)
        return count, moves, totals

    @api.model
    def _psa_domain(self, company, until, states, clients=None, items=None):
        """Return the domain of the free rows a run may take, with the covered ones that are still to be settled."""
        domain = (
            Domain("company_id", "=", company.id)
            & Domain("date", "<=", until)
            & Domain("client_id", "!=", False)
            & Domain("is_held", "=", False)
            # Who may only read what a client owes does not bill him.
            & Domain("psa_can_write", "=", True)
            # By whoever it was planned.
            & Domain("run_line_ids", "not any!", [("state", "=", "planned")])
        )
        if clients:
            domain &= Domain("client_id", "in", clients.commercial_partner_id.ids)
        if items:
            domain &= Domain("id", "in", items.ids)
        unsettled = Domain("settled_on", "=", False) & Domain("contract_id", "!=", False)
        return domain & Domain("state", "in", (*states, "covered")) & (Domain("state", "!=", "covered") | unsettled)

    @api.model
    def _psa_groups(self, domain, until, open_cycles):
        """Return the invoices to be of the rows in the domain, as the core groups them."""
        rows = self._psa_rows(domain)
        contract_ids = {row.contract_id for row in rows if row.contract_id}
        contracts = self.env["psa.contract"].sudo().browse(contract_ids)._psa_invoice_terms()
        return invoice_plan.plan(rows, contracts, until, open_cycles)

    @api.model
    def _psa_rows(self, domain):
        """Return the rows the user may see in the domain as the core reads them, those of a day that are alike added up."""
        Item = self.env["psa.billing.item"]
        Item.flush_model()
        query = Item._search(domain)
        query.add_where(SQL("%s IN (SELECT id FROM psa_billing_item_open)", SQL.identifier(query.table, "id")))
        columns = [
            SQL.identifier(query.table, name)
            for name in ("client_id", "currency_id", "contract_id", "date")
        ]
        columns.append(
            SQL("%s NOT IN %s", SQL.identifier(query.table, "kind"), WORK_KINDS)
        )
        columns.append(SQL("%s = 'covered'", SQL.identifier(query.table, "state")))
        query.groupby = SQL(", ").join(columns)
        found = self.env.execute_query(
            query.select(
                SQL("ARRAY_AGG(%s)", SQL.identifier(query.table, "id")),
                SQL("SUM(%s)", SQL.identifier(query.table, "amount")),
                *columns,
            )
        )
        contracts = self.env["psa.contract"].sudo().browse({row[4] for row in found if row[4]})
        cycle_of = contracts._psa_cycles()
        return [
            invoice_plan.Row(
                id=first,
                others=tuple(others),
                client_id=client_id,
                currency_id=currency_id,
                date=day,
                amount=to_decimal(total),
                contract_id=contract_id,
                cycle=cycle_of(contract_id, day) if contract_id else None,
                waits_for_cycle=not is_due,
                is_covered=is_covered,
            )
            for (first, *others), total, client_id, currency_id, contract_id, day, is_due, is_covered in found
        ]

    def _prepare_line_vals(self, group):
        """Return the values of the line for an invoice to be."""
        return {
            "run_id": self.id,
            "company_id": self.company_id.id,
            "client_id": group.client_id,
            "contract_id": group.contract_ids[0] if len(group.contract_ids) == 1 else False,
            "contract_ids": [(6, 0, group.contract_ids)],
            "currency_id": group.currency_id,
            "group_key": group.key,
            "cycle_end": group.cycle_end,
            "item_count": len(group.row_ids),
            "covered_count": len(group.covered_ids),
            "amount": float(group.amount),
        }
