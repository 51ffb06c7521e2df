import psycopg2
from lxml import etree
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .common import HelpdeskCommon


class HistoryCommon(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ticket = cls.env["psa.ticket"].create({"name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id})

    def _rows(self, ticket, **criteria):
        """Return the history of a ticket, oldest first, as far as it meets the criteria."""
        self.env.flush_all()
        rows = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id)], order="id")
        return rows.filtered(lambda row: all(row[fname] == value for fname, value in criteria.items()))


@tagged("post_install", "-at_install")
class TestAppendOnly(HistoryCommon):

    def test_a_row_says_who_when_and_what(self):
        self.ticket.with_user(self.technician)._log_history("link", "stage_id", old="New", new="Open", description="By hand")

        row = self._rows(self.ticket, kind="link")
        self.assertRecordValues(row, [{
            "ticket_number": self.ticket.number, "company_id": self.company.id, "client_id": self.dental.id,
            "user_id": self.technician.id, "author_name": self.technician.name, "field_name": "stage_id", "field_label": "Stage",
            "old_value": "New", "new_value": "Open", "description": "By hand",
        }])

    def test_many_rows_take_one_statement(self):
        tickets = self.env["psa.ticket"].create([{"name": str(number), "desk_id": self.desk.id} for number in range(30)])
        self.env.flush_all()

        with self.assertQueryCount(1):
            tickets._log_history("link", description="x")

    def test_nobody_changes_history_through_the_orm(self):
        self.ticket._log_history("link", description="kept")
        row = self._rows(self.ticket, kind="link")
        everybody = (self.technician, self.dispatcher, self.billing, self.administrator, self.env.ref("base.user_root"))
        for user in everybody:
            for of_user in (row.with_user(user), row.with_user(user).sudo().with_context(import_file=True, tracking_disable=True)):
                with self.subTest(user=user.login, su=of_user.env.su):
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.write({"description": "forged"})
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.unlink()
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.create({"ticket_id": self.ticket.id, "company_id": self.company.id, "kind": "change"})
                    with self.assertRaisesRegex(AccessError, "history"):
                        of_user.copy()
        self.assertEqual(row.description, "kept")

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_as_well(self):
        self.ticket._log_history("link", description="kept")
        self.env.flush_all()
        for statement in (
            "UPDATE psa_ticket_history SET description = 'forged'",
            "UPDATE psa_ticket_history SET ticket_id = NULL",
            "DELETE FROM psa_ticket_history",
            "TRUNCATE psa_ticket_history",
        ):
            with self.subTest(statement), self.assertRaises(psycopg2.errors.InsufficientPrivilege), self.env.cr.savepoint():
                self.env.cr.execute(statement)

    def test_history_outlives_ticket_and_user(self):
        self.ticket.with_user(self.technician)._log_history("link", description="kept")
        row, number, name = self._rows(self.ticket, kind="link"), self.ticket.number, self.technician.name

        self.ticket.unlink()
        self.technician.unlink()

        self.env.invalidate_all()
        self.assertRecordValues(row, [{
            "ticket_id": False, "ticket_number": number, "user_id": False, "author_name": name, "description": "kept",
        }])


