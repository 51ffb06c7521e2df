import logging

import psycopg2
from odoo import SUPERUSER_ID, api, fields, models

from ..core import rule_changes, rules
from .psa_rule_attention import WARNING
from .psa_rule_condition import BrokenCondition
from .psa_rule_queue import RuleQueue

_logger = logging.getLogger(__name__)

# Among what happened to a ticket: a rule did it.
BY_RULE = "by_rule"


class Done:
    """What came of a rule on one ticket."""

    __slots__ = ("errors", "outcomes")

    def __init__(self):
        self.outcomes = []
        self.errors = []


class PsaRule(models.Model):
    """How rules are run: what happened is asked once for all tickets, rule by rule in their order, and what a rule changes is
    asked again, until nothing happens any more or the chain ends (``core/rules.py``).

    A rule acts as the system, on tickets of its company and desk. What fails for one ticket is taken back for that ticket and
    shown; everything else goes on.
    """

    _inherit = "psa.rule"

    @api.model
    def _run_pending(self, queue):
        """Run the rules about all that is noted, and what follows from it."""
        if not self._catalog():
            queue.take()
            return
        if not queue.events and not queue.has_changes:
            return
        # Changes are noted when they go to the database.
        self.env.flush_all()
        touched = {}
        while queue.events or touched:
            if not queue.events:
                self._as_system()._move_moments(touched)
                touched = {}
                continue
            levels = {}
            for event in queue.take():
                levels.setdefault(event.chain, []).append(event)
            for chain, events in levels.items():
                self._as_system()._run_level(queue, chain, events, touched)

    @api.model
    def _run_level(self, queue, chain, events, touched):
        """Run the rules about what happened, in their order. ``touched`` gets {ticket id: what happened to it}."""
        noted = {}
        for event in events:
            noted.setdefault(event.ticket_id, {}).setdefault(event.name, []).append(event.details)
        tickets = self.env["psa.ticket"].browse(noted).exists()
        desks = {ticket.id: ticket.desk_id.id for ticket in tickets}
        concerned = {}
        for ticket in tickets:
            happened = noted[ticket.id]
            if not chain and "created" in happened:
                happened.pop("updated", None)  # it belongs to the creation
            if "time" in self._heads(desks[ticket.id]):
                touched.setdefault(ticket.id, set()).update(self._what_moves(happened) | ({BY_RULE} if chain else set()))
            for name in happened:
                for head in self._heads(desks[ticket.id]).get(name, ()):
                    concerned.setdefault(head.id, (head, {}))[1][ticket.id] = happened[name]
        ended = set()
        order = {head.id: position for position, head in enumerate(self._catalog())}
        for head, happened in sorted(concerned.values(), key=lambda item: order.get(item[0].id, 0)):
            fitting = self._fitting(head, {key: value for key, value in happened.items() if key not in ended})
            rule = self.browse(head.id)
            for (names, changes), ticket_ids in fitting.items():
                acted = rule._act(tickets.browse(ticket_ids), names=names, changes=changes, chain=chain)
                if head.is_last:
                    ended.update(acted.ids)

    @api.model
    def _fitting(self, head, happened):
        """Return {(names of the fields that changed, keys of the changes waited for): ids of the tickets} of what happened as the rule
        wants it."""
        fitting = {}
        for ticket_id, details in happened.items():
            names, keys = (), ()
            if head.event == "updated":
                changes = rule_changes.net([change for detail in details for change in detail["changes"]])
                names = tuple(rule_changes.matching(head.patterns, changes))
                keys = tuple(pattern.key for pattern in rule_changes.met(head.patterns, changes))
                if not names:
                    continue
            elif not rules.says(details, head.details):
                continue
            fitting.setdefault((names, keys), []).append(ticket_id)
        return fitting

    @api.model
    def _what_moves(self, happened):
        """Return which moments that rules count from may have moved by what happened to a ticket."""
        moves = set(happened)
        for detail in happened.get("updated", ()):
            changed = {name for name, __, __ in detail["changes"]}
            moves |= {"stage"} if "stage_id" in changed else set()
            moves |= {"deadline"} if "date_deadline" in changed else set()
            # Other rules, or other hours, count from now on.
            moves |= {"created"} if changed & {"desk_id", "client_id"} else set()
        if moves & {"sla_moved", "sla_warning", "sla_breach"}:
            moves.add("sla")
        return moves

    def _act(self, tickets, names=(), changes=(), chain=(), cycles=None, turn=0, is_late=False):
        """Run the rule on those of the tickets that meet its condition; return these.

        :param names: the fields whose change set the rule off
        :param changes: ids of the changes the rule waits for that set it off
        :param cycles: {ticket id: number that tells its moment from others}; a rule acts once for each of them and ``turn``
        """
        self.ensure_one()
        self = self._as_system()
        tickets = tickets.with_env(self.env)
        queue = RuleQueue.of(self.env.cr)
        try:
            tickets = self._meeting_condition(tickets)
        except BrokenCondition as error:
            self._note_failure(self.env._("The condition of the rule is broken: %s", error), tickets)
            return tickets.browse()
        firing = rules.Firing(
            rule_id=self.id, event=self.event, reason=self._reason(names, tickets.browse(), changes),
            at=rules.aware(fields.Datetime.now()), depth=len(chain), chain=chain, late=is_late, turn=turn, fields=tuple(names),
            changes=tuple(changes),
        )
        verdicts = {}
        for ticket in tickets:
            verdict = rules.verdict(self.id, ticket.id, chain, queue.acted.get(chain, ()))
            verdicts[verdict] = verdicts.get(verdict, tickets.browse()) | ticket
        self._note_end(verdicts, firing)
        tickets = verdicts.get(rules.FIRE, tickets.browse())
        if tickets and cycles is not None:
            tickets = self._without_restless(tickets, firing)
        if tickets and cycles is not None:
            tickets = self.env["psa.rule.log"]._claim(self, tickets, cycles, turn)
        if tickets:
            self._fire(tickets, firing, cycles=cycles)
            self._plan_repetition(tickets, cycles, turn)
        return tickets

    def _fire(self, tickets, firing, cycles=None):
        """Do what the rule does on the tickets, and write down what came of it; return {ticket id: [Outcome]}."""
        self.ensure_one()
        queue = RuleQueue.of(self.env.cr)
        tickets = tickets._accepting_incomplete()
        with queue.chained((*firing.chain, self.id), [(self.id, ticket.id) for ticket in tickets]):
            done = self._do(queue, tickets, firing)
        self._write_down(tickets, firing, done, cycles)
        return {ticket_id: of_ticket.outcomes for ticket_id, of_ticket in done.items()}

    def _do(self, queue, tickets, firing):
        """Run the actions: all of them on all tickets at once or, when something fails, each apart."""
        actions = self.action_ids
        done = {ticket.id: Done() for ticket in tickets}
        if not actions:
            return done
        try:
            with queue.guarded(self.env.cr):
                results = [action._run(tickets, firing) for action in actions]
        except psycopg2.OperationalError:
            raise  # the transaction is tried again
        except Exception as error:
            if len(actions) > 1 or len(tickets) > 1:
                for action in actions:
                    self._do_apart(queue, action, tickets, firing, done)
            else:
                self._note_error(done[tickets.id], actions, error)
            return done
        for result in results:
            for ticket_id, outcomes in result.items():
                done[ticket_id].outcomes += outcomes
        return done

    def _do_apart(self, queue, action, tickets, firing, done):
        """Run an action on all tickets; when it fails, on halves of them, down to the one it fails on."""
        try:
            with queue.guarded(self.env.cr):
                result = action._run(tickets, firing)
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if len(tickets) == 1:
                self._note_error(done[tickets.id], action, error)
                return
            # By halves: one of five hundred that fails costs as many attempts as it takes to find it.
            half = len(tickets) // 2
            for part in (tickets[:half], tickets[half:]):
                self._do_apart(queue, action, part, firing, done)
            return
        for ticket_id, outcomes in result.items():
            done[ticket_id].outcomes += outcomes

    def _note_error(self, done, action, error):
        _logger.warning("Rule %s (%s) failed on a ticket: %s", self.id, self.name, error, exc_info=True)
        done.errors.append(f"{action.display_name}: {error}" if len(action) == 1 else str(error))

    def _write_down(self, tickets, firing, done, cycles):
        """Write the log of the rule and a row of each ticket's history."""
        log, history = [], []
        for ticket in tickets:
            of_ticket = done[ticket.id]
            of_ticket.errors += [
                outcome.error for outcome in of_ticket.outcomes if outcome.error and outcome.error not in of_ticket.errors
            ]
            worked = [outcome for outcome in of_ticket.outcomes if not outcome.error]
            texts = [outcome.text for outcome in worked]
            reason = self._reason(firing.fields, ticket, firing.changes)
            told = list(dict.fromkeys(name for outcome in worked for name in outcome.recipients))
            log.append({
                "ticket": ticket, "outcome": "failed" if of_ticket.errors else "done", "actions": "\n".join(texts), "reason": reason,
                "recipients": ", ".join(told), "error": "\n".join(of_ticket.errors), "cycle": (cycles or {}).get(ticket.id),
            })
            lines = [self.env._("Rule “%(rule)s”: %(reason)s", rule=self.name, reason=reason), *texts]
            if told:
                lines.append(self.env._("Told: %s", ", ".join(told)))
            if of_ticket.errors:
                # What went wrong may tell of other systems and people; the log is read by the rule's company only.
                lines.append(self.env._("Not all of it could be done; the log of rules says why."))
            history.append(ticket._history_row("rule", ticket.id, description="\n".join(lines)))
        self.env["psa.rule.log"]._append(self, firing, log)
        self.env["psa.ticket.history"]._append(history)
        if any(row["error"] for row in log):
            self._alarm()

    def _note_end(self, verdicts, firing):
        """Write down where a chain ends: too deep, or in a circle. That a rule's own change would set it off again is no news."""
        ended = verdicts.get(rules.TOO_DEEP, self.env["psa.ticket"])
        reasons = dict.fromkeys(ended.ids, self.env._("Not run: a chain of %s rules led here.", len(firing.chain)))
        if firing.chain and firing.chain[-1] != self.id:
            again = verdicts.get(rules.AGAIN, self.env["psa.ticket"])
            reasons |= dict.fromkeys(again.ids, self.env._("Not run: the rule acted on this ticket before in the same chain of rules."))
        self._note_bound(reasons, firing)

    def _note_bound(self, reasons, firing):
        """Write down of tickets why the rule does not act on them: {ticket id: reason}."""
        if not reasons:
            return
        tickets = self.env["psa.ticket"].browse(reasons)
        self.env["psa.rule.log"]._append(self, firing, [
            {"ticket": ticket, "outcome": "bound", "error": reasons[ticket.id]} for ticket in tickets
        ])
        self.env["psa.ticket.history"]._append([
            ticket._history_row("rule", ticket.id, description=self.env._(
                "Rule “%(rule)s”: %(reason)s", rule=self.name, reason=reasons[ticket.id]
            )) for ticket in tickets
        ])
        self._alarm()

    def _note_failure(self, error, tickets):
        """Write down that the rule could not be asked at all, unless that is known already."""
        known = [("rule_id", "=", self.id), ("ticket_id", "in", [False, *tickets.ids]), ("error", "=", error), ("is_settled", "=", False)]
        if self.env["psa.rule.log"].sudo().search_count(known, limit=1):
            return
        firing = rules.Firing(self.id, self.event, self._reason((), self.env["psa.ticket"]), rules.aware(fields.Datetime.now()))
        self.env["psa.rule.log"]._append(self, firing, [{"ticket": tickets[:1], "outcome": "failed", "error": error}])
        self._alarm()

    def _alarm(self):
        """Let who keeps the rule know that it needs attention: one activity, however often it fails."""
        keeper = self._keeper()
        kind = self.env.ref(WARNING, raise_if_not_found=False)
        if not keeper or not kind or self.env["mail.activity"].search_count(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("activity_type_id", "=", kind.id)], limit=1
        ):
            return
        self.with_context(mail_activity_quick_update=True).activity_schedule(
            activity_type_id=kind.id, user_id=keeper.id, summary=self.env._("Rule “%s” needs attention", self.name),
        )

    def _keeper(self):
        """Return who keeps the rule: the desk's administrator, else who made it if he runs the company, else who does."""
        administrators = self.desk_id.admin_ids.filtered("active")
        if administrators:
            return administrators[0]
        everybody = self.env["res.users"].search([
            ("all_group_ids", "in", self.env.ref("psa_crm.group_company_admin").ids), ("company_ids", "in", self.company_id.id),
            ("share", "=", False), ("id", "!=", SUPERUSER_ID),
        ], order="id")
        return (everybody & self.create_uid) or everybody[:1]

    def _as_system(self):
        """Return the rules as they are run: as the system, in their company, with nothing a caller says."""
        company = self.company_id[:1].sudo()
        context = {"allowed_company_ids": company.ids} if company else {}
        lang = company.partner_id.lang
        return self.with_env(self.env(user=SUPERUSER_ID, su=True, context={**context, **({"lang": lang} if lang else {})}))
