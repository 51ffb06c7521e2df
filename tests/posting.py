"""One more process that works on billing runs of a server's database, as a person's request or a second cron worker would.

Started by ``test_billing_runs.py``: ``python posting.py CONFIG DATABASE OPTIONS``, options as JSON:

``do``        ``seed`` a company with books, clients and released rows; ``plan`` a run; ``post`` what is planned, as the scheduler does;
              ``press`` the button of the dialog, as a person does
``company``   the id of the company that was seeded
``meet``      when all is loaded, say so in a line and wait for one, so that several begin together
``statement`` kill this process with SIGKILL before its so-manieth SQL statement
``batch``     how many invoices are made in one transaction
``clients``, ``rows``  with ``seed``: how many clients, and how many rows each

The answer is one JSON line.
"""

import json
import os
import signal
import sys
import time
from datetime import date

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.service.server import load_server_wide_modules
from odoo.sql_db import Cursor
from odoo.tools import config

UNTIL = "2026-03-31"


def seed(env, options):
    """Make a company with books and clients whose work is released."""
    company = env["res.company"].create({"name": f"Posting {options['name']}"})
    env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    env = env(context=dict(env.context, allowed_company_ids=company.ids))
    user = env["res.users"].with_context(no_reset_password=True).create({
        "name": f"Bill {options['name']}",
        "login": f"bill.{options['name']}",
        "group_ids": [(4, env.ref("psa_crm.group_billing").id)],
        "company_id": company.id,
        "company_ids": [(6, 0, company.ids)],
    })
    product = env["product.product"].create({"name": "Service hour", "type": "service"})
    clients = env["res.partner"].create([
        {"name": f"{options['name']} client {number}", "is_company": True, "psa_is_client": True} for number in range(options["clients"])
    ])
    hour = env.ref("uom.product_uom_hour")
    env["psa.billing.item"].create([
        {
            "name": f"Work {number}",
            "source_model": "account.analytic.line",
            "source_id": 10**8 + client.id * 1000 + number,
            "part": "time",
            "company_id": company.id,
            "client_id": client.id,
            "date": "2026-03-10",
            "kind": "time",
            "funding": "rate",
            "seconds": 3600,
            "worked_seconds": 3600,
            "quantity": 1,
            "uom_id": hour.id,
            "hourly_rate": 100 + number,
            "price_unit": 100 + number,
            "amount": 100 + number,
            "currency_id": company.currency_id.id,
            "product_id": product.id,
            "state": "approved",
        }
        for client in clients
        for number in range(options["rows"])
    ])
    return {"company": company.id, "user": user.id}


def as_billing(env, options):
    """Return the environment of the company's billing."""
    company = env["res.company"].browse(options["company"])
    user = env["res.users"].search([("company_id", "=", company.id)], limit=1)
    return env(user=user, context={"lang": "en_US", "tz": "UTC", "allowed_company_ids": company.ids})


def plan(env, options):
    """Plan a run for all that is released."""
    env = as_billing(env, options)
    run = env["psa.billing.run"]._psa_plan(env.company, date.fromisoformat(UNTIL))
    return {"lines": len(run.sudo().line_ids)}


def post(env, options):
    """Make the invoices, as a scheduled action does."""
    env["psa.billing.run.line"]._cron_post()


def press(env, options):
    """Press the button of the dialog, and say whether there was something to invoice."""
    env = as_billing(env, options)

    def request():
        wizard = env["psa.prepare.invoices"].create({"company_id": env.company.id, "date_until": UNTIL})
        time.sleep(0.3)  # somebody looks at it
        try:
            return {"run": wizard.action_prepare()["res_id"]}
        except UserError as error:
            return {"refused": str(error)}

    return retrying(request, env)


def die_before(number):
    """Kill this process before its so-manieth SQL statement, as a machine that loses its power does."""
    execute = Cursor.execute
    seen = {"statements": 0}

    def count(cursor, *args, **kwargs):
        seen["statements"] += 1
        if seen["statements"] >= number:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(cursor, *args, **kwargs)

    Cursor.execute = count
    return seen


def meet(answers):
    """Wait, with everything loaded, until whoever started this process lets it go on."""
    print("ready", file=answers, flush=True)
    sys.stdin.readline()


def main(conf, database, options):
    """Do what is asked."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    config.parse_config(["-c", conf, "-d", database, "--log-level", "warn", "--logfile", ""], setup_logging=True)
    load_server_wide_modules()
    registry = Registry(database)
    module = sys.modules["odoo.addons.psa_billing.models.psa_billing_run_line_post"]
    module.BATCH = options.get("batch", module.BATCH)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
        if options.get("meet"):
            meet(answers)
        seen = die_before(options.get("statement", 10**9))
        answer = globals()[options["do"]](env, options) or {}
    print(json.dumps({**answer, **seen}), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
