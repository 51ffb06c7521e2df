from odoo.tests import tagged

from .common import HelpdeskCommon

LIST_SPECIFICATION = {
    **{name: {} for name in ("number", "name", "state", "is_overdue", "priority_color", "date_deadline", "create_date", "email_from")},
    **{name: {"fields": {"display_name": {}}} for name in (
        "client_id", "partner_id", "priority_id", "user_id", "queue_id", "stage_id", "activity_ids", "company_id",
    )},
    "tag_ids": {"fields": {"display_name": {}, "color": {}}},
}


@tagged("post_install", "-at_install")
class TestPerformance(HelpdeskCommon):

    def _queries(self, operation, prepare=lambda: ()):
        """Return how many queries an operation takes in a request of its own on a warm server."""
        counts = []
        for _run in range(2):
            arguments = prepare()
            self.env.flush_all()
            self.flush_tracking()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            operation(*arguments)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        return counts[-1]

    def test_one_ticket(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        queries = self._queries(lambda: Ticket.create({"name": "x", "desk_id": self.desk.id, "partner_id": self.zoe.id}))

        self.assertLessEqual(queries, 18)

    def test_a_hundred_tickets(self):
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        contacts = self.zoe | self.omar

        queries = self._queries(lambda: Ticket.create([
            {"name": f"x {number}", "desk_id": self.desk.id, "partner_id": contacts[number % 2].id} for number in range(100)
        ]))

        self.assertLessEqual(queries, 150)

    def test_a_ticket_that_is_promised_something(self):
        """The clocks of its targets and the timers of their warnings are written in one statement each, however many there are."""
        Ticket = self.env["psa.ticket"].with_user(self.technician)

        def one():
            Ticket.create({"name": "x", "desk_id": self.desk.id, "partner_id": self.zoe.id})

        def hundred():
            Ticket.create([{"name": f"x {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(100)])

        without = self._queries(one), self._queries(hundred)
        self.env["psa.sla.policy"].create({
            "name": "Standard", "company_id": self.company.id, "hours": "always", "warning_percents": "50, 75, 90",
            "target_ids": [(0, 0, {"response_hours": 1, "resolution_hours": 8, "update_hours": 4})],
        })
        promised = self._queries(one), self._queries(hundred)

        ticket = self.env["psa.ticket"].search([("name", "=", "x")], order="id desc", limit=1)
        kinds = sorted(ticket.sla_ids.mapped("kind"))
        self.assertEqual(kinds, ["first_response", "resolution"], "the next word is due once there was a first")
        self.assertLessEqual(promised[0] - without[0], 4)
        self.assertLessEqual(promised[0], 20)
        self.assertLessEqual(promised[1] - without[1], 4, "as many for a hundred tickets as for one")

    def test_one_mail(self):
        numbers = iter(range(100))

        def raw():
            return (
                f"From: Zoe <zoe@harbour-dental.test>\r\nTo: {self.address}\r\nSubject: Help {next(numbers)}\r\n"
                f"Message-ID: <perf-{next(numbers)}@harbour-dental.test>\r\n\r\nPlease help\r\n",
            )

        queries = self._queries(lambda mail: self.env["mail.thread"].message_process(False, mail), raw)

        self.assertLessEqual(queries, 34)

    def test_numbers_of_a_batch_take_one_query(self):
        self.company._psa_draw_ticket_numbers(1)

        with self.assertQueryCount(1):
            self.assertEqual(len(set(self.company._psa_draw_ticket_numbers(1000))), 1000)

    def test_moving_many_tickets_takes_as_many_queries_as_moving_few(self):
        few = self._batch(10)
        many = self._batch(80)
        stages = [self.stage_by_state["resolved"], self.stage_by_state["open"]]

        def move(tickets):
            target = stages[tickets[0].stage_id == stages[0]]
            tickets.with_context(mail_notrack=False).write({"stage_id": target.id})
            self.env.flush_all()

        self._queries(lambda: move(few))
        self.assertLessEqual(self._queries(lambda: move(many)), self._queries(lambda: move(few)) + 2)

    def test_a_page_costs_the_same_when_tickets_double(self):
        self._batch(80)
        Ticket = self.env["psa.ticket"].with_user(self.technician)
        domain = [("state", "in", ["new", "open"])]

        def page():
            found = Ticket.web_search_read(domain, LIST_SPECIFICATION, limit=80, count_limit=10001)
            self.assertEqual(len(found["records"]), 80)

        def groups():
            Ticket.formatted_read_group(domain, ["stage_id"], ["__count"])

        before = self._queries(page), self._queries(groups)
        self._batch(160)

        self.assertEqual((self._queries(page), self._queries(groups)), before)

    def test_dashboard_counts_all_desks_in_one_query(self):
        self._batch(20)
        desks = (self.desk | self.env["psa.desk"].create([
            {"name": f"Desk {number}", "company_id": self.company.id} for number in range(5)
        ])).with_user(self.technician)
        desks.mapped("open_ticket_count")
        desks.invalidate_recordset(["open_ticket_count", "unassigned_ticket_count", "overdue_ticket_count"])

        with self.assertQueryCount(1):
            for fname in ("open_ticket_count", "unassigned_ticket_count", "overdue_ticket_count"):
                desks.mapped(fname)

    def test_search_by_words_and_number_has_an_index(self):
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'psa_ticket'")
        definitions = "\n".join(row[0] for row in self.env.cr.fetchall())

        for column in ("name", "number"):
            self.assertRegex(definitions, rf"USING gin \([^\n]*\b{column}\b[^\n]*gin_trgm_ops")
        for columns in ("company_id, state", "client_id, state", "queue_id, state", "user_id, state"):
            self.assertIn(f"({columns}", definitions)

    def _batch(self, count):
        return self.env["psa.ticket"].create([
            {"name": f"Ticket {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id,
             "stage_id": self.stage_by_state["open"].id,
             "priority_id": self.env.ref("psa_helpdesk.option_priority_high").id}
            for number in range(count)
        ])
