from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize, email_split, plaintext2html

from ..core import placeholders
from ..core.rules import Outcome
from .psa_rule_told import Told

AUDIENCES = (
    "to_assignee", "to_queue", "to_desk", "to_escalation", "to_account_manager", "to_technician", "to_client", "user_ids", "partner_ids",
    "emails",
)
CHANNELS = ("mail", "pager", "sms", "inapp", "push")


class PsaRuleAction(models.Model):
    """Actions that tell people something, or give them something to do."""

    _inherit = "psa.rule.action"

    to_assignee = fields.Boolean("Assignee")
    to_queue = fields.Boolean("Queue Contacts")
    to_desk = fields.Boolean("Desk Contacts")
    to_escalation = fields.Boolean("Escalation Contacts", help="Of the queue if it has a ladder of its own, else of the desk.")
    escalation_level = fields.Integer("Level of the Ladder", aggregator=None, help="0: every level.")
    escalation_contact_ids = fields.Many2many(
        "psa.escalation.contact", "psa_rule_action_escalation_rel", "action_id", "contact_id", "Rungs", copy=False, check_company=True,
        help="Only these contacts of the ladder.",
    )
    to_account_manager = fields.Boolean("Account Manager", help="Of the client.")
    to_technician = fields.Boolean("Primary Technician", help="Of the client.")
    to_client = fields.Boolean("Client Contact", help="Whoever asked. An e-mail template says what he is told; texts are for staff.")
    user_ids = fields.Many2many(
        "res.users", "psa_rule_action_user_rel", "action_id", "user_id", "Users", check_company=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    partner_ids = fields.Many2many(
        "res.partner", "psa_rule_action_partner_rel", "action_id", "partner_id", "Contacts", check_company=True,
        help="People without an account, such as a vendor's hotline.",
    )
    emails = fields.Char("Mail Addresses", help="Such as that of a pager or of an SMS gateway; several with commas.")
    via_mail = fields.Boolean("E-mail")
    via_pager = fields.Boolean("Pager")
    via_sms = fields.Boolean("SMS")
    via_inapp = fields.Boolean("In the Application")
    via_push = fields.Boolean("Browser Push")
    template_id = fields.Many2one(
        "mail.template", "E-mail Template", ondelete="restrict", index="btree_not_null", domain="[('model', '=', 'psa.ticket')]",
        help="Says it in the language of whoever gets it.",
    )
    body = fields.Text(
        "Text", translate=True, help="Placeholders such as {{ticket.number}} and {{ticket.link}} are filled in for each ticket."
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type", ondelete="restrict", index="btree_not_null", domain="[('res_model', 'in', [False, 'psa.ticket'])]",
        default=lambda self: self.env.ref("mail.mail_activity_data_todo", raise_if_not_found=False),
    )
    activity_summary = fields.Char("Activity", translate=True)
    activity_days = fields.Integer("Due in Days", default=1, aggregator=None)

    @api.constrains("kind", "to_client", "template_id", "emails")
    def _check_told(self):
        for action in self:
            if action.kind == "notify" and action.to_client and not action.template_id:
                raise ValidationError(self.env._(
                    "Rule “%s” tells the client contact: choose an E-mail Template, for a text is for staff only.", action.rule_id.name
                ))
            wrong = [part for part in (action.emails or "").split(",") if part.strip() and not email_normalize(part, strict=False)]
            if wrong:
                raise ValidationError(self.env._(
                    "Mail Addresses of rule “%(rule)s”: “%(wrong)s” is no mail address.", rule=action.rule_id.name, wrong=", ".join(wrong)
                ))
            if action.template_id and action.template_id.sudo().model != "psa.ticket":
                raise ValidationError(self.env._("“%s” is no template for tickets. Choose another.", action.template_id.name))

    @api.constrains("escalation_contact_ids", "rule_id")
    def _check_rungs(self):
        for action in self.sudo().filtered("desk_id"):
            if action.escalation_contact_ids.desk_id - action.desk_id:
                raise ValidationError(self.env._(
                    "Rule “%(rule)s” is about desk “%(desk)s”: take the Rungs of other desks out.",
                    rule=action.rule_id.name, desk=action.desk_id.name,
                ))

    @api.model
    def _parameter_fields(self):
        return [
            *super()._parameter_fields(), *AUDIENCES, *(f"via_{channel}" for channel in CHANNELS), "escalation_level",
            "escalation_contact_ids", "template_id", "body", "activity_type_id", "activity_summary", "activity_days",
        ]

    @api.model
    def _required_parameters(self):
        return {
            **super()._required_parameters(),
            "notify": (AUDIENCES,),
            "note": ("body",),
            "reply": (("template_id", "body"),),
            "activity": ("activity_type_id", "activity_summary"),
        }

    # Who is told

    def _missing_label(self, fname):
        # Nobody has to tell the assignee just because he is the first on the form.
        return self.env._("Who Is Told") if fname == AUDIENCES[0] else super()._missing_label(fname)

    def _audience(self, ticket):
        """Return (users, partners, mail addresses, names of those who cannot be told any more) for a ticket."""
        self.ensure_one()
        # Who was archived since is not passed over.
        action, ticket = self.sudo().with_context(active_test=False), ticket.sudo()
        users, partners = action.user_ids, action.partner_ids
        if action.to_assignee:
            users |= ticket.user_id
        if action.to_account_manager:
            users |= ticket.client_id.psa_account_manager_id
        if action.to_technician:
            users |= ticket.client_id.psa_primary_technician_id
        if action.to_queue:
            partners |= ticket.queue_id.contact_ids
        if action.to_desk:
            partners |= ticket.desk_id.contact_ids
        if action.to_escalation:
            rungs = action._rungs(ticket)
            users |= rungs.user_id
            partners |= rungs.partner_id
        if action.to_client:
            partners |= ticket.partner_id
        # Whoever has an account is told as he wants to be.
        for partner in partners:
            staff = partner.with_context(active_test=False).user_ids.filtered(lambda user: not user.share)[:1]
            if staff:
                users |= staff
                partners -= partner
        there = users.filtered("active"), partners.filtered("active")
        gone = [*self._names(users - there[0]), *self._names(partners - there[1])]
        return *there, tuple(email_split(action.emails or "")), gone

    def _rungs(self, ticket):
        """Return the contacts of the ladder who are meant."""
        if self.escalation_contact_ids:
            return self.escalation_contact_ids
        ladder = self.env["psa.escalation.contact"]._ladder(ticket.desk_id, ticket.queue_id)
        return ladder.filtered(lambda rung: self.escalation_level in (0, rung.level))

    def _channels(self):
        return [channel for channel in CHANNELS if self[f"via_{channel}"]] or None

    def _text(self, ticket, firing, lang=None, tz=None):
        """Return the text for a ticket, in a language."""
        action = self.with_context(lang=lang or self.env.lang)
        values = ticket._psa_rule_values(firing, action.rule_id, lang=lang, tz=tz)
        if "rule.reason" not in self._placeholder_names():
            values["rule.reason"] = ""
        return placeholders.fill(action.body, values, placeholders.RULE_NAMES)

    def _told_outcome(self, names, gone, nobody=None, failures=()):
        """Return the outcomes of telling people: those who were told, and those who could not be."""
        outcomes = []
        if names:
            outcomes.append(Outcome(self.env._("Notified: %s", ", ".join(names)), tuple(names)))
        if gone:
            outcomes.append(Outcome(
                self.env._("Notify people: failed"),
                error=self.env._("%s is archived and was not told. Choose somebody else in the rule.", ", ".join(gone)),
            ))
        if failures:
            outcomes.append(Outcome(self.env._("Notify people: failed"), error="\n".join(failures)))
        return outcomes or [Outcome(nobody or self.env._("Nobody to notify"))]

    def _plan_notify(self, tickets, _firing):
        plan = {}
        for ticket in tickets:
            users, partners, emails, gone = self._audience(ticket)
            plan[ticket] = self._told_outcome([*self._names(users), *self._names(partners), *emails], gone)[0]
        return plan

    def _do_notify(self, tickets, firing, _plan):
        """Tell the people: as few calls as there are different audiences and texts."""
        event = "escalated" if self.to_escalation else "rule"
        if self.template_id:
            self.template_id._psa_check_may_render()
        calls, gone_by_ticket, told = {}, {}, {ticket.id: [] for ticket in tickets}
        failures = {ticket.id: [] for ticket in tickets}
        # A firing tells nobody twice at one place, in however many texts and actions.
        firing_told = Told.of(self.env.cr)
        places = firing_told.places if firing_told else {}
        taken = {ticket.id: set(places.get(ticket.id, ())) for ticket in tickets}
        for ticket in tickets:
            users, partners, emails, gone = self._audience(ticket)
            gone_by_ticket[ticket] = gone
            # People of one language and time zone read the same text.
            groups = users.grouped(lambda user: (user.lang, user.tz)) if self.body and not self.template_id else {(None, None): users}
            groups = groups or {(None, None): users}
            for position, ((lang, tz), readers) in enumerate(groups.items()):
                others = (partners, emails) if position == 0 else (partners.browse(), ())
                text = self._text(ticket, firing, lang, tz) if self.body else ""
                key = (readers, *others, text)
                calls[key] = calls.get(key, tickets.browse()) | ticket
        for (users, partners, emails, text), of_call in calls.items():
            if not (users or partners or emails):
                continue
            names = of_call._psa_notify(
                event, users=users, partners=partners, emails=emails, template=self.template_id or None, note=text,
                channels=self._channels(), taken=taken,
            )
            for ticket_id, of_ticket in names.items():
                told[ticket_id] += [str(name) for name in of_ticket]
                failures[ticket_id] += getattr(names, "failures", {}).get(ticket_id, ())
        nobody = {
            ticket.id: self.env._("Nobody else to notify") if places.get(ticket.id) else None for ticket in tickets
        }
        places.update(taken)
        return {
            ticket.id: self._told_outcome(told[ticket.id], gone_by_ticket[ticket], nobody[ticket.id], failures[ticket.id])
            for ticket in tickets
        }

    def _summary_notify(self):
        action = self.sudo()
        names = [self._label(name) for name in AUDIENCES if name.startswith("to_") and action[name]]
        names += [*self._names(action.user_ids), *self._names(action.partner_ids), *email_split(action.emails or "")]
        return ", ".join(names)

    # What is said on the ticket

    def _plan_note(self, tickets, firing):
        return {
            ticket: Outcome(self.env._("Internal note: %s", self._text(ticket, firing, ticket.company_id.partner_id.lang)))
            for ticket in tickets
        }

    def _do_note(self, tickets, firing, _plan):
        for ticket in tickets:
            text = self._text(ticket, firing, ticket.company_id.partner_id.lang)
            ticket._add_entry(plaintext2html(text), is_internal=True, **self._author_values(ticket))

    def _summary_note(self):
        return (self.body or "")[:80]

    def _plan_reply(self, tickets, firing):
        return {
            ticket: Outcome(
                self.env._("Answer to the client: %s", self._name_of(self.sudo().template_id) or self._text(
                    ticket, firing, ticket._psa_client_lang())),
                tuple(self._names(ticket.partner_id)),
            )
            for ticket in tickets
        }

    def _do_reply(self, tickets, firing, _plan):
        # All words are found before the first is said: where one ticket has none, the others need not be taken back.
        bodies = self._reply_bodies(tickets, firing)
        for ticket in tickets:
            ticket._add_entry(bodies[ticket.id], partner_ids=ticket.partner_id.ids, **self._author_values(ticket))

    def _reply_bodies(self, tickets, firing):
        """Return {ticket id: what its contact is answered}, in his language."""
        if not all(ticket.partner_id for ticket in tickets):
            raise UserError(self.env._("The ticket has no contact who could be answered."))
        bodies = {}
        for lang, spoken in tickets.grouped(lambda ticket: ticket._psa_client_lang()).items():
            if self.template_id:
                self.template_id._psa_check_may_render()
                template = self.template_id.sudo().with_context(lang=lang)
                bodies.update(template._render_field("body_html", spoken.ids, options={"post_process": True}, set_lang=lang))
            else:
                bodies.update({ticket.id: plaintext2html(self._text(ticket, firing, lang, ticket.partner_id.tz)) for ticket in spoken})
        return bodies

    def _summary_reply(self):
        return self._name_of(self.sudo().template_id) or (self.body or "")[:80]

    @api.model
    def _author_values(self, ticket):
        """Return who says what a rule says: the desk, not whoever happened to set it off."""
        values = ticket.desk_id.sudo()._sender_values()
        return {"author": self.env["res.partner"].browse(values["author_id"]), "email_from": values.get("email_from")}

    # Activities

    def _activity_user(self, ticket):
        user = self._require_active(self.sudo().user_id or ticket.user_id or ticket.client_id.sudo().psa_primary_technician_id)
        if not user:
            raise UserError(self.env._("Nobody is named for the activity: the ticket has no assignee. Choose a Person in the rule."))
        return user

    def _plan_activity(self, tickets, _firing):
        return {
            ticket: Outcome(self.env._(
                "Activity: %(summary)s, %(user)s", summary=self.activity_summary, user=self._name_of(self._activity_user(ticket))
            ))
            for ticket in tickets
        }

    def _do_activity(self, tickets, firing, _plan):
        today = fields.Date.context_today(self.with_context(tz=self.env.user.tz))
        # They appear among the activities of whoever does them; nobody wants a mail for each besides.
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create([
            {
                "res_model_id": self.env["ir.model"]._get_id("psa.ticket"),
                "res_id": ticket.id,
                "activity_type_id": self.activity_type_id.id,
                "summary": self.with_context(lang=self._activity_user(ticket).lang).activity_summary,
                "note": plaintext2html(self._text(ticket, firing, self._activity_user(ticket).lang)) if self.body else False,
                "date_deadline": today + timedelta(days=self.activity_days),
                "user_id": self._activity_user(ticket).id,
                "automated": True,
            }
            for ticket in tickets
        ])

    def _summary_activity(self):
        return self.activity_summary
