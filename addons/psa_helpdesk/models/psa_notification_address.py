from dataclasses import replace

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError
from odoo.fields import Command, Domain
from odoo.tools.mail import email_normalize

from ..core import notification

KIND_SELECTION = [
    (notification.MAIL, "E-mail"),
    (notification.IN_APP, "Inbox"),
    (notification.PUSH, "Browser Push"),
    (notification.PAGER, "Pager"),
    (notification.SMS_MAIL, "SMS by Mail Gateway"),
    (notification.SMS, "SMS"),
]
DAYS_SELECTION = [("all", "Every day"), ("working", "Monday to Friday"), ("weekend", "Saturday and Sunday")]
DAYS = {"all": notification.EVERY_DAY, "working": notification.WORKING_DAYS, "weekend": notification.WEEKEND}
# What may be changed without having looked at where the address leads.
HARMLESS = {"sequence", "note"}
# Kinds that need no target: the person's own mail address, inbox, browser.
OWN_KINDS = (notification.MAIL, notification.IN_APP, notification.PUSH)


class PsaNotificationAddress(models.Model):
    """One way on which a user hears of tickets: where to, of which events, of which tickets and when.

    What a person has set up himself counts for all tickets he may read, and is his: administrators see it, he alone changes it. What an
    administrator has set up for him, or for all, counts for tickets of the administrator's companies: who works for two of them is
    neither overheard nor silenced in one by the other.

    A user has any number of them. Who has set up none hears of everything that concerns him at the mail address of his
    profile, or in his inbox if he prefers it. Rows without a user are what a company's users have until they set up their own.
    """

    _name = "psa.notification.address"
    _description = "Notification Address"
    _order = "user_id, sequence, id"

    _order_idx = models.Index("(user_id, sequence, id)")
    _company_idx = models.Index("(company_id, user_id)")
    _hours_range = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_from < 24 AND hour_to >= 0 AND hour_to <= 24)",
        "Hours lie between 0:00 and 24:00. Correct From and To.",
    )

    user_id = fields.Many2one(
        "res.users", ondelete="cascade", default=lambda self: self._default_user_id(), domain="[('share', '=', False)]",
        help="Who is told. Empty: what users of the company have until they set up their own.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, compute="_compute_company_id", store=True, precompute=True, readonly=False,
    )
    only_company_ids = fields.Many2many(
        "res.company", "psa_notification_address_company_rel", "address_id", "company_id", "Only Tickets of", readonly=True, copy=False,
        help="An administrator has set up the address: it is used for tickets of his companies. Empty: the user has done so himself.",
    )
    is_personal = fields.Boolean(compute="_compute_is_personal", export_string_translation=False)
    sequence = fields.Integer(default=10, aggregator=None)
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        KIND_SELECTION, required=True, default=notification.MAIL,
        help="E-mail: the whole message.\nInbox: in the application, without a mail.\nBrowser push: on the devices where you have "
        "allowed it.\nPager, SMS by mail gateway: a short text by mail.\nSMS: a short text to a phone number.",
    )
    target = fields.Char(
        "Address", help="A mail address, or the phone number for an SMS. Empty: the e-mail address of your profile.",
    )
    shown_target = fields.Char("Goes to", compute="_compute_shown_target")
    event_ids = fields.Many2many(
        "psa.notification.event", "psa_notification_address_event_rel", "address_id", "event_id", "Events",
        default=lambda self: self.env["psa.notification.event"].search(Domain.TRUE), help="Of what you are told here.",
    )
    event_summary = fields.Char("Told of", compute="_compute_event_summary")
    severity_ids = fields.Many2many(
        "psa.ticket.option", "psa_notification_address_severity_rel", "address_id", "option_id", "Only These Severities",
        domain="[('attribute', '=', 'severity')]", help="Empty: tickets of every severity, and those that have none.",
    )
    queue_ids = fields.Many2many(
        "psa.queue", "psa_notification_address_queue_rel", "address_id", "queue_id", "Only These Queues",
        help="Empty: tickets of every queue. With the event “New in queue”, naming a queue also lets you hear of its new tickets "
        "without being one of its contacts.",
    )
    desk_ids = fields.Many2many(
        "psa.desk", "psa_notification_address_desk_rel", "address_id", "desk_id", "Only These Desks",
        help="Empty: tickets of every desk. With the event “New in desk”, naming a desk also lets you hear of its new tickets "
        "without being one of its contacts.",
    )
    hour_from = fields.Float("From", aggregator=None, help="From when on each day the address is used, in your time zone.")
    hour_to = fields.Float(
        "To", aggregator=None, help="Until when. The same time in both: around the clock. Earlier than From: past midnight."
    )
    days = fields.Selection(DAYS_SELECTION, required=True, default="all")
    used_when = fields.Char("When", compute="_compute_used_when")
    wakes = fields.Boolean("In Quiet Hours, Too", help="What comes here does not wait until your quiet hours are over.")
    note = fields.Char(help="What the address is for.")

    @api.model
    def _default_user_id(self):
        return False if self.env.context.get("psa_notification_defaults") else self.env.user

    @api.depends("user_id.company_id")
    def _compute_company_id(self):
        for address in self:
            address.company_id = address.user_id.sudo().company_id or address.company_id or self.env.company

    @api.depends("user_id", "only_company_ids")
    @api.depends_context("uid")
    def _compute_is_personal(self):
        """Tell what somebody else has set up himself: it is shown to administrators, changed by him alone."""
        for address in self:
            address.is_personal = (
                bool(address._origin) and address.user_id and address.user_id != self.env.user and not address.sudo().only_company_ids
            )

    @api.depends("kind", "target", "user_id.email", "user_id.partner_id.email")
    def _compute_shown_target(self):
        for address in self:
            if address.kind in (notification.IN_APP, notification.PUSH):
                address.shown_target = self.env._("The application") if address.kind == notification.IN_APP else self.env._("Your browsers")
            else:
                address.shown_target = address.target or address.user_id.sudo().email or self.env._("The address of the profile")

    @api.depends("event_ids")
    def _compute_event_summary(self):
        total = len(self.env["psa.notification.event"]._ids_by_code())
        for address in self:
            count = len(address.event_ids)
            address.event_summary = (
                self.env._("Nothing") if not count else self.env._("Everything that concerns the user") if count == total
                else ", ".join(address.event_ids.mapped("name"))
            )

    @api.depends("days", "hour_from", "hour_to")
    def _compute_used_when(self):
        days = dict(self._fields["days"]._description_selection(self.env))
        for address in self:
            hours = notification.hours_of(address.hour_from, address.hour_to)
            address.used_when = self.env._("%(days)s, %(start)s to %(end)s", days=days.get(address.days, ""), **{
                name: f"{minute // 60}:{minute % 60:02}" for name, minute in (("start", hours.start), ("end", hours.end))
            }) if hours else self.env._("%s, around the clock", days.get(address.days, ""))

    @api.depends("kind", "target", "user_id")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for address in self:
            address.display_name = f"{kinds.get(address.kind, '')}: {address.shown_target or ''}"

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.kind in (notification.IN_APP, notification.PUSH):
            self.target = False
        self.wakes = self.kind in notification.SHORT_KINDS

    @api.constrains("kind", "target")
    def _check_target(self):
        for address in self:
            if address.kind in (notification.IN_APP, notification.PUSH):
                if address.target:
                    raise ValidationError(self.env._("Inbox and browser push need no Address. Leave it empty."))
            elif address.kind == notification.SMS:
                if "sms.sms" not in self.env:
                    raise ValidationError(self.env._(
                        "SMS cannot be sent: Odoo's SMS app is not installed. Install it, or choose “SMS by Mail Gateway”."
                    ))
                if sum(char.isdigit() for char in address.target or "") < 6:
                    raise ValidationError(self.env._("Enter the phone number under Address, for example +44 20 7946 0000."))
            elif (address.target or address.kind != notification.MAIL) and not email_normalize(address.target or ""):
                raise ValidationError(self.env._(
                    "“%s” is not an e-mail address. Enter one under Address, for example 5551234@pager.example.", address.target or ""
                ))
            elif address.target and email_normalize(address.target) in self.env["mail.alias"]._psa_desk_addresses():
                raise ValidationError(self.env._(
                    "%s is the address of a desk: each notification would come back as a ticket. Enter another Address.", address.target
                ))

    @api.constrains("user_id")
    def _check_user_id(self):
        for address in self.sudo():
            if address.user_id.share:
                raise ValidationError(self.env._(
                    "%s is not a member of the staff and has no notification addresses. Choose a colleague in User.", address.user_id.name
                ))

    @api.constrains("user_id", "company_id")
    def _check_company_id(self):
        for address in self.sudo():
            if address.user_id and address.company_id != address.user_id.company_id:
                raise ValidationError(self.env._(
                    "Addresses of %(user)s belong to %(company)s, his company. Leave Company empty.",
                    user=address.user_id.name, company=address.user_id.company_id.name,
                ))

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.default_get(["kind", "wakes"])
        addresses = super().create([{
            "wakes": defaults.get("wakes") or vals.get("kind", defaults.get("kind")) in notification.SHORT_KINDS,
            **(vals if self.env.su else {name: value for name, value in vals.items() if name != "only_company_ids"}),
            "target": (vals.get("target") or "").strip() or False,
        } for vals in vals_list])
        addresses._limit_to_companies()
        self.env.registry.clear_cache()
        return addresses

    def write(self, vals):
        if "user_id" in vals and any((address.user_id.id or False) != vals["user_id"] for address in self):
            raise ValidationError(self.env._("An address stays with its user. Add another one for somebody else."))
        if not self.env.su:
            vals = {name: value for name, value in vals.items() if name != "only_company_ids"}
        result = super().write(vals)
        if vals.keys() - HARMLESS:
            self._limit_to_companies()
        self.env.registry.clear_cache()
        return result

    def _limit_to_companies(self):
        """Let what somebody sets up for another count for tickets of his own companies only, and what one sets up oneself for all."""
        if self.env.su:
            return
        for user, addresses in self.sudo().grouped("user_id").items():
            is_for_another = user and user != self.env.user
            companies = user.company_ids & (self.env.user.sudo().company_ids if is_for_another else user.company_ids.browse())
            for address in addresses:
                if address.only_company_ids != companies:
                    address.only_company_ids = companies

    def unlink(self):
        self.env["psa.notification"].sudo().search([
            ("address_id", "in", self.ids), ("state", "in", ("waiting", "failed"))
        ])._withhold(notification.UNWANTED)
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    @api.model
    def action_my_notifications(self):
        """Open one's own addresses; what one has without having set up anything is shown as a row that can be changed."""
        self._ensure_own(self.env.user)
        return self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_notification_address_my")

    @api.model
    def _ensure_own(self, users, company=None, by_administrator=False):
        """Write down what these users have by default, unless they have it written down already.

        :param company: for whose tickets; each user's own company without
        :param by_administrator: an administrator is going to change it, so it counts for tickets of the company only
        """
        missing = []
        by_user = self._by_user()
        for user in users.sudo():
            of_company = company or user.company_id
            kept = by_user.get(user.id, ((), ()))[1]
            for address in self._default_addresses(user, of_company):
                if not self._is_kept(address, kept, of_company.id):
                    is_limited = by_administrator or address.key or any(kind == address.kind and companies for kind, __, companies in kept)
                    missing.append({
                        **self._prepare_own_vals(user, address),
                        "only_company_ids": [Command.set(of_company.ids if is_limited else [])],
                    })
        return self.sudo().create(missing).with_env(self.env)

    @api.model
    def _is_kept(self, address, kept, company_id):
        """Return whether a user has set up himself what he would have by default for tickets of a company.

        His own pager takes the place of any other; a second mail address comes on top of the first.
        """
        return any(
            kind == address.kind and (target == address.target or kind not in OWN_KINDS) and (not companies or company_id in companies)
            for kind, target, companies in kept
        )

    @api.model
    def _prepare_own_vals(self, user, address):
        """Return the values of the row that says the same about a user as an address by default."""
        default = self.sudo().browse(address.key or [])
        events = self.env["psa.notification.event"].sudo().search([("code", "in", list(address.events))])
        return {
            "user_id": user.id, "kind": address.kind, "target": default.target, "wakes": address.wakes,
            "event_ids": [Command.set(events.ids)],
            **({
                "severity_ids": [Command.set(default.severity_ids.ids)], "queue_ids": [Command.set(default.queue_ids.ids)],
                "desk_ids": [Command.set(default.desk_ids.ids)], "hour_from": default.hour_from, "hour_to": default.hour_to,
                "days": default.days,
            } if default else {}),
        }

    def _to_core(self):
        """Return the addresses as the core knows them."""
        return [
            notification.Address(
                key=address.id, kind=address.kind, target=address.target or "", events=frozenset(address.event_ids.mapped("code")),
                severities=frozenset(address.severity_ids.ids), queues=frozenset(address.queue_ids.ids),
                desks=frozenset(address.desk_ids.ids), hours=notification.hours_of(address.hour_from, address.hour_to),
                days=DAYS[address.days], wakes=address.wakes,
                companies=frozenset((address.only_company_ids if address.user_id else address.company_id).ids),
            )
            for address in self
        ]

    @api.model
    @tools.ormcache()
    def _by_user(self):
        """Return {user id: (addresses, {(kind, target, company ids)} he has a row of)}, cached; what is archived counts as had."""
        found = {}
        for user, rows in self.sudo().with_context(active_test=False).search([("user_id", "!=", False)]).grouped("user_id").items():
            found[user.id] = (
                tuple(rows.filtered("active")._to_core()),
                frozenset((row.kind, row.target or "", frozenset(row.only_company_ids.ids)) for row in rows),
            )
        return found

    @api.model
    @tools.ormcache()
    def _by_company(self):
        """Return {company id: addresses by default} of the companies that have set them, cached."""
        rows = self.sudo().search([("user_id", "=", False)])
        return {company.id: tuple(of_company._to_core()) for company, of_company in rows.grouped("company_id").items()}

    @api.model
    @tools.ormcache()
    def _watchers(self):
        """Return ({queue id: user ids}, {desk id: user ids}) of who wants to hear of new tickets there, cached."""
        queues, desks = {}, {}
        for user_id, (addresses, __) in self._by_user().items():
            for address in addresses:
                for event, wanted, watchers in (
                    (notification.QUEUE_NEW, address.queues, queues), (notification.DESK_NEW, address.desks, desks)
                ):
                    if event in address.events:
                        for record_id in wanted:
                            watchers.setdefault(record_id, set()).add(user_id)
        return (
            {queue_id: frozenset(users) for queue_id, users in queues.items()},
            {desk_id: frozenset(users) for desk_id, users in desks.items()},
        )

    @api.model
    def _default_addresses(self, user, company):
        """Return the addresses for tickets of a company of a user who has set up none: the company's, else what his profile prefers."""
        defaults = self._by_company().get(company.id)
        if defaults is not None:
            return defaults
        return (notification.Address(kind=notification.IN_APP if user.notification_type == "inbox" else notification.MAIL),)

    @api.model
    def _addresses_of(self, user, companies, has_push=False):
        """Return the addresses of a user, with the target of each filled in.

        :param companies: for whose tickets
        :param has_push: he has a browser that takes push messages
        """
        user = user.sudo()
        addresses, kept = self._by_user().get(user.id, ((), ()))
        found = list(addresses)
        for company in companies:
            defaults = self._default_addresses(user, company)
            if has_push and all(address.kind != notification.PUSH for address in defaults):
                defaults = (*defaults, notification.Address(kind=notification.PUSH))
            found += [
                replace(address, companies=frozenset(company.ids)) for address in defaults
                if not self._is_kept(address, kept, company.id)
            ]
        email = user.email_normalized or email_normalize(user.email or "", strict=False) or ""
        return tuple(
            replace(address, target=email) if address.kind == notification.MAIL and not address.target else address
            for address in found
            if address.kind != notification.PUSH or has_push
        )
