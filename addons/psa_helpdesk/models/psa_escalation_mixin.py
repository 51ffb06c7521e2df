import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core import lifecycle
from .psa_rule import HOURS

FRONT = {"name", "active", "company_id", "escalation_domain", "escalation_hours", "escalation_contact_ids"}


class PsaEscalationMixin(models.AbstractModel):
    """Desks and queues: about which of their tickets the escalation contacts are told, and which hours count.

    That is all there is to say here; what it comes to are workflow rules, see ``psa_rule_escalation.py``.
    """

    _name = "psa.escalation.mixin"
    _description = "Escalation by Contacts"

    escalation_domain = fields.Char(
        "Tickets That Are Escalated", default="[]", help="Only open tickets like these. Nothing chosen: every open ticket.",
    )
    escalation_hours = fields.Selection(
        HOURS, "Hours That Count for Escalation", default="calendar", required=True,
        help="How the hours since the ticket came in are counted.",
    )
    escalation_rule_count = fields.Integer("Escalation Rules", compute="_compute_escalation_rule_count")

    def _compute_escalation_rule_count(self):
        fname = self._ladder_field()
        counts = dict(self.env["psa.rule"].with_context(active_test=False)._read_group(
            [(fname, "in", self.ids)], [fname], ["__count"]
        ))
        for owner in self:
            owner.escalation_rule_count = counts.get(owner._origin, 0)

    @api.constrains("escalation_domain")
    def _check_escalation_domain(self):
        for owner in self:
            try:
                domain = Domain(ast.literal_eval(owner.escalation_domain or "[]"))
                domain.validate(self.env["psa.ticket"])
                self.env["psa.ticket"].search(domain, limit=1)
            except Exception as error:
                raise ValidationError(self.env._(
                    "Tickets That Are Escalated of “%(owner)s” cannot be read: %(error)s", owner=owner.display_name, error=error
                )) from error

    @api.model_create_multi
    def create(self, vals_list):
        owners = super().create(vals_list)
        # Rows of contacts that come with them have done it already, without what is said here.
        self.env["psa.rule"]._sync_ladders(owners.filtered("escalation_contact_ids"))
        return owners

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & FRONT:
            self.env["psa.rule"]._sync_ladders(self)
        return result

    def action_view_escalation_rules(self):
        """Open the rules that the ladder comes to."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_rule")
        return {
            **action, "name": self.env._("Escalation of %s", self.display_name), "domain": [(self._ladder_field(), "=", self.id)],
            "context": {"active_test": False, "create": False},
        }

    @api.model
    def _ladder_field(self):
        return "escalation_desk_id" if self._name == "psa.desk" else "escalation_queue_id"

    def _ladder_rule_vals(self, minutes):
        """Return what the rule of the ladder's rungs for so many minutes says."""
        self.ensure_one()
        criteria = Domain("state", "in", list(lifecycle.OPEN_STATES)) & self._ladder_reach()
        criteria &= Domain(ast.literal_eval(self.escalation_domain or "[]"))
        return {
            "name": self.env._("Escalation of %(owner)s after %(hours)s h", owner=self.display_name, hours=f"{minutes / 60:g}"),
            "company_id": self.company_id.id,
            "desk_id": self.id if self._name == "psa.desk" else False,
            "event": "time",
            "time_basis": "created",
            "time_side": "after",
            "time_amount": minutes,
            "time_unit": "minutes",
            "time_hours": self.escalation_hours,
            "domain": str([tuple(item) if isinstance(item, list) else item for item in criteria]),
        }

    def _ladder_reach(self):
        """Return the domain of the tickets the ladder is for: a queue with contacts of its own goes before the desk."""
        if self._name == "psa.desk":
            # A ticket that waits in no queue matches nothing that is asked of its queue.
            return Domain("queue_id", "=", False) | Domain("queue_id.escalation_contact_ids", "=", False)
        return Domain("queue_id", "=", self.id)


class PsaDesk(models.Model):
    _name = "psa.desk"
    _inherit = ["psa.desk", "psa.escalation.mixin"]

    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"escalation_domain", "escalation_hours"}


class PsaQueue(models.Model):
    _name = "psa.queue"
    _inherit = ["psa.queue", "psa.escalation.mixin"]


class PsaEscalationContact(models.Model):
    """Each change of a ladder is a change of the rules it comes to."""

    _inherit = "psa.escalation.contact"

    @api.model_create_multi
    def create(self, vals_list):
        contacts = super().create(vals_list)
        contacts._sync_rules()
        return contacts

    def write(self, vals):
        before = self._owners()
        result = super().write(vals)
        self._sync_rules(before)
        return result

    def unlink(self):
        owners = self._owners()
        result = super().unlink()
        self._sync_rules(owners)
        return result

    def _owners(self):
        return self.desk_id, self.queue_id

    def _sync_rules(self, before=()):
        for owners in (self.exists().desk_id, self.exists().queue_id, *before):
            self.env["psa.rule"]._sync_ladders(owners.exists())

    @api.model
    def _sync_all_rules(self):
        """Make the rules of every ladder, as after an update that brought them."""
        contacts = self.sudo().search(Domain.TRUE)
        for company in contacts.company_id:
            contacts.filtered(lambda contact, company=company: contact.company_id == company).with_company(company)._sync_rules()

    def _ladder_action_vals(self):
        """Return the actions that tell these contacts."""
        return [
            {
                "kind": "notify", "to_escalation": True, "escalation_contact_ids": [fields.Command.set(contact.ids)],
                "body": "\n".join(filter(None, [
                    self.env._("%(ticket)s of %(client)s is still not done: %(link)s", ticket="{{ticket.number}} {{ticket.subject}}",
                               client="{{client.name}}", link="{{ticket.link}}"),
                    (contact.note or "").replace("{{", "{ {").replace("}}", "} }"),
                ])),
            }
            for contact in self
        ]
