import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..core import webhook
from ..models import psa_webhook_delivery
from ..tools import outbound
from .common import HelpdeskCommon

# What hangs would do so for far longer than any machine takes for the rest, and is let go when the tests are done.
HANGS_SECONDS = 300
SOON_SECONDS = 100


class Receiver(BaseHTTPRequestHandler):
    """The other system: answers by the path it is called at, and remembers."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, dict(self.headers), body))
        if self.path == "/hangs":
            self.server.released.wait(HANGS_SECONDS)
            return
        if self.path == "/drips":
            self.send_response(200)
            self.end_headers()
            for _drop in range(5 * HANGS_SECONDS):
                if self.server.released.wait(0.2):
                    return
                self.wfile.write(b".")
                self.wfile.flush()
            return
        status = 200 if self.path == "/slow" else int(self.path.strip("/").partition("/")[0] or 200)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/200")
        self.end_headers()
        self.wfile.write(b"Thank you")

    def log_message(self, *args):
        """Say nothing."""


@tagged("post_install", "-at_install")
class TestWebhook(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        cls.receiver.daemon_threads = True
        cls.receiver.calls, cls.receiver.released = [], threading.Event()
        threading.Thread(target=cls.receiver.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.receiver.server_close)
        cls.addClassCleanup(cls.receiver.shutdown)
        cls.addClassCleanup(cls.receiver.released.set)
        cls.base = f"http://127.0.0.1:{cls.receiver.server_port}"
        cls.env["ir.config_parameter"].set_param("psa_helpdesk.webhook_networks", "127.0.0.1")

    def setUp(self):
        super().setUp()
        self.receiver.calls.clear()

    def _hook(self, path="/200", **values):
        return self.env["psa.webhook"].create({
            "name": "Chat", "url": self.base + path, "company_id": self.company.id, "timeout": 30, **values,
        })

    def _call(self, hook, ticket=None):
        return self.env["psa.webhook.delivery"]._enqueue([{
            "webhook_id": hook.id, "ticket_id": ticket.id if ticket else False, "rule_name": "Tell the chat", "event": "created",
            "payload": {"event": "created", "ticket": {"number": "T1", "name": "Drücker klemmt"}},
        }])

    def _send(self):
        with self.enter_registry_test_mode():
            self.env.ref("psa_helpdesk.ir_cron_call_webhooks").method_direct_trigger()
        self.env.invalidate_all()

    def test_nothing_goes_out_before_the_transaction_is_through(self):
        delivery = self._call(self._hook())

        self.assertEqual(self.receiver.calls, [])
        self.assertEqual(delivery.state, "waiting")

    def test_the_other_system_can_tell_that_the_call_is_ours(self):
        hook = self._hook(authorization="Bearer abc")
        delivery = self._call(hook)

        self._send()

        (__, headers, body), = self.receiver.calls
        self.assertEqual(json.loads(body)["ticket"]["name"], "Drücker klemmt")
        self.assertEqual(json.loads(body)["delivery"], delivery.number)
        self.assertTrue(webhook.is_signed(hook.secret, headers["X-PSA-Signature"], body, int(time.time())))
        self.assertEqual((headers["X-PSA-Delivery"], headers["Authorization"]), (delivery.number, "Bearer abc"))
        self.assertEqual((delivery.state, delivery.answer_code, delivery.answer), ("sent", 200, "Thank you"))

    def test_an_error_of_the_other_system_is_tried_again_later_under_the_same_number(self):
        hook = self._hook("/500")
        delivery = self._call(hook)
        began = fields.Datetime.now()

        self._send()

        self.assertEqual((delivery.state, delivery.attempts, delivery.answer_code), ("waiting", 1, 500))
        self.assertGreaterEqual(delivery.next_try, began + timedelta(seconds=webhook.RETRY_AFTER[0]))
        self.assertIn("500", delivery.error)

        hook.url = self.base + "/200"
        delivery.next_try = fields.Datetime.now()
        self._send()

        self.assertEqual((delivery.state, delivery.attempts, delivery.error), ("sent", 2, False))
        numbers = {headers["X-PSA-Delivery"] for __, headers, __ in self.receiver.calls}
        self.assertEqual(numbers, {delivery.number})

    def test_what_never_works_is_set_aside_and_told_on_the_ticket(self):
        ticket = self._new_ticket()
        delivery = self._call(self._hook("/500"), ticket)
        delivery.attempts = len(webhook.RETRY_AFTER)

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_webhook_delivery", "WARNING"):
            self._send()

        self.assertEqual((delivery.state, delivery.webhook_id.failed_count), ("failed", 1))
        self.assertIn("could not be called", ticket.history_ids.filtered(lambda row: row.kind == "rule").description)

        delivery.webhook_id.url = self.base + "/200"
        delivery.with_user(self.administrator).action_try_again()
        self._send()

        self.assertEqual(delivery.state, "sent")

    def test_the_rule_that_called_needs_attention(self):
        rule = self.env["psa.rule"].create({"name": "Tell the chat", "company_id": self.company.id, "active": False})
        delivery = self._call(self._hook("/410"), self._new_ticket())
        delivery.rule_id = rule

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_webhook_delivery", "WARNING"):
            self._send()

        self.assertEqual((delivery.state, delivery.attempts), ("failed", 1))
        self.assertEqual(rule.attention_count, 1)
        self.assertIn("410", rule.log_ids.error)

    def test_one_that_hangs_or_drips_holds_nobody_up(self):
        for path in ("/hangs", "/drips"):
            slow, fast = self._hook(path, timeout=1), self._hook()
            waiting = self._call(slow) | self._call(slow) | self._call(slow)
            other = self._call(fast)

            began = time.monotonic()
            self._send()

            self.assertLess(time.monotonic() - began, SOON_SECONDS)
            self.assertEqual(other.state, "sent")
            self.assertEqual(set(waiting.mapped("state")), {"waiting"})
            self.assertEqual(sum(waiting.mapped("attempts")), 1, "its other calls wait without being tried")
            self.assertIn("1 seconds", waiting[0].error)

    def test_who_is_slow_has_his_own_calls_wait(self):
        slow, other_slow, fast = self._hook("/slow"), self._hook("/slow"), self._hook(company_id=self.rival.id)
        for __ in range(4):
            self._call(slow)
        self._call(other_slow)
        for __ in range(3):
            self._call(fast)
        self.env["psa.webhook.delivery"].search([("webhook_id", "in", (slow | other_slow).ids)]).next_try = "2026-01-01"

        # A clock that only the calls move: what else this machine does meanwhile has no say in whose turn it is.
        clock = SimpleNamespace(
            monotonic=lambda: sum(0.5 if path == "/slow" else 0.01 for path, __, __ in self.receiver.calls), time=time.time)
        with patch.object(psa_webhook_delivery, "time", clock):
            self._send()

        paths = [path for path, __, __ in self.receiver.calls]
        self.assertEqual(paths[:4], ["/slow", "/200", "/200", "/200"])
        self.assertEqual(paths[4:], ["/slow"] * 4)
        sent = self.env["psa.webhook.delivery"].search([("webhook_id", "in", (slow | other_slow).ids)], order="sent_on, id")
        numbers = [headers["X-PSA-Delivery"] for path, headers, __ in self.receiver.calls if path == "/slow"]
        made = [sent.filtered(lambda row, number=number: row.number == number).webhook_id for number in numbers]
        self.assertEqual(made[1], other_slow, "nor does one webhook hold up another of its own company")
        self.assertEqual(set(sent.mapped("state")), {"sent"})

    def test_what_is_whose_turn_is_found_by_an_index(self):
        hooks = self._hook() | self._hook()
        self.env.cr.execute(
            """
            INSERT INTO psa_webhook_delivery (number, webhook_id, company_id, state, next_try, rule_name, event, payload)
            SELECT 'perf-' || n, (%s::int[])[1 + n %% 2], %s, 'waiting', '2026-01-01', 'x', 'created', '{}' FROM generate_series(1, 5000) n
            """,
            [hooks.ids, self.company.id],
        )
        self.env.cr.execute("ANALYZE psa_webhook_delivery")
        read = "SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'psa_webhook_delivery'"
        self.env.cr.execute(read)
        (before,) = self.env.cr.fetchone()

        with self.assertQueryCount(1):
            self.assertTrue(self.env["psa.webhook.delivery"]._claim({hooks[0].id: (self.company.id, 1.0)}))

        self.env.cr.execute(read)
        self.assertEqual(self.env.cr.fetchone()[0], before, "no row was read that was not asked for")

    def test_what_a_name_leads_to_inside_stays_with_those_who_keep_the_webhook(self):
        self.env["ir.config_parameter"].set_param("psa_helpdesk.webhook_networks", False)
        rule = self.env["psa.rule"].create({"name": "Tell the chat", "company_id": self.company.id, "active": False})
        ticket = self._new_ticket()
        delivery = self._call(self._hook(url=f"http://localhost:{self.receiver.server_port}"), ticket)
        delivery.write({"rule_id": rule.id, "attempts": len(webhook.RETRY_AFTER)})

        with self.assertLogs("odoo.addons.psa_helpdesk.models.psa_webhook_delivery", "WARNING"):
            self._send()

        self.assertRegex(delivery.error, r"127\.0\.0\.1|::1")
        for text in (ticket.history_ids.filtered(lambda row: row.kind == "rule").description, rule.log_ids.error):
            self.assertIn("inside a network", text)
            self.assertNotRegex(text, r"127\.0\.0\.1|::1|localhost")

    def test_a_call_lasts_no_longer_than_it_may_however_many_addresses_a_name_has(self):
        tried = []

        def connect(address, timeout):
            tried.append(timeout)
            raise TimeoutError

        many = [(2, 1, 6, "", (f"127.0.0.{number}", 80)) for number in range(1, 41)]
        with (
            patch.object(outbound.socket, "getaddrinfo", lambda *args, **kwargs: many),
            patch.object(outbound.socket, "create_connection", connect),
            # A clock that moves by what is waited for a connection.
            patch.object(outbound, "time", SimpleNamespace(monotonic=lambda: sum(tried))),
            self.assertRaises(outbound.CallError) as refusal,
        ):
            outbound.post("http://name.test/", b"{}", {}, 30, webhook.networks("127.0.0.0/8"))

        self.assertEqual(refusal.exception.code, "timeout")
        self.assertEqual(tried, [10, 10, 10], "so many are tried, and share the time")

    def test_a_name_nobody_answers_for_holds_nobody_up(self):
        released = threading.Event()
        with (
            patch.object(outbound.socket, "getaddrinfo", lambda *args, **kwargs: released.wait(HANGS_SECONDS)),
            self.assertRaises(outbound.CallError) as refusal,
        ):
            began = time.monotonic()
            outbound.post("http://name.test/", b"{}", {}, 0.3)
        released.set()

        self.assertLess(time.monotonic() - began, SOON_SECONDS)
        self.assertEqual(refusal.exception.code, "timeout")

    def test_redirects_are_not_followed(self):
        delivery = self._call(self._hook("/302"))

        self._send()

        self.assertEqual([path for path, __, __ in self.receiver.calls], ["/302"])
        self.assertIn("final address", delivery.error)

    def test_nothing_inside_the_network_is_called(self):
        self.env["ir.config_parameter"].set_param("psa_helpdesk.webhook_networks", False)
        for url in (self.base, f"http://localhost:{self.receiver.server_port}", "http://169.254.169.254/latest", "http://[::1]/"):
            delivery = self._call(self._hook(url=url))

            self._send()

            self.assertIn("inside a network", delivery.error)
        self.assertEqual(self.receiver.calls, [])

    def test_a_name_that_changes_its_address_meanwhile_leads_nowhere(self):
        asked = []

        def look_up(host, port, *args, **kwargs):
            asked.append(host)
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        with patch.object(outbound.socket, "getaddrinfo", look_up):
            answer = outbound.post(
                f"http://name.test:{self.receiver.server_port}/200", b"{}", {}, 30, webhook.networks("127.0.0.1")
            )

        self.assertEqual(answer.status, 200)
        self.assertEqual(asked.count("name.test"), 1)

    def test_a_call_somebody_else_makes_is_left_to_him(self):
        self._call(self._hook())
        taken = self.env["psa.webhook.delivery"]._claim()

        self.assertTrue(taken)
        self.assertFalse(self.env["psa.webhook.delivery"]._claim())

        # He died in the middle of it.
        taken.next_try = fields.Datetime.now()
        self.assertEqual(self.env["psa.webhook.delivery"]._claim(), taken)

    def test_archived_webhooks_call_nobody(self):
        hook = self._hook()
        delivery = self._call(hook)
        hook.active = False

        self._send()

        self.assertEqual((delivery.state, self.receiver.calls), ("waiting", []))

    def test_addresses_are_refused_with_what_to_do(self):
        for url, told in (("ftp://example.com", "https://"), ("https://me:secret@example.com", "Authorization")):
            with self.assertRaisesRegex(ValidationError, told):
                self._hook(url=url)
        with self.assertRaisesRegex(ValidationError, "16 characters"):
            self._hook(secret="short")

    def test_who_may_do_what(self):
        hook, rival_hook = self._hook(), self._hook(company_id=self.rival.id)
        delivery = self._call(hook)
        # who, sees the name, sees the address, changes it, sees the calls
        for user, name, address, changes, calls in (
            (self.technician, True, False, False, False),
            (self.dispatcher, True, False, False, False),
            (self.billing, False, False, False, False),
            (self.administrator, True, True, True, True),
            (self.rival_technician, False, False, False, False),
        ):
            with self.subTest(user=user.login):
                own = hook.with_user(user)
                self.assertEqual(own.has_access("read"), name)
                self.assertEqual(name and own._has_field_access(own._fields["url"], "read"), address)
                self.assertEqual(own.has_access("write"), changes)
                self.assertEqual(delivery.with_user(user).has_access("read"), calls)
                self.assertFalse(delivery.with_user(user).has_access("write"))
                if user != self.rival_technician:
                    self.assertFalse(rival_hook.with_user(user).has_access("read"))
        with self.assertRaises(AccessError):
            delivery.with_user(self.technician).action_try_again()

    def test_calls_of_long_ago_are_forgotten(self):
        delivery, kept = self._call(self._hook()), self._call(self._hook())
        delivery.write({"state": "sent", "sent_on": fields.Datetime.now() - timedelta(days=31)})

        self.env["psa.webhook.delivery"]._gc_sent()

        self.assertFalse(delivery.exists())
        self.assertTrue(kept.exists())
