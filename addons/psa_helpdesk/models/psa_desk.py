import ast

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import formataddr


class PsaDesk(models.Model):
    """A help desk: the address mail is sent to, its stages, queues, members and defaults."""

    _name = "psa.desk"
    _description = "Help Desk"
    _inherit = ["psa.cached.mixin", "mail.alias.mixin", "mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True

    _order_idx = models.Index("(sequence, name, id)")
    _code_company_uniq = models.Constraint(
        "UNIQUE(code, company_id)", "This company already has a desk with that code. Choose another code."
    )

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(help="Short name used in reports and imports; unique in the company.")
    sequence = fields.Integer(default=10, aggregator=None)
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company, tracking=True,
        help="The service company that runs the desk. Its tickets belong to the same company.",
    )
    description = fields.Text(help="What the desk is for.")
    alias_id = fields.Many2one(
        help="The e-mail address of the desk. Each mail sent to it becomes a ticket."
    )
    member_ids = fields.Many2many(
        "res.users", "psa_desk_member_rel", "desk_id", "user_id", string="Members",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Users who work the tickets of this desk. Tickets are assigned to members of the desk or of the queue.",
    )
    contact_ids = fields.Many2many(
        "res.partner", "psa_desk_contact_rel", "desk_id", "partner_id", string="Notified Contacts", check_company=True,
        help="People told by e-mail about each new ticket of this desk.",
    )
    queue_ids = fields.Many2many(
        "psa.queue", "psa_desk_queue_rel", "desk_id", "queue_id", string="Queues", check_company=True,
    )
    default_queue_id = fields.Many2one(
        "psa.queue", check_company=True, domain="[('company_id', '=', company_id)]", tracking=True,
        index="btree_not_null", ondelete="restrict",
        help="New tickets of this desk go into this queue unless somebody chooses another.",
    )
    stage_ids = fields.Many2many(
        "psa.ticket.stage", "psa_desk_stage_rel", "desk_id", "stage_id", string="Own Stages",
        help="Stages only this desk uses, next to those shared by every desk.",
    )
    properties_definition = fields.PropertiesDefinition("Own Ticket Fields")
    acknowledgement = fields.Selection(
        [("none", "Nobody"), ("known", "Known clients"), ("all", "Everybody")],
        default="known", required=True, tracking=True,
        help="Who gets an e-mail that confirms a new ticket sent in by mail or on the portal. "
        "Automatic mail is never answered.",
    )
    acknowledgement_template_id = fields.Many2one(
        "mail.template", "Acknowledgement E-mail", domain="[('model', '=', 'psa.ticket')]", ondelete="set null",
        default=lambda self: self.env.ref("psa_helpdesk.mail_template_ticket_received", raise_if_not_found=False),
    )

    ticket_ids = fields.One2many("psa.ticket", "desk_id", "Tickets")
    open_ticket_count = fields.Integer("Open Tickets", compute="_compute_ticket_counts")
    unassigned_ticket_count = fields.Integer("Unassigned Tickets", compute="_compute_ticket_counts")
    overdue_ticket_count = fields.Integer("Overdue Tickets", compute="_compute_ticket_counts")

    def _compute_ticket_counts(self):
        counts = self.env["psa.ticket"]._open_counts_by("desk_id", self.ids)
        for desk in self:
            desk.open_ticket_count, desk.unassigned_ticket_count, desk.overdue_ticket_count = counts.get(
                desk._origin.id, (0, 0, 0)
            )

    @api.constrains("company_id")
    def _check_company_of_tickets(self):
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)
        for desk, companies in tickets._read_group(
            [("desk_id", "in", self.ids)], ["desk_id"], ["company_id:recordset"]
        ):
            if companies != desk.company_id:
                raise ValidationError(self.env._(
                    "Desk “%s” already has tickets, so its company cannot change. Create a new desk for the other company.",
                    desk.name,
                ))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_tickets(self):
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)
        if tickets.search_count([("desk_id", "in", self.ids)], limit=1):
            raise UserError(self.env._("A desk with tickets cannot be deleted. Archive it instead."))

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for desk, vals in zip(self, vals_list, strict=True):
            if "name" not in (default or {}):
                vals["name"] = self.env._("%s (copy)", desk.name)
            if "code" not in (default or {}):
                vals["code"] = False
        return vals_list

    def action_view_tickets(self):
        """Open the board of this desk."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket")
        action["domain"] = [("desk_id", "=", self.id)]
        # The counters of the dashboard open the board with their own filter.
        filters = {key: value for key, value in self.env.context.items() if key.startswith("search_default_")}
        action["context"] = {"default_desk_id": self.id, **(filters or {"search_default_open": 1})}
        action["display_name"] = self.name
        return action

    def _sender_values(self):
        """Return author and sender of what the desk itself writes."""
        self.ensure_one()
        company = self.company_id
        values = {"author_id": company.partner_id.id}
        if self.alias_email:
            values["email_from"] = formataddr((company.name, self.alias_email))
        elif company.email:
            values["email_from"] = company.email_formatted
        return values

    def _alias_get_creation_values(self):
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get("psa.ticket").id
        if self.id:
            defaults = ast.literal_eval(self.alias_defaults or "{}")
            defaults["desk_id"] = self.id
            values["alias_defaults"] = defaults
        return values

    @api.model
    @tools.ormcache()
    def _settings_by_desk(self):
        """Return {desk id: settings a new ticket needs} for every desk, cached: it is looked up at each create."""
        desks = self.sudo().with_context(active_test=False).search(Domain.TRUE)
        return {
            desk.id: {
                "company_id": desk.company_id.id,
                "queue_id": desk.default_queue_id.id,
                "queue_ids": frozenset(desk.queue_ids.ids),
                "active": desk.active,
                "acknowledgement": desk.acknowledgement if desk.acknowledgement_template_id else "none",
                "has_contacts": bool(desk.contact_ids),
            }
            for desk in desks
        }

    @api.model
    def _default_id(self, company_id):
        """Return the id of the company's first active desk, or False."""
        return next(
            (
                desk_id
                for desk_id, settings in self._settings_by_desk().items()
                if settings["active"] and settings["company_id"] == company_id
            ),
            False,
        )
