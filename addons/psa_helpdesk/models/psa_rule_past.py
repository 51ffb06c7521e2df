from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import own_field_match, rules
from .psa_rule_condition import BrokenCondition
from .psa_rule_past_reader import PastReader, Unknown
from .psa_rule_time import FINISHED, SLA_TARGETS
from .psa_ticket_history_log import LIFE_DATES

# Events of which history keeps nothing a rule could be tried on.
NOT_RECORDED = ("approval",)
TICKETS = 2000
# What a ticket keeps for life, or what follows from what history keeps: {field: the field it follows from}.
FOR_LIFE = {"id", "number", "create_date", "create_uid", "company_id", "source"}
FOLLOWS = {"state": "stage_id"}


class PsaRule(models.Model):
    """What a rule would have done: its decisions, made again on what history recorded (``core.rules.replay``)."""

    _inherit = "psa.rule"

    def _replay(self, days, tickets=None):
        """Return what the rule would have done in the last days, as pairs (ticket, ``core.rules.Acted``) in order of time, whether
        some tickets were left out because there are too many, {field: tickets} of what could not be told of them, and {ticket id:
        its Past}.

        Nothing is changed or sent. The rule is taken alone, as if it had been made at the beginning of these days. Where it depends
        on a value that history does not tell any more whether it had acted, it is taken not to have.
        """
        self.ensure_one()
        rule = self.sudo()
        until = fields.Datetime.now()
        since = until - timedelta(days=days)
        found = self._tickets_of_the_past(since) if tickets is None else tickets
        tickets, is_cut = found[:TICKETS].sudo(), len(found) > TICKETS
        head = rule._head()
        timings = rule._timings(tickets)
        levels = rule._recorded_levels(tickets)
        bases = rule._bases_before(tickets, since, levels) if rule.event == "time" else {}
        rows, entries = rule._recorded(tickets, since)
        reader = PastReader(self.env, rows, tickets)
        acted, doubts, pasts = [], {}, {}
        for ticket in tickets:
            recorded = (of_ticket.get(ticket.id, []) for of_ticket in (rows, entries, levels))
            past = pasts[ticket.id] = Past(rule, ticket, *recorded, reader)
            acted += [(ticket, done) for done in rules.replay(
                head, timings[ticket.id], past.story(since), past.holds, rules.aware(since), rules.aware(until), bases.get(ticket.id, {})
            )]
            for fname in past.doubts:
                doubts[fname] = doubts.get(fname, tickets.browse()) | ticket
        return sorted(acted, key=lambda item: (item[1].at, item[0].id)), is_cut, doubts, pasts

    def _judged_by_today(self):
        """Return the labels of what the condition asks that history does not keep, so that it is judged by what it is today."""
        self.ensure_one()
        kept = FOR_LIFE | FOLLOWS.keys() | set(self.env["psa.ticket"]._history_fields()) - set(LIFE_DATES)
        labels = {}
        for leaf in self.sudo()._condition().iter_conditions():
            fname = leaf.field_expr.partition(".")[0]
            field = self.env["psa.ticket"]._fields[fname]
            leads_on = field.relational and ("." in leaf.field_expr or leaf.operator in ("any", "not any"))
            if fname not in kept or leads_on:
                labels[self._path_label(leaf.field_expr)] = True
        return list(labels)

    @api.model
    def _asks_the_clock(self, domain):
        """Return whether a condition compares with a moment that moves on, like "now -2H"."""
        return any(
            isinstance(value, str) and not value[:1].isdigit() and (
                self.env["psa.ticket"]._fields[leaf.field_expr.partition(".")[0]].type in ("date", "datetime")
                or (leaf.field_expr.startswith("properties.") and leaf.operator in own_field_match.COMPARISONS
                    and value.startswith(("today", "now")))
            )
            for leaf in domain.iter_conditions()
            for value in (leaf.value if isinstance(leaf.value, (list, tuple, set)) else [leaf.value])
        )

    def _tickets_of_the_past(self, since):
        """Return the tickets the user may read that something happened to, or that were open, in the rule's reach."""
        reach = Domain("company_id", "=", self.company_id.id)
        if self.desk_id:
            reach &= Domain("desk_id", "=", self.desk_id.id)
        changed = self.env["psa.ticket.history"].sudo()._search([("company_id", "=", self.company_id.id), ("date", ">=", since)])
        lately = Domain("id", "in", changed.subselect("ticket_id"))
        if self.event == "time":
            lately |= Domain("state", "not in", FINISHED)
        return self.env["psa.ticket"].search(reach & lately, order="id desc", limit=TICKETS + 1)

    def _bases_before(self, tickets, since, levels):
        """Return {ticket id: {basis: moment}} as it was at a moment; tickets that came later have none."""
        if self.time_basis in SLA_TARGETS:
            return {
                ticket_id: {self.time_basis: due_at}
                for ticket_id, of_ticket in levels.items() for level in of_ticket if f"sla_{level['kind']}" == self.time_basis
                for at, due_at in level["moves"] if at <= rules.aware(since)  # the last one says
            }
        there = tickets.filtered(lambda ticket: ticket.create_date <= since)
        values = self._bases({self: there}, before=since)
        return {ticket_id: {basis: moment} for (ticket_id, basis), moment in values.items()}

    @api.model
    def _recorded_levels(self, tickets):
        """Return {ticket id: the service levels it had}, each with the pairs (per cent, moment) it was warned at, and with the pairs
        (from when on, due at) of when it was due by the clock of that time, its pauses as they came."""
        self.env["psa.ticket.sla"].flush_model()
        self.env["psa.timer"].flush_model()
        Sla, stretches, levels = self.env["psa.ticket.sla"].sudo(), tickets._sla_stretches(), {}
        for row in self.env.execute_query_dict(SQL(
            """
            SELECT level.id, level.ticket_id, level.kind, level.missed_at, (
                SELECT json_object_agg(told.threshold, told.at) FROM (
                    SELECT threshold, to_char(max(fired_at), 'YYYY-MM-DD HH24:MI:SS') AS at FROM psa_timer
                    WHERE kind = 'sla' AND ticket_id = level.ticket_id AND res_id = level.id AND state = 'fired'
                        AND threshold <= level.passed AND threshold <> 100 GROUP BY threshold
                ) AS told
            ) AS warnings
            FROM psa_ticket_sla level WHERE level.ticket_id = ANY(%s) AND level.is_withdrawn IS NOT TRUE ORDER BY level.id
            """, tickets.ids,
        )):
            row["warnings"] = [
                (int(percent), fields.Datetime.to_datetime(at)) for percent, at in (row["warnings"] or {}).items()
            ]
            row["moves"] = Sla.browse(row["id"])._due_moves(stretches[row["ticket_id"]])
            levels.setdefault(row["ticket_id"], []).append(row)
        return levels

    @api.model
    def _recorded(self, tickets, since):
        """Return the rows of history and the entries of tickets since a moment: two dictionaries {ticket id: rows}."""
        rows, entries = {}, {}
        for row in self.env.execute_query_dict(SQL(
            """
            SELECT ticket_id, date, user_id, kind, field_name, old_value, new_value FROM psa_ticket_history
            WHERE ticket_id = ANY(%s) AND date >= %s AND kind NOT IN ('rule', 'access', 'entry') ORDER BY id
            """, tickets.ids, since,
        )):
            rows.setdefault(row["ticket_id"], []).append(row)
        for row in self.env.execute_query_dict(SQL(
            """
            SELECT entry.ticket_id, entry.date, entry.kind, entry.source, COALESCE(entry.is_internal, FALSE) AS is_internal,
                   entry.author_id, message.message_type = 'email' AS is_mail, author.partner_share
            FROM psa_ticket_entry entry
            LEFT JOIN res_partner author ON author.id = entry.author_id
            LEFT JOIN mail_message message ON message.id = entry.message_id
            WHERE entry.ticket_id = ANY(%s) AND entry.date >= %s ORDER BY entry.id
            """, tickets.ids, since,
        )):
            entries.setdefault(row["ticket_id"], []).append(row)
        return rows, entries


