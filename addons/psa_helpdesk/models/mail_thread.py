import email
import email.errors
import email.header
import email.policy
import logging
from xmlrpc import client as xmlrpclib

import psycopg2
from odoo import api, models, tools
from odoo.tools import email_normalize, email_split
from odoo.tools.mail import decode_message_header

from ..core import mail_intake

_logger = logging.getLogger(__name__)


class Intake:
    """What the gateway learns about one mail on its way; lives as long as the call of ``message_process``."""

    __slots__ = ("aliases", "desk_id", "detail", "kind", "msg_dict", "new_ids", "raw", "reason", "senders", "ticket_id")

    def __init__(self, raw):
        self.raw = raw
        self.kind = mail_intake.NORMAL
        self.msg_dict = {}
        self.aliases = {}  # address: is it an alias of ours; asked four times for each mail
        self.senders = {}  # company id: (contact, client)
        self.new_ids = set()  # tickets made of the mail
        self.reason = None
        self.detail = False
        self.desk_id = False
        self.ticket_id = False

    def refuse(self, reason, desk_id=False, ticket_id=False, detail=False):
        """Note that the mail becomes neither ticket nor comment, and why; the first reason stays."""
        if not self.reason:
            self.reason, self.detail = reason, detail
        self.desk_id = self.desk_id or desk_id
        self.ticket_id = self.ticket_id or ticket_id


