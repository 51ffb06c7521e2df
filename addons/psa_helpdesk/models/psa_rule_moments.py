from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..core import rules
from .psa_rule import TURNS
from .psa_rule_engine import BY_RULE

# What happens to a ticket that is just being made.
JUST_CREATED = {"created", "mail", "alert", BY_RULE}
A_MINUTE = timedelta(minutes=1)
# How often within an hour the moment of one ticket comes anew for a rule, before it is taken for a circle of rules.
PER_HOUR = 20


class PsaRule(models.Model):
    """How the moments of rules about time are set, moved and acted on. What they count from is in ``psa_rule_time.py``."""

    _inherit = "psa.rule"

    @api.model
    def _move_moments(self, touched):
        """Set the moments of tickets anew after something happened to them, and act where a ticket came to meet a condition late.

        :param touched: {ticket id: what happened, as ``core/rules.py`` names it}
        """
        tickets = self.env["psa.ticket"].browse(touched).exists()
        moved, others = {}, {}
        for ticket in tickets:
            happened = touched[ticket.id]
            for head in self._heads(ticket.desk_id.id).get("time", ()):
                is_moved = "created" in happened or rules.MOVED_BY[head.basis] & happened
                by_rule = moved if is_moved else others
                by_rule[head.id] = by_rule.get(head.id, tickets.browse()) | ticket
        by_rule = {self.browse(rule_id): of_rule for rule_id, of_rule in moved.items()}
        if by_rule:
            bases = self._bases(by_rule)
            new = {ticket_id for ticket_id, happened in touched.items() if "created" in happened and not happened - JUST_CREATED}
            for rule_id, ticket_id in self._end_other_cycles(by_rule, bases, new):
                # Its moment is where it was, and has passed already.
                others[rule_id] = others.get(rule_id, tickets.browse()) | tickets.browse(ticket_id)
            self._schedule_moments(by_rule, bases, {ticket_id for ticket_id, happened in touched.items() if BY_RULE in happened})
        self._act_on_late({self.browse(rule_id): of_rule for rule_id, of_rule in others.items()})

    @api.model
    def _end_other_cycles(self, tickets_by_rule, bases, new):
        """Take back the timers of these tickets and rules that count from other moments than now; repetitions go on.

        :param new: ids of tickets that have no timers yet
        :return: pairs (rule id, ticket id) of those whose timer of the same moment has fired
        """
        wanted = [
            (rule.id, ticket.id, self._cycle(bases.get((ticket.id, rule.time_basis))))
            for rule, tickets in tickets_by_rule.items() for ticket in tickets if ticket.id not in new
        ]
        if not wanted:
            return []
        Timer = self.env["psa.timer"]
        Timer.flush_model(["state"])
        fired = self.env.execute_query(SQL(
            """
            WITH wanted AS (
                SELECT * FROM unnest(%(rules)s::int[], %(tickets)s::int[], %(cycles)s::int[]) AS wanted (rule_id, ticket_id, cycle)
            ), ended AS (
                UPDATE psa_timer timer SET state = 'cancelled' FROM wanted
                WHERE timer.kind = 'rule' AND timer.ticket_id = wanted.ticket_id AND timer.res_id = wanted.rule_id
                    AND timer.state IN ('pending', 'failed') AND timer.cycle IS DISTINCT FROM wanted.cycle
            )
            SELECT DISTINCT timer.res_id, timer.ticket_id FROM psa_timer timer
            JOIN wanted ON timer.ticket_id = wanted.ticket_id AND timer.res_id = wanted.rule_id AND timer.cycle = wanted.cycle
            WHERE timer.kind = 'rule' AND timer.state = 'fired'
            """,
            rules=[rule_id for rule_id, __, __ in wanted], tickets=[ticket_id for __, ticket_id, __ in wanted],
            cycles=[cycle for __, __, cycle in wanted],
        ))
        Timer.invalidate_model(["state"], flush=False)
        return fired

    @api.model
    def _schedule_moments(self, tickets_by_rule, bases=None, by_rules=()):
        """Make a timer for each of these tickets and rules whose moment comes after the rule became active: one query.

        :param by_rules: ids of tickets a rule moved: rules that move each other's moments come to their turn by the minute, not
            as fast as the server can
        """
        bases = self._bases(tickets_by_rule) if bases is None else bases
        now = rules.aware(fields.Datetime.now())
        rows = []
        for rule, tickets in tickets_by_rule.items():
            rule_since = rules.aware(rule.active_since)
            timings = rule._timings(tickets)
            for ticket in tickets:
                basis = bases.get((ticket.id, rule.time_basis))
                due = rule._due(timings[ticket.id], basis, ticket)
                if due and due > rule_since:
                    if ticket.id in by_rules and basis > now - A_MINUTE:
                        due = max(due, now + A_MINUTE)
                    rows.append(rule._timer_row(ticket, rule._cycle(basis), 0, due))
        if rows:
            self.env["psa.timer"]._schedule(rows)

    @api.model
    def _act_on_late(self, tickets_by_rule):
        """Act on tickets whose moment passed while they did not meet the condition, if they do now."""
        bases = self._bases(tickets_by_rule)
        now, late = rules.aware(fields.Datetime.now()), {}
        for rule, tickets in tickets_by_rule.items():
            timings = rule._timings(tickets)
            for ticket in tickets:
                basis = bases.get((ticket.id, rule.time_basis))
                due = rule._due(timings[ticket.id], basis, ticket)
                if due and rules.aware(rule.active_since) < due <= now:
                    late[rule.id, ticket.id] = (due, rule._cycle(basis))
        if not late:
            return
        acted = {(rule_id, ticket_id): rules.aware(date) for rule_id, ticket_id, date in self.env.execute_query(SQL(
            """
            SELECT rule_id, ticket_id, max(date) FROM psa_rule_log
            WHERE rule_id = ANY(%s) AND ticket_id = ANY(%s) AND cycle IS NOT NULL GROUP BY rule_id, ticket_id
            """,
            list({rule_id for rule_id, __ in late}), list({ticket_id for __, ticket_id in late}),
        ))}
        cycles = {}
        for (rule_id, ticket_id), (due, cycle) in late.items():
            if (rule_id, ticket_id) not in acted or acted[rule_id, ticket_id] < due:
                cycles.setdefault(rule_id, {})[ticket_id] = cycle
        for rule_id, of_rule in cycles.items():
            self.browse(rule_id)._act(self.env["psa.ticket"].browse(of_rule), cycles=of_rule)

    def _act_on_timers(self, timers):
        """Act on the tickets of timers of this rule that are due, all of one repetition."""
        self.ensure_one()
        generation, turn = divmod(timers[0].threshold, TURNS)
        if generation != self.generation:
            return
        if self.event == "time" and not turn:
            timers = self._past_their_moment(timers)
        cycles = {}
        for timer in timers:
            cycles.setdefault(timer.is_late, {})[timer.ticket_id.id] = timer.cycle
        for is_late, of_kind in cycles.items():
            self._act(self.env["psa.ticket"].browse(of_kind), cycles=of_kind, turn=turn, is_late=is_late)

    def _past_their_moment(self, timers):
        """Return those of the timers whose moment has come.

        One that has come closer or gone farther because hours changed waits on; where what it counts from has moved, another timer
        waits for it.
        """
        tickets = timers.ticket_id
        bases, timings, now = self._bases({self: tickets}), self._timings(tickets), rules.aware(fields.Datetime.now())
        past = []
        for timer in timers:
            basis = bases.get((timer.ticket_id.id, self.time_basis))
            due = self._due(timings[timer.ticket_id.id], basis, timer.ticket_id)
            if due and due <= now:
                past.append(timer.id)
            elif due and self._cycle(basis) == timer.cycle:
                timer._postpone(rules.naive(due))
        return timers.browse(past)

    def _without_restless(self, tickets, firing):
        """Return the tickets without those whose moment for this rule came so often lately that rules must be moving each other."""
        if firing.turn or self.event != "time":
            return tickets
        restless = dict(self.env.execute_query(SQL(
            """
            SELECT ticket_id, bool_or(outcome = 'bound') FROM psa_rule_log
            WHERE rule_id = %s AND ticket_id = ANY(%s) AND date > %s AND (outcome = 'bound' OR cycle IS NOT NULL AND turn %% %s = 0)
            GROUP BY ticket_id HAVING count(*) >= %s
            """,
            self.id, tickets.ids, fields.Datetime.now() - timedelta(hours=1), TURNS, PER_HOUR,
        )))
        self._note_bound({
            ticket_id: self.env._("Not run: it has acted on this ticket %s times within an hour. Do rules change it by turns?", PER_HOUR)
            for ticket_id, is_known in restless.items() if not is_known
        }, firing)
        return tickets.filtered(lambda ticket: ticket.id not in restless)

    def _plan_repetition(self, tickets, cycles, turn):
        """Have the rule act again on the tickets after a while, if it repeats."""
        self.ensure_one()
        if not self.repeat_amount:
            return
        now = rules.aware(fields.Datetime.now())
        if cycles is None:
            # It starts from the beginning each time it happens.
            self.env["psa.timer"]._cancel("rule", ticket_ids=tickets.ids, res_ids=self.ids)
            cycles = dict.fromkeys(tickets.ids, self._cycle(now))
        timings = self._timings(tickets)
        rows = []
        for ticket in tickets:
            due = self._safely(timings[ticket.id].next_due, ticket, now, turn)
            if due:
                rows.append(self._timer_row(ticket, cycles[ticket.id], turn + 1, due))
        if rows:
            self.env["psa.timer"]._schedule(rows)
