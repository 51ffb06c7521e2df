"""Invoices: what billing runs cost, beside OCA's recurring contracts and the invoices alone."""
import gc
import time
from datetime import date

from odoo import SUPERUSER_ID, Command, api
from odoo.tools import SQL

CLIENTS = 500
LINES = 5
PRICE = 100
BATCH = 20


def load_chart(env):
    """Give the company books, as an accountant who starts does."""
    if not env.company.chart_template:
        env["account.chart.template"].try_loading("generic_coa", env.company, install_demo=False)


def make_products(env, model="product.product"):
    tax = env["account.tax"].search([("type_tax_use", "=", "sale"), ("company_id", "=", env.company.id)], limit=1)
    return env[model].create([
        {"name": f"Service {number}", "type": "service", "taxes_id": [Command.set(tax.ids)], "list_price": PRICE}
        for number in range(LINES)
    ])


class InvoiceSide:
    """A side whose measurements are committed: each round bills a further month."""

    def __init__(self, registry, database):
        self.registry = registry
        self.database = database

    def call(self, step, arguments):
        """Take a step in a transaction of its own and return what it says; seconds are those of the step alone."""
        gc.collect()
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC", "tracking_disable": False})
            before, started = cr.sql_log_count, time.perf_counter()
            told = getattr(self, f"step_{step}")(env, **arguments) or {}
            cr.commit()
            return {"seconds": time.perf_counter() - started, "queries": cr.sql_log_count - before, **told}

    def step_warm(self, env):
        """Fill the caches."""
        gc.collect()
        gc.freeze()


