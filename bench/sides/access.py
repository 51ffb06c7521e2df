"""One large installation with many access rules, for what they cost when somebody looks at tickets."""
import json
import time

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from ..seed import copy_rows
from .base import PARAMETER
from .psa import PsaSide

COMPANIES = 5
OPEN = ("new", "open", "waiting", "on_hold")


class AccessSide(PsaSide):
    """Five service companies of equal size; their technicians are refused single clients and a class, or know few only."""

    name = "access"

    def seed(self, total, clients=20_000, users=200, rules=5_000):
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US", "tz": "UTC", "tracking_disable": True})
            self.world = self._make_access_world(env, clients, users)
            cr.commit()
            self._copy_tickets(env, total, clients)
            cr.commit()
            self._make_rules(env, rules)
            self._save_world(env)
            return env["psa.ticket"].with_context(active_test=False).search_count([])

    def _save_world(self, env):
        env["ir.config_parameter"].set_param(PARAMETER, json.dumps(self.world))

    def _make_access_world(self, env, clients, users):
        companies = env["res.company"].create([{"name": f"Service Company {number}"} for number in range(COMPANIES)])
        world = {"companies": companies.ids, "users": [], "classes": [], "desks": [], "clients": []}
        no_mail = {"no_reset_password": True, "mail_create_nosubscribe": True}
        for position, company in enumerate(companies):
            env_of = env(context={**env.context, **no_mail, "allowed_company_ids": company.ids})
            staff = env_of["res.users"].create([
                {
                    "name": f"Technician {position} {number}", "login": f"access.{position}.{number}@bench.example",
                    "company_id": company.id, "company_ids": [(6, 0, company.ids)],
                    "group_ids": [(6, 0, [env.ref(
                        "psa_crm.group_company_admin" if number == 0 else "psa_crm.group_technician").id])],
                }
                for number in range(users // COMPANIES)
            ])
            classes = env_of["psa.client.class"].create([
                {"name": f"Class {position} {number}", "company_id": company.id} for number in range(4)])
            queue = env_of["psa.queue"].create({"name": f"Queue {position}", "company_id": company.id})
            desks = env_of["psa.desk"].create([
                {"name": f"Desk {position} {number}", "company_id": company.id, "default_queue_id": queue.id} for number in range(4)])
            first = env_of["res.partner"].create({
                "name": f"Client {position}", "is_company": True, "psa_is_client": True, "company_id": company.id,
                "psa_client_class_id": classes[0].id})
            env.flush_all()
            count = clients // COMPANIES
            # Few clients are in the class that is refused to many.
            pick = SQL("CASE WHEN k %% 20 = 0 THEN %s ELSE %s + k %% 3 END", classes[3].id, classes[0].id)
            env.cr.execute("SELECT max(id) FROM res_partner")
            last = env.cr.fetchone()[0]
            copy_rows(env.cr, "res_partner", SQL("t.id = %s", first.id), (1, count - 1), {
                "id": SQL("%s + k", last), "commercial_partner_id": SQL("%s + k", last), "psa_client_class_id": pick,
                "name": SQL("t.name || ' ' || k"), "complete_name": SQL("t.name || ' ' || k"),
            })
            env.cr.execute("SELECT setval(pg_get_serial_sequence('res_partner', 'id'), (SELECT max(id) FROM res_partner))")
            world["users"].append(staff.ids)
            world["classes"].append(classes.ids)
            world["desks"].append(desks.ids)
            world["clients"].append([first.id, *range(last + 1, last + count)])
        env.invalidate_all()
        return world

    def _copy_tickets(self, env, total, clients):
        """Make the tickets: one for each company by the ORM, the others like it by SQL; a tenth of them is open."""
        stages = {stage.state: stage.id for stage in env["psa.ticket.stage"].search([], order="id desc")}
        each = total // COMPANIES
        originals = [
            env["psa.ticket"].create({"name": "Printer prints stripes", "desk_id": desks[0], "client_id": ids[0]}).id
            for desks, ids in zip(self.world["desks"], self.world["clients"], strict=True)
        ]
        env.flush_all()
        # A million rows go into a table without indexes; those are built once, at the end.
        env.cr.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'psa_ticket' AND indexname NOT LIKE '%_pkey'")
        indexes = env.cr.fetchall()
        for name, __ in indexes:
            env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
        env.cr.execute("SET LOCAL session_replication_role = replica")  # the copies point where the original points
        for position, ids in enumerate(self.world["clients"]):
            desks = self.world["desks"][position]
            low, count = ids[1], len(ids) - 1
            state = SQL("CASE WHEN k %% 10 = 0 THEN (ARRAY['new','open','waiting','on_hold'])[1 + (k / 10) %% 4] ELSE 'closed' END")
            stage = SQL("CASE %s %s END", state, SQL(" ").join(
                SQL("WHEN %s THEN %s", name, stages[name]) for name in (*OPEN, "closed")))
            copy_rows(env.cr, "psa_ticket", SQL("t.id = %s", originals[position]), (1, each - 1), {
                # The tickets of a company lie between those of the others, as they do where several work at a time.
                "id": SQL("%s + k * %s + %s", max(originals), COMPANIES, position),
                "number": SQL("'S' || %s || '-' || k", position),
                "name": SQL("t.name || ' SN' || substr(md5(k::text), 1, 8)"),
                "client_id": SQL("%s + (k * 7919) %% %s", low, count),
                "desk_id": SQL("(%s::int[])[1 + (k * 31) %% 4]", desks),
                "state": state, "stage_id": stage,
                "create_date": SQL("t.create_date - k * interval '1 minute'"),
            })
        env.cr.execute("SELECT setval(pg_get_serial_sequence('psa_ticket', 'id'), (SELECT max(id) FROM psa_ticket))")
        env.cr.execute("SET LOCAL session_replication_role = origin")
        for __, definition in indexes:
            env.cr.execute(definition)
        env.invalidate_all()

    def _make_rules(self, env, rules):
        each = rules // COMPANIES
        env["res.company"].browse(self.world["companies"][1]).psa_access_default = "need_to_know"
        for position, company_id in enumerate(self.world["companies"]):
            staff, clients, classes = (self.world[name][position] for name in ("users", "clients", "classes"))
            level = "full" if position == 1 else "refuse"
            vals_list = [
                {"company_id": company_id, "resource": "client", "subject": "user", "level": "read" if number % 5 == 4 else level,
                 "user_id": staff[1 + number % (len(staff) - 1)], "client_id": clients[(number * 37) % len(clients)]}
                for number in range(each - 2)
            ]
            vals_list.append({
                "company_id": company_id, "resource": "class", "class_id": classes[3], "subject": "group", "level": level,
                "group_id": env.ref("psa_crm.group_technician").id})
            vals_list.append({
                "company_id": company_id, "resource": "desk", "desk_id": self.world["desks"][position][3], "subject": "user",
                "level": "refuse", "user_id": staff[2]})
            unique = {(vals.get("user_id"), vals.get("client_id")): vals for vals in vals_list}
            env["psa.access.rule"].with_context(allowed_company_ids=[company_id]).create(list(unique.values()))
        borrower = self.world["users"][2][1]
        shares = env["psa.client.share"].create([
            {"client_id": client, "user_id": borrower} for client in self.world["clients"][0][5:205]])
        shares._psa_accept()
        self.world["people"] = {
            "refused_few": self.world["users"][0][1], "need_to_know": self.world["users"][1][1], "borrower": borrower,
            "administrator": self.world["users"][0][0],
        }
        env.flush_all()

    # Measuring

    def measure(self, person, question, times):
        """Return the milliseconds of one question, each in a transaction of its own."""
        found = []
        for _number in range(times):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, self.world["people"][person], {"lang": "en_US", "tz": "UTC"})
                env.user.fetch(["company_ids"])  # what every request has read by now
                started = time.perf_counter()
                answer = getattr(self, f"ask_{question}")(env["psa.ticket"])
                found.append((time.perf_counter() - started) * 1000)
                cr.rollback()
        return {"milliseconds": found, "answer": answer}

    def ask_list(self, tickets):
        return len(tickets.search_fetch([], ["number", "name", "state", "create_date"], limit=80))

    def ask_count_open(self, tickets):
        return tickets.search_count([("state", "in", OPEN)])

    def ask_group(self, tickets):
        return dict(tickets._read_group([], ["state"], ["__count"]))

    def change_rule(self, times):
        """Return the milliseconds from the change of one rule or share to its effect in another transaction, committed each time."""
        found = {"rule for one person": [], "rule for a class and a group": [], "share revoked": []}
        for number in range(times):
            with self.registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                Rule = env["psa.access.rule"]
                person = Rule.search([("company_id", "=", self.world["companies"][0]), ("subject", "=", "user")], limit=1, offset=number)
                group = Rule.search([("company_id", "=", self.world["companies"][0]), ("subject", "=", "group")], limit=1)
                share = env["psa.client.share"].search([("state", "=", "active")], limit=1)
                changes = {
                    "rule for one person": (person, "write", {"level": "full" if person.level != "full" else "refuse"}),
                    "rule for a class and a group": (group, "write", {"level": "read" if group.level != "read" else "refuse"}),
                    "share revoked": (share, "action_revoke"),
                }
                for name, (record, method, *values) in changes.items():
                    started = time.perf_counter()
                    getattr(record, method)(*values)
                    env.flush_all()
                    cr.commit()
                    with self.registry.cursor() as reader:
                        who = person.user_id.id if "person" in name else self.world["people"]["refused_few"]
                        api.Environment(reader, who, {})["psa.ticket"].search([], limit=1)
                    found[name].append((time.perf_counter() - started) * 1000)
        return found
