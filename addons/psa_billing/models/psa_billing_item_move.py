from dataclasses import replace

from odoo import Command, models
from odoo.exceptions import UserError

from .psa_billing_item import TIME_MODEL

MOVABLE = ("error", "pending", "approved", "covered", "written_off")


class PsaBillingItem(models.Model):
    """Moving rows to another contract of the client: the entries behind them name it, and everything open is priced again."""

    _inherit = "psa.billing.item"

    def _check_movable(self, contract):
        """Refuse what cannot fall under this contract, and what is settled already."""
        self._check_billing()
        if len(self.client_id) != 1 or len(self.company_id) != 1:
            raise UserError(self.env._("Move the rows of one client at a time: a contract is one client's."))
        if contract.client_id != self.client_id or contract.company_id != self.company_id:
            raise UserError(
                self.env._("%(contract)s is not a contract of %(client)s.", contract=contract.display_name, client=self.client_id.name)
            )
        contract.check_access("read")
        if contract.state == "draft":
            raise UserError(self.env._("%s is not in force: activate it first.", contract.display_name))
        for model, of_model in self.grouped("source_model").items():
            if model != TIME_MODEL:
                self.env[model]._psa_check_movable()
                foreign = of_model.filtered(lambda item: item.currency_id != contract.currency_id)
                if foreign:
                    raise UserError(
                        self.env._(
                            "“%(row)s” has a price in %(currency)s, and %(contract)s is in %(other)s. Rows with a price of their own "
                            "move to contracts in their currency only.",
                            row=foreign[0].name.split("\n")[0], currency=foreign[0].currency_id.name,
                            contract=contract.display_name, other=contract.currency_id.name,
                        )
                    )
        stuck = self.filtered(lambda item: item.state not in MOVABLE or item.settled_on)
        if stuck:
            raise UserError(
                self.env._(
                    "“%s” is invoiced, settled or not billable. Only rows that are still open can be moved.",
                    stuck[0].name.split("\n")[0],
                )
            )

    def _siblings(self):
        """Return these rows and the others of the same entries: an entry falls under one contract as a whole, with its corrections."""
        siblings = self.browse()
        for model, of_model in self.grouped("source_model").items():
            ids = of_model.mapped("source_id")
            if model == TIME_MODEL:
                ids += self.env[TIME_MODEL].sudo().browse(ids).exists()._psa_with_corrections().ids
            elif model == "psa.charge":
                charges = self.env[model].sudo().browse(ids).exists()
                charges |= charges.corrects_id
                ids += (charges | charges.correction_ids).ids
            siblings |= self.search(
                [("source_model", "=", model), ("source_id", "in", ids), ("state", "!=", "non_billable")]
            )
        return siblings | self

    def _preview_move(self, contract):
        """Price the rows as if they were under this contract, without writing anything.

        :return: list of dictionaries ``source_model``, ``source_id``, ``name``, ``is_moved``, ``old_amount``, ``new_amount``,
            ``old_seconds``, ``new_seconds`` (drawn from prepaid and included hours), ``error``; the moved entries first, then
            those of the client's other entries that change with them
        """
        self._check_movable(contract)
        chosen = self.sudo()._siblings()
        chosen._check_movable(contract)
        keys = {(item.source_model, item.source_id) for item in chosen}
        case = chosen._psa_price(
            chosen.client_id, chosen.company_id, thawed=chosen, lock=False,
            change=lambda fact: replace(fact, contract_id=contract.id) if (fact.source_model, fact.source_id) in keys else fact,
        )
        return self._compare(case, keys)

    def _compare(self, case, keys):
        sums = {}
        for item in case.items:
            line = sums.setdefault((item.source_model, item.source_id), {
                "name": item.name.split("\n")[0], "old_amount": 0.0, "new_amount": 0.0, "old_seconds": 0, "new_seconds": 0, "error": False,
            })
            line["old_amount"] += item.amount
            line["old_seconds"] += item.drawn_seconds
        for row in case.rows:
            line = sums[row.source_model, row.source_id]
            line["new_amount"] += float(row.amount or 0)
            line["new_seconds"] += row.draw.amount if row.draw and row.draw.pool_kind != "retainer" else 0
            line["error"] = line["error"] or row.error
            line["currency_id"] = row.currency_id
        return [
            {"source_model": key[0], "source_id": key[1], "is_moved": key in keys, **line}
            for key, line in sorted(sums.items(), key=lambda entry: (entry[0] not in keys, entry[0]))
            if key in keys or (line["old_amount"], line["old_seconds"]) != (line["new_amount"], line["new_seconds"])
        ]

    def _psa_open_again(self):
        """Make released and adjusted rows open ones again."""
        self.filtered(lambda item: item._is_frozen())._write_row(
            {"state": "pending", "is_adjusted": False, "write_off_reason": False, "run_line_ids": [Command.clear()]}
        )

    def _move_to(self, contract, reason):
        """Put the rows, and with them their whole entries, under another contract, and price them again."""
        self._check_movable(contract)
        items = self.sudo()._siblings()
        items._psa_take_turn(items.client_id, items.company_id)
        items._check_movable(contract)
        items = items._locked(MOVABLE)
        for old, of_old in items.grouped("contract_id").items():
            of_old._log(
                "move", old=old.display_name or self.env._("No contract"), new=contract.display_name, reason=reason, uid=self.env.uid
            )
        items._psa_open_again()
        for model, of_model in items.grouped("source_model").items():
            records = self.env[model].sudo().browse(of_model.mapped("source_id"))
            if model == TIME_MODEL:
                # Also those that are not approved yet.
                records._psa_with_corrections()._psa_write_approval({"psa_contract_id": contract.id})
            else:
                records._psa_set_contract(contract)
        self._psa_rate(items.client_id, items.company_id)
