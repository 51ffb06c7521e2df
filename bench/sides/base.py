"""What all sides share: the same little world, the same scenarios, the same way of counting."""
import gc
import json
import threading
import time
from email.message import EmailMessage

import odoo.http
from odoo import SUPERUSER_ID, api
from odoo.service import security
from odoo.tools import SQL
from werkzeug.test import Client

from ..seed import Multiplier

COMPANIES = 5
TECHNICIANS = 4  # of each company
CLIENTS = 20  # of each company
CONTACTS = 3  # of each client
ORIGINALS = 500  # tickets made by the ORM before SQL multiplies them
MAIL_DOMAIN = "bench.example"
PARAMETER = "bench.world"
SUBJECTS = (
    "Printer prints stripes",
    "Cannot sign in after password change",
    "New colleague starts on Monday",
    "Mailbox is full",
    "VPN drops every ten minutes",
    "Backup reports a failed job",
    "Screen stays black at the reception",
    "Please move the shared calendar",
    "Phone does not ring",
    "Invoice program very slow",
)
NAMED = {"fields": {"display_name": {}}}
DESCRIPTION = (
    "<p>Good morning,</p><p>since this morning it does not work any more. We restarted twice, without success. "
    "The device is in the second treatment room.</p><p>Kind regards</p>"
)


