from odoo import models
from odoo.tools.misc import format_date

from ..core import terms
from ..tools import to_decimal


class PsaCharge(models.Model):
    """Approved charges are facts of the billing ledger, each once; so is every correction of one."""

    _name = "psa.charge"
    _inherit = ["psa.charge", "psa.billable.mixin"]

    _psa_item_kind = "charge"

    def _psa_price_facts(self):
        return [
            terms.PriceFact(
                source_model=self._name,
                source_id=charge.id,
                part="price",
                company_id=charge.company_id.id,
                currency=terms.Currency(charge.currency_id.id, to_decimal(charge.currency_id.rounding)),
                date=charge.date,
                quantity=to_decimal(charge.quantity),
                price_unit=None if charge.is_price_missing else to_decimal(charge.price_unit),
                product_id=charge.product_id.id or None,
                client_id=charge.client_id.commercial_partner_id.id or None,
                contract_id=charge.contract_id.id or None,
                is_billable=charge.is_billable,
                derivation=charge._psa_derivation(),
                corrects_id=charge.corrects_id.id or None,
            )
            for charge in self.sudo()
            if charge.approval_state == "approved"
        ]

    def _psa_set_contract(self, contract):
        # The price was approved: it stays, whatever would be proposed today.
        with self.env.protecting([field for field in self._fields.values() if field.store and field.compute], self):
            self._psa_write_approval({"contract_id": contract.id})

    def _psa_charged(self):
        """Return ``{charge: (quantity, unit price)}`` of a charge and its corrections, as the review has left them."""
        self.ensure_one()
        lines = self | self.correction_ids
        items = lines.sudo()._psa_items().grouped("source_id")
        charged = {}
        for line in lines:
            of_line = items.get(line._origin.id, self.env["psa.billing.item"])
            said = line
            if len(of_line) == 1 and of_line.is_adjusted:
                said = of_line
            charged[line] = to_decimal(said.quantity), to_decimal(said.price_unit)
            if len(of_line) > 1 and any(of_line.mapped("is_adjusted")):
                # A retainer paid a part, which stays as it is: what was set by hand is the price of the whole.
                worth = sum((to_decimal(item.value) for item in of_line), to_decimal(0))
                charged[line] = to_decimal(line.quantity), to_decimal(float(worth / to_decimal(line.quantity)))
        return charged

    def _psa_derivation(self):
        # Without cost and mark-up: more people read the ledger than know what things cost.
        kind = self.billable_type_id
        return {
            "charge": {
                "type": kind.name,
                "rule": "by_hand" if self.is_price_manual else kind.price_rule,
                "corrects": self.corrects_id.id or None,
                "reason": self.correction_reason or None,
            }
        }

    def _psa_item_vals(self, row):
        self.ensure_one()
        charge = self.sudo()
        lang = charge.client_id.lang or self.env.lang
        head = " · ".join(
            filter(
                None,
                [
                    format_date(self.env, charge.date, lang_code=lang),
                    f"{charge.ticket_id.number} {charge.ticket_id.name}" if charge.ticket_id else charge.project_id.name,
                ],
            )
        )
        return {
            "name": f"{head}\n{charge.invoice_text or charge.name}",
            "kind": "correction" if charge.corrects_id else self._psa_item_kind,
            "ticket_id": charge.ticket_id.id,
            "project_id": charge.project_id.id,
            "user_id": charge.user_id.id,
            "cost": charge.cost_total,
            "uom_id": charge.uom_id.id,
            "billable_type_id": charge.billable_type_id.id,
        }
