from datetime import timedelta

from odoo import fields, models
from odoo.fields import Command

from ..item_fields import OPEN_STATES


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _psa_move_obstacles(self, company):
        return [
            *super()._psa_move_obstacles(company),
            *self._psa_move_obstacles_of(
                "psa.work.timer",
                "client_id",
                [],
                self.env._("%(client)s has %(count)s timers on its tickets or tasks. Stop or discard them."),
            ),
            *self._psa_move_obstacles_of(
                "account.analytic.line",
                "partner_id.commercial_partner_id",
                [("psa_approval_state", "in", ("draft", "submitted"))],
                self.env._(
                    "%(client)s has %(count)s time entries that are not approved. Approve or delete them."
                ),
            ),
            *self._psa_move_obstacles_of(
                "psa.billing.item",
                "client_id",
                [("state", "in", OPEN_STATES)],
                self.env._(
                    "%(client)s has %(count)s ledger rows to invoice. Invoice them or write them off."
                ),
            ),
        ]

    def _psa_move_history(self, company, responsible):
        """Move the contracts. One under which work was billed ends here and goes on as a new one there."""
        result = super()._psa_move_history(company, responsible)
        contracts = (
            self.env["psa.contract"]
            .sudo()
            .with_context(active_test=False)
            .search([("client_id", "in", self.ids), ("company_id", "!=", company.id)])
        )
        standing = contracts.filtered(lambda contract: contract.state != "ended")
        terms = self._psa_move_terms(standing.version_ids, company)
        today = fields.Date.context_today(self)
        for contract in standing:
            if contract._psa_has_items():
                moved = contract.copy(
                    {
                        "name": contract.name,
                        "company_id": company.id,
                        "date_start": max(contract.date_start, today + timedelta(days=1)),
                        "user_id": responsible.id,
                        "currency_id": contract.currency_id.id,
                        "rate_ids": [Command.create(vals) for vals in contract.rate_ids._psa_moved_vals(terms)],
                        "coverage_ids": [Command.create(vals) for vals in contract.coverage_ids._psa_moved_vals(terms)],
                        "component_ids": [Command.create(vals) for vals in contract.component_ids._psa_moved_vals(company)],
                    }
                )
                if contract.date_end and contract.date_end < moved.date_start:
                    moved.date_end = False
                contract.action_end()
                moved.state = "active"
                continue
            contract.write(
                {
                    "company_id": company.id,
                    **(
                        {"user_id": responsible.id}
                        if contract.user_id and contract.user_id not in company.user_ids
                        else {}
                    ),
                }
            )
            contract.version_ids.rate_ids._psa_replace_terms(terms)
            contract.version_ids.coverage_ids._psa_replace_terms(terms)
        return result

    def _psa_move_terms(self, versions, company):
        """Return ``{role or work type of a former company: that of the same name in the new one}``; make the missing ones."""
        terms = {}
        lines, rules = versions.rate_ids, versions.coverage_ids
        for used in (lines.role_id | rules.role_ids, lines.work_type_id | rules.work_type_ids):
            foreign = used.filtered(lambda term: term.company_id and term.company_id != company)
            known = {
                term.name: term
                for term in used.sudo().search([("company_id", "in", (company.id, False))])
            }
            for term in foreign:
                terms[term] = known.get(term.name) or term.copy({"company_id": company.id})
        return terms
