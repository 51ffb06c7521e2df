import re
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import SQL, mute_logger
from psycopg2 import IntegrityError

from .common import HelpdeskCommon

LINK = re.compile(r"/ticket/rate/([\w-]+)/(\d)")


class RatingStage(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = cls._new_staff("hd_boss", "psa_crm.group_technician")
        cls.desk.write({"asks_rating": True, "rating_delay_hours": 24, "admin_ids": [(4, cls.boss.id)]})
        cls.ticket = cls.env["psa.ticket"].create({
            "name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "user_id": cls.technician.id,
        })

    def _ask(self, hours=25):
        """Let time pass and the cron run; return the mails that went out."""
        later = fields.Datetime.now() + timedelta(hours=hours)
        with self.mock_mail_gateway(mail_unlink_sent=True), self.enter_registry_test_mode(), freeze_time(later):
            self.env.ref("psa_helpdesk.ir_cron_ask_ratings").method_direct_trigger()
        return self._mails

    def _request(self, ticket=None):
        return self.env["psa.rating.request"].search([("ticket_id", "=", (ticket or self.ticket).id)], limit=1)

    def _token(self):
        """Close the ticket, and return the token of the mail that asks about it."""
        self.ticket.action_close()
        (mail,) = self._ask()
        (token,) = {token for token, __ in LINK.findall(mail["body"])}
        return token


@tagged("post_install", "-at_install")
class TestRating(RatingStage):

    def test_the_contact_is_asked_once_some_time_after_closing(self):
        self.ticket.action_close()
        self.assertEqual(self.ticket.rating_due, self.ticket.date_closed + timedelta(hours=24))
        self.assertFalse(self._ask(hours=23))

        (mail,) = self._ask(hours=25)

        self.assertIn("zoe@harbour-dental.test", str(mail["email_to"]))
        self.assertEqual({grade for __, grade in LINK.findall(mail["body"])}, {"5", "3", "1"})
        self.assertIn(self.ticket.number, mail["subject"])
        self.assertFalse(self._ask(hours=48))
        self.assertFalse(self.ticket.rating_due)

    def test_resolved_tickets_are_not_asked_about_yet(self):
        self.ticket.action_resolve()

        self.assertFalse(self.ticket.rating_due)

    def test_nobody_is_asked_about_what_was_not_his_own_request(self):
        unknown = self._new_ticket(partner_id=False, email_from="who@nowhere.test", source="email")
        alert = self._new_ticket(source="alert")
        staff = self._new_ticket(partner_id=self.technician.partner_id.id)
        no_address = self._new_ticket(partner_id=self._new_contact("Nomail", False, self.dental).id)
        cancelled = self._new_ticket()
        merged = self._new_ticket()
        (unknown | alert | staff | no_address).action_close()
        cancelled.action_cancel()
        merged.action_close()
        merged._merge(self.ticket)

        self.assertFalse(self._ask())

    def test_a_desk_that_does_not_ask_asks_nobody(self):
        self.desk.asks_rating = False
        self.ticket.action_close()
        self.assertFalse(self.ticket.rating_due)

        self.desk.asks_rating = True
        other = self._new_ticket()
        other.action_close()
        self.desk.asks_rating = False
        self.assertFalse(self._ask())

    def test_a_ticket_opened_again_is_not_asked_about_until_it_is_closed_again(self):
        self.ticket.action_close()
        self.ticket.action_reopen()
        self.assertFalse(self._ask())

        with freeze_time(fields.Datetime.now() + timedelta(days=3)):
            self.ticket.action_close()
            self.assertEqual(len(self._ask()), 1)

    def test_each_closing_allows_one_question(self):
        self._token()
        first = self._request()
        # Closed and asked again without a new closing: nothing.
        self.ticket.rating_due = fields.Datetime.now()
        self.assertFalse(self._ask())

        with freeze_time(fields.Datetime.now() + timedelta(days=3)):
            self.ticket.action_reopen()
            self.ticket.action_close()
            self.assertEqual(len(self._ask()), 1)
        self.assertTrue(first.is_superseded)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.cr.savepoint():
            self._request().copy({"token_hash": "x"})

    def test_the_token_is_nowhere_but_in_the_mail(self):
        token = self._token()

        self.env.flush_all()
        for table, column in (("psa_rating_request", "token_hash"), ("mail_message", "body"), ("mail_mail", "body_html")):
            self.env.cr.execute(SQL(
                "SELECT count(*) FROM %s WHERE %s::text LIKE %s", SQL.identifier(table), SQL.identifier(column), f"%{token}%"
            ))
            self.assertEqual(self.env.cr.fetchone()[0], 0, table)
        with self.assertRaises(AccessError):
            self._request().with_user(self.administrator).read(["token_hash"])
        self.assertEqual(self.env["psa.rating.request"]._find(token), self._request())
        for wrong in ("", False, token[:-1], token.upper(), self._request().token_hash):
            self.assertFalse(self.env["psa.rating.request"]._find(wrong))

    def test_a_rating_lands_on_the_ticket_and_changes_nothing_else(self):
        request = self.env["psa.rating.request"]._find(self._token())
        before = self.ticket.read(["stage_id", "user_id", "queue_id", "date_closed", "date_resolved", "priority_id", "partner_id"])

        with self.mock_mail_gateway():
            self.assertTrue(request._answer(5, "Well <b>done</b>"))

        self.assertEqual(self.ticket.state, "closed")
        self.assertEqual(before, self.ticket.read([*before[0]]))
        self.assertEqual((self.ticket.satisfaction, self.ticket.satisfaction_comment), ("5", "Well <b>done</b>"))
        self.assertRecordValues(request.rating_id, [{
            "rating": 5, "psa_user_id": self.technician.id, "psa_queue_id": self.queue.id, "psa_client_id": self.dental.id,
            "psa_desk_id": self.desk.id, "company_id": self.company.id, "partner_id": self.zoe.id, "consumed": True,
        }])
        self.assertEqual(self.ticket.rating_last_value, 5)
        self.assertIn("Well &lt;b&gt;done&lt;/b&gt;", self.ticket.message_ids[0].body)
        self.assertFalse(self._mails)
        self.assertFalse(self.ticket.entry_ids)
        self.assertTrue(self.ticket.history_ids.filtered(lambda row: row.field_name == "satisfaction"))

    def test_a_link_is_answered_once_and_in_time(self):
        request = self.env["psa.rating.request"]._find(self._token())
        with freeze_time(request.date_expires + timedelta(seconds=1)):
            self.assertFalse(request._answer(5))
        with freeze_time(request.date_expires):
            self.assertFalse(request._answer(4))
            self.assertTrue(request._answer(3))
            self.assertFalse(request._answer(1))
        self.assertEqual(self.ticket.satisfaction, "3")

    def test_the_desk_says_how_long_a_link_is_good(self):
        self.desk.rating_expiry_days = 3
        self._token()

        self.assertEqual(self._request().date_expires - self._request().date_sent, timedelta(days=3))

    def test_an_unhappy_client_is_told_to_the_administrators_of_the_desk(self):
        self.desk.contact_ids = self.dispatcher.partner_id | self.omar
        request = self.env["psa.rating.request"]._find(self._token())

        with self.mock_mail_gateway():
            request._answer(1, "Nobody called back")

        told = str([mail["email_to"] for mail in self._mails])
        self.assertIn("hd_boss@", told)
        self.assertIn("hd_dispatcher@", told)
        self.assertNotIn("omar@", told)
        self.assertIn("Nobody called back", self._mails[0]["body"])

    def test_nobody_of_ours_gives_changes_or_removes_ratings(self):
        request = self.env["psa.rating.request"]._find(self._token())
        request._answer(1)
        rating = request.rating_id
        for user in (self.technician, self.administrator):
            with self.assertRaises(AccessError):
                rating.with_user(user).write({"rating": 5})
            with self.assertRaises(AccessError):
                rating.with_user(user).unlink()
            with self.assertRaises(AccessError):
                self.env["rating.rating"].with_user(user).create({
                    "res_model_id": self.env["ir.model"]._get_id("psa.ticket"), "res_id": self.ticket.id, "rating": 5, "consumed": True,
                })
            with self.assertRaises(AccessError):
                self.ticket.with_user(user).rating_apply(5, rating=rating.with_user(user))
            with self.assertRaises(AccessError):
                request.with_user(user).write({"date_answered": False})
            self.ticket.with_user(user).message_post(body="x", rating_value=5)
        self.assertEqual(self.ticket.rating_ids, rating)

    def test_ratings_are_seen_with_the_ticket_and_not_by_another_company(self):
        request = self.env["psa.rating.request"]._find(self._token())
        request._answer(5)
        Rating = self.env["rating.rating"]

        self.assertEqual(Rating.with_user(self.technician).search([("psa_ticket_id", "=", self.ticket.id)]), request.rating_id)
        self.assertFalse(Rating.with_user(self.rival_technician).search([("id", "=", request.rating_id.id)]))
        self.assertFalse(self.env["psa.rating.request"].with_user(self.rival_technician).search([("id", "=", request.id)]))

    def test_averages_by_technician_and_month(self):
        self.env["psa.rating.request"]._find(self._token())._answer(5)
        self.ticket = self._new_ticket(user_id=self.technician.id)
        self.env["psa.rating.request"]._find(self._token())._answer(1)

        (group,) = self.env["rating.rating"].with_user(self.administrator).formatted_read_group(
            [("psa_desk_id", "=", self.desk.id)], ["psa_user_id"], ["rating:avg", "__count"]
        )
        self.assertEqual((group["rating:avg"], group["__count"]), (3, 2))
        self.assertEqual((self.desk.rating_count, self.desk.rating_average), (2, 3.0))
        self.assertEqual(self.env["psa.ticket"].search([("satisfaction", "=", "1")]), self.ticket)

    def test_a_batch_takes_as_many_queries_for_few_as_for_many(self):
        def closed(count):
            tickets = self.env["psa.ticket"].create([
                {"name": f"x {number}", "desk_id": self.desk.id, "partner_id": self.zoe.id} for number in range(count)
            ])
            tickets.action_close()
            tickets.rating_due = fields.Datetime.now()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            with self.mock_mail_gateway():
                tickets._ask_ratings()
                self.env.flush_all()
            return self.env.cr.sql_log_count - before

        closed(3)
        few, many = closed(5), closed(40)
        self.assertLess(many, few + 45)


@tagged("post_install", "-at_install")
class TestRatingPage(RatingStage, HttpCase):

    def _post(self, token, **data):
        return self.url_open(f"/ticket/rate/{token}", data={"csrf_token": Request.csrf_token(self), **data})

    def test_looking_answers_nothing_and_sending_answers_once(self):
        token = self._token()
        self.authenticate(None, None)
        for grade in (5, 3, 1, 1):
            page = self.url_open(f"/ticket/rate/{token}/{grade}")
            self.assertEqual(page.status_code, 200)
            self.assertIn("no-store", page.headers["Cache-Control"])
            self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("Printer jams", page.text)
        self.assertFalse(self._request().date_answered)

        self.assertIn("Please choose one of the faces", self._post(token, comment="Hm").text)
        self.assertIn("Thank you", self._post(token, grade="3", comment="Fine").text)
        self.assertIn("answered already", self._post(token, grade="1").text)
        self.assertIn("answered already", self.url_open(f"/ticket/rate/{token}/5").text)

        self.ticket.invalidate_recordset()
        self.assertEqual((self.ticket.satisfaction, self.ticket.satisfaction_comment), ("3", "Fine"))

    def test_a_link_without_its_form_is_not_an_answer(self):
        token = self._token()
        self.authenticate(None, None)

        self.assertEqual(self.url_open(f"/ticket/rate/{token}", data={"grade": "1"}).status_code, 400)
        self.assertEqual(self.url_open(f"/ticket/rate/{token}?grade=1").status_code, 405)
        self.assertFalse(self._request().date_answered)

    def test_an_unknown_link_tells_nothing(self):
        self.authenticate(None, None)
        page = self.url_open("/ticket/rate/unknown/5")

        self.assertEqual(page.status_code, 404)
        self.assertIn("leads nowhere", page.text)

    def test_an_expired_link_says_so(self):
        token = self._token()
        self._request().date_expires = fields.Datetime.now() - timedelta(days=1)
        self.authenticate(None, None)

        self.assertIn("no longer valid", self.url_open(f"/ticket/rate/{token}/5").text)
        self.assertIn("no longer valid", self._post(token, grade="5").text)
        self.assertFalse(self._request().date_answered)

    def test_staff_does_not_rate_itself(self):
        token = self._token()
        self.technician.password = "hd_technician"
        self.authenticate("hd_technician", "hd_technician")

        self.assertIn("Only clients rate", self._post(token, grade="5").text)
        self.assertFalse(self._request().date_answered)
