"""A year of approved time that nobody has priced yet: what rating and storing it costs, and then the review."""
import gc
import json
import time

from odoo import SUPERUSER_ID, Command, api
from odoo.tools import SQL

from ..seed import copy_rows
from .base import PARAMETER, Side

CLIENTS = 200
TECHNICIANS = 10
# A batch is committed by itself, as it is when people approve.
BATCH = 20


class LedgerSide(Side):
    """Clients with a contract each; every third has bought hours as well, so that entries are split."""

    name = "ledger"
    modules = ("psa_billing",)
    model = "psa.billing.item"

    def seed(self, total):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True, "mail_create_nolog": True, "tz": "UTC"})
            company = env.ref("base.main_company")
            env = env(context=dict(env.context, allowed_company_ids=company.ids))
            roles = env["psa.role"].create([
                {"name": f"Role {number}", "company_id": company.id, "currency_id": company.currency_id.id} for number in range(3)
            ])
            work_types = env["psa.work.type"].search([("is_billable", "=", True)])
            users = env["res.users"].with_context(no_reset_password=True).create([
                {
                    "name": f"Technician {number}", "login": f"technician.{number}", "company_id": company.id,
                    "company_ids": [Command.set(company.ids)],
                    "group_ids": [Command.set([env.ref("base.group_user").id, env.ref("psa_crm.group_technician").id])],
                }
                for number in range(TECHNICIANS)
            ])
            billing = env["res.users"].with_context(no_reset_password=True).create({
                "name": "Billing", "login": "billing", "company_id": company.id, "company_ids": [Command.set(company.ids)],
                "group_ids": [Command.set([env.ref("base.group_user").id, env.ref("psa_crm.group_billing").id])],
            })
            clients = env["res.partner"].create([
                {"name": f"Client {number}", "is_company": True, "psa_is_client": True, "company_id": company.id}
                for number in range(CLIENTS)
            ])
            contracts = env["psa.contract"].create([
                {
                    "name": f"Contract {number}", "client_id": client.id, "company_id": company.id, "date_start": "2025-01-01",
                    "rate_ids": [Command.create({"role_id": role.id, "hourly_rate": 90.0 + role.id % 7}) for role in roles],
                }
                for number, client in enumerate(clients)
            ])
            product = env.ref("psa_billing.product_service_time")
            blocks = env["psa.contract.component"].create([
                {"contract_id": contract.id, "kind": "block", "name": "Prepaid", "product_id": product.id, "purchase": "manual"}
                for contract in contracts[::3]
            ])
            contracts.action_activate()
            env["psa.contract.prepaid"].create([
                {
                    "name": f"Block {number}", "contract_id": block.contract_id.id, "component_id": block.id, "kind": "hours",
                    "hours": 40.5, "price": 80.0, "amount": 3240.0, "date_from": "2026-01-01", "purchased_on": "2026-01-01",
                }
                for block in blocks for number in range(3)
            ])
            desk = env["psa.desk"].create({"name": "Desk", "company_id": company.id})
            tickets = env["psa.ticket"].create([
                {"name": f"Ticket {number}", "desk_id": desk.id, "client_id": client.id} for number, client in enumerate(clients)
            ])
            employees = users._psa_employees(company)
            lines = env["account.analytic.line"].create([
                {
                    "psa_ticket_id": ticket.id, "date": "2026-01-02", "unit_amount": 0.5, "name": "Looked after it",
                    "psa_role_id": roles[number % 3].id, "psa_work_type_id": work_types[number % len(work_types)].id,
                    "employee_id": employees[users[number % TECHNICIANS].id], "user_id": users[number % TECHNICIANS].id,
                }
                for number, ticket in enumerate(tickets)
            ])
            env.flush_all()
            cr.execute("UPDATE account_analytic_line SET psa_approval_state = 'approved' WHERE id = ANY(%s)", [lines.ids])
            each = total // CLIENTS
            copy_rows(cr, "account_analytic_line", SQL("t.id = ANY(%s)", lines.ids), (1, each - 1), {
                "id": SQL("t.id + k * %s", CLIENTS),
                "date": SQL("t.date + (k * 7 %% 330)"),
                "unit_amount": SQL("(5 + k * 13 %% 170) / 60.0"),
                "amount": SQL("-(5 + k * 13 %% 170) / 60.0 * 40"),
                "psa_billable_minutes": SQL("greatest(15, ceil((5 + k * 13 %% 170) / 15.0) * 15)::int"),
            })
            cr.execute("SELECT setval(pg_get_serial_sequence('account_analytic_line', 'id'), (SELECT max(id) FROM account_analytic_line))")
            self.world = {"client_ids": clients.ids, "company_id": company.id, "billing_id": billing.id}
            env.invalidate_all()
            env["ir.config_parameter"].set_param(PARAMETER, json.dumps(self.world))
            return each * CLIENTS

    # Measuring

    def rate_entries(self):
        """Put all time in the ledger, some clients after the other; return how long it took."""
        client_ids, seconds, queries = self.world["client_ids"], 0.0, 0
        for start in range(0, len(client_ids), BATCH):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {"allowed_company_ids": [self.world["company_id"]], "tz": "UTC"})
                lines = env["account.analytic.line"].search([
                    ("psa_approval_state", "=", "approved"), ("psa_ticket_id.client_id", "in", client_ids[start:start + BATCH]),
                ])
                gc.collect()
                before, started = cr.sql_log_count, time.perf_counter()
                env["psa.billing.item"]._psa_add_time(lines)
                cr.commit()
                seconds += time.perf_counter() - started
                queries += cr.sql_log_count - before
        with self.registry.cursor() as cr:
            cr.execute("SELECT count(*) FROM psa_billing_item")
            return {"seconds": seconds, "queries": queries, "rows": cr.fetchone()[0], "clients": len(client_ids)}

    def review(self, times, pending):
        """Leave so many rows to review, and open the screen as billing does it."""
        with self.registry.cursor() as cr:
            cr.execute(
                "UPDATE psa_billing_item SET state = 'invoiced' WHERE id NOT IN"
                " (SELECT id FROM psa_billing_item WHERE state = 'pending' ORDER BY id %% 1009, id LIMIT %s)",
                [pending],
            )
            cr.execute("UPDATE psa_billing_item SET state = 'pending' WHERE id IN (SELECT id FROM psa_billing_item WHERE state = 'invoiced'"
                       " ORDER BY id LIMIT greatest(0, %s - (SELECT count(*) FROM psa_billing_item WHERE state = 'pending')))", [pending])
            cr.commit()
            cr.connection.autocommit = True
            cr.execute("VACUUM ANALYZE psa_billing_item")
            cr.connection.autocommit = False
        found = {}
        for what in ("grouped", "unfolded", "page", "list"):
            found[what] = {"milliseconds": [], "queries": 0, "rows": 0}
            for number in range(times + 1):
                with self.registry.cursor() as cr:
                    env = api.Environment(
                        cr, self.world["billing_id"], {"allowed_company_ids": [self.world["company_id"]], "lang": "en_US", "tz": "UTC"}
                    )
                    gc.collect()
                    before, started = cr.sql_log_count, time.perf_counter()
                    rows = getattr(self, f"_open_{what}")(env["psa.billing.item"])
                    if number:  # the first time fills the caches
                        found[what]["milliseconds"].append((time.perf_counter() - started) * 1000)
                    found[what].update(queries=cr.sql_log_count - before, rows=rows)
        return found

    def _open_grouped(self, Item):
        groups = Item.web_read_group(OPEN, ["client_id"], SUMS, limit=80)
        return sum(group["__count"] for group in groups["groups"])

    def _open_unfolded(self, Item):
        client = [("client_id", "=", self.world["client_ids"][0])]
        groups = Item.web_read_group([*OPEN, *client], ["contract_id"], SUMS, limit=80)
        return sum(group["__count"] for group in groups["groups"])

    def _open_page(self, Item):
        client = [("client_id", "=", self.world["client_ids"][0])]
        return len(Item.web_search_read([*OPEN, *client], COLUMNS, limit=80)["records"])

    def _open_list(self, Item):
        return Item.web_search_read(OPEN, COLUMNS, limit=80, count_limit=100_001)["length"]


OPEN = [("state", "in", ["error", "pending", "approved"])]
SUMS = ["worked_hours:sum", "hours:sum", "amount:sum_currency", "currency_id:array_agg_distinct"]
NAMED = {"fields": {"display_name": {}}}
COLUMNS = {
    **{name: {} for name in ("date", "worked_hours", "hours", "amount", "funding", "error", "state", "is_held", "is_adjusted")},
    "client_id": NAMED, "contract_id": NAMED, "ticket_id": NAMED, "user_id": NAMED, "work_type_id": NAMED, "currency_id": NAMED,
    "company_currency_id": NAMED,
}
