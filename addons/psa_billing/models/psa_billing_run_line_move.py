from collections import defaultdict

from odoo import fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..core import invoice_lines
from ..core import timer as timer_core
from ..tools import to_decimal


class PsaBillingRunLine(models.Model):
    """What stands on an invoice: its head, its lines and their texts, in the client's language."""

    _inherit = "psa.billing.run.line"

    def _psa_query_rows(self):
        """Return the rows still on these lines that are to be charged, as the core reads them, and the ids of those covered.

        Time that goes on one line at one rate is added up by the database: an invoice may have thousands of entries. The rows
        are not locked: they are changed in this transaction, which PostgreSQL refuses if anybody changed them since it began.

        :return: ``({line id: [row]}, {line id: [id]})``
        """
        self.env["psa.billing.item"].flush_model()
        self.env["psa.billing.run.line"].flush_model()
        self.env["psa.contract"].flush_model(["line_grouping"])
        found = self.env.execute_query(
            SQL(
                """SELECT rel.line_id, item.client_id, item.company_id, item.currency_id, item.state = 'covered',
                          COALESCE(contract.line_grouping, %(by_entry)s), ARRAY_AGG(item.id), MIN(item.date), MAX(item.date),
                          SUM(item.amount), SUM(item.seconds), MIN(item.quantity), MIN(item.price_unit), item.product_id,
                          MIN(item.uom_id), item.kind = 'time', item.hourly_rate, item.contract_id, MIN(item.ticket_id),
                          MIN(item.work_type_id), MIN(item.role_id), MIN(item.source_model) FILTER (WHERE item.kind <> 'time'),
                          MIN(item.source_id)
                     FROM psa_billing_run_line_item_rel rel
                     JOIN psa_billing_item item ON item.id = rel.item_id
                     LEFT JOIN psa_contract contract ON contract.id = item.contract_id
                    WHERE rel.line_id = ANY(%(ids)s) AND item.is_held IS NOT TRUE
                      AND (item.state = 'approved' OR item.state = 'covered' AND item.settled_on IS NULL)
                    GROUP BY rel.line_id, item.client_id, item.company_id, item.currency_id, item.state = 'covered',
                          contract.line_grouping, item.product_id, item.kind = 'time', item.hourly_rate, item.contract_id,
                          CASE WHEN item.state <> 'covered' AND (item.kind <> 'time' OR contract.line_grouping = %(by_entry)s
                                    OR contract.id IS NULL) THEN item.id END,
                          CASE contract.line_grouping WHEN %(by_ticket)s THEN COALESCE(item.ticket_id, -item.id)
                               WHEN %(by_work_type)s THEN item.work_type_id WHEN %(by_role)s THEN item.role_id END""",
                ids=self.ids,
                by_entry=invoice_lines.BY_ENTRY,
                by_ticket=invoice_lines.BY_TICKET,
                by_work_type=invoice_lines.BY_WORK_TYPE,
                by_role=invoice_lines.BY_ROLE,
            )
        )
        # What has another client, currency or contract by now than when it was planned waits for the next run.
        places = {
            (line.id, line.client_id.id, line.company_id.id, line.currency_id.id): {*line.contract_ids.ids, None} for line in self
        }
        found = [row for row in found if row[17] in places.get(row[:4], ())]
        taxes = self._psa_own_taxes([(row[6][0], *row[21:]) for row in found if not row[4] and not row[15]])
        rows_of, covered_of = defaultdict(list), defaultdict(list)
        for (
            line_id, _client_id, _company_id, _currency_id, is_covered, grouping, ids, first_day, last_day, amount, seconds, quantity,
            price_unit, product_id, uom_id, is_time, hourly_rate, contract_id, ticket_id, work_type_id, role_id, *_source,
        ) in found:
            ids.sort()
            if is_covered:
                covered_of[line_id] += ids
                continue
            rows_of[line_id].append(
                invoice_lines.Row(
                    id=ids[0],
                    others=tuple(ids[1:]),
                    date=first_day,
                    last_date=last_day,
                    amount=to_decimal(amount),
                    quantity=to_decimal(quantity),
                    price_unit=to_decimal(price_unit),
                    product_id=product_id,
                    unit=uom_id,
                    is_time=is_time,
                    seconds=seconds or 0,
                    hourly_rate=to_decimal(hourly_rate) if is_time else None,
                    grouping=grouping,
                    contract_id=contract_id,
                    ticket_id=ticket_id,
                    work_type_id=work_type_id,
                    role_id=role_id,
                    apart=taxes.get(ids[0]),
                )
            )
        return rows_of, covered_of

    def _psa_own_taxes(self, sources):
        """Return the taxes that were chosen for a source itself, instead of its product: ``{row id: tax ids}``.

        Those of an expense are the taxes of the receipt: it is invoiced with the taxes of what is sold.

        :param sources: ``[(row id, source model, source id)]``
        """
        taxes = {}
        by_model = {}
        for row_id, model, source_id in sources:
            by_model.setdefault(model, []).append((row_id, source_id))
        for model, rows in by_model.items():
            if model != "hr.expense" and model in self.env and "tax_ids" in self.env[model]._fields:
                records = self.env[model].sudo().browse({source_id for _row_id, source_id in rows}).exists()
                own = {record.id: tuple(record.tax_ids.ids) for record in records if record.tax_ids}
                taxes.update((row_id, own[source_id]) for row_id, source_id in rows if source_id in own)
        return taxes

    def _psa_plan_lines(self, rows):
        """Return the lines of the core for these rows, in the order they stand on the invoice."""
        self.ensure_one()
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        lines = invoice_lines.make_lines(rows, to_decimal(self.currency_id.rounding), digits)
        if len({planned.contract_id for planned in lines}) > 1:
            order = {id_: number for number, id_ in enumerate(self.contract_ids.ids)}
            lines = sorted(lines, key=lambda planned: order.get(planned.contract_id, len(order)))
        return lines

    def _prepare_move_vals(self, lines, texts):
        """Return the values of the draft invoice.

        Payment terms and fiscal position are left to Odoo, which takes them from the partner.

        :param lines: of the core
        :param texts: of rows that have a line of their own, by row id
        """
        is_refund = self.amount < 0
        contracts = self.contract_ids
        vals_list = []
        contract_id = None
        has_sections = len({planned.contract_id for planned in lines}) > 1
        for planned in lines:
            name = texts[planned.rows[0].id] if len(planned.ids) == 1 else self._psa_merged_name(planned)
            if has_sections and (not vals_list or planned.contract_id != contract_id):
                contract_id = planned.contract_id
                vals_list.append(
                    {
                        "display_type": "line_section",
                        "name": contracts.browse(contract_id).display_name
                        if contract_id
                        else self.env._("Time and Materials"),
                    }
                )
            vals_list.append(self._prepare_move_line_vals(planned, name, is_refund))
        for sequence, vals in enumerate(vals_list, 1):
            vals["sequence"] = sequence
        po_numbers = dict.fromkeys(filter(None, contracts.mapped("po_number")))
        return {
            "move_type": "out_refund" if is_refund else "out_invoice",
            "company_id": self.company_id.id,
            "partner_id": self.client_id.address_get(["invoice"])["invoice"],
            "currency_id": self.currency_id.id,
            "invoice_date": self.run_id.invoice_date,
            "invoice_user_id": contracts[:1].user_id.id or self.run_id.user_id.id,
            "invoice_origin": ", ".join(contracts.mapped("display_name")) or self.env._("Time and Materials"),
            "ref": ", ".join(po_numbers) or False,
            "invoice_line_ids": [fields.Command.create(vals) for vals in vals_list],
        }

    def _prepare_move_line_vals(self, planned, name, is_refund=False):
        """Return the values of one invoice line; Odoo adds account and taxes from the product."""
        first = planned.rows[0]
        vals = {
            "name": name,
            "product_id": first.product_id,
            "product_uom_id": self._psa_unit(planned),
            "quantity": float(-planned.quantity if is_refund else planned.quantity),
            "price_unit": float(planned.price_unit),
        }
        if self.currency_id == self.company_id.currency_id:
            # What Odoo finds itself when it adds up taxes: it writes each line once more only where it finds something else.
            vals.update(amount_currency=float(-planned.amount), balance=float(-planned.amount))
        if first.apart:
            vals["tax_ids"] = [fields.Command.set(self._psa_map_taxes(first.apart).ids)]
        distribution = self.contract_ids.browse(planned.contract_id).analytic_distribution
        if distribution:
            vals["analytic_distribution"] = distribution
        return vals

    def _psa_map_taxes(self, tax_ids):
        """Return taxes as the client's fiscal position has them."""
        partner = self.client_id.browse(self.client_id.address_get(["invoice"])["invoice"])
        position = (
            self.env["account.fiscal.position"].with_company(self.company_id)._get_fiscal_position(partner)
        )
        return position.map_tax(self.env["account.tax"].browse(tax_ids))

    def _psa_unit(self, planned):
        if planned.unit == invoice_lines.OWN and planned.rows[0].unit:
            return planned.rows[0].unit
        return self.env["ir.model.data"]._xmlid_to_res_id(
            {
                invoice_lines.HOUR: "uom.product_uom_hour",
                invoice_lines.MINUTE: "uom.product_uom_minute",
            }.get(planned.unit, "uom.product_uom_unit"),
            raise_if_not_found=True,
        )

    def _psa_merged_name(self, planned):
        """Return the text of a line that charges several rows: what they have in common, when, and how long."""
        first = planned.rows[0]
        head = {
            invoice_lines.BY_TICKET: self._psa_ticket_name(first.ticket_id),
            invoice_lines.BY_WORK_TYPE: self.env["psa.work.type"].browse(first.work_type_id).name,
            invoice_lines.BY_ROLE: self.env["psa.role"].browse(first.role_id).name,
        }.get(first.grouping) or self.env["product.product"].browse(first.product_id).name or self.env._("Services")
        days = [format_date(self.env, day) for day in dict.fromkeys((first.date, planned.last_date))]
        details = [" – ".join(days)]
        if planned.seconds:
            details.append(timer_core.format_minutes(round(planned.seconds / invoice_lines.SECONDS_PER_MINUTE)))
        return f"{head}\n{' · '.join(details)}"

    def _psa_ticket_name(self, ticket_id):
        ticket = self.env["psa.ticket"].browse(ticket_id or [])
        return ticket and f"{ticket.number} {ticket.name}"
