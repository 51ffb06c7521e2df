from decimal import Decimal

from odoo import api, models
from odoo.tools.misc import format_date

from ..core import ledger, rating, terms
from ..core import timer as timer_core
from ..core.derivation import said
from ..tools import to_decimal
from .psa_billing_item import TIME_MODEL


class PsaBillingItem(models.Model):
    """From the rows of the rating core to the values of the table, and back."""

    _inherit = "psa.billing.item"

    @api.model
    def _prepare_vals_list(self, case):
        """Return the values of all rows of a :class:`Case`, in a constant number of queries."""
        by_source = {}
        for row in case.rows:
            by_source.setdefault((row.source_model, row.source_id), []).append(row)
        records = {
            (of_model._name, record.id): record for of_model in (case.lines, *case.sources.values()) for record in of_model
        }
        facts = {}
        for fact in case.facts:
            if isinstance(fact, terms.PriceFact):
                facts[fact.source_model, fact.source_id, fact.part] = fact
                facts.setdefault((fact.source_model, fact.source_id), fact)  # for what a retainer pays
        tools = self._values_tools(case)
        vals_list = []
        for key, rows in by_source.items():
            record = records[key]
            if key[0] == TIME_MODEL:
                vals_list += self._prepare_time_vals_list(record, rows, tools)
                continue
            priced = [
                self._prepare_priced_vals(record, row, facts.get((*key, row.part)) or facts[key], tools) for row in rows
            ]
            self._share_cost(priced)
            vals_list += priced
        for vals in vals_list:
            vals["is_below_cost"] = self._is_below_cost(vals, tools)
        return vals_list

    @api.model
    def _values_tools(self, case):
        """Return what is needed for each row and looked up once."""
        return {
            "digits": self.env["decimal.precision"].precision_get("Product Unit"),
            "uom": {
                "hour": self.env.ref("uom.product_uom_hour").id,
                "minute": self.env.ref("uom.product_uom_minute").id,
                "second": self.env.ref("psa_billing.uom_second").id,
            },
            "hidden_projects": case.lines.company_id.psa_service_project_id,
            "days": {},
            "conversions": {},
        }

    @api.model
    def _prepare_time_vals_list(self, line, rows, tools):
        """Return the values of the rows of one time entry."""
        company = line.company_id
        ticket, project = line.psa_ticket_id, line.project_id
        # An entry costs what its hours cost; each row has its part of that.
        if len(rows) == 1:
            costs = [-line.amount]
        else:
            costs = ledger.shares(
                -to_decimal(line.amount), [abs(row.worked_seconds) for row in rows], to_decimal(company.currency_id.rounding)
            )
        common = {
            "kind": "correction" if line.psa_corrects_id else "time",
            "company_id": company.id,
            "client_id": line.partner_id.commercial_partner_id.id,
            "ticket_id": ticket.id,
            "project_id": project.id if project not in tools["hidden_projects"] else False,
            "user_id": line.user_id.id,
            "employee_id": line.employee_id.id,
            "work_type_id": line.psa_work_type_id.id,
            "role_id": line.psa_role_id.id,
            "date": line.date,
        }
        vals_list = []
        for row, cost in zip(rows, costs, strict=True):
            quantity, unit = rating.quantity_of(abs(row.seconds), tools["digits"])
            sign = -1 if row.seconds < 0 else 1
            seconds_each = {"hour": terms.SECONDS_PER_HOUR, "minute": terms.SECONDS_PER_MINUTE, "second": 1}[unit]
            hourly_rate = row.price_unit or Decimal(0)
            vals_list.append(
                {
                    **common,
                    **self._prepare_row_vals(row),
                    "name": self._prepare_text(line, row, tools),
                    "quantity": float(sign * quantity),
                    "uom_id": tools["uom"][unit],
                    "hourly_rate": float(hourly_rate),
                    "price_unit": float(hourly_rate * seconds_each / terms.SECONDS_PER_HOUR),
                    "cost": float(cost),
                }
            )
        return vals_list

    @api.model
    def _prepare_priced_vals(self, record, row, fact, tools):
        """Return the values of a row of something that has a price of its own."""
        vals = {
            "kind": record._psa_item_kind,
            "company_id": fact.company_id,
            "client_id": fact.client_id or False,
            "date": fact.date,
            **self._prepare_row_vals(row),
            "derivation": self._plain_derivation(row.derivation),
            "quantity": float(fact.quantity if row.quantity is None else row.quantity),
            "price_unit": float(row.price_unit or 0),
            "hourly_rate": 0.0,
            "cost": 0.0,
            **record._psa_item_vals(row),
        }
        if not vals.get("uom_id"):
            vals["uom_id"] = self.env["product.product"].browse(row.product_id).uom_id.id if row.product_id else False
        return vals

    @api.model
    def _share_cost(self, vals_list):
        """Give each row of one record its part of what the record costs: a retainer may have paid some of it."""
        if len(vals_list) < 2:
            return
        rounding = self.env["res.company"].browse(vals_list[0]["company_id"]).currency_id.rounding
        weights = [abs(to_decimal(vals["value"])) for vals in vals_list]
        costs = ledger.shares(to_decimal(vals_list[0]["cost"]), weights, to_decimal(rounding))
        for vals, cost in zip(vals_list, costs, strict=True):
            vals["cost"] = float(cost)

    @api.model
    def _prepare_row_vals(self, row):
        """Return what a row of the core says, as values."""
        draw = row.draw
        prepaid_id = draw.pool_id if draw and row.funding != terms.BY_INCLUDED else False
        component_id, period_from = ledger.included_of(row.part)
        if row.funding in (terms.BY_FIXED_PRICE, terms.BY_TICKET_PRICE):
            component_id = row.derivation.get("flat", {}).get("terms_id") or component_id
        vals = {
            "source_model": row.source_model,
            "source_id": row.source_id,
            "part": row.part,
            "state": row.state,
            "funding": row.funding,
            "error": row.error or False,
            "worked_seconds": row.worked_seconds,
            "seconds": row.seconds,
            "contract_id": row.contract_id or False,
            "version_id": row.version_id or False,
            "component_id": component_id,
            "period_from": period_from,
            "prepaid_id": prepaid_id,
            "drawn_seconds": draw.amount if draw and draw.pool_kind != terms.BY_RETAINER else 0,
            "drawn_amount": float(draw.amount) if draw and draw.pool_kind == terms.BY_RETAINER else 0.0,
            "currency_id": row.currency_id,
            "product_id": row.product_id or False,
            "amount": float(row.amount or 0),
            "value": float(row.value or 0),
            "derivation": said(row.derivation),
        }
        if not component_id:
            # A source may know what it belongs to; rating does not.
            del vals["component_id"]
            if prepaid_id:
                vals["component_id"] = self.env["psa.contract.prepaid"].browse(prepaid_id).component_id.id
        if not period_from:
            del vals["period_from"]
        return vals

    def _psa_as_row(self):
        """Return this row as the rating core knows it."""
        self.ensure_one()
        is_time = self.source_model == TIME_MODEL
        why = self.derivation or {}
        # What could not be priced has no price, which is not the same as a price of zero.
        told = (why.get("corrects") or why).get("value")
        has_value = self.state != "error" and (self.state != "covered" or self.funding == terms.BY_RETAINER or told is not None)
        return terms.LedgerRow(
            source_model=self.source_model,
            source_id=self.source_id,
            part=self.part,
            state=self.state,
            funding=self.funding,
            worked_seconds=self.worked_seconds,
            seconds=self.seconds,
            contract_id=self.contract_id.id or None,
            version_id=self.version_id.id or None,
            currency_id=self.currency_id.id,
            product_id=self.product_id.id or None,
            quantity=None if is_time else to_decimal(self.quantity),
            price_unit=None if self.state == "error" else to_decimal(self.hourly_rate if is_time else self.price_unit),
            amount=None if self.state == "error" else to_decimal(self.amount),
            value=to_decimal(self.value) if has_value else None,
            draw=self._psa_draw(),
            error=self.error or None,
            derivation=why,
        )

    def _psa_draw(self):
        """Return what the row takes from prepaid hours, included hours or a retainer; nothing if it takes nothing."""
        self.ensure_one()
        if self.funding == terms.BY_INCLUDED:
            pool_id = ledger.included_pool_id(self.component_id.id, self.period_from)
            return terms.Draw(self.funding, pool_id, self.drawn_seconds)
        if self.funding == terms.BY_BLOCK:
            return terms.Draw(self.funding, self.prepaid_id.id, self.drawn_seconds)
        if self.funding == terms.BY_RETAINER:
            return terms.Draw(self.funding, self.prepaid_id.id, to_decimal(self.drawn_amount))
        return None

    @api.model
    def _is_below_cost(self, vals, tools):
        """Say whether a priced row is worth less than it costs."""
        if vals["state"] not in ("pending", "covered") or not vals.get("cost") or vals["cost"] < 0:
            return False
        company = self.env["res.company"].browse(vals["company_id"])
        key = (vals["currency_id"], company.id, vals["date"])
        if key not in tools["conversions"]:
            currency = self.env["res.currency"].browse(vals["currency_id"])
            tools["conversions"][key] = self.env["res.currency"]._get_conversion_rate(
                currency, company.currency_id, company, vals["date"]
            )
        worth = vals["value"] or vals["amount"]
        return company.currency_id.compare_amounts(worth * tools["conversions"][key], vals["cost"]) < 0

    @api.model
    def _prepare_text(self, line, row, tools):
        """Return what the client reads on the invoice, in his language."""
        lang = line.partner_id.lang or self.env.lang
        ticket = line.psa_ticket_id
        day = (line.date, lang)
        if day not in tools["days"]:
            tools["days"][day] = format_date(self.env, line.date, lang_code=lang)
        if ticket:
            about = f"{ticket.number} {ticket.name}"
        else:
            about = line.task_id.name or (line.project_id.name if line.project_id not in tools["hidden_projects"] else None)
        head = " · ".join(filter(None, [tools["days"][day], line.user_id.name or line.employee_id.name, about]))
        note = line.psa_invoice_text or (line.name if line.name != "/" else "")
        seconds = abs(row.seconds)
        hours = timer_core.format_minutes(round(seconds / terms.SECONDS_PER_MINUTE))
        if row.seconds < 0:
            hours = f"−{hours}"
        return "\n".join(filter(None, [head, f"{note} ({hours})" if note else hours]))
