from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PsaSkillUser(models.Model):
    """How well somebody knows something."""

    _name = "psa.skill.user"
    _description = "Skill of a User"
    _inherit = ["psa.cached.mixin"]
    _order = "skill_id, level desc, id"

    _skill_user_uniq = models.UniqueIndex("(skill_id, user_id)", "This person already has the skill. Change its level there.")

    skill_id = fields.Many2one("psa.skill", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", related="skill_id.company_id", store=True, index=True, precompute=True)
    user_id = fields.Many2one(
        "res.users", required=True, index=True, ondelete="cascade",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    level = fields.Selection(
        [("1", "Basic"), ("2", "Good"), ("3", "Expert")], default="1", required=True,
        help="Who knows it better is given more of such tickets.",
    )

    @api.depends("user_id", "skill_id")
    def _compute_display_name(self):
        for holder in self:
            holder.display_name = f"{holder.user_id.name}: {holder.skill_id.name}"

    @api.constrains("user_id", "skill_id")
    def _check_user_id(self):
        for holder in self.sudo():
            if holder.company_id not in holder.user_id.company_ids:
                raise ValidationError(self.env._(
                    "%(user)s does not belong to %(company)s. Choose somebody else.",
                    user=holder.user_id.name, company=holder.company_id.name,
                ))

