from datetime import timezone

from odoo import api, models

from ..core import rating, terms
from ..tools import hours_to_minutes, to_decimal
from .psa_billing_item import TIME_MODEL

UTC = timezone.utc

READ = (
    "unit_amount", "amount", "date", "name", "company_id", "partner_id", "user_id", "employee_id", "project_id", "task_id",
    "psa_ticket_id", "psa_work_type_id", "psa_role_id", "psa_contract_id", "psa_is_billable", "psa_billable_minutes",
    "psa_billable_seconds", "psa_invoice_text", "psa_start", "psa_corrects_id",
)


class PsaBillingItem(models.Model):
    """Facts: approved time and priced records, as the rating core reads them."""

    _inherit = "psa.billing.item"

    @api.model
    def _psa_time_facts(self, lines):
        """Return time entries as facts, in a constant number of queries."""
        lines = lines.sudo()
        lines.fetch(READ)
        lines.psa_corrects_id.fetch(("psa_start",))
        tickets = lines.psa_ticket_id
        tickets.fetch(("partner_id", "asset_ids"))
        known = {
            "work_type": {work_type: work_type._psa_fact() for work_type in lines.psa_work_type_id},
            "role": {
                (role, company): role._psa_fact(company)
                for company, of_company in lines.grouped("company_id").items() for role in of_company.psa_role_id
            },
            "client": {partner: partner.commercial_partner_id.id or None for partner in lines.partner_id},
            "currency": {company: self._psa_currency_fact(company.currency_id) for company in lines.company_id},
            "place": {
                ticket: (ticket.partner_id.psa_site_id.id or None, frozenset(ticket.asset_ids.ids)) for ticket in tickets
            },
        }
        return [self._prepare_time_fact(line, known) for line in lines]

    @api.model
    def _prepare_time_fact(self, line, known):
        work_type = known["work_type"].get(line.psa_work_type_id)
        site_id, asset_ids = known["place"].get(line.psa_ticket_id, (None, frozenset()))
        worked = round(line.unit_amount * terms.SECONDS_PER_HOUR)
        # A correction draws where the entry it corrects does.
        start = (line.psa_corrects_id or line).psa_start
        return terms.TimeFact(
            source_model=TIME_MODEL,
            source_id=line.id,
            company_id=line.company_id.id,
            company_currency=known["currency"][line.company_id],
            date=line.date,
            worked_seconds=worked,
            billable_seconds=self._psa_agreed_seconds(line, work_type),
            is_billable=line.psa_is_billable,
            start=start.replace(tzinfo=UTC) if start else None,
            client_id=known["client"].get(line.partner_id),
            contract_id=line.psa_contract_id.id or None,
            work_type=work_type,
            role=known["role"].get((line.psa_role_id, line.company_id)),
            site_id=site_id,
            asset_ids=asset_ids,
            ticket_id=line.psa_ticket_id.id or None,
            project_id=line.project_id.id or None,
            is_delta=bool(line.psa_corrects_id),
            corrects_id=line.psa_corrects_id.id or None,
        )

    @api.model
    def _psa_agreed_seconds(self, line, work_type):
        """Return what people agreed to charge, or nothing where they left it to the rule of the work type or contract."""
        minutes = line.psa_billable_minutes
        if line.psa_corrects_id:
            return line._psa_entered_seconds()
        worked = hours_to_minutes(line.unit_amount)
        rounding = (work_type.minimum_minutes, work_type.increment_minutes) if work_type else (0, 0)
        if worked >= 0 and minutes == rating.billable_minutes(worked, *rounding):
            return None
        return minutes * terms.SECONDS_PER_MINUTE

    @api.model
    def _psa_price_facts_of(self, sources):
        """Return the facts of records of models with ``psa.billable.mixin``."""
        return [fact for records in sources for fact in records.sudo()._psa_price_facts()]

    @api.model
    def _psa_currency_fact(self, currency):
        return terms.Currency(currency.id, to_decimal(currency.rounding))

    @api.model
    def _psa_book(self, clients, companies, facts):
        """Return the terms and pools that these facts may fall under."""
        contracts = self.env["psa.contract"]._psa_contracts_of(clients, companies)
        days = [fact.date for fact in facts]
        if not contracts or not days:
            return terms.Book()
        return terms.Book(contracts._psa_terms(facts), contracts._psa_pools(min(days), max(days)))