class Past:
    """One ticket as history tells of it."""

    def __init__(self, rule, ticket, rows, entries, levels, reader):
        self.rule, self.ticket, self.rows, self.entries, self.levels, self.reader = rule, ticket, rows, entries, levels, reader
        self.states = ticket.env["psa.ticket.stage"]._state_by_stage()
        self.patterns = rule._head().patterns if rule.event == "updated" else ()
        desk_id = ticket.desk_id.id
        self.changes = [
            (row, *(reader.value(row["field_name"], row[side], desk_id) for side in ("old_value", "new_value")))
            for row in rows if row["kind"] == "change" and row["field_name"]
        ]
        self.answers = {}
        # The fields on whose values it hung whether the rule acts, while history does not tell them.
        self.doubts = set()

    def holds(self, at):
        """Return whether the ticket met the rule's condition right after a moment, by the values it had then."""
        count = self._count(at)
        if count not in self.answers:
            self.answers[count] = self._asked(*self._then(count))
        return self.answers[count]

    def as_of(self, at):
        """Return the ticket as it was right after a moment, until it is asked for another; what nobody can tell is as it is now."""
        return self._then(self._count(at))[0]

    def _count(self, at):
        """Return how many of the changes had been made by a moment; seconds are all that history has."""
        naive = rules.naive(at)
        return sum(row["date"] <= naive for row, __, __ in self.changes)

    def _then(self, count):
        """Return the ticket as it was after so many changes, and the names of the fields nobody can tell any more."""
        values = {}
        for row, old, __ in reversed(self.changes[count:]):
            values[row["field_name"]] = old
        fields_of_ticket = self.ticket._fields
        own = {fname.removeprefix("properties."): values.pop(fname) for fname in list(values) if fname.startswith("properties.")}
        unknown = {fname for fname, value in values.items() if isinstance(value, Unknown)}
        values = {fname: value for fname, value in values.items() if fname in fields_of_ticket and fname not in unknown}
        if "desk_id" in values or "desk_id" in unknown:
            # Another desk has other fields; what was carried over is told nowhere.
            unknown.add("properties")
            own = {}
        unknown |= {f"properties.{name}" for name, value in own.items() if isinstance(value, Unknown)}
        own = {name: value for name, value in own.items() if not isinstance(value, Unknown)}
        if not values and not own:
            return self.ticket, unknown
        lists = {fname: values.pop(fname) for fname in list(values) if fields_of_ticket[fname].type == "many2many"}
        then = self.ticket.new(origin=self.ticket)
        # As it was at another moment, the ticket has the same place in the cache.
        then.invalidate_recordset(flush=False)
        then._update_cache(values, validate=False)
        for fname, ids in lists.items():
            # As they are: given to a new record, they would be new records themselves, which are equal to none.
            fields_of_ticket[fname]._update_cache(then, ids)
        if own:
            fields_of_ticket["properties"]._update_cache(then, {**self.ticket._own_field_values(), **own})
        return then, unknown

    def _asked(self, then, unknown):
        """Return whether the rule's condition was met for certain, whatever the unknown values were."""
        asked = set()

        def supposed(is_met):
            def answer(leaf):
                fname = leaf.field_expr.partition(".")[0]
                fname = FOLLOWS.get(fname, fname)
                found = unknown & {fname, leaf.field_expr}
                asked.update(leaf.field_expr if found == {"properties"} else name for name in found)
                return Domain(is_met) if found else leaf
            return answer

        try:
            if not unknown:
                return bool(self.rule._meeting_condition(then))
            if self.rule._meeting_condition(then, supposed(False)):
                return True
            if asked and self.rule._meeting_condition(then, supposed(True)):
                self.doubts |= asked
        except BrokenCondition:
            return False
        return False

    def story(self, since):
        """Return what happened as the core knows it, in order of time."""
        happenings = []
        created_at = None
        steps = {}
        for row in self.rows:
            if row["kind"] == "create":
                created_at = row["date"]
                at = rules.aware(created_at)
                moves = tuple((basis, at) for basis in ("created", "activity", "stage"))
                happenings.append(rules.Happening(at, "created", moves=moves))
                if self._source_at_first() == rules.FROM_MONITORING:
                    happenings.append(rules.Happening(at, "alert"))
                if self.ticket.date_deadline:
                    happenings.append(rules.Happening(at, None, moves=(("deadline", rules.aware(self.ticket.date_deadline)),)))
            elif row["kind"] in ("change", "link", "attachment", "time", "merge"):
                steps.setdefault((row["date"], row["user_id"]), []).append(row)
        read = {id(row): (old, new) for row, old, new in self.changes}
        for (date, user_id), of_step in steps.items():
            at = rules.aware(date)
            changes = []
            for row in of_step:
                if id(row) not in read:
                    continue
                old, new = read[id(row)]
                if self._is_formatted(row["field_name"]):
                    old, new = (" ".join((row[side] or "").replace("*", "").split()) for side in ("old_value", "new_value"))
                changes.append((row["field_name"], old, new))
                self._doubt_change(row["field_name"], old, new)
                if row["field_name"] == "stage_id":
                    changes.append(("state", self.states.get(old), self.states.get(new)))
            moves = [("activity", at)] if user_id != SUPERUSER_ID else []
            moves += [("stage", at)] if any(name == "stage_id" for name, __, __ in changes) else []
            # What is changed in the moment of the creation belongs to it.
            event = "updated" if changes and date != created_at else None
            happenings.append(rules.Happening(at, event, tuple(changes), tuple(moves)))
        for entry in self.entries:
            happenings += self._of_entry(entry)
        for level in self.levels:
            happenings += (happening for happening in self._of_level(level) if happening.at >= rules.aware(since))
        return sorted(happenings, key=lambda happening: happening.at)

    def _is_formatted(self, fname):
        """Return whether a field has formatting, which neither history nor a rule that waits for its text knows."""
        return fname in self.ticket._fields and self.ticket._fields[fname].type == "html"

    def _source_at_first(self):
        """Return how the ticket came in, as was said when it was created."""
        return next((old for row, old, __ in self.changes if row["field_name"] == "source"), self.ticket.source)

    def _doubt_change(self, fname, old, new):
        """Note a change to or from a value the rule waits for, where nobody can tell which value it was."""
        known = [not isinstance(value, Unknown) for value in (old, new)]
        if any(pattern.field == fname and pattern.hangs_on(*known) for pattern in self.patterns):
            self.doubts.add(fname)

    def _of_level(self, level):
        """Yield what happened to a service level."""
        for at, due_at in level["moves"]:
            yield rules.Happening(at, None, moves=((f"sla_{level['kind']}", due_at),))
        told = [("sla_warning", percent, at) for percent, at in level["warnings"]]
        if level["missed_at"]:
            told.append(("sla_breach", 100, level["missed_at"]))
        for event, percent, at in told:
            yield rules.Happening(rules.aware(at), event, details=(("target", level["kind"]), ("percent", percent)))

    def _of_entry(self, entry):
        at = rules.aware(entry["date"])
        if entry["is_mail"] and not entry["is_internal"]:
            yield rules.Happening(at, "mail")
        if rules.brings_alert(entry["kind"], entry["source"]):
            yield rules.Happening(at, "alert")
        who = rules.speaker(
            entry["is_internal"], bool(entry["author_id"]), entry["partner_share"], entry["source"],
            entry["author_id"] in (self.rule._robot_id(), entry["partner_share"] and self.ticket.company_id.partner_id.id),
        )
        if not who:
            return
        moves = [("activity", at)] if entry["is_internal"] else [("activity", at), (f"{who}_entry", at)]
        event = f"entry_{who}"
        if entry["kind"] == "description":
            event = None
        yield rules.Happening(at, event, moves=tuple(moves), details=(("is_internal", entry["is_internal"]),))
