from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_rule_time import TimedRuleCommon


@tagged("post_install", "-at_install")
class TestRuleTrial(TimedRuleCommon):

    def test_the_trial_lists_what_the_rule_did(self):
        live = [
            self._rule(self._says("new"), name="New", domain="[('name', 'not ilike', 'spam')]"),
            self._rule(self._says("stage"), name="Stage", event="updated", change_ids=[Command.create({
                "field_name": "stage_id", "new_kind": "is", "new_stage_id": self.stage_by_state["on_hold"].id,
            })]),
            self._rule(self._says("client"), name="Client", event="entry_client", domain="[('state', '!=', 'resolved')]"),
            self._timed(name="Idle", time_basis="activity"),
            self._timed(name="Stage time", time_basis="stage", repeat_amount=10, repeat_unit="minutes", repeat_max=2),
            self._timed(name="Late", domain="[('state', '=', 'on_hold')]"),
        ]
        with self._at(1):
            ticket = self._new_ticket()
            other = self._new_ticket(name="Some spam")
        for minutes, act in (
            (3, lambda: ticket._add_entry("Hello?", author=self.zoe)),
            (7, lambda: ticket.with_user(self.technician).write({"stage_id": self.stage_by_state["open"].id})),
            (30, lambda: ticket.with_user(self.technician).write({"stage_id": self.stage_by_state["on_hold"].id})),
            (45, lambda: other.with_user(self.technician).action_resolve()),
        ):
            self._sweep_until(minutes)
            with self._at(minutes):
                act()
                self.env.flush_all()
        self._sweep_until(100)

        with self._at(100):
            for rule in live:
                rule.env.cr.execute("UPDATE psa_rule SET active_since = %s WHERE id = %s", [self.start, rule.id])
                acted, *__ = rule._replay(1)
                replayed = [(item.id, done.turn) for item, done in acted]
                did = [(row.ticket_id.id, row.repetition) for row in self._logged(rule).sorted(lambda row: (row.date, row.ticket_id.id))]
                self.assertEqual(sorted(replayed), sorted(did), rule.name)
                self.assertTrue(replayed, rule.name)

    def test_the_trial_tells_what_and_whom_and_does_nothing(self):
        ticket = self._new_ticket()
        self.env.flush_all()
        with self._at(5):
            rule = self._rule(self._sets(self.high), ("note", {"body": "Look"}), active=False)
            history = self.env["psa.ticket.history"].search_count([])
            opened = rule.with_user(self.administrator).action_try()
            trial = self.env["psa.rule.trial"].with_user(self.administrator).browse(opened["res_id"])
            trial.action_try()

        line = trial.line_ids.filtered(lambda line: line.ticket_id == ticket)
        self.assertEqual(len(line), 1)
        self.assertIn("High", line.actions)
        self.assertFalse(ticket.priority_id)
        self.assertEqual(self.env["psa.ticket.history"].search_count([]), history)
        self.assertFalse(self._logged(rule))

    def test_the_trial_asks_the_condition_of_what_the_ticket_was_like_then(self):
        ticket = self._new_ticket(priority_id=self.critical.id)
        self.env.flush_all()
        with self._at(5):
            ticket.priority_id = self.low
            self.env.flush_all()
            was = self._rule(self._says(), domain=f"[('priority_id', '=', {self.critical.id})]", active=False)
            is_now = self._rule(self._says(), domain=f"[('priority_id', '=', {self.low.id})]", active=False)

            self.assertIn(ticket, [item for item, __ in was._replay(1)[0]])
            self.assertNotIn(ticket, [item for item, __ in is_now._replay(1)[0]])

    # What the ticket was like then: own fields, tags, assets

    def _changed(self, minutes, ticket, **values):
        with self._at(minutes):
            ticket.with_user(self.technician).write(values)
            self.env.flush_all()

    def _on_priority(self, domain, **values):
        return self._rule(
            self._says(), event="updated", change_ids=[Command.create({"field_name": "priority_id"})], domain=domain, active=False, **values
        )

    def _tried(self, rule, minutes=60):
        """Return the trial of a rule, looked at so many minutes later."""
        with self._at(minutes):
            trial = self.env["psa.rule.trial"].with_user(self.administrator).create({"rule_id": rule.id, "days": 1})
            trial.action_try()
        return trial

    def _own_fields(self):
        self.desk.properties_definition = [
            {"name": "lvl", "string": "Level", "type": "char"},
            {"name": "size", "string": "Size", "type": "integer"},
            {"name": "vip", "string": "Important", "type": "boolean"},
            {"name": "kind", "string": "Kind", "type": "selection", "selection": [["a", "Alpha"], ["b", "Beta"]]},
            {"name": "marks", "string": "Marks", "type": "tags", "tags": [["r", "Red", 1], ["b", "Blue, dark", 2]]},
            {"name": "who", "string": "Who", "type": "many2one", "comodel": "res.partner"},
        ]
        return self._new_ticket(properties={
            "lvl": "low", "size": 3, "vip": False, "kind": "a", "marks": ["r", "b"], "who": self.zoe.id,
        })

    def test_own_fields_are_judged_by_what_they_were(self):
        ticket = self._own_fields()
        self._changed(5, ticket, priority_id=self.high.id)
        self._changed(10, ticket, properties={"lvl": "high", "size": 7, "vip": True, "kind": "b", "marks": [], "who": False})

        for asked, was, is_now in (
            ("lvl", "low", "high"), ("size", 3, 7), ("vip", False, True), ("kind", "a", "b"),
        ):
            trial = self._tried(self._on_priority(f"[('properties.{asked}', '=', {was!r})]"))
            self.assertEqual(trial.count, 1, asked)
            self.assertFalse(trial.note)
            trial = self._tried(self._on_priority(f"[('properties.{asked}', '=', {is_now!r})]"))
            self.assertEqual(trial.count, 0, f"{asked} became so later")
            self.assertFalse(trial.note)
        self.assertEqual(self._tried(self._on_priority("[('properties.who', '!=', False)]")).count, 1)
        self.assertEqual(self._tried(self._on_priority("[('properties.who', '=', False)]")).count, 0)
        self.assertEqual(self._tried(self._on_priority("[('properties.marks', '!=', False)]")).count, 1)
        self.assertEqual(self._tried(self._on_priority("[('properties.marks', '=', False)]")).count, 0)

    def test_a_value_that_changed_amid_others_is_taken_as_it_was_each_time(self):
        ticket = self._new_ticket(priority_id=self.high.id)
        for minutes, values in (
            (3, {"name": "One"}), (5, {"priority_id": self.low.id}), (7, {"name": "Two"}), (10, {"queue_id": self.dispatch.id}),
        ):
            self._changed(minutes, ticket, **values)
        counts = [
            self._tried(self._rule(
                self._says(), event="updated", active=False, domain=f"[('priority_id', '=', {priority.id})]",
                change_ids=[Command.create({"field_name": "name"})],
            )).count
            for priority in (self.high, self.low)
        ]

        self.assertEqual(counts, [1, 1])

    def test_who_had_the_ticket_then_would_have_been_told(self):
        second = self._new_staff("rt_second", "psa_crm.group_technician")
        ticket = self._new_ticket(user_id=self.technician.id)
        for minutes, values in ((3, {"priority_id": self.high.id}), (5, {"user_id": second.id}), (7, {"priority_id": self.low.id})):
            self._changed(minutes, ticket, **values)
        rule = self._rule(
            ("notify", {"to_assignee": True, "body": "Look"}), event="updated", active=False,
            change_ids=[Command.create({"field_name": "priority_id"})],
        )

        lines = self._tried(rule).line_ids.sorted("date")

        self.assertEqual(lines.mapped("recipients"), [self.technician.name, second.name])

    def test_a_change_of_an_own_field_is_found_with_its_values(self):
        ticket = self._own_fields()
        self._changed(5, ticket, properties={"size": 7})
        rule = self._rule(
            self._says(), event="updated", active=False, domain="[('properties.size', '>', 5)]",
            change_ids=[Command.create({"field_name": "properties", "own_field": "size"})],
        )

        self.assertEqual(self._tried(rule).count, 1)

    def test_tags_are_judged_by_what_they_were(self):
        before, after = self.env["psa.ticket.tag"].create([{"name": "Before, long ago"}, {"name": "After"}])
        ticket = self._new_ticket(tag_ids=[Command.set(before.ids)])
        self._changed(5, ticket, priority_id=self.high.id)
        self._changed(10, ticket, tag_ids=[Command.set(after.ids)])
        self._changed(15, ticket, priority_id=self.low.id)

        was, is_now = (self._tried(self._on_priority(f"[('tag_ids', 'in', {tag.ids})]")) for tag in (before, after))

        self.assertEqual((was.count, is_now.count), (1, 1))
        self.assertLess(was.line_ids.date, is_now.line_ids.date)
        self.assertFalse(was.note)
        self.assertEqual(self._tried(self._on_priority("[('tag_ids', '=', False)]")).count, 0)

    def test_assets_are_judged_by_what_they_were(self):
        printer = self.env["psa.asset"].create({
            "name": "Front desk printer", "client_id": self.dental.id, "company_id": self.company.id,
        })
        ticket = self._new_ticket()
        self._changed(5, ticket, priority_id=self.high.id)
        self._changed(10, ticket, asset_ids=[Command.set(printer.ids)])

        self.assertEqual(self._tried(self._on_priority("[('asset_ids', '!=', False)]")).count, 0)
        self.assertEqual(self._tried(self._on_priority("[('asset_ids', '=', False)]")).count, 1)

    def test_what_history_cannot_tell_is_not_listed_but_named(self):
        tag, other = self.env["psa.ticket.tag"].create([{"name": "Soon renamed"}, {"name": "Other"}])
        ticket = self._new_ticket(tag_ids=[Command.set(tag.ids)])
        self._changed(5, ticket, priority_id=self.high.id)
        self._changed(10, ticket, tag_ids=[Command.set(other.ids)])
        tag.name = "Renamed"

        doubtful = self._tried(self._on_priority(f"[('tag_ids', 'in', {tag.ids})]"))
        negated = self._tried(self._on_priority(f"['!', ('tag_ids', 'in', {tag.ids})]"))
        without = self._tried(self._on_priority(f"['|', ('tag_ids', 'in', {tag.ids}), ('priority_id', '=', {self.high.id})]"))

        for trial in (doubtful, negated):
            self.assertEqual(trial.count, 0)
            self.assertRegex(trial.note, "1 tickets have moments that are not listed.*Tags")
        self.assertEqual(without.count, 1, "whatever the tags were")
        self.assertFalse(without.note)

    def test_own_fields_of_the_desk_it_was_at_before_are_not_guessed(self):
        ticket = self._own_fields()
        field_desk = self.env["psa.desk"].create({"name": "Field Service", "company_id": self.company.id, "sequence": 50})
        self._changed(5, ticket, priority_id=self.high.id)
        self._changed(10, ticket, desk_id=field_desk.id)

        trial = self._tried(self._on_priority("[('properties.lvl', '=', 'low')]", desk_id=False))

        self.assertEqual(trial.count, 0)
        self.assertRegex(trial.note, "cannot be told any more.*lvl")

    def test_what_history_does_not_keep_is_named(self):
        self._new_ticket()
        trial = self._tried(self._rule(
            self._says(), active=False, domain="[('client_id.name', 'ilike', 'dental'), ('is_incomplete', '=', False)]"
        ))

        self.assertIn("Judged by what it is today", trial.note)
        for label in ("Client / Name", "Incomplete"):
            self.assertIn(label, trial.note)

    def test_who_may_try_a_rule(self):
        rule = self._rule(self._says())
        with self.assertRaises(AccessError):
            rule.with_user(self.dispatcher).action_try()
        unrecorded = self._rule(self._says(), event="approval")
        trial = self.env["psa.rule.trial"].create({"rule_id": unrecorded.id})
        with self.assertRaisesRegex(UserError, "does not keep"):
            trial.action_try()

    def _sweep_until(self, minutes):
        for minute in range(getattr(self, "swept", 0), minutes):
            self._sweep(minute)
        self.swept = minutes
