from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import lifecycle
from .psa_ticket_stage import STATE_SELECTION

SOURCE_SELECTION = [
    ("email", "E-mail"),
    ("portal", "Portal"),
    ("phone", "Phone"),
    ("alert", "Monitoring Alert"),
    ("api", "API"),
    ("manual", "Entered by Hand"),
    ("plugin", "Mail Plug-in"),
]
# Keys by which a caller would switch off history; a ticket keeps its history whoever writes it.
HISTORY_KEYS = ("tracking_disable", "mail_notrack")
LIFE_DATES = ("date_open", "date_resolved", "date_closed")


def _aware(moment):
    """Odoo keeps datetimes in UTC without saying so; the core wants it said."""
    return moment.replace(tzinfo=timezone.utc) if moment else None


def _naive_dates(life):
    """Return (opened, resolved, closed) of a lifecycle as Odoo keeps them."""
    return tuple(
        moment.replace(tzinfo=None) if moment else False
        for moment in (life.opened_at, life.resolved_at, life.closed_at)
    )
# What the creation of a ticket asks of its contact, its client and who creates it; of the latter's account and company.
PARTNER_COLUMNS = ("active", "company_id", "name", "complete_name", "parent_id", "is_company", "type", "email", "email_normalized", "lang")
USER_COLUMNS = ("active", "company_id", "login", "partner_id", "share")
ALIAS_DOMAIN_COLUMNS = ("bounce_alias", "catchall_alias", "default_from", "name")
COMPANY_COLUMNS = ("active", "alias_domain_id", "email", "name", "parent_path", "partner_id")


