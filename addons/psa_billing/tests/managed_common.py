from unittest.mock import patch

from odoo import Command, fields

from .common import PsaBillingCommon


class ManagedContractCommon(PsaBillingCommon):
    """A client with one contract, "Managed", that is to be given components; nights run without committing."""

    usual_steps = (("2026-01-01", 10, 30),)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contract.action_end()
        cls.startClassPatcher(patch.object(type(cls.env["ir.cron"]), "_commit_progress", return_value=60.0))
        cls.managed = cls._new_contract(
            cls.client, [(cls.role_engineer, False, 100.0)], activate=False, name="Managed", date_start="2026-01-01"
        )

    @classmethod
    def _add(cls, kind, contract=None, steps=None, **values):
        return cls.env["psa.contract.component"].create(
            {
                "contract_id": (contract or cls.managed).id,
                "kind": kind,
                "name": f"Some {kind}",
                "step_ids": [
                    Command.create({"date_from": day, "quantity": quantity, "price_unit": price})
                    for day, quantity, price in (cls.usual_steps if steps is None else steps)
                ],
                **values,
            }
        )

    def _bill(self, until, contract=None):
        contract = contract or self.managed
        if contract.state == "draft":
            contract.action_activate()
        dues = contract._psa_bill_due(fields.Date.to_date(until))
        self.assertFalse(contract.billing_error)
        return dues.sorted(lambda due: (due.date, due.key))

    def _charged(self):
        """Return what fell due under the contract in all."""
        return sum(self.managed.due_ids.mapped("amount"))

    def _rows(self, dues):
        return self.env["psa.billing.item"].search(dues._psa_items_domain(dues.ids))

    def _freeze(self, dues):
        rows = self._rows(dues)
        rows.with_user(self.billing).action_approve()
        self.assertEqual(set(rows.mapped("state")), {"approved"})
        return rows
