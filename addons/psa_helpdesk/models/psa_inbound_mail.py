import email
import email.policy

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import email_split, html2plaintext

REASON_SELECTION = [
    ("auto_reply", "Automatic Reply"),
    ("bounce", "Undeliverable"),
    ("loop", "Mail Loop"),
    ("unroutable", "Not Accepted"),
    ("error", "Processing Failed"),
]


class PsaInboundMail(models.Model):
    """Mail to a desk that became neither a ticket nor a comment, kept as it came."""

    _name = "psa.inbound.mail"
    _description = "Kept Mail"
    _inherit = ["mail.thread"]
    _order = "id desc"

    _state_idx = models.Index("(company_id, state)")
    _message_idx = models.Index("(message_id) WHERE message_id IS NOT NULL")

    name = fields.Char("Subject", readonly=True)
    email_from = fields.Char("From", readonly=True)
    email_to = fields.Char("To", readonly=True)
    message_id = fields.Char("Message-ID", readonly=True)
    date = fields.Datetime("Received", default=fields.Datetime.now, readonly=True)
    reason = fields.Selection(REASON_SELECTION, required=True, readonly=True, help="Why no ticket was made of the mail.")
    detail = fields.Text(readonly=True, help="What went wrong, in the words of the program.")
    body_preview = fields.Text("Text", readonly=True)
    desk_id = fields.Many2one("psa.desk", index="btree_not_null", ondelete="set null", readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    ticket_id = fields.Many2one(
        "psa.ticket", index="btree_not_null", ondelete="set null", readonly=True,
        help="The ticket the mail concerns, or the one made of it.",
    )
    raw_attachment_id = fields.Many2one(
        "ir.attachment", "Mail as Received", readonly=True, ondelete="restrict", index="btree_not_null"
    )
    state = fields.Selection([("new", "To Review"), ("handled", "Handled")], default="new", required=True, tracking=True)

    def action_handle(self):
        """Mark the mails as seen: nothing more to do."""
        self.write({"state": "handled"})
        return True

    def action_review_again(self):
        """Put the mails back on the list."""
        self.write({"state": "new"})
        return True

    def action_make_ticket(self):
        """Make a ticket of the mail after all and open it."""
        self.ensure_one()
        self.check_access("write")
        if not self.raw_attachment_id:
            raise UserError(self.env._("The mail itself is gone, so no ticket can be made of it. Enter one by hand."))
        desk_id = self.desk_id.id or self.env["psa.desk"]._default_id(self.company_id.id)
        if not desk_id:
            raise UserError(self.env._("Company “%s” has no desk. Create one under Configuration.", self.company_id.name))
        Thread = self.env["mail.thread"].with_company(self.company_id)
        message = email.message_from_bytes(self.sudo().raw_attachment_id.raw, policy=email.policy.SMTP)
        msg_dict = Thread.message_parse(message)
        if not msg_dict.get("subject"):
            msg_dict["subject"] = self.name or ""
        # A second mail of this Message-ID would be taken for a duplicate; this one is told apart.
        routes = [("psa.ticket", 0, {"desk_id": desk_id, "announcement_due": False}, self.env.uid, None)]
        msg_dict.update(Thread._message_parse_post_process(message, msg_dict, routes))
        ticket_id = Thread._message_route_process(message, msg_dict, routes)
        self.write({"ticket_id": ticket_id, "state": "handled"})
        return self.action_view_ticket()

    def action_view_ticket(self):
        """Open the ticket the mail concerns."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "psa.ticket",
            "view_mode": "form",
            "res_id": self.ticket_id.id,
            "name": self.ticket_id.display_name,
        }

    def action_download(self):
        """Download the mail as it was received."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.raw_attachment_id.id}?download=true",
            "target": "self",
        }

    @api.model
    def _keep_refused(self, intake):
        """Keep a mail that was seen and refused, if it concerns a desk or a ticket; return the record."""
        ticket = self.env["psa.ticket"].browse(intake.ticket_id or []).exists()
        desk = ticket.desk_id or self.env["psa.desk"].browse(intake.desk_id or []).exists()
        desk = desk or self._addressed_desk(intake.msg_dict)
        if not desk:
            return self.browse()
        return self._keep(intake, desk, ticket)

    @api.model
    def _keep_failed(self, intake, error):
        """Keep a mail whose processing raised an error, if it concerns a desk or a ticket; return the record."""
        intake.msg_dict = intake.msg_dict or self.env["mail.thread"]._psa_parse_for_keeping(intake.raw)
        ticket = self._answered_ticket(intake.msg_dict)
        desk = self._addressed_desk(intake.msg_dict) or ticket.desk_id
        if not desk:
            return self.browse()
        intake.reason, intake.detail = "error", f"{type(error).__name__}: {error}"
        return self._keep(intake, desk, ticket)

    @api.model
    def _keep(self, intake, desk, ticket):
        """Write the mail down, once however often it is delivered."""
        mail = intake.msg_dict
        message_id = mail.get("message_id")
        known = message_id and self.search([("message_id", "=", message_id), ("desk_id", "=", desk.id)], limit=1)
        if known:
            return known
        kept = self.create({
            "name": mail.get("subject") or self.env._("(no subject)"),
            "email_from": mail.get("email_from"),
            "email_to": mail.get("to"),
            "message_id": message_id,
            "reason": intake.reason,
            "detail": intake.detail,
            "body_preview": html2plaintext(mail.get("body") or "")[:2000],
            "desk_id": desk.id,
            "company_id": (ticket.company_id or desk.company_id).id,
            "ticket_id": ticket.id,
        })
        kept.raw_attachment_id = self.env["ir.attachment"].create({
            "name": "mail.eml",
            "raw": intake.raw,
            "mimetype": "message/rfc822",
            "res_model": self._name,
            "res_id": kept.id,
        })
        return kept

    @api.model
    def _addressed_desk(self, mail):
        """Return the desk a mail was sent to, by its recipients."""
        addresses = {address.lower() for address in email_split(mail.get("recipients") or mail.get("to") or "")}
        if not addresses:
            return self.env["psa.desk"]
        local_parts = [address.partition("@")[0] for address in addresses]
        alias = self.env["mail.alias"].sudo().search(
            Domain("alias_model_id.model", "=", "psa.ticket")
            & (
                Domain("alias_full_name", "in", list(addresses))
                | (Domain("alias_name", "in", local_parts) & Domain("alias_incoming_local", "=", True))
            ),
            limit=1,
        )
        return self.env["psa.desk"].sudo().browse(alias.alias_parent_thread_id or []).exists()

    @api.model
    def _answered_ticket(self, mail):
        """Return the ticket a mail answers, by the Message-IDs it refers to."""
        references = f"{mail.get('references') or ''} {mail.get('in_reply_to') or ''}".split()
        message = references and self.env["mail.message"].sudo().search(
            [("message_id", "in", references[-32:]), ("model", "=", "psa.ticket")], order="id desc", limit=1
        )
        return self.env["psa.ticket"].sudo().browse(message.res_id if message else []).exists()
