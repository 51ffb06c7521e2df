from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import plaintext2html

from ..core import satisfaction

REQUEST_BATCH = 50


class PsaTicket(models.Model):
    """Asking after closing how satisfied the client is, and what he answers. An answer changes nothing else on the ticket."""

    _inherit = "psa.ticket"

    rating_due = fields.Datetime(
        "Ask for a Rating on", copy=False, readonly=True, groups="base.group_user", help="When the client will be asked by e-mail."
    )
    satisfaction = fields.Selection(
        [("5", "Happy"), ("3", "Neutral"), ("1", "Unhappy")], copy=False, readonly=True, groups="base.group_user",
        help="What the client last answered.",
    )
    satisfaction_comment = fields.Text("Client's Comment", copy=False, readonly=True, groups="base.group_user")
    satisfaction_date = fields.Datetime("Rated on", copy=False, readonly=True, groups="base.group_user")

    _rating_due_idx = models.Index("(rating_due) WHERE rating_due IS NOT NULL")
    _satisfaction_idx = models.Index("(company_id, satisfaction, id DESC) WHERE satisfaction IS NOT NULL")

    def message_post(self, **kwargs):
        # Who talks in the chatter does not rate: ratings come by the link in the mail only.
        kwargs.pop("rating_value", None)
        kwargs.pop("rating_id", None)
        return super().message_post(**kwargs)

    def rating_apply(self, *args, **kwargs):
        raise AccessError(self.env._("Clients rate a ticket by the link in the mail they get after it was closed."))

    def rating_send_request(self, *args, **kwargs):
        raise AccessError(self.env._("Clients are asked once after each closing, as the desk is set up. Nobody can ask by hand."))

    def action_view_ratings(self):
        """Open the ratings of this ticket."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rating")
        return {**action, "domain": [("psa_ticket_id", "=", self.id), ("consumed", "=", True)]}

    def _update_life_dates(self, before, keep=()):
        result = super()._update_life_dates(before, keep=keep)
        closed = self.filtered(lambda ticket: ticket.state == "closed" and before[ticket] != "closed")
        reopened = self.filtered(lambda ticket: ticket.state != "closed" and before[ticket] == "closed")
        if reopened:
            waiting = reopened.sudo().filtered("rating_due")
            if waiting:
                waiting.write({"rating_due": False})
        if closed:
            closed.sudo()._plan_rating()
        return result

    def _plan_rating(self):
        """Note when the contacts of these closed tickets are to be asked."""
        settings = self.env["psa.desk"]._relation_settings()
        for (desk, moment), tickets in self.grouped(lambda ticket: (ticket.desk_id.id, ticket.date_closed)).items():
            delay = settings[desk]["rating_delay_hours"]
            if delay is None:
                continue
            asked = tickets.filtered(lambda ticket: satisfaction.is_asked(ticket._closing()))
            if asked:
                asked.write({"rating_due": satisfaction.due_at(moment, delay)})

    def _closing(self):
        """Return what the core needs to know of a closed ticket."""
        self.ensure_one()
        return satisfaction.Closing(
            state=self.state,
            source=self.source,
            has_client=bool(self.client_id and self.partner_id.active),
            has_address=bool(self.partner_id.email_normalized),
            is_merged=bool(self.merged_ref_id),
            is_staff=any(user._is_internal() for user in self.partner_id.user_ids),
        )

    @api.model
    def _cron_ask_ratings(self):
        """Ask the contacts whose time has come. A ticket is asked about once, also with several workers."""
        domain = [("rating_due", "<=", fields.Datetime.now())]
        Ticket = self.sudo().with_context(active_test=False)
        remaining = Ticket.search_count(domain)
        while remaining:
            tickets = Ticket.search(domain, limit=REQUEST_BATCH, order="rating_due, id").try_lock_for_update()
            if not tickets:
                break
            tickets._ask_ratings()
            remaining = max(0, remaining - len(tickets))
            if not self.env["ir.cron"]._commit_progress(len(tickets), remaining=remaining):
                break

    def _ask_ratings(self):
        """Send what is due for these tickets and take the mark away."""
        settings = self.env["psa.desk"]._relation_settings()
        self.write({"rating_due": False})
        # Much can happen between closing and asking: the desk, the contact, a merger.
        asked = self.filtered(
            lambda ticket: settings[ticket.desk_id.id]["rating_delay_hours"] is not None
            and satisfaction.is_asked(ticket._closing())
        )
        known = {
            (request.ticket_id, request.date_closed)
            for request in self.env["psa.rating.request"].sudo().search([("ticket_id", "in", asked.ids)])
        }
        asked = asked.filtered(lambda ticket: (ticket, ticket.date_closed) not in known)
        for tickets in asked.grouped("desk_id").values():
            self.env["psa.rating.request"].sudo()._ask(tickets)
        if asked:
            self.env["psa.ticket.history"]._append([
                {"ticket_id": ticket.id, "kind": "change",
                 "description": self.env._("Asked %s for a rating", ticket.partner_id.name or "")}
                for ticket in asked
            ])

    def _record_rating(self, partner, grade, comment):
        """Keep what a client answered; called with full rights. Neither state nor anything else of the ticket changes."""
        self.ensure_one()
        rating = self.env["rating.rating"].create({
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
            "partner_id": partner.id,
            "rated_partner_id": self.user_id.partner_id.id,
            "rating": grade,
            "feedback": comment,
            "consumed": True,
            "is_internal": True,
            **self._prepare_rating_groups(),
        })
        self.write({
            "rating_last_value": grade, "satisfaction": str(grade),
            "satisfaction_comment": comment, "satisfaction_date": fields.Datetime.now(),
        })
        label = dict(self._fields["satisfaction"]._description_selection(self.env))[str(grade)]
        body = Markup("<img src='%s' alt='%s' style='width:18px;height:18px;float:left;margin-right:5px;'/><strong>%s</strong>") % (
            rating.rating_image_url, label, label
        )
        if comment:
            body += Markup("<br/>%s") % plaintext2html(comment)
        self._message_log(body=body, author_id=partner.id)
        self._log_history("change", "satisfaction", new=label, description=comment)
        if satisfaction.is_low(grade):
            self._tell_of_low_rating(partner, comment)
        return rating

    def _prepare_rating_groups(self):
        """Return what ratings are counted by, as it was when the client answered."""
        return {
            "psa_ticket_id": self.id,
            "company_id": self.company_id.id,
            "psa_desk_id": self.desk_id.id,
            "psa_queue_id": self.queue_id.id,
            "psa_client_id": self.client_id.id,
            "psa_user_id": self.user_id.id,
        }

    def _tell_of_low_rating(self, partner, comment):
        """Tell the administrators and contacts of the desk that somebody should call the client."""
        told = self.desk_id.admin_ids.partner_id | self.desk_id.contact_ids.filtered(
            lambda contact: any(user._is_internal() for user in contact.user_ids)
        )
        for lang, recipients in told.grouped("lang").items():
            ticket = self.with_context(lang=lang)
            ticket.message_notify(
                partner_ids=recipients.ids,
                subject=ticket.env._("Unhappy client: %s", ticket.display_name),
                body=ticket.env["ir.qweb"]._render(
                    "psa_helpdesk.message_low_rating", {"ticket": ticket, "partner": partner, "comment": comment},
                    minimal_qcontext=True,
                ),
                email_layout_xmlid="mail.mail_notification_layout",
                model_description=ticket.env._("Ticket"),
                **ticket.desk_id._sender_values(),
            )
