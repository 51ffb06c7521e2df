from odoo import api, fields, models
from odoo.addons.psa_crm.core import access
from odoo.fields import Command
from odoo.tools import SQL

from ..core import assignment
from ..core.lifecycle import DONE_STATES, OPEN_STATES


def _linked_ids(commands):
    """Return the ids of existing records that the value of a many2many links."""
    linked = set()
    for command in commands:
        if isinstance(command, int):
            linked.add(command)
        elif command[0] == Command.SET:
            linked = set(command[2])
        elif command[0] == Command.LINK:
            linked.add(command[1])
    return linked


class PsaTicket(models.Model):
    """Tickets find somebody by themselves where desk or queue want it: when they come in, and when they are moved there.

    Who is chosen is decided in ``core/assignment.py``. A new ticket is given to him before it is written, so it costs no
    write of its own; desks that assign by hand pay nothing.
    """

    _inherit = "psa.ticket"

    assignment_note = fields.Char(
        "Why", readonly=True, copy=False, groups="base.group_user",
        help="Why the ticket was given to this person, or why nobody was found.",
    )

    announcement_due = fields.Selection(selection_add=[("assigned", "Notice to who was chosen")])

    def write(self, vals):
        if vals.get("user_id") and "assignment_note" not in vals and self.env["psa.desk"]._assignment_settings():
            vals = {**vals, "assignment_note": False}
        if not vals.keys() & {"queue_id", "desk_id"} or vals.get("user_id"):
            return super().write(vals)
        if not self.env["psa.desk"]._assignment_settings():
            return super().write(vals)
        before = {ticket: (ticket.queue_id, ticket.desk_id) for ticket in self.sudo()}
        result = super().write(vals)
        moved = self.sudo().filtered(lambda ticket: before[ticket] != (ticket.queue_id, ticket.desk_id) and not ticket.user_id)
        moved._assign_moved()
        return result

    def _creation_message(self):
        note = self.sudo().assignment_note
        return f"{super()._creation_message()}. {note}" if note else super()._creation_message()

    def _tells_assignee_at_once(self):
        return super()._tells_assignee_at_once() and not self.assignment_note

    def _announce(self):
        chosen = self.filtered(lambda ticket: ticket.assignment_note and ticket.user_id and ticket.user_id != ticket.create_uid)
        result = super()._announce()
        for user, tickets in chosen.grouped("user_id").items():
            tickets.with_context(lang=user.lang)._message_auto_subscribe_notify(user.partner_id.ids, "mail.message_user_assigned")
        return result

    def _complete_create_vals(self, vals_list):
        result = super()._complete_create_vals(vals_list)
        self._assign_in_vals(vals_list)
        return result

    @api.model
    def _assign_in_vals(self, vals_list):
        """Put into the values of new tickets whom they go to."""
        Desk = self.env["psa.desk"]
        if not Desk._assignment_settings() or self.env.context.get("default_user_id"):
            return
        desks, queues = Desk._settings_by_desk(), self.env["psa.queue"]._settings_by_queue()
        states = self.env["psa.ticket.stage"]._state_by_stage()
        default_queue_id = self.env.context.get("default_queue_id")
        waiting = []
        for vals in vals_list:
            if vals.get("user_id") or states.get(vals.get("stage_id") or self.env.context.get("default_stage_id")) in DONE_STATES:
                continue
            desk_id = vals["desk_id"]
            queue_id = vals.get("queue_id") or default_queue_id
            if queue_id not in queues:
                queue_id = desks[desk_id]["queue_id"]
            plan = Desk._assignment_plan(desk_id, queue_id)
            if plan:
                waiting.append((vals, plan, desk_id, queue_id))
        if not waiting:
            return
        Partner = self.env["res.partner"].sudo()
        partners = Partner.browse({vals["partner_id"] for vals, *__ in waiting if vals.get("partner_id")})
        clients = {partner.id: partner.commercial_partner_id.id for partner in partners}
        asks = [
            (
                plan,
                (desks[desk_id]["company_id"], clients.get(vals.get("partner_id")) or vals.get("client_id") or False, desk_id),
                self._wanted_skills(plan, desks[desk_id]["company_id"], queue_id, vals),
            )
            for vals, plan, desk_id, queue_id in waiting
        ]
        for (vals, *__), (user_id, note) in zip(waiting, self._choose_assignees(asks), strict=True):
            vals["user_id"] = user_id
            vals["assignment_note"] = note
            if user_id:
                # Who is chosen is told by the scheduled action, so that nobody waits for mails when a ticket comes in.
                vals["announcement_due"] = vals.get("announcement_due") or "assigned"

    def _assign_moved(self):
        """Find somebody for tickets that were moved here and that nobody has."""
        Desk = self.env["psa.desk"]
        waiting, asks = [], []
        for ticket in self:
            plan = ticket.state in OPEN_STATES and Desk._assignment_plan(ticket.desk_id.id, ticket.queue_id.id)
            if not plan:
                continue
            company_id = ticket.company_id.id
            values = {"asset_ids": ticket.asset_ids.ids, **{fname: ticket[fname].id for fname in self._skilled_fields()}}
            waiting.append(ticket)
            asks.append((
                plan, (company_id, ticket.client_id.id, ticket.desk_id.id),
                self._wanted_skills(plan, company_id, ticket.queue_id.id, values),
            ))
        batches, notes = {}, {}
        for ticket, (user_id, note) in zip(waiting, self._choose_assignees(asks), strict=True):
            batches[user_id, note] = batches.get((user_id, note), self.browse()) | ticket
            notes[ticket.id] = note
        for (user_id, note), tickets in batches.items():
            tickets.write({"user_id": user_id, "assignment_note": note})
        if notes:
            self.browse(notes)._message_log_batch(bodies=notes)

    @api.model
    def _choose_assignees(self, asks):
        """Return [(user id or False, note)] for tickets that ask for somebody, in a number of queries that does not grow.

        :param asks: list of (plan, (company id, client id, desk id), ids of wanted skills)
        """
        if not asks:
            return []
        loads, names = self._assignment_candidates({user_id for (__, __, members, __), *__ in asks for user_id in members})
        levels = self.env["psa.skill"]._levels_by_user()
        allowed_in = {}
        turns_of = {}
        steps = []
        for plan, place, wanted in asks:
            present = [user_id for user_id in plan[2] if user_id in loads]
            key = (place, plan[2])
            if key not in allowed_in:
                allowed_in[key] = self._allowed_to_work(present, *place)
            people = [assignment.Candidate(user_id, loads[user_id], levels.get(user_id, {})) for user_id in present]
            draws = plan[0] == assignment.ROUND_ROBIN and assignment.takes_turn(people, allowed_in[key])
            if draws:
                turns_of[plan[3]] = turns_of.get(plan[3], 0) + 1
            steps.append((plan, place, wanted, present, allowed_in[key], draws))
        turns = {owner: iter(self._draw_turns(owner, count)) for owner, count in turns_of.items()}
        chosen = []
        for plan, place, wanted, present, allowed, draws in steps:
            # What was given out before in this batch counts.
            people = [assignment.Candidate(user_id, loads[user_id], levels.get(user_id, {})) for user_id in present]
            choice = assignment.choose(plan[0], people, allowed, next(turns[plan[3]]) if draws else 0, wanted)
            if choice.user:
                loads[choice.user] += 1
            chosen.append((choice.user or False, self._assignment_text(choice, plan, names, wanted, place[0])))
        return chosen

    @api.model
    def _assignment_candidates(self, user_ids):
        """Return ({user id: open tickets}, {user id: name}) of those users who are neither archived nor away."""
        self.flush_model(["user_id", "state", "active"])
        self.env["psa.client.absence"].flush_model(["user_id", "date_from", "date_to"])
        self.env["psa.client.share"].flush_model(["absence_id", "state"])
        self.env["res.users"].flush_model(["active"])
        now = fields.Datetime.now()
        # An absence whose shares were all taken back is over: the person is here again.
        rows = self.env.execute_query(SQL(
            """SELECT u.id, p.name,
                      (SELECT count(*) FROM psa_ticket t
                        WHERE t.user_id = u.id AND t.active IS TRUE AND t.state IN ('new', 'open', 'waiting', 'on_hold'))
                 FROM res_users u JOIN res_partner p ON p.id = u.partner_id
                WHERE u.id = ANY(%s) AND u.active IS TRUE AND u.share IS NOT TRUE
                  AND NOT EXISTS (
                      SELECT FROM psa_client_absence a
                       WHERE a.user_id = u.id AND a.date_from <= %s AND a.date_to > %s
                         AND (NOT EXISTS (SELECT FROM psa_client_share s WHERE s.absence_id = a.id)
                              OR EXISTS (SELECT FROM psa_client_share s WHERE s.absence_id = a.id
                                          AND s.state IN ('offered', 'accepted', 'active'))))""",
            list(user_ids), now, now,
        ))
        return {user_id: load for user_id, __, load in rows}, {user_id: name for user_id, name, __ in rows}

    @api.model
    def _allowed_to_work(self, user_ids, company_id, client_id, desk_id):
        """Return the set of those users who may work on tickets of this client at this desk."""
        now = self.env["psa.access"]._psa_now()
        allowed = set()
        for user_id in user_ids:
            env = self.env(user=user_id, su=False)
            effective = env["psa.access"]._psa_effective()
            if effective is None or company_id not in effective.companies:
                continue
            if not env.user.has_group("psa_crm.group_technician"):
                continue
            level = effective.level("desk", company_id, desk_id, access.TICKETS, now)
            if client_id:
                level = min(level, effective.level("client", company_id, client_id, access.TICKETS, now))
            if level >= self._psa_access_write_level:
                allowed.add(user_id)
        return allowed

    @api.model
    def _draw_turns(self, owner, count):
        """Return ``count`` turns of a desk or queue, drawn in one query from a sequence nobody waits for."""
        model, record_id = owner
        sequence_id = self.env["psa.desk"]._assignment_settings()[owner][3]
        if not sequence_id:
            # A queue that this desk did not list before: give it turns, one worker at a time.
            record = self.env[model].sudo().browse(record_id)
            record.lock_for_update()
            record.invalidate_recordset(["turn_sequence_id"])
            record._ensure_turns()
            self.env.registry.clear_cache()
            sequence_id = record.turn_sequence_id.id
        rows = self.env.execute_query(SQL(
            "SELECT nextval(%s) FROM generate_series(1, %s)", f"ir_sequence_{sequence_id:03d}", count
        ))
        return [turn for (turn,) in rows]

    @api.model
    def _skilled_fields(self):
        """Return the names of the fields whose options can ask for a skill."""
        return ("type_id", "category_id", "subcategory_id", "module_id")

    @api.model
    def _wanted_skills(self, plan, company_id, queue_id, values):
        """Return the ids of the skills that a ticket with these values asks for; none where skills do not decide."""
        if plan[0] != assignment.SKILL:
            return frozenset()
        wanted_by, __ = self.env["psa.skill"]._wanted_by(company_id)
        keys = [("queue", queue_id), *(("option", values.get(fname)) for fname in self._skilled_fields())]
        if values.get("asset_ids") and any(kind == "asset_type" for kind, __ in wanted_by):
            assets = self.env["psa.asset"].sudo().browse(_linked_ids(values["asset_ids"]))
            keys += [("asset_type", type_id) for type_id in assets.type_id.ids]
        return frozenset().union(*(wanted_by.get(key, ()) for key in keys))

    @api.model
    def _assignment_text(self, choice, plan, names, wanted, company_id):
        """Say why somebody was chosen, or why nobody was."""
        __, skill_names = self.env["psa.skill"]._wanted_by(company_id) if wanted else (None, {})
        values = {
            "user": names.get(choice.user), "where": plan[1], "count": choice.load,
            "skills": ", ".join(sorted(skill_names[skill] for skill in wanted)),
        }
        if choice.reason == assignment.BY_TURN:
            return self.env._("Given to %(user)s: next in turn in “%(where)s”.", **values)
        if choice.reason == assignment.BY_LOAD:
            return self.env._("Given to %(user)s: fewest open tickets (%(count)s) in “%(where)s”.", **values)
        if choice.reason == assignment.BY_SKILL:
            return self.env._(
                "Given to %(user)s: knows %(skills)s and has room (%(count)s open tickets) in “%(where)s”.", **values
            )
        if choice.reason == assignment.NOBODY_SKILLED:
            return self.env._("Nobody was found: nobody who is there in “%(where)s” knows %(skills)s. Assign it by hand.", **values)
        if choice.reason == assignment.NOBODY_ALLOWED:
            return self.env._(
                "Nobody was found: nobody who is there in “%(where)s” may work on tickets of this client and desk. Assign it by hand.",
                **values,
            )
        return self.env._("Nobody was found: “%(where)s” has no members, or all are away. Assign it by hand.", **values)
