from odoo import api, fields, models
from odoo.fields import Command


class PsaStaff(models.Model):
    """The queues and skills of a member of staff."""

    _inherit = "psa.staff"

    queue_ids = fields.Many2many(
        "psa.queue", string="Queues", compute="_compute_queue_ids", inverse="_inverse_queue_ids",
        domain="[('company_id', '=', company_id)]", help="The queues this person works in; as many as you like.",
    )
    skill_names = fields.Char("Skills for Tickets", compute="_compute_skill_names", help="What decides about tickets assigned by skill.")

    @api.depends("user_id", "company_id")
    def _compute_queue_ids(self):
        queues = self.env["psa.queue"].search([
            ("member_ids", "in", self.user_id.ids), ("company_id", "in", self.company_id.ids),
        ])
        for staff in self:
            staff.queue_ids = queues.filtered(
                lambda queue, staff=staff: staff.user_id in queue.member_ids and queue.company_id == staff.company_id
            )

    @api.model_create_multi
    def create(self, vals_list):
        # Who is invited has no account yet: his queues are chosen once he has come.
        asked = [vals.get("queue_ids") for vals in vals_list]
        members = super().create([{fname: value for fname, value in vals.items() if fname != "queue_ids"} for vals in vals_list])
        for member, queues in zip(members, asked, strict=True):
            if queues and member.user_id:
                member.write({"queue_ids": queues})
        return members

    def write(self, vals):
        if "queue_ids" in vals and not self.env.su:
            # What else is written of a person follows from his account; queues are those of the company, and its manager's.
            self._psa_check_manages()
            self.sudo().write({"queue_ids": vals["queue_ids"]})
            vals = {fname: value for fname, value in vals.items() if fname != "queue_ids"}
        return super().write(vals) if vals else True

    def _inverse_queue_ids(self):
        for staff in self.filtered("user_id"):
            before = self.env["psa.queue"].search([
                ("member_ids", "in", staff.user_id.ids), ("company_id", "=", staff.company_id.id),
            ])
            added = (staff.queue_ids - before).filtered(lambda queue, staff=staff: queue.company_id == staff.company_id)
            added.write({"member_ids": [Command.link(staff.user_id.id)]})
            (before - staff.queue_ids).write({"member_ids": [Command.unlink(staff.user_id.id)]})

    @api.depends("user_id", "company_id")
    def _compute_skill_names(self):
        holders = self.env["psa.skill.user"].sudo().search([
            ("user_id", "in", self.user_id.ids), ("company_id", "in", self.company_id.ids),
        ])
        labels = dict(self.env["psa.skill.user"]._fields["level"]._description_selection(self.env))
        for staff in self:
            staff.skill_names = ", ".join(
                f"{holder.skill_id.name} ({labels[holder.level]})" for holder in holders
                if holder.user_id == staff.user_id and holder.company_id == staff.company_id
            )

    def _psa_leave_company(self):
        """Take the person off the company's escalation ladders, and forget what he knew."""
        result = super()._psa_leave_company()
        of_person = [("user_id", "=", self.user_id.id), ("company_id", "=", self.company_id.id)]
        self.env["psa.escalation.contact"].sudo().search(of_person).unlink()
        self.env["psa.skill.user"].sudo().search(of_person).unlink()
        return result
