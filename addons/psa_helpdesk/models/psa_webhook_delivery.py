import logging
import time
import uuid
from datetime import datetime, timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..core import webhook
from ..core.rules import Firing
from ..tools import outbound

_logger = logging.getLogger(__name__)

# How long a call belongs to the process that makes it. One that died leaves it to the next after that.
LEASE_SECONDS = 120
KEEP_DAYS = 30
GC_ROWS = 10_000
STATES = [("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")]


class PsaWebhookDelivery(models.Model):
    """One call of a webhook: written with the change of the ticket, made afterwards by a scheduled action.

    A change that comes to nothing calls nobody, and no ticket waits for another system. A call that fails is made again, later
    and later, under the same number; a process that dies in the middle leaves it to the next one. So the other system may get a
    call twice, and tells by its number.
    """

    _name = "psa.webhook.delivery"
    _description = "Webhook Call"
    _order = "id desc"
    _rec_name = "number"

    _due_idx = models.Index("(next_try, id) WHERE state = 'waiting'")
    _turn_idx = models.Index("(webhook_id, next_try, id) WHERE state = 'waiting'")
    _webhook_idx = models.Index("(webhook_id, id DESC)")
    _company_idx = models.Index("(company_id, id DESC)")
    _state_idx = models.Index("(state, webhook_id) WHERE state IN ('waiting', 'failed')")
    _sent_idx = models.Index("(sent_on) WHERE state = 'sent'")
    _number_uniq = models.UniqueIndex("(number)", "Two calls cannot have the same number.")

    number = fields.Char(
        readonly=True, required=True, default=lambda self: str(uuid.uuid4()), help="Sent along; the same at each attempt."
    )
    webhook_id = fields.Many2one("psa.webhook", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", related="webhook_id.company_id", store=True, readonly=True, precompute=True)
    ticket_id = fields.Many2one("psa.ticket", readonly=True, index="btree_not_null", ondelete="set null")
    rule_id = fields.Many2one("psa.rule", readonly=True, index="btree_not_null", ondelete="set null")
    rule_name = fields.Char("Name of the Rule", readonly=True)
    event = fields.Char(readonly=True, help="Why the rule fired.")
    payload = fields.Json("Content", readonly=True)
    payload_text = fields.Text("What Is Sent", compute="_compute_payload_text")
    state = fields.Selection(STATES, required=True, readonly=True, default="waiting")
    attempts = fields.Integer(readonly=True, aggregator=None)
    next_try = fields.Datetime(readonly=True, default=fields.Datetime.now, help="Not tried before.")
    sent_on = fields.Datetime(readonly=True)
    answer_code = fields.Integer("Answer", readonly=True, aggregator=None, help="The HTTP status the other system answered with.")
    answer = fields.Text("What It Answered", readonly=True)
    error = fields.Char(readonly=True)

    @api.depends("payload")
    def _compute_payload_text(self):
        for delivery in self:
            delivery.payload_text = outbound.encode(delivery.payload).decode()

    def action_try_again(self):
        """Make calls once more that failed, or at once those that wait."""
        if not self.env.su and not self.env.user.has_group("psa_crm.group_company_admin"):
            raise AccessError(self.env._("Only company administrators have calls made again."))
        self.check_access("read")
        again = self.sudo().filtered(lambda delivery: delivery.state != "sent")
        again.write({"state": "waiting", "attempts": 0, "next_try": fields.Datetime.now(), "error": False})
        again._trigger_sending()
        return True

    @api.model
    def _enqueue(self, rows):
        """Write calls down, to be made when this transaction is through.

        :param rows: list of dictionaries with webhook_id, ticket_id, rule_id, rule_name, event and payload
        """
        deliveries = self.sudo().create(rows)
        deliveries._trigger_sending()
        return deliveries

    @api.model
    def _trigger_sending(self):
        self.env.ref("psa_helpdesk.ir_cron_call_webhooks").sudo()._trigger()

    @api.model
    def _cron_send(self):
        """Make the calls that are due, each in a transaction of its own; nobody has to wait for the slow systems of another."""
        spent = {}
        while delivery := self.sudo()._claim(spent):
            # Others have to see the claim before anything goes out.
            self.env["ir.cron"]._commit_progress(0)
            began = time.monotonic()
            if not delivery._send():
                delivery._put_off_others()
            hook = delivery.webhook_id
            spent[hook.id] = (hook.company_id.id, spent.get(hook.id, (0, 0))[1] + time.monotonic() - began)
            if not self.env["ir.cron"]._commit_progress(1, remaining=self._due_count()):
                return
        upcoming = self.sudo().search(
            [("state", "=", "waiting"), ("webhook_id.active", "=", True)], order="next_try, id", limit=1
        )
        if upcoming:
            self.env.ref("psa_helpdesk.ir_cron_call_webhooks").sudo()._trigger(at=upcoming.next_try)

    @api.model
    def _due_count(self):
        return self.sudo().search_count([
            ("state", "=", "waiting"), ("next_try", "<=", fields.Datetime.now()), ("webhook_id.active", "=", True)
        ])

    @api.model
    def _claim(self, spent=None):
        """Return a call that is due, taken so that no other process makes it meanwhile; empty if none is.

        It is the turn of the company for which least time was spent, of its webhook for which least was, of the call that has
        waited longest: one whose system takes long over each call has its own calls wait, and has others wait for one at most.

        :param spent: {webhook id: (company id, seconds)} of what was done before
        """
        now = fields.Datetime.now()
        self.flush_model(["state", "next_try", "webhook_id"])
        by_hook = {hook_id: seconds for hook_id, (__, seconds) in (spent or {}).items()}
        by_company = {}
        for company_id, seconds in (spent or {}).values():
            by_company[company_id] = by_company.get(company_id, 0) + seconds
        rows = self.env.execute_query(SQL(
            """
            UPDATE psa_webhook_delivery SET next_try = %s
             WHERE id IN (
                   SELECT due.id FROM psa_webhook hook
                    CROSS JOIN LATERAL (
                          SELECT id, next_try FROM psa_webhook_delivery
                           WHERE webhook_id = hook.id AND state = 'waiting' AND next_try <= %s
                           ORDER BY next_try, id LIMIT 1
                             FOR UPDATE SKIP LOCKED) due
                     LEFT JOIN unnest(%s::int[], %s::float[]) AS of_company (id, seconds) ON of_company.id = hook.company_id
                     LEFT JOIN unnest(%s::int[], %s::float[]) AS of_hook (id, seconds) ON of_hook.id = hook.id
                    WHERE hook.active
                    ORDER BY COALESCE(of_company.seconds, 0), COALESCE(of_hook.seconds, 0), due.next_try, due.id LIMIT 1)
            RETURNING id
            """,
            now + timedelta(seconds=LEASE_SECONDS), now,
            list(by_company), list(by_company.values()), list(by_hook), list(by_hook.values()),
        ))
        delivery = self.browse(row_id for row_id, in rows)
        delivery.invalidate_recordset(["next_try"], flush=False)
        return delivery

    def _put_off_others(self):
        """Let the other calls of an address that did not take this one wait as long: one that hangs holds nobody else up."""
        until = self.next_try or fields.Datetime.now() + timedelta(seconds=webhook.retry_after(1))
        others = self.search([
            ("webhook_id", "=", self.webhook_id.id), ("state", "=", "waiting"), ("next_try", "<", until), ("id", "!=", self.id),
        ])
        others.next_try = until

    def _send(self):
        """Make one call and write down how it went; return whether it was taken."""
        self.ensure_one()
        hook = self.webhook_id
        body = outbound.encode({**self.payload, "delivery": self.number})
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "PSA-Suite-Webhook",
            "X-PSA-Delivery": self.number,
            "X-PSA-Event": self.event or "",
            "X-PSA-Signature": webhook.sign(hook.secret, int(time.time()), body),
        }
        if hook.authorization:
            headers["Authorization"] = hook.authorization
        vals = {"attempts": self.attempts + 1, "answer_code": 0, "answer": False, "error": False}
        final, told = False, ""
        try:
            answer = outbound.post(hook.url, body, headers, hook.timeout, hook._allowed_networks())
            vals.update(answer_code=answer.status, answer=answer.text.replace("\x00", "")[:2000])
            if webhook.is_delivered(answer.status):
                self.write({**vals, "state": "sent", "sent_on": fields.Datetime.now(), "next_try": False})
                return True
            final = webhook.is_final(answer.status)
            vals["error"] = told = self._answer_text(answer.status)
        except outbound.CallError as error:
            vals["error"], told = self._call_text(error), self._call_text_for_all(error)
        wait = None if final else webhook.retry_after(vals["attempts"])
        if wait is None:
            vals.update(state="failed", next_try=False)
            _logger.warning("Webhook %s: call %s was set aside: %s", hook.name, self.number, vals["error"])
        else:
            vals["next_try"] = fields.Datetime.now() + timedelta(seconds=wait)
        self.write(vals)
        if wait is None:
            self._tell_failure(told)
        return False

    def _tell_failure(self, error):
        """Say on the ticket, and where rules need attention, that the other system was not told.

        :param error: why, without addresses: they are for those who keep the webhook, who find them at the call
        """
        text = self.env._("Webhook “%(hook)s” could not be called: %(error)s", hook=self.webhook_id.name, error=error)
        self.ticket_id._log_history("rule", description=text)
        if self.rule_id:
            rule = self.rule_id._as_system()
            events = dict(rule._fields["event"]._description_selection(rule.env))
            firing = Firing(rule.id, self.event, events.get(self.event, ""), datetime.now(timezone.utc))
            self.env["psa.rule.log"]._append(rule, firing, [{"ticket": self.ticket_id, "outcome": "failed", "error": text}])
            rule._alarm()

    def _answer_text(self, status):
        if 300 <= status < 400:
            return self.env._("The address forwards elsewhere (%s). Enter the final address.", status)
        return self.env._("The other system answered with %s.", status)

    def _call_text(self, error):
        texts = {
            "timeout": self.env._("No answer within %s seconds.", error.detail),
            "forbidden": self.env._(
                "%s is an address inside a network. The administrator of the server can allow it by the system parameter "
                "psa_helpdesk.webhook_networks.", error.detail),
            "unknown_host": self.env._("The name of the server is not known: %s", error.detail),
            "no_answer": self.env._("The server does not answer: %s", error.detail),
            "certificate": self.env._(
                "The certificate of the server is not to be trusted: %s. Nothing was sent. If it comes from an authority of your own, the "
                "administrator of the server names its file in the environment variable SSL_CERT_FILE.", error.detail),
        }
        return texts.get(error.code) or self.env["psa.webhook"]._address_refusals().get(error.code) or str(error)

    def _call_text_for_all(self, error):
        """Return what may be said of a failed call to everybody who reads the ticket."""
        texts = {
            "timeout": self.env._("There was no answer in time."),
            "forbidden": self.env._("The address is inside a network."),
            "unknown_host": self.env._("The name of the server is not known."),
            "no_answer": self.env._("The server does not answer."),
            "certificate": self.env._("The certificate of the server is not to be trusted."),
        }
        return texts.get(error.code) or self.env._("The address is not usable.")

    @api.autovacuum
    def _gc_sent(self):
        """Forget calls that were made a month ago."""
        old = self.sudo().search([
            ("state", "=", "sent"), ("sent_on", "<", fields.Datetime.now() - timedelta(days=KEEP_DAYS))
        ], limit=GC_ROWS)
        old.unlink()
        return len(old), len(old) == GC_ROWS