class BillingSide(InvoiceSide):
    """This suite: rows of the ledger become invoices; and the same invoices made by Odoo alone."""

    name = "billing"
    modules = ("psa_billing",)

    def step_seed(self, env):
        load_chart(env)
        products = make_products(env)
        env["res.users"].create({
            "name": "Bill Billing", "login": "bench.billing", "group_ids": [Command.link(env.ref("psa_crm.group_billing").id)],
        })
        work_types = env["psa.work.type"].create([
            {"name": f"Work {number}", "product_id": product.id} for number, product in enumerate(products)
        ])
        clients = env["res.partner"].create([
            {"name": f"Client {number:03}", "is_company": True, "psa_is_client": True} for number in range(CLIENTS)
        ])
        contracts = env["psa.contract"].create([
            {"name": "Support", "client_id": client.id, "company_id": env.company.id, "date_start": "2020-01-01"} for client in clients
        ])
        env.flush_all()
        env.cr.execute("UPDATE psa_contract SET state = 'active', line_grouping = 'work_type' WHERE id = ANY(%s)", [contracts.ids])
        env["ir.config_parameter"].set_param("bench.work_types", ",".join(map(str, work_types.ids)))

    def step_rows(self, env, month, contracts, rows):
        """Put released rows in the ledger: so many for each of the lines of so many contracts."""
        work_types = [int(id_) for id_ in env["ir.config_parameter"].get_param("bench.work_types").split(",")]
        env.cr.execute(SQL(
            """
            INSERT INTO psa_billing_item (name, source_model, source_id, part, company_id, client_id, contract_id, user_id, work_type_id,
                    date, kind, funding, worked_seconds, seconds, worked_hours, hours, quantity, uom_id, hourly_rate, price_unit, amount,
                    value, currency_id, product_id, state, create_uid, write_uid, create_date, write_date)
            SELECT 'Looked after it', 'bench', nextval('psa_billing_item_id_seq'), 'time', contract.company_id, contract.client_id,
                   contract.id, %(user)s, work.id, %(day)s, 'time', 'rate', 1800, 1800, 0.5, 0.5, 0.5, %(uom)s, %(price)s, %(price)s,
                   %(price)s / 2.0, %(price)s / 2.0, %(currency)s, work.product_id, 'approved', 1, 1, now(), now()
              FROM (SELECT * FROM psa_contract WHERE state = 'active' ORDER BY id LIMIT %(contracts)s) AS contract
              JOIN psa_work_type AS work ON work.id = ANY(%(work_types)s)
              JOIN generate_series(1, %(rows)s) AS number ON TRUE
            """,
            user=SUPERUSER_ID, day=date.fromisoformat(month), uom=env.ref("uom.product_uom_hour").id, price=PRICE,
            currency=env.company.currency_id.id, contracts=contracts, work_types=work_types, rows=rows,
        ))
        env.cr.commit()
        env.cr.execute("ANALYZE psa_billing_item")

    def _as_billing(self, env):
        user = env["res.users"].search([("login", "=", "bench.billing")])
        return env(user=user, context={"lang": "en_US", "tz": "UTC", "allowed_company_ids": env.company.ids})

    def step_plan(self, env, until):
        run = self._as_billing(env)["psa.billing.run"]._psa_plan(env.company, date.fromisoformat(until))
        return {"lines": len(run.sudo().line_ids)}

    def step_post(self, env):
        env["psa.billing.run.line"]._cron_post()

    def step_check(self, env, rows):
        """Say what the last run made, and whether it is what the ledger says."""
        run = env["psa.billing.run"].search([], limit=1)
        moves = run.line_ids.move_id
        items = env["psa.billing.item"].search_count([("move_id", "in", moves.ids)])
        wrong = moves.filtered(lambda move: move.amount_untaxed != PRICE / 2 * rows * LINES or len(move.invoice_line_ids) != LINES)
        return {"state": run.state, "invoices": len(moves), "items": items, "wrong": len(wrong)}

    def step_plain(self, env, month, invoices, rows):
        """Make the same invoices by Odoo alone, in batches as large as the run's, each committed."""
        env = self._as_billing(env)
        clients = env["res.partner"].search([("psa_is_client", "=", True)], order="id", limit=invoices)
        products = env["product.product"].search([("name", "=like", "Service _")], order="id", limit=LINES)
        hour = env.ref("uom.product_uom_hour")
        vals_list = [
            {
                "move_type": "out_invoice",
                "company_id": env.company.id,
                "partner_id": client.id,
                "currency_id": env.company.currency_id.id,
                "invoice_user_id": env.uid,
                "invoice_origin": "Support",
                "invoice_line_ids": [
                    Command.create({
                        "sequence": number, "name": f"Work\n{month} · {rows / 2:g} h", "product_id": product.id,
                        "product_uom_id": hour.id, "quantity": rows / 2, "price_unit": PRICE,
                    })
                    for number, product in enumerate(products, 1)
                ],
            }
            for client in clients
        ]
        env.flush_all()
        started = time.perf_counter()
        for first in range(0, len(vals_list), BATCH):
            env["account.move"].create(vals_list[first:first + BATCH])
            env.cr.commit()
        return {"seconds": time.perf_counter() - started}


class ContractSide(InvoiceSide):
    """OCA's contract: recurring invoices of contracts with so many lines."""

    name = "contract"
    modules = ("contract",)

    def step_seed(self, env):
        load_chart(env)
        products = make_products(env)
        clients = env["res.partner"].create([{"name": f"Client {number:03}", "is_company": True} for number in range(CLIENTS)])
        env["contract.contract"].create([
            {
                "name": f"Support {client.name}",
                "partner_id": client.id,
                "company_id": env.company.id,
                "date_start": "2020-01-01",
                "line_recurrence": False,
                "recurring_rule_type": "monthly",
                "recurring_interval": 1,
                "contract_line_ids": [
                    Command.create({
                        "name": "Services", "product_id": product.id, "quantity": 1, "price_unit": PRICE,
                        "uom_id": product.uom_id.id, "date_start": "2020-01-01", "recurring_next_date": "2020-01-01",
                    })
                    for product in products
                ],
            }
            for client in clients
        ])

    def step_bill(self, env, until, invoices):
        """Make the invoices that fell due, as its scheduled action does."""
        before = env["account.move"].search_count([("move_type", "=", "out_invoice")])
        started = time.perf_counter()
        env["contract.contract"].cron_recurring_create_invoice(date_ref=date.fromisoformat(until))
        env.cr.commit()
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "invoices": env["account.move"].search_count([("move_type", "=", "out_invoice")]) - before}