class PsaTicket(models.Model):
    """A request of a client, from the first word to the closing.

    What the outside sees is the stage; what the suite reckons with is its ``state``. Dates follow the state by
    ``core/lifecycle.py``. The attributes (type, category, priority …) are in ``psa_ticket_attribute.py``, the mail side (gateway,
    recipients, announcements) in ``psa_ticket_mail.py``.
    """

    _name = "psa.ticket"
    _description = "Ticket"
    _inherit = ["mail.thread.cc", "mail.activity.mixin", "portal.mixin", "rating.mixin"]
    _order = "id desc"
    _rec_names_search = ["number", "name"]
    _check_company_auto = True
    _mail_post_access = "read"
    _primary_email = "email_from"

    _number_company_uniq = models.UniqueIndex(
        "(company_id, number)", "This company already has a ticket of that number. Leave the number empty to get the next one."
    )
    _origin_message_uniq = models.UniqueIndex(
        "(desk_id, origin_message_id) WHERE origin_message_id IS NOT NULL", "This mail is already a ticket of this desk."
    )
    # Holds all that counting and grouping by stage need. Odoo asks for "active IS TRUE", which "active" does not stand for.
    _company_state_idx = models.Index("(company_id, state, stage_id) WHERE active IS TRUE")
    _company_recent_idx = models.Index("(company_id, id DESC) WHERE active IS TRUE")
    _client_state_idx = models.Index("(client_id, state)")
    _queue_state_idx = models.Index("(queue_id, state)")
    _desk_state_idx = models.Index("(desk_id, state)")
    _partner_idx = models.Index("(partner_id, id DESC)")
    _client_recent_idx = models.Index("(client_id, id DESC)")
    _client_open_idx = models.Index("(client_id, id DESC) WHERE state IN ('new', 'open', 'waiting', 'on_hold')")
    _user_open_idx = models.Index("(user_id, state) WHERE state IN ('new', 'open', 'waiting', 'on_hold')")
    _deadline_open_idx = models.Index(
        "(date_deadline) WHERE date_deadline IS NOT NULL AND state IN ('new', 'open', 'waiting', 'on_hold')"
    )
    _announcement_idx = models.Index("(id) WHERE announcement_due IS NOT NULL")
    _email_recent_idx = models.Index("(email_normalized, create_date) WHERE email_normalized IS NOT NULL")
    _date_closed_idx = models.Index("(company_id, date_closed) WHERE date_closed IS NOT NULL")

    number = fields.Char(
        readonly=True, copy=False, index="trigram", help="Unique in the company; given when the ticket is created."
    )
    name = fields.Char("Subject", required=True, index="trigram", tracking=True)
    description = fields.Html(
        sanitize_attributes=True, sanitize_form=True, help="What the client reported, kept as he wrote it."
    )
    active = fields.Boolean(default=True, tracking=True)
    desk_id = fields.Many2one(
        "psa.desk", required=True, ondelete="restrict", tracking=True, default=lambda self: self._default_desk_id(),
        help="The desk that answers for the ticket; it gives the ticket its company.",
    )
    queue_id = fields.Many2one(
        "psa.queue", ondelete="restrict", tracking=True, compute="_compute_queue_id", store=True, readonly=False,
        precompute=True, domain="[('company_id', '=', company_id), '|', ('desk_ids', '=', False), ('desk_ids', 'in', desk_id)]",
        help="Where the ticket waits for work. New tickets go to the desk's default queue.",
    )
    user_id = fields.Many2one(
        "res.users", "Assigned to", tracking=True, domain="[('id', 'in', assignable_user_ids)]",
        help="The technician who works the ticket.",
    )
    assignable_user_ids = fields.Many2many("res.users", compute="_compute_assignable_user_ids")
    partner_id = fields.Many2one(
        "res.partner", "Contact", tracking=True, check_company=True, ondelete="restrict",
        help="The person who asked. Answers go to this contact.",
    )
    client_id = fields.Many2one(
        "res.partner", compute="_compute_client_id", store=True, readonly=False, precompute=True,
        tracking=True, check_company=True, ondelete="restrict", domain="[('psa_is_client', '=', True)]",
        help="The client company. It follows the contact.",
    )
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, precompute=True, required=True, readonly=True,
        help="The service company: that of the desk.",
    )
    email_from = fields.Char("Sender", help="The address the ticket came from, kept as it was written.")
    email_normalized = fields.Char(compute="_compute_email_normalized", store=True, precompute=True)
    origin_message_id = fields.Char(
        "Message-ID", readonly=True, copy=False, help="Message-ID of the mail that opened the ticket."
    )
    stage_id = fields.Many2one(
        "psa.ticket.stage", ondelete="restrict", index=True, tracking=True, copy=False, required=True,
        compute="_compute_stage_id", store=True, readonly=False, precompute=True, group_expand="_read_group_stage_ids",
        domain="[('desk_ids', 'in', [False, desk_id]), ('company_id', 'in', [False, company_id])]",
    )
    state = fields.Selection(
        STATE_SELECTION, compute="_compute_state", store=True, precompute=True, readonly=True,
        help="What the stage means; the suite's rules go by it.",
    )
    source = fields.Selection(
        SOURCE_SELECTION, default="manual", required=True, tracking=True, copy=False, help="How the ticket came in."
    )

    asset_ids = fields.Many2many(
        "psa.asset", "psa_asset_ticket_rel", "ticket_id", "asset_id", string="Assets", check_company=True,
        domain="[('client_id', '=?', client_id)]", help="What the ticket is about.",
    )
    tag_ids = fields.Many2many(
        "psa.ticket.tag", "psa_ticket_tag_rel", "ticket_id", "tag_id", string="Tags", check_company=True
    )
    color = fields.Integer(aggregator=None)
    properties = fields.Properties("Own Fields", definition="desk_id.properties_definition", copy=True)

    date_deadline = fields.Datetime("Deadline", tracking=True, help="When the ticket should be done.")
    date_open = fields.Datetime("Opened on", copy=False, readonly=True, help="When work on the ticket first began.")
    date_resolved = fields.Datetime("Resolved on", copy=False, readonly=True)
    date_closed = fields.Datetime("Closed on", copy=False, readonly=True)
    date_last_stage_update = fields.Datetime("Last Stage Change", copy=False, readonly=True)
    is_overdue = fields.Boolean(
        "Overdue", compute="_compute_is_overdue", search="_search_is_overdue",
        help="The deadline has passed and the ticket is not done.",
    )
    announcement_due = fields.Selection(
        [("all", "Acknowledgement and notice"), ("notice", "Notice to the contacts")], copy=False,
        help="What is still to be sent about the new ticket.",
    )
    client_phone = fields.Char("Phone", compute="_compute_client_phone")
    client_open_ticket_count = fields.Integer("Open Tickets of the Client", compute="_compute_client_open_ticket_count")

    def _default_desk_id(self):
        return self.env["psa.desk"]._default_id(self.env.company.id)

    @api.depends("number", "name")
    def _compute_display_name(self):
        for ticket in self:
            ticket.display_name = f"[{ticket.number}] {ticket.name or ''}" if ticket.number else ticket.name

    @api.depends("desk_id")
    def _compute_company_id(self):
        settings = self.env["psa.desk"]._settings_by_desk()
        for ticket in self:
            desk = settings.get(ticket.desk_id._origin.id)
            ticket.company_id = desk["company_id"] if desk else self.env.company

    @api.depends("desk_id")
    def _compute_queue_id(self):
        settings = self.env["psa.desk"]._settings_by_desk()
        for ticket in self:
            desk = settings.get(ticket.desk_id._origin.id)
            if desk and ticket.queue_id._origin.id not in desk["queue_ids"]:
                ticket.queue_id = desk["queue_id"]
            else:
                ticket.queue_id = ticket.queue_id

    @api.depends("desk_id", "queue_id")
    def _compute_assignable_user_ids(self):
        everybody = self.env["res.users"]
        # Whom a ticket is lent to does not read desk and queue, but is told who works there.
        members_by_ticket = {
            ticket: ticket.sudo().desk_id.member_ids | ticket.sudo().queue_id.member_ids for ticket in self
        }
        if not all(members_by_ticket.values()):
            everybody = everybody.search([
                ("share", "=", False),
                ("all_group_ids", "in", self.env.ref("psa_crm.group_technician").ids),
            ])
        for ticket in self:
            members = members_by_ticket[ticket].filtered("active").sudo(False)
            ticket.assignable_user_ids = members or everybody.filtered(
                lambda user, ticket=ticket: ticket.company_id in user.sudo().company_ids
            )

    @api.depends("partner_id")
    def _compute_client_id(self):
        for ticket in self:
            if ticket.partner_id:
                ticket.client_id = ticket.partner_id.commercial_partner_id
            else:
                ticket.client_id = ticket.client_id

    @api.depends("email_from")
    def _compute_email_normalized(self):
        for ticket in self:
            ticket.email_normalized = self.env["mail.thread"]._psa_normalize_email(ticket.email_from)

    @api.depends("desk_id")
    def _compute_stage_id(self):
        Stage = self.env["psa.ticket.stage"]
        for ticket in self:
            desk_id, company_id = ticket.desk_id._origin.id, ticket.company_id.id
            if ticket.stage_id and ticket.stage_id._origin.id in Stage._allowed_ids(desk_id, company_id):
                continue
            state = ticket.stage_id and Stage._state_by_stage().get(ticket.stage_id._origin.id)
            # Moved to another desk: keep what the stage means where the new desk has such a stage.
            ticket.stage_id = (
                Stage._first_id(state or "new", desk_id, company_id) or Stage._first_id("new", desk_id, company_id)
            )

    @api.depends("stage_id")
    def _compute_state(self):
        states = self.env["psa.ticket.stage"]._state_by_stage()
        for ticket in self:
            ticket.state = states.get(ticket.stage_id._origin.id, "new")

    @api.depends("date_deadline", "state")
    def _compute_is_overdue(self):
        now = fields.Datetime.now()
        for ticket in self:
            ticket.is_overdue = lifecycle.is_overdue(ticket.state, _aware(ticket.date_deadline), _aware(now))

    def _search_is_overdue(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        overdue = Domain("state", "in", lifecycle.OPEN_STATES) & Domain("date_deadline", "<", fields.Datetime.now())
        wanted = {bool(item) for item in value}
        if len(wanted) != 1:
            return Domain.TRUE if (operator == "in") == bool(wanted) else Domain.FALSE
        if (operator == "in") == wanted.pop():
            return overdue
        return (
            Domain("state", "not in", lifecycle.OPEN_STATES)
            | Domain("date_deadline", "=", False)
            | Domain("date_deadline", ">=", fields.Datetime.now())
        )

    @api.depends("partner_id.phone", "client_id.phone")
    def _compute_client_phone(self):
        for ticket in self:
            ticket.client_phone = ticket.partner_id.phone or ticket.client_id.phone

    @api.depends("client_id")
    def _compute_client_open_ticket_count(self):
        counts = dict(self._read_group(
            [("client_id", "in", self.client_id.ids), ("state", "in", lifecycle.OPEN_STATES)], ["client_id"], ["__count"]
        ))
        for ticket in self:
            ticket.client_open_ticket_count = counts.get(ticket.client_id, 0)

    def _compute_access_url(self):
        for ticket in self:
            ticket.access_url = f"/my/tickets/{ticket.id}"

    @api.model
    def _read_group_stage_ids(self, stages, domain):
        """Show every stage the desk in view can use as a column, empty ones too."""
        Stage = self.env["psa.ticket.stage"]
        desk_id = self.env.context.get("default_desk_id")
        companies = self.env.companies.ids
        shown = [
            stage_id
            for stage_id, __, company_id, desks in Stage._catalog()
            if (not company_id or company_id in companies) and (not desks or desk_id in desks)
        ]
        return Stage.sudo().search([("id", "in", [*shown, *stages.ids])])

    @api.constrains("desk_id", "queue_id", "stage_id")
    def _check_desk_company(self):
        queues = self.env["psa.queue"]._settings_by_queue()
        Stage = self.env["psa.ticket.stage"]
        for ticket in self:
            company_id = ticket.company_id.id
            if ticket.queue_id and queues[ticket.queue_id.id][0] != company_id:
                raise ValidationError(self.env._(
                    "Queue “%(queue)s” belongs to another company than desk “%(desk)s”. Choose a queue of the desk's company.",
                    queue=ticket.queue_id.sudo().name, desk=ticket.desk_id.sudo().name,
                ))
            if ticket.stage_id.id not in Stage._allowed_ids(ticket.desk_id.id, company_id) and ticket.stage_id.sudo().active:
                raise ValidationError(self.env._(
                    "Stage “%(stage)s” is not one of desk “%(desk)s”. Choose another stage.",
                    stage=ticket.stage_id.sudo().name, desk=ticket.desk_id.sudo().name,
                ))

    @api.model_create_multi
    def create(self, vals_list):
        caller = self
        self = self._keeping_history()
        vals_list = [dict(vals) for vals in vals_list]
        self._prefetch_people(vals_list)
        self._complete_create_vals(vals_list)
        self._prefetch_desks(vals_list)
        tickets = super(PsaTicket, self.with_context(mail_create_nosubscribe=True, psa_ticket_create=True)).create(vals_list)
        self.env.remove_to_compute(self._fields["rating_last_value"], tickets)
        tickets._subscribe_on_create(creator=not caller.env.context.get("mail_create_nosubscribe"))
        return tickets.with_env(caller.env)

    def _creation_message(self):
        # What mail says, without looking up what this model is called.
        return self.env._("Ticket created")

    def write(self, vals):
        self = self._keeping_history()
        if "stage_id" not in vals and "desk_id" not in vals:
            return super().write(vals)
        before = {ticket: ticket.state for ticket in self}
        result = super().write(vals)
        self._update_life_dates(before, keep=vals.keys())
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if not default or "name" not in default:
            for ticket, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", ticket.name)
        return vals_list

    def action_assign_to_me(self):
        """Give the tickets to the current user."""
        self.write({"user_id": self.env.uid})
        return True

    def action_resolve(self):
        """Move the tickets to their desk's stage for resolved work."""
        self._move_to_state("resolved")
        return True

    def action_close(self):
        """Close the tickets."""
        self._move_to_state("closed")
        return True

    def action_cancel(self):
        """Cancel the tickets: there is nothing to do."""
        self._move_to_state("cancelled")
        return True

    def action_reopen(self):
        """Take finished or waiting tickets up again."""
        self._move_to_state("open")
        return True

    def action_view_client_tickets(self):
        """Open the open tickets of this ticket's client."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket")
        action["domain"] = [("client_id", "=", self.client_id.id)]
        action["context"] = {"search_default_open": 1, "default_partner_id": self.partner_id.id}
        return action

    @api.model
    def _open_counts_by(self, fname, record_ids):
        """Return {id: (open, unassigned, overdue)} for tickets grouped by a many2one, in one query."""
        query = self._search([(fname, "in", record_ids), ("state", "in", lifecycle.OPEN_STATES)])
        if query.is_empty():
            return {}
        column = self._field_to_sql(query.table, fname, query)
        query.groupby, query.order = column, None
        rows = self.env.execute_query(query.select(
            column,
            SQL("count(*)"),
            SQL("count(*) FILTER (WHERE %s IS NULL)", self._field_to_sql(query.table, "user_id", query)),
            SQL("count(*) FILTER (WHERE %s < %s)", self._field_to_sql(query.table, "date_deadline", query), fields.Datetime.now()),
        ))
        return {record_id: tuple(counts) for record_id, *counts in rows}

    def _keeping_history(self):
        """Return self without the context keys by which a caller could switch off the ticket's history."""
        if not any(self.env.context.get(key) for key in HISTORY_KEYS):
            return self
        return self.with_context(**dict.fromkeys(HISTORY_KEYS, False))

    def _complete_create_vals(self, vals_list):
        """Give each new ticket its number and the dates its first stage stands for."""
        desks = self.env["psa.desk"]._settings_by_desk()
        states = self.env["psa.ticket.stage"]._state_by_stage()
        default_desk_id = self.env.context.get("default_desk_id") or self._default_desk_id()
        unnumbered, numbered = {}, {}
        now = fields.Datetime.now()
        for vals in vals_list:
            desk_id = vals.setdefault("desk_id", default_desk_id)
            if not desk_id or desk_id not in desks:
                raise UserError(self.env._(
                    "The ticket has no desk. Choose a Desk, or create one for company “%s” under Configuration.",
                    self.env.company.name,
                ))
            desk = desks[desk_id]
            if vals.get("number"):
                numbered.setdefault(desk["company_id"], []).append(vals["number"])
            else:
                unnumbered.setdefault(desk["company_id"], []).append(vals)
            vals.setdefault("date_last_stage_update", now)
            vals.setdefault("rating_last_value", 0.0)  # nobody has rated a new ticket: nothing to look up
            vals.setdefault("announcement_due", self._announcement_due(vals, desk))
            stage_id = vals.get("stage_id") or self.env.context.get("default_stage_id")
            life = lifecycle.advance(lifecycle.Lifecycle(), states.get(stage_id, "new"), _aware(now))
            for fname, moment in zip(LIFE_DATES, _naive_dates(life), strict=True):
                if moment:
                    vals.setdefault(fname, moment)
        Company = self.env["res.company"]
        for company_id, taken in numbered.items():
            Company.browse(company_id)._psa_skip_ticket_numbers(taken)
        for company_id, company_vals in unnumbered.items():
            numbers = Company.browse(company_id)._psa_draw_ticket_numbers(len(company_vals))
            for vals, number in zip(company_vals, numbers, strict=True):
                vals["number"] = number

    @api.model
    def _prefetch_people(self, vals_list):
        """Read what a creation asks of people and clients: a few columns, where the first question would read all."""
        contacts = self.env["res.partner"].sudo().browse({vals["partner_id"] for vals in vals_list if vals.get("partner_id")})
        people = contacts
        if not self.env.su:  # what the system creates has no author to tell of
            user = self.env.user.sudo()
            user.fetch(USER_COLUMNS)
            people |= user.partner_id
        people.fetch([*PARTNER_COLUMNS, "commercial_partner_id"])
        contacts.commercial_partner_id.fetch(PARTNER_COLUMNS)

    @api.model
    def _prefetch_desks(self, vals_list):
        """Read what a creation asks of desks and their companies, as :meth:`_prefetch_people`."""
        desks = self.env["psa.desk"].sudo().browse({vals["desk_id"] for vals in vals_list})
        desks.fetch(["company_id", "properties_definition"])
        desks.company_id.fetch(COMPANY_COLUMNS)
        desks.company_id.alias_domain_id.fetch(ALIAS_DOMAIN_COLUMNS)

    def _update_life_dates(self, before, keep=()):
        """Write the dates that follow from the change of state since ``before``; values given by hand stay."""
        now = fields.Datetime.now()
        changes = {}
        for ticket in self:
            if ticket.state == before[ticket]:
                continue
            life = lifecycle.advance(
                lifecycle.Lifecycle(
                    before[ticket], _aware(ticket.date_open), _aware(ticket.date_resolved), _aware(ticket.date_closed)
                ),
                ticket.state,
                _aware(now),
            )
            moments = _naive_dates(life)
            changes.setdefault(moments, self.browse())
            changes[moments] |= ticket
        for moments, tickets in changes.items():
            vals = {
                fname: moment for fname, moment in zip(LIFE_DATES, moments, strict=True) if fname not in keep
            }
            tickets.write({**vals, "date_last_stage_update": now})

    def _move_to_state(self, state):
        """Move each ticket to the first stage of that state its desk has."""
        targets = {}
        for ticket in self.filtered(lambda ticket: ticket.state != state):
            stage_id = ticket._stage_id_for_state(state)
            if not stage_id:
                raise UserError(self.env._(
                    "Desk “%(desk)s” has no stage with state “%(state)s”. Add one under Configuration, Stages.",
                    desk=ticket.desk_id.name, state=dict(STATE_SELECTION)[state],
                ))
            targets.setdefault(stage_id, self.browse())
            targets[stage_id] |= ticket
        for stage_id, tickets in targets.items():
            tickets.write({"stage_id": stage_id})

    def _stage_id_for_state(self, state):
        """Return the id of the stage a button takes the ticket to, False if its desk has none."""
        self.ensure_one()
        return self.env["psa.ticket.stage"]._first_id(state, self.desk_id.id, self.company_id.id)

    @api.model
    def _announcement_due(self, vals, desk):
        """Return what has to be sent about a new ticket: only what comes from outside is acknowledged."""
        if vals.get("source") in ("email", "portal") and desk["acknowledgement"] != "none":
            return "all"
        queue_id = vals.get("queue_id") or desk["queue_id"]
        queue = self.env["psa.queue"]._settings_by_queue().get(queue_id, (None, False))
        return "notice" if desk["has_contacts"] or queue[1] else False
