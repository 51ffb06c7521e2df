from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError


class PsaQueue(models.Model):
    """A line of work inside a service company: who works it, who is told about new tickets."""

    _name = "psa.queue"
    _description = "Ticket Queue"
    _inherit = ["psa.cached.mixin", "mail.thread"]
    _order = "sequence, name, id"
    _check_company_auto = True

    _order_idx = models.Index("(sequence, name, id)")
    _name_company_uniq = models.Constraint(
        "UNIQUE(name, company_id)", "This company already has a queue of that name. Choose another name."
    )

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10, aggregator=None)
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company,
        help="The service company whose tickets wait in this queue.",
    )
    desk_ids = fields.Many2many(
        "psa.desk", "psa_desk_queue_rel", "queue_id", "desk_id", string="Desks", check_company=True,
        help="Desks that may put tickets into this queue. Empty: every desk of the company.",
    )
    member_ids = fields.Many2many(
        "res.users", "psa_queue_member_rel", "queue_id", "user_id", string="Members",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Users who work the tickets of this queue.",
    )
    contact_ids = fields.Many2many(
        "res.partner", "psa_queue_contact_rel", "queue_id", "partner_id", string="Notified Contacts",
        check_company=True,
        help="People told by e-mail about each new ticket of this queue.",
    )
    description = fields.Text(help="What belongs into this queue.")

    open_ticket_count = fields.Integer("Open Tickets", compute="_compute_ticket_counts")
    unassigned_ticket_count = fields.Integer("Unassigned Tickets", compute="_compute_ticket_counts")

    def _compute_ticket_counts(self):
        counts = self.env["psa.ticket"]._open_counts_by("queue_id", self.ids)
        for queue in self:
            queue.open_ticket_count, queue.unassigned_ticket_count, __ = counts.get(queue._origin.id, (0, 0, 0))

    @api.constrains("company_id")
    def _check_company_of_tickets(self):
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)
        for queue, companies in tickets._read_group(
            [("queue_id", "in", self.ids)], ["queue_id"], ["company_id:recordset"]
        ):
            if companies != queue.company_id:
                raise ValidationError(self.env._(
                    "Queue “%s” already holds tickets of another company. Create a new queue instead of changing its company.",
                    queue.name,
                ))

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if not default or "name" not in default:
            for queue, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", queue.name)
        return vals_list

    def action_view_tickets(self):
        """Open the tickets waiting in this queue."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket")
        action["domain"] = [("queue_id", "=", self.id)]
        action["context"] = {"default_queue_id": self.id, "search_default_open": 1}
        action["display_name"] = self.name
        return action

    @api.model
    @tools.ormcache()
    def _settings_by_queue(self):
        """Return {queue id: (company id, has contacts)} for every queue, cached: tickets look it up at each create."""
        queues = self.sudo().with_context(active_test=False).search_fetch([], ["company_id", "contact_ids"])
        return {queue.id: (queue.company_id.id, bool(queue.contact_ids)) for queue in queues}

    @api.model
    def _psa_touches_cache(self, vals):
        return bool(vals.keys() & {"company_id", "active", "contact_ids"})