@tagged("post_install", "-at_install")
class TestWhatIsLogged(HistoryCommon):

    def _change(self, vals, ticket=None, kinds=frozenset({"change"}), **context):
        """Write as the technician; return the rows about values this made as {label: (old, new)}."""
        ticket = ticket or self.ticket
        before = self._rows(ticket)
        ticket.with_user(self.technician).with_context(**context).write(vals)
        rows = self._rows(ticket) - before
        self.assertEqual(rows.user_id, self.technician)
        self.assertEqual(set(rows.mapped("kind")), kinds)
        return {row.field_label: (row.old_value or "", row.new_value or "") for row in rows if row.kind == "change"}

    def test_creation_tells_the_first_values(self):
        high = self.env.ref("psa_helpdesk.option_priority_high")
        tag = self.env["psa.ticket.tag"].create({"name": "Urgent visit"})

        ticket = self.env["psa.ticket"].with_user(self.technician).create({
            "name": "Scanner dead", "desk_id": self.desk.id, "partner_id": self.zoe.id, "priority_id": high.id,
            "description": "<p>It smokes.</p>", "tag_ids": [(4, tag.id)],
        })

        row = self._rows(ticket)
        self.assertEqual((row.kind, row.user_id), ("create", self.technician))
        for line in ("Subject: Scanner dead", "Desk: Help", "Queue: First Line", "Contact: Zoë Marsh", "Client: Harbour Dental",
                     "Stage: New", "Priority: P2 High", "Tags: Urgent visit", "Description: It smokes."):
            self.assertIn(line, row.description.splitlines())

    def test_each_attribute_is_one_row_with_the_names_people_read(self):
        option = self.env["psa.ticket.option"]
        attributes = self.ticket._option_attributes()
        options = {}
        for fname in ("type_id", "severity_id", "priority_id", "module_id", "phase_id", "reported_version_id"):
            options[fname] = option.create({"attribute": attributes[fname], "name": f"Test {fname}", "desk_id": self.desk.id})
        category = option.create({"attribute": "category", "name": "Hardware X", "desk_id": self.desk.id})
        subcategory = option.create({
            "attribute": "subcategory", "name": "Printer X", "desk_id": self.desk.id, "parent_id": category.id})

        rows = self._change({
            **{fname: value.id for fname, value in options.items()}, "category_id": category.id, "subcategory_id": subcategory.id})

        labels = {fname: self.ticket._attribute_label(fname) for fname in [*options, "category_id", "subcategory_id"]}
        self.assertEqual(rows, {
            **{labels[fname]: ("", value.name) for fname, value in options.items()},
            labels["category_id"]: ("", "Hardware X"), labels["subcategory_id"]: ("", "Printer X"),
        })

    def test_subject_description_people_and_places(self):
        second = self.env["psa.queue"].create({"name": "Second Line", "company_id": self.company.id})
        other_desk = self.env["psa.desk"].create({"name": "Field Service", "company_id": self.company.id,
                                                  "default_queue_id": second.id, "queue_ids": [(4, second.id)]})
        self.ticket.description = "<p>First words</p>"
        self.env.flush_all()

        self.assertEqual(self._change({"name": "Printer burns"}), {"Subject": ("Printer jams", "Printer burns")})
        self.assertEqual(self._change({"description": "<p>Second words</p>"}), {"Description": ("First words", "Second words")})
        self.assertEqual(self._change({"partner_id": self.omar.id}), {"Contact": ("Zoë Marsh", "Omar Lund")})
        self.assertEqual(self._change({"user_id": self.technician.id}), {"Assigned to": ("", self.technician.name)})
        self.assertEqual(self._change({"desk_id": other_desk.id}), {
            "Desk": ("Help", "Field Service"), "Queue": ("First Line", "Second Line")})
        self.assertEqual(self._change({"email_cc": "boss@harbour-dental.test"}), {"Copies to": ("", "boss@harbour-dental.test")})
        self.assertEqual(self._change({"active": False}), {"Active": ("Yes", "No")})

    def test_what_follows_from_a_change_is_logged_too(self):
        moved = self._new_contact("Ann Hill", "ann@nowhere.test", self._new_client("Quay Legal", self.company, "quay.test"))

        rows = self._change({"partner_id": moved.id}, kinds={"change", "access"})

        self.assertIn("Zoë Marsh", self._rows(self.ticket).filtered(lambda row: row.kind == "access").description)
        self.assertEqual(rows, {"Contact": ("Zoë Marsh", "Ann Hill"), "Client": ("Harbour Dental", "Quay Legal")})

    def test_stage_is_one_row_and_dates_only_by_hand(self):
        self.assertEqual(self._change({"stage_id": self.stage_by_state["resolved"].id}), {"Stage": ("New", "Resolved")})
        self.assertEqual(self._change({"stage_id": self.stage_by_state["open"].id}), {"Stage": ("Resolved", "In Progress")})

        rows = self._change({"date_open": "2020-01-01 08:00:00"})

        self.assertEqual(list(rows), ["Opened on"])
        self.assertIn("2020", rows["Opened on"][1])

    def test_deadline_reads_with_its_time_zone(self):
        self.technician.tz = "Europe/Berlin"

        rows = self._change({"date_deadline": "2026-03-02 12:30:00"})

        self.assertRegex(rows["Deadline"][1], r"1:30.*\(Europe/Berlin\)")

    def test_tags_and_assets_show_the_list_before_and_after(self):
        tags = self.env["psa.ticket.tag"].create([{"name": "Alpha"}, {"name": "Beta"}])
        assets = self.env["psa.asset"].create([{"name": name, "client_id": self.dental.id} for name in ("PC 1", "PC 2")])

        self.assertEqual(self._change({"tag_ids": [(6, 0, tags.ids)]}), {"Tags": ("", "Alpha, Beta")})
        self.assertEqual(self._change({"tag_ids": [(3, tags[0].id)]}), {"Tags": ("Alpha, Beta", "Beta")})
        self.assertEqual(list(self._change({"asset_ids": [(4, assets[0].id)]})), ["Assets"])
        before = self._rows(self.ticket)

        assets[1].write({"ticket_ids": [(4, self.ticket.id)]})
        assets[0].unlink()
        tags[1].unlink()

        rows = self._rows(self.ticket) - before
        self.assertEqual([row.field_label for row in rows], ["Assets", "Assets", "Tags"])
        self.assertEqual([(row.old_value, row.new_value) for row in rows[2:]], [("Beta", False)])

    def test_own_fields_are_one_row_each_with_their_labels(self):
        self.desk.properties_definition = [
            {"name": "floor", "string": "Floor", "type": "integer"},
            {"name": "colour", "string": "Colour", "type": "selection", "selection": [["r", "Red"], ["b", "Blue"]]},
            {"name": "site", "string": "Site Contact", "type": "many2one", "comodel": "res.partner"},
        ]
        self.ticket.properties = {"floor": 1, "colour": "r"}
        self.env.flush_all()

        rows = self._change({"properties": {"floor": 2, "colour": "b", "site": self.zoe.id}})

        self.assertEqual(rows, {"Floor": ("1", "2"), "Colour": ("Red", "Blue"), "Site Contact": ("", "Zoë Marsh")})

    def test_nothing_in_the_context_switches_it_off(self):
        keys = dict.fromkeys((
            "tracking_disable", "mail_notrack", "mail_create_nolog", "import_file", "install_mode", "no_reset_password",
            "psa_ticket_create", "psa_log_batch", "mail_auto_subscribe_no_notify", "prefetch_fields",
        ), True)

        self.assertEqual(self._change({"name": "Quiet"}, **keys), {"Subject": ("Printer jams", "Quiet")})
        ticket = self.env["psa.ticket"].with_context(**keys).create({"name": "Silent", "desk_id": self.desk.id})
        self.assertEqual(self._rows(ticket).kind, "create")

    def test_import_and_superuser_are_writers_like_others(self):
        result = self.env["psa.ticket"].with_user(self.technician).load(["name", "desk_id/.id"], [["Imported", str(self.desk.id)]])
        ticket = self.env["psa.ticket"].browse(result["ids"])
        self.assertEqual(self._rows(ticket).mapped("kind"), ["create"])

        ticket.sudo().write({"name": "By the system"})

        row = self._rows(ticket, kind="change")
        self.assertEqual((row.user_id, row.new_value), (self.env.user, "By the system"))

    def test_writing_the_same_value_is_no_change(self):
        before = self._rows(self.ticket)

        self.ticket.write({"name": "Printer jams", "partner_id": self.zoe.id, "tag_ids": [(5,)]})

        self.assertEqual(self._rows(self.ticket), before)

    def test_a_deleted_ticket_leaves_its_last_values(self):
        ticket_id, number = self.ticket.id, self.ticket.number
        self.ticket.with_user(self.administrator).unlink()

        rows = self.env["psa.ticket.history"].search([("ticket_number", "=", number), ("company_id", "=", self.company.id)])
        self.assertEqual(rows.mapped("kind"), ["delete", "create"])
        self.assertFalse(rows.ticket_id)
        self.assertEqual(rows[0].user_id, self.administrator)
        self.assertIn("Client: Harbour Dental", rows[0].description)
        self.assertFalse(self.env["psa.ticket"].browse(ticket_id).exists())

    def test_attachments_come_and_go(self):
        attachment = self.env["ir.attachment"].with_user(self.technician).create({
            "name": "photo.png", "raw": b"x", "res_model": "psa.ticket", "res_id": self.ticket.id})
        message = self.ticket.with_user(self.technician).message_post(body="See", attachments=[("log.txt", b"hello")])
        attachment.write({"name": "picture.png"})
        message.attachment_ids.unlink()
        attachment.unlink()

        rows = self._rows(self.ticket, kind="attachment")
        self.assertEqual([(row.old_value or "", row.new_value or "") for row in rows], [
            ("", "photo.png"), ("", "log.txt"), ("photo.png", "picture.png"), ("log.txt", ""), ("picture.png", "")])

    def test_one_insert_however_many_tickets_and_fields(self):
        def batch(count):
            tickets = self.env["psa.ticket"].create([
                {"name": f"T {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(count)])
            self.env.flush_all()
            self.env.invalidate_all()
            return tickets

        counts = []
        for tickets in (batch(5), batch(5), batch(100)):
            before = self.env.cr.sql_log_count
            tickets.write({"name": "Same", "stage_id": self.stage_by_state["open"].id, "date_deadline": "2030-01-01 12:00:00"})
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(self._rows(tickets[0], kind="change")), 3)
        self.assertLessEqual(counts[2], counts[1] + 2)


@tagged("post_install", "-at_install")
class TestManyRows(HistoryCommon):

    SPECIFICATION = {
        "name": {},
        "history_ids": {"fields": {fname: {} for fname in (
            "kind", "date", "author_name", "field_label", "old_value", "new_value", "description",
        )}, "limit": 40},
    }

    def _open(self):
        """Open the form as the web client does; return (answer, queries, rows of the history that the database read)."""
        self.env.flush_all()
        self.env.invalidate_all()
        read, before = self._rows_read(), self.env.cr.sql_log_count
        answer = self.ticket.with_user(self.technician).web_read(self.SPECIFICATION)
        return answer[0]["history_ids"], self.env.cr.sql_log_count - before, self._rows_read() - read

    def _rows_read(self):
        self.env.cr.execute(
            "SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'psa_ticket_history'"
        )
        return self.env.cr.fetchone()[0]

    def test_ten_thousand_changes_open_with_the_same_queries_and_each_is_read_once(self):
        self.ticket._log_history("change", "name", old="a", new="b")
        self._open()
        __, few, __ = self._open()
        self.env["psa.ticket.history"]._append([
            {"ticket_id": self.ticket.id, "kind": "change", "field_name": "name", "field_label": "Subject", "new_value": str(number)}
            for number in range(10000)
        ])

        rows, many, read = self._open()

        self.assertEqual(many, few)
        self.assertLessEqual(read, 10002 + 40, "their ids, and a page")
        self.assertEqual(len(rows), 10002)
        self.assertEqual([row for row in rows if "date" in row], rows[:40], "only a page is read")
        self.assertEqual(rows[0]["new_value"], "9999", "the newest comes first")

    def test_lists_have_an_index_for_their_order_and_filters(self):
        self.env.cr.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'psa_ticket_history'")
        definitions = "\n".join(row[0] for row in self.env.cr.fetchall())

        for columns in ("ticket_id, id DESC", "company_id, id DESC", "user_id, id DESC", "field_name, id DESC", "kind, id DESC",
                        "ticket_number, company_id", "date"):
            self.assertIn(f"({columns})", definitions)

    def test_each_filter_and_grouping_of_the_search_runs(self):
        History = self.env["psa.ticket.history"].with_user(self.technician)
        arch = etree.fromstring(History.get_view(self.env.ref("psa_helpdesk.view_psa_ticket_history_search").id, "search")["arch"])
        for node in arch.iter("filter"):
            with self.subTest(node.get("name")):
                if node.get("domain"):
                    History.search(safe_eval(node.get("domain"), {"uid": self.technician.id}))
                if "group_by" in (node.get("context") or ""):
                    History.formatted_read_group([], [safe_eval(node.get("context"))["group_by"]], ["__count"])

    def test_it_can_be_exported(self):
        self.technician.group_ids += self.env.ref("base.group_allow_export")
        rows = self._rows(self.ticket).with_user(self.technician)

        exported = rows.export_data(["date", "ticket_number", "author_name", "field_label", "old_value", "new_value", "description"])

        self.assertEqual(exported["datas"][0][1], self.ticket.number)


@tagged("post_install", "-at_install")
class TestWhoReads(HistoryCommon):

    def test_staff_reads_the_history_of_tickets_they_read_and_nobody_else(self):
        rival_ticket = self.env["psa.ticket"].create({"name": "Theirs", "desk_id": self.rival_desk.id, "partner_id": self.hal.id})
        portal = self._portal_user(self.zoe)
        readers = {
            self.technician: True, self.dispatcher: True, self.billing: True, self.administrator: True, self.rival_technician: False,
        }
        row, rival_row = self._rows(self.ticket), self._rows(rival_ticket)

        for user, reads in readers.items():
            with self.subTest(user=user.login):
                found = self.env["psa.ticket.history"].with_user(user).search([("id", "in", (row | rival_row).ids)])
                self.assertEqual(found.sudo(False).with_env(self.env), row if reads else rival_row)
                self.assertTrue(row.with_user(user).has_access("read") is reads)
                for operation in ("write", "create", "unlink"):
                    self.assertFalse(row.with_user(user).has_access(operation), operation)
        self.assertFalse(row.with_user(portal).has_access("read"))
        with self.assertRaises(AccessError):
            self.env["psa.ticket.history"].with_user(portal).search([])
        with self.assertRaises(AccessError):
            self.ticket.with_user(portal).read(["history_ids"])

    def test_who_is_refused_the_client_is_refused_the_history(self):
        self.env["psa.access.rule"].create({
            "client_id": self.dental.id, "level": "refuse", "user_id": self.technician.id, "company_id": self.company.id,
        })

        found = self.env["psa.ticket.history"].with_user(self.technician).search([("ticket_number", "=", self.ticket.number)])

        self.assertFalse(found & self._rows(self.ticket))

    def test_whom_a_client_is_lent_to_reads_the_history_of_its_tickets(self):
        row = self._rows(self.ticket)
        history = row.with_user(self.rival_technician).with_context(allowed_company_ids=self.rival.ids)
        self.assertFalse(history.search([("id", "in", row.ids)]))

        self.env["psa.client.share"].with_user(self.administrator).create({
            "client_id": self.dental.id, "receiver_code": self.rival_technician.psa_share_code,
        }).with_user(self.rival_technician).action_accept()

        self.assertEqual(history.search([("id", "in", row.ids)]).ids, row.ids)
        self.assertTrue(history.has_access("read"))
        shown = self.ticket.with_env(history.env).web_read(TestManyRows.SPECIFICATION)[0]["history_ids"]
        self.assertEqual(shown[0]["author_name"], row.author_name)

    def test_of_deleted_tickets_the_administrator_reads(self):
        number = self.ticket.number
        self.ticket.unlink()
        domain = [("ticket_number", "=", number), ("company_id", "=", self.company.id)]
        History = self.env["psa.ticket.history"]

        self.assertEqual(len(History.with_user(self.administrator).search(domain)), 2)
        self.assertFalse(History.with_user(self.technician).search(domain))
        self.assertFalse(History.with_user(self.rival_technician).search(domain))

    def test_the_ticket_is_no_back_door(self):
        row = self._rows(self.ticket)
        for command in ([(0, 0, {"kind": "change"})], [(1, row.id, {"description": "forged"})], [(2, row.id)], [(3, row.id)], [(5,)]):
            with self.subTest(command), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.ticket.sudo().write({"history_ids": command})
                self.env.flush_all()

    def _portal_user(self, partner):
        return self.env["res.users"].with_context(no_reset_password=True).create({
            "name": partner.name, "login": "hd_portal_history", "partner_id": partner.id,
            "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)],
        })
