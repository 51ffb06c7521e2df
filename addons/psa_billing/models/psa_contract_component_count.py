from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain


class PsaContractComponent(models.Model):
    """Quantities that are counted: a change is a step from the day it is found."""

    _inherit = "psa.contract.component"

    def _psa_count(self, today):
        """Count the client's assets or people, and note what has changed; return the components that changed."""
        counted = self.sudo().filtered(
            lambda component: component.count_source != "fixed"
            and component.kind in ("recurring", "included_hours")
            and component.contract_id.state in ("draft", "active")
            and not (component._psa_end() and component._psa_end() <= today)
        )
        changed = self.browse()
        numbers = counted._psa_numbers()
        for component in counted:
            if component._psa_take_count(numbers[component], today):
                changed |= component
        counted.counted_on = today
        return changed

    def _psa_numbers(self):
        """Return ``{component: number}``, in one query for all that count the same way."""
        numbers = dict.fromkeys(self, 0)
        for (source, _text), components in self.grouped(lambda c: (c.count_source, c.count_domain or "[]")).items():
            clients, companies = components.client_id, components.company_id
            if source == "assets":
                rows = self.env["psa.asset"].sudo()._read_group(
                    Domain("client_id", "in", clients.ids)
                    & Domain("company_id", "in", [*companies.ids, False])
                    & components[0]._psa_domain("count_domain", "psa.asset"),
                    ["client_id", "company_id"],
                    ["__count"],
                )
                counts = {}
                for client, company, count in rows:
                    for one in company or companies:
                        counts[client.id, one.id] = counts.get((client.id, one.id), 0) + count
            else:
                rows = self.env["res.partner"].sudo()._read_group(
                    Domain("commercial_partner_id", "in", clients.ids)
                    & Domain("is_company", "=", False)
                    & Domain("type", "=", "contact")
                    & Domain("active", "=", True),
                    ["commercial_partner_id"],
                    ["__count"],
                )
                counts = {(client.id, company.id): count for client, count in rows for company in companies}
            for component in components:
                numbers[component] = counts.get((component.client_id.id, component.company_id.id), 0)
        return numbers

    def _psa_take_count(self, number, today):
        """Note a number that was counted, from today on; tell whether it has changed."""
        self.ensure_one()
        step = self._psa_step_today()
        later = self.step_ids.filtered(lambda one: step and one.date_from > max(today, step.date_from))
        # Prices agreed for later are for as many as there are then.
        later.filtered(lambda one: one.quantity != number and not one._psa_frozen()).quantity = number
        if step.quantity == number:
            return False
        if not self.counted_on and not step._psa_frozen():
            step.write({"quantity": number, "origin": "count"})
            return True
        day = max(today, self._psa_first_day())
        same_day = self.step_ids.filtered(lambda one: one.date_from == day)
        if same_day and same_day._psa_frozen():
            day += timedelta(days=1)
            same_day = self.step_ids.filtered(lambda one: one.date_from == day)
        if same_day:
            same_day.write({"quantity": number, "origin": "index" if same_day.origin == "index" else "count"})
        else:
            self.env["psa.contract.component.step"].sudo().create(
                {
                    "component_id": self.id,
                    "date_from": day,
                    "quantity": number,
                    "price_unit": step.price_unit,
                    "origin": "count",
                    "note": self.env._("%(before)s before", before=f"{step.quantity:g}"),
                }
            )
        return True

    @api.model
    def _cron_count(self):
        """Count once a day, before anything falls due."""
        today = self.env["res.company"]._psa_last_today()
        contracts = self.env["psa.contract"].sudo().search(
            [
                ("state", "=", "active"),
                ("component_ids", "any", [("count_source", "!=", "fixed"), ("counted_on", "!=", today)]),
            ],
            order="id",
        )
        contracts._psa_in_batches(
            lambda batch: [some.component_ids._psa_count(day) for day, some in batch._psa_by_day()], 50
        )