class Side:
    """One side of the bench, bound to a database. Scenarios are methods called `do_<scenario>`; each gets a fresh environment
    of the user concerned and does what that user's click would do."""

    name = None
    modules = ()
    model = None
    team_field = "team_id"
    technician_groups = ()
    portal_groups = ("base.group_portal",)
    list_columns = {"name": {}, "partner_id": NAMED, "user_id": NAMED, "stage_id": NAMED, "company_id": NAMED, "create_date": {}}

    def __init__(self, registry, database):
        self.registry = registry
        self.database = database
        self.table = registry[self.model]._table
        self.world = {}
        self.counter = 0
        self._portal_client = None
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            stored = env["ir.config_parameter"].get_param(PARAMETER)
            if stored:
                self.world = json.loads(stored)

    # The world

    def seed(self, total):
        """Bring the number of tickets to `total`, a multiple of the number of originals."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC"})
            if not self.world:
                self.world = self._make_world(env)
                tickets = self._make_originals(env)
                self.world["originals"] = [min(tickets.ids), max(tickets.ids)]
                self.world["copies"] = 0
                cr.flush()
                # A mail box that has worked before; the first mail to an alias costs a write more.
                cr.execute("UPDATE mail_alias SET alias_status = 'valid' WHERE alias_name = %s", [self.world["alias"]])
                # A serial number in each title: what one looks for when one looks for a ticket by name.
                self._write_serials(cr)
            last = total // ORIGINALS - 1
            if last > self.world["copies"]:
                multiplier = Multiplier(cr, self.table, self.model, self.world["originals"])
                multiplier.run(
                    self.world["copies"] + 1, last,
                    overrides=self._copy_overrides(multiplier.distance),
                    children=self._copied_children(),
                    relations=self._copied_relations(),
                )
                self.world["copies"] = last
            env.invalidate_all()
            sample = env[self.model].search([("company_id", "=", self.world["company_id"])], order="id", limit=1, offset=7)
            self.world["serial"] = sample.name.split()[-1]
            env["ir.config_parameter"].set_param(PARAMETER, json.dumps(self.world))
            return env[self.model].with_context(active_test=False).search_count([])

    def _write_serials(self, cr):
        cr.execute(SQL(
            "UPDATE %s SET name = name || ' SN' || substr(md5(id::text), 1, 8) WHERE id BETWEEN %s AND %s",
            SQL.identifier(self.table), *self.world["originals"],
        ))

    def _make_world(self, env):
        alias_domain = env["mail.alias.domain"].search([("name", "=", MAIL_DOMAIN)]) or env["mail.alias.domain"].create(
            {"name": MAIL_DOMAIN}
        )
        companies = env["res.company"].create(
            [{"name": f"Service Company {number}", "alias_domain_id": alias_domain.id} for number in range(COMPANIES)]
        )
        no_mail = {"no_reset_password": True, "mail_create_nosubscribe": True, "tracking_disable": True}
        technicians = env["res.users"].with_context(**no_mail).create([
            {
                "name": f"Technician {company} {number}",
                "login": f"technician.{company}.{number}@{MAIL_DOMAIN}",
                "email": f"technician.{company}.{number}@{MAIL_DOMAIN}",
                "company_id": companies[company].id,
                "company_ids": [(6, 0, companies[company].ids)],
                "group_ids": [(6, 0, [env.ref(group).id for group in ("base.group_user", *self.technician_groups)])],
            }
            for company in range(COMPANIES) for number in range(TECHNICIANS)
        ])
        clients = env["res.partner"].create([
            self._client_vals(f"Client {company} {number}", companies[company])
            for company in range(COMPANIES) for number in range(CLIENTS)
        ])
        contacts = env["res.partner"].create([
            {
                "name": f"Contact {number} of {client.name}",
                "email": f"contact.{number}@client-{client.id}.example",
                "parent_id": client.id,
            }
            for client in clients for number in range(CONTACTS)
        ])
        portal_user = env["res.users"].with_context(**no_mail).create({
            "name": contacts[0].name,
            "login": contacts[0].email,
            "partner_id": contacts[0].id,
            "company_id": companies[0].id,
            "company_ids": [(6, 0, companies[0].ids)],
            "group_ids": [(6, 0, [env.ref(group).id for group in self.portal_groups])],
        })
        world = {
            "company_id": companies[0].id,
            "company_ids": companies.ids,
            "technician_ids": technicians.ids,
            "contact_ids": contacts.ids,
            "portal_user_id": portal_user.id,
            "portal_login": portal_user.login,
            "sender": contacts[1].email,
        }
        world.update(self._make_desks(env, companies, technicians))
        return world

    def _make_originals(self, env):
        tickets = env[self.model]
        per_company = ORIGINALS // COMPANIES
        for position, company_id in enumerate(self.world["company_ids"]):
            technicians = self.world["technician_ids"][position * TECHNICIANS:(position + 1) * TECHNICIANS]
            contacts = self.world["contact_ids"][position * CLIENTS * CONTACTS:(position + 1) * CLIENTS * CONTACTS]
            vals_list = []
            for number in range(per_company):
                vals = self._ticket_vals(number, contacts[number % len(contacts)], self.world["team_ids"][position])
                vals.update(
                    company_id=company_id,
                    stage_id=self.world["stage_ids"][number % len(self.world["stage_ids"])],
                    user_id=technicians[number % TECHNICIANS] if number % 5 else False,
                )
                vals_list.append(vals)
            tickets += env[self.model].with_company(company_id).with_context(mail_notify_force_send=False).create(vals_list)
        # Nobody shall be mailed about made-up tickets.
        env.cr.flush()
        env["mail.mail"].search([]).unlink()
        return tickets

    def _client_vals(self, name, company):
        return {"name": name, "is_company": True}

    def _make_desks(self, env, companies, technicians):
        """Make one team per company; answer with `team_ids`, `stage_ids` and the `alias` of the first."""
        raise NotImplementedError

    def _ticket_vals(self, number, contact_id, team_id):
        return {
            "name": SUBJECTS[number % len(SUBJECTS)],
            "description": DESCRIPTION,
            "partner_id": contact_id,
            self.team_field: team_id,
        }

    def _copy_overrides(self, distance):
        """Expressions for the columns in which a copied ticket differs from its original."""
        return {
            "name": SQL("regexp_replace(t.name, '[^ ]+$', '') || 'SN' || substr(md5((t.id + k * %s)::text), 1, 8)", distance),
            "access_token": SQL("NULL"),
        }

    def _copied_children(self):
        return ()

    def _copied_relations(self):
        return ()

    # Measuring

    def run(self, scenario, hooks=()):
        """Run a scenario once, in a transaction that is undone, and answer with seconds and queries."""
        self.counter += 1
        if scenario == "portal_list":
            return self._run_portal(hooks)
        uid = SUPERUSER_ID if scenario == "mail_in" else self.world["technician_ids"][0]
        context = {"lang": "en_US", "tz": "UTC"}
        if uid != SUPERUSER_ID:
            context["allowed_company_ids"] = [self.world["company_id"]]
        thread = threading.current_thread()
        with self.registry.cursor() as cr:
            try:
                env = api.Environment(cr, uid, context)
                call = getattr(self, f"do_{scenario}")
                prepared = getattr(self, f"prepare_{scenario}", lambda: ())()
                gc.collect()
                thread.query_count = 0
                thread.query_hooks = list(hooks)
                start = time.perf_counter()
                call(env, *prepared)
                cr.flush()
                seconds = time.perf_counter() - start
                queries = thread.query_count
                thread.query_hooks = []
                for hook in hooks:
                    finish = getattr(hook, "finish", None)
                    if finish:
                        finish(cr)
            finally:
                thread.query_hooks = []
                cr.rollback()
        return {"seconds": seconds, "queries": queries}

    def _run_portal(self, hooks=()):
        thread = threading.current_thread()
        client, headers = self._portal()
        gc.collect()
        thread.query_hooks = list(hooks)
        start = time.perf_counter()
        response = client.get("/my/tickets", headers=headers)
        body = response.get_data(as_text=True)
        seconds = time.perf_counter() - start
        queries = thread.query_count
        thread.query_hooks = []
        if response.status_code != 200 or not any(subject in body for subject in SUBJECTS):
            raise RuntimeError(f"{self.name}: the portal answered {response.status} without any ticket")
        return {"seconds": seconds, "queries": queries}

    def _portal(self):
        """A signed-in portal session, as the browser of a client's administrator holds it."""
        if not self._portal_client:
            session = odoo.http.root.session_store.new()
            session.update(odoo.http.get_default_session(), db=self.database, _trace_disable=True)
            with self.registry.cursor() as cr:
                env = api.Environment(cr, self.world["portal_user_id"], {})
                session.uid = self.world["portal_user_id"]
                session.login = self.world["portal_login"]
                session.session_token = security.compute_session_token(session, env)
                session.context = dict(env["res.users"].context_get())
            odoo.http.root.session_store.save(session)
            self._portal_client = (Client(odoo.http.root, use_cookies=False), {"Cookie": f"session_id={session.sid}"})
        return self._portal_client

    # Scenarios

    def prepare_create_one(self):
        return ([self._ticket_vals(self.counter, self.world["contact_ids"][2], self.world["team_ids"][0])],)

    def do_create_one(self, env, vals_list):
        env[self.model].create(vals_list)

    def prepare_create_batch(self):
        contacts = self.world["contact_ids"][: CLIENTS * CONTACTS]
        return ([
            self._ticket_vals(number, contacts[number % len(contacts)], self.world["team_ids"][0]) for number in range(100)
        ],)

    do_create_batch = do_create_one

    def do_first_page(self, env):
        model = env[self.model]
        page = model.search_fetch([], list(self.list_columns), limit=80).web_read(self.list_columns)
        if len(page) != 80:
            raise RuntimeError(f"{self.name}: the first page has {len(page)} tickets instead of 80")

    def do_count(self, env):
        if not env[self.model].search_count([]):
            raise RuntimeError(f"{self.name}: the restricted user sees no ticket")

    def do_group_by_stage(self, env):
        groups = env[self.model].formatted_read_group([], ["stage_id"], ["__count"])
        if len(groups) < 2:
            raise RuntimeError(f"{self.name}: tickets are in fewer than two stages")

    def do_name_search(self, env):
        if not env[self.model].name_search(self.world["serial"], limit=8):
            raise RuntimeError(f"{self.name}: no ticket found by {self.world['serial']}")

    def prepare_mail_in(self):
        mail = EmailMessage()
        mail["From"] = f"A contact <{self.world['sender']}>"
        mail["To"] = f"{self.world['alias']}@{MAIL_DOMAIN}"
        mail["Subject"] = f"{SUBJECTS[self.counter % len(SUBJECTS)]} today"
        mail["Message-ID"] = f"<bench-{self.name}-{self.counter}-{time.time_ns()}@mail.example>"
        mail["Date"] = "Mon, 05 Jan 2026 09:00:00 +0000"
        mail.set_content("Good morning,\n\nthe printer prints stripes again.\n\nKind regards\n")
        mail.add_alternative(DESCRIPTION, subtype="html")
        return (mail.as_string(),)

    def do_mail_in(self, env, raw):
        ticket_id = env["mail.thread"].message_process(None, raw)
        if not ticket_id:
            raise RuntimeError(f"{self.name}: the mail did not become a ticket")
