from dateutil.relativedelta import relativedelta
from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date, formatLang

from ..core import conservation
from ..core.terms import SECONDS_PER_HOUR
from ..tools import to_decimal

NOT_APPROVED_ACTIONS = {
    "account.analytic.line": "psa_billing.action_psa_time",
    "psa.charge": "psa_billing.action_psa_charge",
    "hr.expense": "psa_billing.action_psa_expense",
}
STANDING_STATES = {
    standing: [state for state, its in conservation.STANDING_OF_STATE.items() if its == standing]
    for standing in conservation.STANDINGS
}


class PsaConservation(models.TransientModel):
    """Nothing is lost: what was worked against what the ledger says of it, for a period and any clients.

    The figures are read anew each time, facts and ledger apart from each other (``psa_conservation_facts.py``); the
    comparison itself is ``core/conservation.py``.
    """

    _name = "psa.conservation"
    _inherit = "psa.wizard.mixin"
    _description = "Conservation Report"
    _check_company_auto = True

    company_id = fields.Many2one("res.company", required=True, readonly=True, default=lambda self: self.env.company)
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: fields.Date.context_today(self) + relativedelta(day=1, months=-1),
    )
    date_to = fields.Date(
        "Until", required=True, default=lambda self: fields.Date.context_today(self) + relativedelta(day=31)
    )
    client_ids = fields.Many2many(
        "res.partner",
        string="Clients",
        domain=[("psa_is_client", "=", True)],
        check_company=True,
        help="Leave empty for all clients.",
    )
    compared_on = fields.Datetime(readonly=True)
    is_conserved = fields.Boolean(readonly=True)
    difference_count = fields.Integer(readonly=True)
    result = fields.Json(readonly=True)
    line_ids = fields.One2many("psa.conservation.line", "conservation_id", "By Client", readonly=True)
    difference_ids = fields.One2many("psa.conservation.difference", "conservation_id", "Differences", readonly=True)

    @api.depends("date_from", "date_to")
    def _compute_display_name(self):
        for report in self:
            report.display_name = self.env._(
                "%(start)s to %(end)s",
                start=format_date(self.env, report.date_from),
                end=format_date(self.env, report.date_to),
            )

    @api.model
    def action_open(self):
        """Compare last month and this one, and show the result."""
        report = self.create({})
        report.action_compare()
        return report._action_show()

    def action_compare(self):
        """Read both sides, compare them, and keep what was found for the screen."""
        self.ensure_one()
        self._check_reader()
        if self.date_from > self.date_to:
            raise UserError(self.env._("The period ends before it starts. Correct “From” or “Until”."))
        found = conservation.compare(*self._read_sides())
        self.line_ids.unlink()
        self.difference_ids.unlink()
        # What was found is of clients and rows he may see; a caller writes only what he may read.
        report = self.sudo()
        report.line_ids = [fields.Command.create(vals) for vals in self._prepare_lines(found)]
        report.difference_ids = [fields.Command.create(vals) for vals in self._prepare_differences(found)]
        self.write(
            {
                "compared_on": fields.Datetime.now(),
                "is_conserved": found.is_conserved,
                "difference_count": len(found.differences),
                "result": self._prepare_result(found),
            }
        )
        return True

    def action_view_lines(self):
        """Open the figures as a list, to sort, group and export them."""
        return self._action_list(self.env._("Conservation, %s", self.display_name), "psa.conservation.line")

    def action_view_differences(self):
        """Open what differs as a list."""
        return self._action_list(self.env._("Differences, %s", self.display_name), "psa.conservation.difference")

    def action_view_standing(self, client_id, currency_id, standing):
        """Open the entries that make up one figure.

        :param client_id: False for entries without a client
        :param currency_id: the currency the figure is counted in
        :param standing: one of ``conservation.STANDINGS``
        """
        self.ensure_one()
        self._check_reader()
        if standing == conservation.NOT_APPROVED:
            return self._action_not_approved(client_id or None, currency_id)
        client = self.env["res.partner"].browse(client_id or [])
        period = [("date", ">=", self.date_from), ("date", "<=", self.date_to), ("company_id", "=", self.company_id.id)]
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_billing_item")
        action["domain"] = [
            *period,
            ("state", "in", STANDING_STATES[standing]),
            ("currency_id", "=", currency_id),
            ("client_id", "=", client.id),
        ]
        action["context"] = {}
        action["display_name"] = self._standing_title(client, standing)
        return action

    def _action_not_approved(self, client_id, currency_id):
        """Open what nobody has approved yet: one kind of entries in its own list, several kinds in one together."""
        facts, rows, *__, own_currency = self._read_sides()
        known = {(row.source_model, row.source_id) for row in rows}
        facts = [
            fact
            for fact in facts
            if not fact.is_approved
            and fact.client_id == client_id
            and (fact.currency_id or own_currency) == currency_id
            and (fact.source_model, fact.source_id) not in known
        ]
        title = self._standing_title(self.env["res.partner"].browse(client_id or []), conservation.NOT_APPROVED)
        kinds = {fact.source_model for fact in facts}
        if len(kinds) < 2:
            xmlid = NOT_APPROVED_ACTIONS[kinds.pop() if kinds else "account.analytic.line"]
            action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
            action.update(domain=[("id", "in", [fact.source_id for fact in facts])], context={}, display_name=title)
            return action
        self.env["psa.conservation.entry"].search([("conservation_id", "=", self.id)]).unlink()
        entries = self.env["psa.conservation.entry"].create(
            [
                {
                    "conservation_id": self.id,
                    "source_model": fact.source_model,
                    "source_id": fact.source_id,
                    "client_id": client_id,
                    "currency_id": currency_id,
                    "hours": fact.seconds / SECONDS_PER_HOUR,
                    "amount": float(fact.price or 0),
                }
                for fact in facts
            ]
        )
        action = self._action_list(title, "psa.conservation.entry")
        action.update(domain=[("id", "in", entries.ids)], context={"group_by": "source_model"})
        return action

    def _standing_title(self, client, standing):
        return f"{client.display_name or self.env._('No client')} · {dict(self._standings())[standing]}"

    def _action_show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Conservation"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def _action_list(self, name, model):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "list",
            "domain": [("conservation_id", "=", self.id)],
        }

    def _check_reader(self):
        if not self.env.user.has_group("psa_crm.group_billing"):
            raise AccessError(self.env._("Only members of the group “PSA / Billing” compare work with the ledger."))
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("Select %s among your companies first.", self.company_id.sudo().name))
        self.client_ids.check_access("read")

    def _standings(self):
        return [
            (conservation.BILLED, self.env._("Billed")),
            (conservation.COVERED, self.env._("Covered")),
            (conservation.PENDING, self.env._("Pending")),
            (conservation.WRITTEN_OFF, self.env._("Written off")),
            (conservation.NON_BILLABLE, self.env._("Not billable")),
            (conservation.NOT_APPROVED, self.env._("Not yet approved")),
        ]

    def _readable_clients(self, client_ids):
        """Return those of the clients whose ledger the user may read; what has no client is the company's own."""
        effective = self.env["psa.access"]._psa_effective()
        if effective is None:
            return set(client_ids)
        now = self.env["psa.access"]._psa_now()
        Item = self.env["psa.billing.item"]
        return {
            client_id
            for client_id in client_ids
            if Item._psa_own_level(effective, self.company_id.id, client_id, now) >= access.READ
        }

    def _prepare_lines(self, found):
        clients = self.env["res.partner"].browse({client_id for client_id, _currency in found.tallies if client_id})
        names = {client.id: client.sudo().display_name for client in clients}
        return [
            {
                "client_id": client_id,
                "currency_id": currency_id,
                "worked_hours": tally.fact_seconds / SECONDS_PER_HOUR,
                "worth": float(tally.fact_amount),
                **{f"{name}_hours": tally.seconds[name] / SECONDS_PER_HOUR for name in conservation.STANDINGS},
                **{f"{name}_amount": float(tally.amounts[name]) for name in conservation.STANDINGS},
                "difference_seconds": tally.fact_seconds - tally.ledger_seconds,
                "difference_amount": float(tally.fact_amount - tally.ledger_amount),
            }
            for (client_id, currency_id), tally in sorted(
                found.tallies.items(), key=lambda item: (names.get(item[0][0]) or "", item[0][1])
            )
        ]

    def _prepare_differences(self, found):
        return [
            {
                "problem": difference.problem,
                "source_model": difference.source_model,
                "source_id": difference.source_id,
                "client_id": difference.client_id,
                "currency_id": difference.currency_id or self.company_id.currency_id.id,
                "item_ids": [fields.Command.set(difference.row_ids)],
                "fact_seconds": difference.fact_seconds,
                "ledger_seconds": difference.ledger_seconds,
                "fact_amount": float(difference.fact_amount or 0),
                "ledger_amount": float(difference.ledger_amount or 0),
            }
            for difference in found.differences
        ]

    def _prepare_result(self, found):
        """Return what the screen draws: for each currency its clients, and the total above them."""
        sections = []
        currencies = self.env["res.currency"].browse(sorted({currency_id for _client, currency_id in found.tallies}))
        own = self.company_id.currency_id
        for currency in currencies.sorted(lambda c: (c != own, c.name)):
            tallies = {client: tally for (client, currency_id), tally in found.tallies.items() if currency_id == currency.id}
            clients = self.env["res.partner"].browse(client_id for client_id in tallies if client_id).sudo()
            rows = [self._prepare_bar(client.display_name, client.id, currency, tallies[client.id]) for client in clients]
            rows.sort(key=lambda row: (row["is_conserved"], row["name"].casefold()))
            if None in tallies:
                rows.append(self._prepare_bar(self.env._("No client"), False, currency, tallies[None]))
            whole = conservation.total(tallies.values())
            sections.append(
                {
                    "currency": currency.name,
                    "currency_id": currency.id,
                    "total": self._prepare_bar(self.env._("All clients"), None, currency, whole),
                    "clients": rows,
                }
            )
        return {"standings": [{"key": key, "label": label} for key, label in self._standings()], "sections": sections}

    def _prepare_bar(self, name, client_id, currency, tally):
        def money(amount):
            return formatLang(self.env, float(amount), currency_obj=currency)

        return {
            "name": name,
            "client_id": client_id,
            "is_conserved": tally.is_conserved,
            "worked": _hours(tally.fact_seconds),
            "accounted": _hours(tally.ledger_seconds),
            "missing": _exact(tally.fact_seconds - tally.ledger_seconds),
            "worth": money(tally.fact_amount),
            "missing_amount": money(tally.fact_amount - tally.ledger_amount),
            "parts": [
                {
                    "key": key,
                    "seconds": tally.seconds[key],
                    "hours": _hours(tally.seconds[key]),
                    "amount": money(tally.amounts[key]),
                    "count": tally.counts[key],
                }
                for key in conservation.STANDINGS
            ],
        }

    def _roundings(self):
        currencies = self.env["res.currency"].sudo().with_context(active_test=False).search_fetch([], ["rounding"])
        return {currency.id: to_decimal(currency.rounding) for currency in currencies}


def _hours(seconds):
    """Return seconds as hours and minutes, as on a time sheet; the second only where there is one."""
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    minutes, rest = divmod(seconds, 60)
    text = f"{sign}{minutes // 60}:{minutes % 60:02}"
    return f"{text}:{rest:02}" if rest else text


def _exact(seconds):
    return f"{seconds} s" if abs(seconds) < 60 else _hours(seconds)
