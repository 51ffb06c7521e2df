from datetime import datetime
from operator import itemgetter

from odoo import api, fields, models
from odoo.addons.psa_crm.tools import despite_collisions
from odoo.tools import SQL, groupby, split_every

from ..core import checker, correction_checker, derivation_checker, funding, terms
from ..tools import to_decimal
from .psa_billing_item import TIME_MODEL

SINCE = "psa_billing.ledger_checked_until"
CLIENTS_A_BATCH = 50


class PsaBillingProblem(models.Model):
    """The nightly check: what changed since the last one is computed again by a checker that shares no code with rating."""

    _inherit = "psa.billing.problem"

    @api.model
    def _cron_check(self):
        """Check the ledgers in which rows were written since the last run; goes on where it was stopped."""
        Parameter = self.env["ir.config_parameter"].sudo()
        since = datetime.fromisoformat(Parameter.get_param(SINCE) or "2000-01-01 00:00:00")
        settled = self._oldest_transaction()
        changed = self._changed_ledgers(since)
        done = 0
        for batch in split_every(CLIENTS_A_BATCH, changed):

            def check(batch=batch):
                self._check_ledgers([(client_id, company_id) for client_id, company_id, _moment in batch], since)
                # They come in the order of their last change, so all that was written until then has been looked at.
                # What others are still about to commit bears the moment they began.
                Parameter.set_param(SINCE, min(settled, max(moment for *_pair, moment in batch)).isoformat(sep=" "))
                self.env.flush_all()

            despite_collisions(self.env, check)
            done += len(batch)
            if not self.env["ir.cron"]._commit_progress(len(batch), remaining=len(changed) - done):
                break

    @api.model
    def _oldest_transaction(self):
        """Return since when somebody at work may have written what is not to be seen yet."""
        ((moment,),) = self.env.execute_query(
            SQL(
                """SELECT min(xact_start) AT TIME ZONE 'UTC' - interval '1 second' FROM pg_stat_activity
                    WHERE datname = current_database()"""
            )
        )
        return moment

    @api.model
    def _changed_ledgers(self, since):
        """Return (client id, company id, last change) of the ledgers in which something was written, oldest first."""
        self.env["psa.billing.item"].flush_model()
        return self.env.execute_query(
            SQL(
                "SELECT client_id, company_id, max(write_date) FROM psa_billing_item"
                " WHERE write_date > %s AND client_id IS NOT NULL GROUP BY client_id, company_id ORDER BY 3, 1, 2",
                since,
            )
        )

    @api.model
    def _check_ledgers(self, pairs, since=None):
        """Check ledgers, and keep the list of problems in step.

        :param pairs: list of (client id, company id)
        :param since: of what is frozen, look only at what was written after that
        """
        Company, Partner = self.env["res.company"].sudo(), self.env["res.partner"].sudo()
        for company_id, of_company in groupby(sorted(pairs, key=lambda pair: (pair[1], pair[0])), key=itemgetter(1)):
            clients = Partner.browse([client_id for client_id, _company in of_company if client_id])
            found = self._find_problems(clients, Company.browse(company_id), since)
            self._keep_list(clients, Company.browse(company_id), found, since)

    @api.model
    def _find_problems(self, clients, company, since):
        """Return {(client id, key): values} of what cannot be explained in these ledgers."""
        Item = self.env["psa.billing.item"].sudo()
        case = Item._psa_price(clients, company, lock=False)
        rows = [item._psa_as_row() for item in case.items]
        problems = [
            *checker.check(case.facts, case.book, rows),
            *correction_checker.check(case.facts, case.book, rows),
        ]
        standing = self._standing_rows(clients, company, since) | case.items
        changed = {(item.source_model, item.source_id, item.part) for item in standing if item.is_adjusted}
        problems += self._check_derivations([item._psa_as_row() for item in standing if item.derivation], changed)
        by_source = {}
        for item in standing:
            by_source.setdefault((item.source_model, item.source_id), item)
        found = {}
        for problem in problems:
            item = by_source.get((problem.source_model, problem.source_id))
            exact = standing.filtered(
                lambda row, problem=problem: (row.source_model, row.source_id, row.part)
                == (problem.source_model, problem.source_id, problem.part)
            )
            self._add(found, exact[:1] or item, problem, item.client_id if item else clients[:1])
        self._add_lost_time(found, standing)
        self._add_overdrawn(found, clients, company, standing)
        return found

    @api.model
    def _check_derivations(self, rows, changed):
        """Compute rows again from what they tell of themselves; one that tells nonsense does not stop the check."""
        by_entry = {}
        for row in rows:
            by_entry.setdefault((row.source_model, row.source_id), []).append(row)
        problems = []
        for of_entry in by_entry.values():
            try:
                problems += derivation_checker.check(of_entry, changed)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                row = of_entry[0]
                problems.append(checker.Problem(row.source_model, row.source_id, row.part, "derivation", "complete", "damaged"))
        return problems

    @api.model
    def _standing_rows(self, clients, company, since):
        """Return the rows written since then, and the other rows of the same entries."""
        Item = self.env["psa.billing.item"].sudo()
        domain = [("client_id", "in", clients.ids), ("company_id", "=", company.id)]
        if since:
            domain.append(("write_date", ">", since))
        rows = Item.search(domain)
        for model, of_model in rows.grouped("source_model").items():
            rows |= Item.search([("source_model", "=", model), ("source_id", "in", of_model.mapped("source_id"))])
        return rows

    def _add(self, found, item, problem, client):
        key = f"{problem.what}:{problem.source_model}:{problem.source_id}:{problem.part}"
        values = {"expected": self._readable(problem.expected), "found": self._readable(problem.found)}
        if problem.what == "row":
            message = self.env._("Rating would make %(expected)s rows of this part of the entry, and there are %(found)s.", **values)
        else:
            message = self.env._(
                "By facts and contract “%(what)s” should be %(expected)s, and is %(found)s.", what=problem.what.replace("_", " "), **values
            )
        found[client.id, key] = {"item_id": item.id if item else False, "code": problem.what.replace("_", " "), "message": message}

    @api.model
    def _add_lost_time(self, found, items):
        """Look whether the rows of each time entry are worth as many seconds as were worked."""
        seconds = {}
        for item in items:
            if item.source_model == TIME_MODEL:
                seconds.setdefault(item.source_id, []).append(item)
        lines = {line.id: line for line in self.env[TIME_MODEL].sudo().browse(seconds).exists()}
        for line_id, rows in seconds.items():
            line, present = lines.get(line_id), sum(row.worked_seconds for row in rows)
            worked = round(line.unit_amount * terms.SECONDS_PER_HOUR) if line else None
            if worked == present and line.psa_approval_state == "approved":
                continue
            if line is None:
                message = self.env._("The time entry behind the row is gone.")
            elif worked != present:
                message = self.env._(
                    "The entry says %(worked)s, and its rows %(present)s.",
                    worked=rows[0]._time_text(worked), present=rows[0]._time_text(present),
                )
            else:
                message = self.env._("The entry is in the ledger, and is not approved.")
            found[rows[0].client_id.id, f"time:{TIME_MODEL}:{line_id}:"] = {
                "item_id": rows[0].id, "code": self.env._("time of the entry"), "message": message,
            }

    @api.model
    def _add_overdrawn(self, found, clients, company, items):
        """Look whether more was drawn from prepaid or included hours than there is."""
        Item = self.env["psa.billing.item"].sudo()
        book = Item._psa_book(clients, company, items)
        pools = {funding.key_of(pool): pool for pool in book.pools}
        contracts = {contract.id: contract for contract in book.contracts}
        for key, drawn in self._drawn_by_pool(clients, company).items():
            pool = pools.get(key)
            if pool is None or drawn <= pool.size:
                continue
            contract = contracts[pool.contract_id]
            if any(block.may_go_negative for block in contract.block_terms):
                continue
            values = {"pool": self._pool_name(pool), "drawn": drawn, "size": pool.size}
            if pool.kind == terms.BY_RETAINER:
                message = self.env._("From “%(pool)s” %(drawn)s were drawn; it has only %(size)s.", **values)
            else:
                values.update(drawn=Item._time_text(drawn), size=Item._time_text(pool.size))
                message = self.env._("From “%(pool)s” %(drawn)s were drawn; it has only %(size)s.", **values)
            found[contract.client_id, f"overdrawn:{key}"] = {
                "item_id": False, "code": self.env._("overdrawn"), "message": message,
            }

    @api.model
    def _drawn_by_pool(self, clients, company):
        """Return {name of the pool: seconds or money drawn} from all rows, whatever became of them."""
        domain = [("client_id", "in", clients.ids), ("company_id", "=", company.id)]
        Item = self.env["psa.billing.item"].sudo()
        drawn = {
            f"block:{prepaid.id}": seconds
            for prepaid, seconds in Item._read_group(
                [*domain, ("funding", "=", terms.BY_BLOCK)], ["prepaid_id"], ["drawn_seconds:sum"])
        }
        drawn.update({
            f"retainer:{prepaid.id}": to_decimal(amount)
            for prepaid, amount in Item._read_group(
                [*domain, ("funding", "=", terms.BY_RETAINER)], ["prepaid_id"], ["drawn_amount:sum"])
        })
        drawn.update({
            f"included:{component.id}:{day.isoformat()}": seconds
            for component, day, seconds in Item._read_group(
                [*domain, ("funding", "=", terms.BY_INCLUDED)], ["component_id", "period_from:day"], ["drawn_seconds:sum"])
        })
        return drawn

    @api.model
    def _pool_name(self, pool):
        if pool.kind == terms.BY_INCLUDED:
            return self.env["psa.contract.component"].sudo().browse(pool.component_id).display_name
        return self.env["psa.contract.prepaid"].sudo().browse(pool.id).display_name

    @api.model
    def _readable(self, value):
        if value is None:
            return self.env._("nothing")
        return str(float(value)) if not isinstance(value, (str, int, bool, list, tuple)) else str(value)

    @api.model
    def _keep_list(self, clients, company, found, since):
        """Add what is new, see again what is still there, and let go what is gone."""
        now = fields.Datetime.now()
        known = {
            (problem.client_id.id, problem.key): problem
            for problem in self.sudo().search([("client_id", "in", clients.ids), ("company_id", "=", company.id)])
        }
        fresh = []
        for key, values in found.items():
            problem = known.pop(key, None)
            if problem is None:
                fresh.append({
                    **values, "client_id": key[0], "key": key[1], "company_id": company.id, "found_on": now, "seen_on": now,
                })
            else:
                problem.write({
                    **values, "seen_on": now, **({"state": "open", "found_on": now} if problem.state == "gone" else {}),
                })
        self.sudo().create(fresh)
        gone = self.sudo().browse([problem.id for problem in known.values() if problem.state == "open"])
        if since:
            # What is frozen and was not written since was not looked at.
            looked_at = self._standing_rows(clients, company, since)
            gone = gone.filtered(lambda problem: not problem.item_id or not problem.item_id._is_frozen() or problem.item_id in looked_at)
        gone.write({"state": "gone", "seen_on": now})