class MailThread(models.AbstractModel):
    """Mail to a desk is never lost: what becomes neither ticket nor comment is kept in ``psa.inbound.mail``.

    The hooks below only watch Odoo's gateway and note what it does with a mail; mail that concerns no desk and no
    ticket goes its usual way.
    """

    _inherit = "mail.thread"

    @api.model
    def message_process(
        self, model, message, custom_values=None, save_original=False, strip_attachments=False, thread_id=None
    ):
        if isinstance(message, xmlrpclib.Binary):
            message = bytes(message.data)
        if isinstance(message, str):
            message = message.encode("utf-8")
        intake = Intake(message)
        arguments = {
            "custom_values": custom_values, "save_original": save_original, "strip_attachments": strip_attachments, "thread_id": thread_id
        }
        try:
            with self.env.cr.savepoint():
                result = super(MailThread, self.with_context(psa_intake=intake)).message_process(model, message, **arguments)
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # the caller tries again
        except psycopg2.errors.UniqueViolation as error:
            if error.diag.constraint_name == "psa_ticket_origin_message_uniq":
                _logger.info("Ignored mail: another worker has just made a ticket of the same Message-ID")
                return False
            if not self.env["psa.inbound.mail"].sudo()._keep_failed(intake, error):
                raise
            return False
        except Exception as error:
            if not self.env["psa.inbound.mail"].sudo()._keep_failed(intake, error):
                raise
            return False
        if intake.reason:
            self.env["psa.inbound.mail"].sudo()._keep_refused(intake)
        # Odoo answers None for some mail it ignores; the mail gate's XML-RPC cannot pass that on, and all would be undone.
        return result or False

    @api.model
    def message_parse(self, message, save_original=False):
        intake = self._psa_intake()
        if intake:
            # Asked for the recipients, the aliases will be looked up for the sender too.
            intake.aliases[self._psa_normalize_email(decode_message_header(message, "From"))] = None
        msg_dict = super().message_parse(message, save_original=save_original)
        if intake:
            intake.msg_dict = dict(msg_dict)
        return msg_dict

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        routes = super().message_route(message, message_dict, model, thread_id, custom_values)
        intake = self._psa_intake()
        if not intake:
            return routes
        if message_dict.get("is_bounce"):
            bounced = message_dict.get("bounced_message")
            intake.refuse(
                "bounce", ticket_id=bounced.res_id if bounced and bounced.model == "psa.ticket" else False
            )
            return routes
        routes = self._psa_join_by_number(message_dict, routes)
        to_tickets = [route for route in routes or () if route[0] == "psa.ticket"]
        if not to_tickets:
            return routes
        intake.kind = mail_intake.classify(
            self._psa_mail_headers(message, message_dict), self.env["mail.alias"]._psa_desk_addresses()
        )
        if intake.kind not in (mail_intake.LOOP, mail_intake.AUTO_REPLY):
            return routes
        kept = []
        for route in routes:
            if route not in to_tickets:
                kept.append(route)
            elif intake.kind == mail_intake.AUTO_REPLY and route[1]:
                # Joins its ticket as a note: no parent, so that nobody is told, no comment, so that nothing reopens.
                message_dict["is_internal"] = True
                message_dict.pop("parent_id", None)
                kept.append(route)
            else:
                intake.refuse(intake.kind, desk_id=(route[2] or {}).get("desk_id", False), ticket_id=route[1] or False)
        return kept

    @api.model
    def _routing_check_route(self, message, message_dict, route, raise_exception=True):
        # Who writes to a desk is looked up among the clients of the desk's company, not among all partners.
        if self._psa_intake() and route[0] == "psa.ticket" and not route[1] and route[4]:
            desk = self.env["psa.desk"]._settings_by_desk().get((route[2] or {}).get("desk_id"))
            if desk:
                company = self.env["res.company"].browse(desk["company_id"])
                contact, __ = self.env["psa.ticket"]._match_mail_sender(message_dict, company)
                message_dict["author_id"] = contact.id or message_dict.get("author_id")
        return super()._routing_check_route(message, message_dict, route, raise_exception=raise_exception)

    @api.model
    def _mail_find_user_for_gateway(self, email_value, alias=None):
        # A sender's address proves nothing: tickets are made by the gateway's user, in nobody else's name.
        if self._psa_intake() and alias and alias.sudo().alias_model_id.model == "psa.ticket":
            return self.env["res.users"]
        return super()._mail_find_user_for_gateway(email_value, alias=alias)

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        # As Odoo does, but with the models known from the registry instead of two queries for each mail.
        if not self._psa_intake():
            return super()._routing_reset_bounce(email_message, message_dict)
        address = email_normalize(message_dict["email_from"])
        for model in self._psa_blacklist_models() if address else ():
            bounced = self.env[model].sudo().search([("message_bounce", ">", 0), ("email_normalized", "=", address)])
            bounced._message_reset_bounce(address)
        return None

    @api.model
    @tools.ormcache()
    def _psa_blacklist_models(self):
        """Return the names of the models that count bounces by address; cached."""
        mixin = self.env.registry["mail.thread.blacklist"]
        return tuple(sorted(
            name for name, model in self.env.registry.items() if issubclass(model, mixin) and not model._abstract
        ))

    def _message_parse_post_process(self, message, message_dict, routes):
        # With the author known and nobody but desks addressed, there is nobody left to look for.
        intake = self._psa_intake()
        if intake and message_dict.get("author_id") and all(
            intake.aliases.get(self._psa_normalize_email(address)) for address in email_split(message_dict["recipients"])
        ):
            return {"author_id": message_dict["author_id"], "partner_ids": message_dict.get("partner_ids")}
        return super()._message_parse_post_process(message, message_dict, routes)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # Odoo sends mail back when a ticket cannot be made of it; we keep it, so the alias is taken out of the route.
        ours = [route for route in routes or () if route[0] == "psa.ticket" and route[4]] if self._psa_intake() else []
        silent = [(*route[:4], None) if route in ours else route for route in routes or ()]
        thread_id = super()._message_route_process(message, message_dict, silent)
        for route in ours:
            if route[4].alias_status != "valid":
                route[4].sudo().alias_status = "valid"
        return thread_id

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        return super()._detect_is_bounce(message, message_dict) or mail_intake.is_bounce(
            self._psa_mail_headers(message, message_dict)
        )

    @api.model
    def _detect_loop_headers(self, msg_dict):
        is_loop = super()._detect_loop_headers(msg_dict)
        intake = self._psa_intake()
        if is_loop and intake:
            intake.refuse("loop", detail=self.env._("It answers a notice that mail was refused."))
        return is_loop

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        intake = self._psa_intake()
        to_tickets = [route for route in routes or () if route[0] == "psa.ticket"]
        if not intake or not to_tickets:
            return super()._detect_loop_sender(message, message_dict, routes)
        is_loop = super(MailThread, self.with_context(psa_keep_silent=True))._detect_loop_sender(
            message, message_dict, routes
        )
        if is_loop:
            intake.refuse(
                "loop",
                desk_id=next(((route[2] or {}).get("desk_id", False) for route in to_tickets), False),
                ticket_id=next((route[1] for route in to_tickets if route[1]), False),
                detail=self.env._("Too much mail from this sender in a short time."),
            )
        return is_loop

    def _routing_create_bounce_email(self, email_from, body_html, message, **mail_values):
        # Answering mail that goes in circles keeps it going.
        if self.env.context.get("psa_keep_silent") and self._psa_intake():
            return None
        return super()._routing_create_bounce_email(email_from, body_html, message, **mail_values)

    @api.model
    def _psa_intake(self):
        """Return what is known about the mail now in the gateway, if there is one."""
        intake = self.env.context.get("psa_intake")
        # The context of a remote call holds plain data only, so nobody outside can pass this for one.
        return intake if isinstance(intake, Intake) else None

    @api.model
    def _psa_join_by_number(self, message_dict, routes):
        """Lead an answer that lost its thread to the ticket whose number its subject shows, if the sender may write there."""
        numbers = mail_intake.marked_numbers(message_dict.get("subject") or "")
        if not numbers:
            return routes
        joined = []
        for route in routes or ():
            ticket = self.env["psa.ticket"]
            if route[0] == "psa.ticket" and not route[1]:
                ticket = ticket._find_by_number_and_sender(numbers, message_dict, (route[2] or {}).get("desk_id"))
            joined.append((route[0], ticket.id, None, *route[3:]) if ticket else route)
        return joined

    @api.model
    def _psa_mail_headers(self, message, message_dict):
        """Return the facts about a mail that its kind depends on."""
        return mail_intake.Headers.of(
            dict(message.raw_items()),
            sender=email_normalize(message_dict.get("email_from") or "", strict=False) or message_dict.get("email_from") or "",
            subject=message_dict.get("subject") or "",
            content_type=message.get_content_type(),
            report_type=message.get_param("report-type") or "",
            hops=len(message.get_all("Received") or ()),
        )

    @api.model
    def _psa_normalize_email(self, address):
        """Return the bare, lower-case address, or False."""
        return email_normalize(address or "", strict=False)

    @api.model
    def _psa_readable_header(self, value):
        """Return a header as text; what cannot be decoded stays as it was written."""
        try:
            return str(email.header.make_header(email.header.decode_header(value or "")))
        except (LookupError, ValueError, email.errors.MessageError):
            return str(value)

    @api.model
    def _psa_parse_for_keeping(self, raw):
        """Return what can be read of a mail that the gateway could not parse: never raises."""
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        header = {
            name: self._psa_readable_header(message.get(name))
            for name in ("From", "To", "Cc", "Delivered-To", "Subject", "Message-Id")
        }
        recipients = ",".join(filter(None, (header["To"], header["Cc"], header["Delivered-To"])))
        return {
            "email_from": header["From"],
            "to": header["To"],
            "recipients": ",".join(email_split(recipients)),
            "subject": header["Subject"],
            "message_id": header["Message-Id"].strip(),
        }
