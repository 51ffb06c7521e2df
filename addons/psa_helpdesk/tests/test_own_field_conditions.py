from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .test_rule_time import TimedRuleCommon

FIELDS = {
    "who": {"type": "many2one", "comodel": "res.partner"},
    "people": {"type": "many2many", "comodel": "res.partner"},
    "marks": {"type": "tags", "tags": [["a", "Alpha", 1], ["b", "Beta", 2], ["c", "Gamma, too", 3]]},
    "site": {"type": "selection", "selection": [["n", "North"], ["s", "South"]]},
    "vip": {"type": "boolean"},
    "seats": {"type": "integer"},
    "size": {"type": "float"},
    "on": {"type": "date"},
    "at": {"type": "datetime"},
    "rack": {"type": "char"},
    "words": {"type": "text"},
}


@tagged("post_install", "-at_install")
class TestOwnFieldConditions(TimedRuleCommon):
    """A rule acts on the tickets a search for its condition finds, whatever kind of own field it asks about."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk.properties_definition = [{"name": name, "string": name.title(), **kind} for name, kind in FIELDS.items()]
        # A number that Python takes for True.
        cls.one = cls.env["res.partner"].browse(1)
        cls.first, cls.second, cls.zero, cls.emptied, cls.never = cls.env["psa.ticket"].create([
            {"name": name, "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "properties": values}
            for name, values in {
                "First": {
                    "who": cls.zoe.id, "people": [cls.zoe.id, cls.one.id], "marks": ["a", "b"], "site": "n", "vip": True, "seats": 1,
                    "size": 1.5, "on": "2030-05-01", "at": "2030-05-01 08:00:00", "rack": "R7", "words": "Second floor, left",
                },
                "Second": {
                    "who": cls.one.id, "people": [cls.one.id], "marks": ["b"], "site": "s", "vip": False, "seats": 7,
                    "size": 7.0, "on": "2030-06-01", "at": "2030-06-01 08:00:00", "rack": "Rack of Zoë", "words": "false alarm",
                },
                "Zero": {"seats": 0, "size": 0.0},
                "Emptied": dict.fromkeys(FIELDS, False),
                "Never": {},
            }.items()
        ])
        cls.everything = cls.first | cls.second | cls.zero | cls.emptied | cls.never
        cls.emptied_or_never = cls.emptied | cls.never
        cls.env.flush_all()

    def _assert_found(self, expected, *leaf):
        """Both the condition of a rule and a search find these tickets, in the words of the domain or without its negation."""
        for domain in ([leaf], ["!", "!", leaf]):
            rule = self._rule(active=False, domain=repr(domain))
            found = rule._meeting_condition(self.everything)
            searched = self.env["psa.ticket"].search([("id", "in", self.everything.ids), *domain], order="id")
            self.assertEqual(found.mapped("name"), expected.mapped("name"), f"the rule: {domain}")
            self.assertEqual(searched.mapped("name"), expected.mapped("name"), f"the search: {domain}")

    def _assert_equal_and_not(self, expected, name, value, *, several=None):
        """Being it, being one of those, and the rest."""
        field = f"properties.{name}"
        rest = self.everything - expected
        self._assert_found(expected, field, "=", value)
        self._assert_found(expected, field, "in", [value])
        self._assert_found(rest, field, "!=", value)
        self._assert_found(rest, field, "not in", [value])
        for values, of_several in several or ():
            self._assert_found(of_several, field, "in", values)
            self._assert_found(self.everything - of_several, field, "not in", values)

    def _assert_set(self, expected, name):
        rest = self.everything - expected
        self._assert_found(expected, f"properties.{name}", "!=", False)
        self._assert_found(rest, f"properties.{name}", "=", False)
        self._assert_found(rest, f"properties.{name}", "not in", [True])

    def test_many2one(self):
        self._assert_equal_and_not(self.first, "who", self.zoe.id, several=[
            ([self.zoe.id, self.one.id], self.first | self.second), ([self.zoe.id, False], self.everything - self.second),
        ])
        self._assert_equal_and_not(self.second, "who", self.one.id)
        self._assert_set(self.first | self.second, "who")

    def test_many2many(self):
        self._assert_equal_and_not(self.first, "people", self.zoe.id, several=[
            ([self.zoe.id, self.one.id], self.first | self.second), ([self.zoe.id, self.hal.id], self.first),
        ])
        self._assert_equal_and_not(self.first | self.second, "people", self.one.id)
        self._assert_set(self.first | self.second, "people")

    def test_several_tags(self):
        self._assert_equal_and_not(self.first, "marks", "a", several=[
            (["a", "c"], self.first), (["a", "b"], self.first | self.second), (["b", False], self.everything),
        ])
        self._assert_equal_and_not(self.everything.browse(), "marks", "c")
        # What is asked is the technical name, not the words.
        self._assert_equal_and_not(self.everything.browse(), "marks", "Alpha")
        self._assert_set(self.first | self.second, "marks")

    def test_selection(self):
        self._assert_equal_and_not(self.first, "site", "n", several=[
            (["n", "s"], self.first | self.second), (["s", False], self.everything - self.first),
        ])
        self._assert_equal_and_not(self.everything.browse(), "site", "North")
        self._assert_set(self.first | self.second, "site")

    def test_boolean(self):
        self._assert_equal_and_not(self.first, "vip", True)
        self._assert_equal_and_not(self.everything - self.first, "vip", False)

    def test_integer(self):
        self._assert_equal_and_not(self.first, "seats", 1, several=[([1, 7], self.first | self.second), ([0, 7], self.second | self.zero)])
        self._assert_equal_and_not(self.second, "seats", 7.0)
        self._assert_equal_and_not(self.zero, "seats", 0)
        self._assert_set(self.everything - self.emptied_or_never, "seats")
        self._assert_found(self.second, "properties.seats", ">", 1)
        self._assert_found(self.first | self.second, "properties.seats", ">=", 1)
        self._assert_found(self.zero, "properties.seats", "<", 1)
        self._assert_found(self.first | self.zero, "properties.seats", "<=", 1)
        self._assert_found(self.everything.browse(), "properties.seats", ">", "1")

    def test_float(self):
        self._assert_equal_and_not(self.first, "size", 1.5, several=[([1.5, 7], self.first | self.second)])
        self._assert_equal_and_not(self.second, "size", 7)
        self._assert_equal_and_not(self.zero, "size", 0)
        self._assert_set(self.everything - self.emptied_or_never, "size")
        self._assert_found(self.second, "properties.size", ">", 1.5)
        self._assert_found(self.first | self.zero, "properties.size", "<", 7)

    def test_date(self):
        self._assert_equal_and_not(self.first, "on", "2030-05-01", several=[(["2030-05-01", "2030-06-01"], self.first | self.second)])
        self._assert_set(self.first | self.second, "on")
        self._assert_found(self.second, "properties.on", ">", "2030-05-01")
        self._assert_found(self.first, "properties.on", "<=", "2030-05-01")
        with self._at(0):
            on_the_day = self.start.date()
            self.first.properties = {"on": str(on_the_day)}
            self._assert_found(self.first, "properties.on", "<=", "today")
            self._assert_found(self.second, "properties.on", ">", "today +1d")

    def test_date_and_time(self):
        self._assert_equal_and_not(self.first, "at", "2030-05-01 08:00:00")
        self._assert_set(self.first | self.second, "at")
        self._assert_found(self.second, "properties.at", ">", "2030-05-01 08:00:00")

    def test_text(self):
        for name, value in (("rack", "R7"), ("words", "Second floor, left")):
            self._assert_equal_and_not(self.first, name, value)
            self._assert_set(self.first | self.second, name)
        self._assert_equal_and_not(self.everything.browse(), "rack", "r7")
        self._assert_found(self.second, "properties.rack", "ilike", "of zoë")
        self._assert_found(self.everything - self.second, "properties.rack", "not ilike", "of zoë")
        self._assert_found(self.first, "properties.rack", "=like", "R_")
        # Nothing is no word.
        self._assert_found(self.second, "properties.words", "ilike", "false")
        self._assert_found(self.first | self.second, "properties.words", "ilike", "%")

    def test_a_field_no_desk_has(self):
        self._assert_equal_and_not(self.everything.browse(), "gone", "x")
        self._assert_set(self.everything.browse(), "gone")

    def test_a_rule_acts_by_the_tag_and_the_person_of_a_new_ticket(self):
        rule = self._rule(self._says(), domain=f"[('properties.marks', 'in', ['a']), ('properties.who', '=', {self.zoe.id})]")

        self._new_ticket(properties={"marks": ["b"], "who": self.zoe.id})
        meant = self._new_ticket(properties={"marks": ["b", "a"], "who": self.zoe.id})

        self.assertEqual(self._acted_on(rule), meant)

    def test_the_trial_asks_which_tags_and_people_there_were(self):
        ticket = self._new_ticket(properties={"marks": ["a"], "who": self.zoe.id, "people": [self.zoe.id]})
        for minutes, vals in (
            (5, {"priority_id": self.high.id}), (10, {"properties": {"marks": ["b"], "who": self.one.id, "people": [self.one.id]}}),
        ):
            with self._at(minutes):
                ticket.with_user(self.technician).write(vals)
                self.env.flush_all()

        for name, was, is_now in (("marks", "a", "b"), ("who", self.zoe.id, self.one.id), ("people", self.zoe.id, self.one.id)):
            counts = []
            for value in (was, is_now):
                rule = self._rule(self._says(), event="updated", active=False, domain=repr([
                    (f"properties.{name}", "=", value), ("priority_id", "=", self.high.id),
                ]), change_ids=[(0, 0, {"field_name": "priority_id"})])
                with self._at(60):
                    counts.append(len(rule._replay(1)[0]))
            self.assertEqual(counts, [1, 0], name)

    def test_a_condition_is_told_in_the_words_people_know(self):
        rule = self._rule(self._says(), domain=repr([
            ("properties.marks", "in", ["a", "b"]), ("properties.who", "in", [self.zoe.id, self.hal.id]), ("properties.seats", "=", 0),
        ]))
        known = rule.with_user(self.technician).condition_text

        for words in ("Marks is Alpha, Beta", "Seats is 0", self.zoe.name):
            self.assertIn(words, known)
        self.assertNotIn(self.hal.name, known, "a client of another company")
        self._new_ticket(properties={"marks": ["b"], "who": self.zoe.id, "seats": 0})
        history = self.env["psa.ticket.history"].search([("kind", "=", "rule")], order="id desc", limit=1).description
        self.assertIn(self.zoe.name, history)
        self.assertNotIn(self.hal.name, history)

    def test_a_rule_waits_for_an_own_field_to_go_from_one_value_to_another(self):
        field = {row.key: row for row in self.desk.own_field_ids}
        cases = {
            "site": ("North", "South", {"site": "n"}, {"site": "s"}), "vip": ("No", "Yes", {"vip": False}, {"vip": True}),
            "seats": ("0", "7", {"seats": 0}, {"seats": 7}), "size": ("1.5", "2", {"size": 1.5}, {"size": 2}),
            "on": ("2030-05-01", "2030-06-01", {"on": "2030-05-01"}, {"on": "2030-06-01"}),
            "rack": ("R7", "R8", {"rack": "R7"}, {"rack": "R8"}),
        }
        rules = {
            name: self._rule(self._says(name), event="updated", name=name, change_ids=[(0, 0, {
                "field_name": "properties", "own_field_id": field[name].id, "old_kind": "is", "old_value": old, "new_kind": "is",
                "new_value": new,
            })])
            for name, (old, new, __, __) in cases.items()
        }
        self.assertEqual(rules["site"].change_ids.display_name, "Site: North → South")
        self.assertEqual(rules["site"].change_ids.own_field_id, field["site"])
        for name, (__, __, before, after) in cases.items():
            meant, other = self._new_ticket(properties=before), self._new_ticket()
            (meant | other).with_user(self.technician).write({"properties": after})
            expected = meant | other if name == "vip" else meant  # a box nobody ticked is not ticked
            self.assertEqual(self._acted_on(rules[name]), expected, name)

    def test_a_value_that_is_gone_is_told_on_the_rule(self):
        field = self.desk.own_field_ids.filtered(lambda row: row.key == "site")
        rule = self._rule(self._says(), event="updated", change_ids=[(0, 0, {
            "field_name": "properties", "own_field_id": field.id, "new_kind": "is", "new_value": "South",
        })])
        self.assertFalse(rule.notice)

        [south] = self.env["psa.desk.field.option"].search([("field_id", "=", field.id), ("name", "=", "South")])
        south.name = "Far South"
        self.env.invalidate_all()

        self.assertIn("Site: anything → South", rule.notice)

    def test_of_what_there_are_no_exact_values_none_is_waited_for(self):
        field = {row.key: row for row in self.desk.own_field_ids}
        for name, value, told in (("marks", "Alpha", "cannot wait for"), ("who", "1", "cannot wait for"), ("seats", "many", "no value of"),
                                  ("site", "West", "no value of")):
            with self.subTest(name), self.assertRaisesRegex(ValidationError, told):
                self._rule(event="updated", change_ids=[(0, 0, {
                    "field_name": "properties", "own_field_id": field[name].id, "new_kind": "is", "new_value": value,
                })])
