from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import escalation


class PsaEscalationContact(models.Model):
    """A rung of the ladder: who is told about a ticket of a desk or queue that stays undone, and after how long."""

    _name = "psa.escalation.contact"
    _description = "Escalation Contact"
    _order = "level, after_hours, id"
    _check_company_auto = True

    _order_idx = models.Index("(level, after_hours, id)")
    _one_owner = models.Constraint(
        "CHECK((desk_id IS NULL) <> (queue_id IS NULL))",
        "An escalation contact belongs to a desk or to a queue: fill in one of the two.",
    )
    _one_recipient = models.Constraint(
        "CHECK((user_id IS NULL) <> (partner_id IS NULL))",
        "Choose who is told: a colleague in User or somebody else in Contact, not both.",
    )
    _positive = models.Constraint(
        "CHECK(level > 0 AND after_hours >= 0)", "The level begins at 1, and hours cannot be negative. Correct Level or After."
    )

    desk_id = fields.Many2one("psa.desk", index="btree_not_null", ondelete="cascade", check_company=True)
    queue_id = fields.Many2one("psa.queue", index="btree_not_null", ondelete="cascade", check_company=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, compute="_compute_company_id", store=True, precompute=True,
    )
    level = fields.Integer(default=1, required=True, aggregator=None, help="1 is told first; the highest level last.")
    user_id = fields.Many2one(
        "res.users", index="btree_not_null", ondelete="cascade",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]", help="A colleague who is told.",
    )
    partner_id = fields.Many2one(
        "res.partner", "Contact", index="btree_not_null", ondelete="cascade", check_company=True,
        help="Somebody without an account who is told, for example a vendor's hotline.",
    )
    recipient_id = fields.Many2one("res.partner", "Who Is Told", compute="_compute_recipient_id")
    after_hours = fields.Float(
        "After", default=4.0, required=True, aggregator=None,
        help="How many hours a ticket is left undone before this contact is told.",
    )
    note = fields.Char(help="What the contact is to do, or how to reach him best.")

    @api.depends("desk_id", "queue_id")
    def _compute_company_id(self):
        for contact in self:
            owner = contact.desk_id or contact.queue_id
            contact.company_id = owner.company_id or contact.company_id or self.env.company

    @api.depends("user_id", "partner_id")
    def _compute_recipient_id(self):
        for contact in self:
            contact.recipient_id = contact.user_id.sudo().partner_id.sudo(False) or contact.partner_id

    @api.depends("level", "user_id", "partner_id")
    def _compute_display_name(self):
        for contact in self:
            contact.display_name = f"{contact.level}. {contact.user_id.name or contact.partner_id.display_name or ''}"

    @api.constrains("user_id", "company_id")
    def _check_user_id(self):
        for contact in self.sudo():
            if contact.user_id and contact.company_id not in contact.user_id.company_ids:
                raise ValidationError(self.env._(
                    "%(user)s does not belong to %(company)s and cannot be told about its tickets. Choose somebody else in User.",
                    user=contact.user_id.name, company=contact.company_id.name,
                ))

    def _check_access(self, operation):
        return super()._check_access(operation) or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"desk_id", "queue_id"}:
            # Odoo checks the contact as it was: nobody hands one to another desk or to a queue.
            self.check_access("write")
        return result

    @api.model
    def _ladder(self, desk, queue):
        """Return the contacts for a ticket of this desk and queue; the queue's own ladder goes before the desk's."""
        return queue.sudo().escalation_contact_ids or desk.sudo().escalation_contact_ids

    def _due(self, hours, told=()):
        """Return those of a ladder that are to be told after so many hours, without those told before.

        :param told: ids of the rows told before
        """
        steps = [escalation.Step(contact.level, contact.after_hours, contact.id) for contact in self]
        return self.browse(step.key for step in escalation.due(steps, hours, told))
