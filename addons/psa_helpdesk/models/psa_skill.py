from odoo import api, fields, models, tools

# Attributes of a ticket whose options can ask for a skill.
SKILLED_ATTRIBUTES = ("type", "category", "subcategory", "module")


class PsaSkill(models.Model):
    """Something people know, and the tickets that need it."""

    _name = "psa.skill"
    _description = "Skill"
    _inherit = ["psa.cached.mixin"]
    _order = "name, id"
    _check_company_auto = True

    _order_idx = models.Index("(name, id)")
    _name_company_uniq = models.Constraint(
        "UNIQUE(name, company_id)", "Your company already has a skill of that name. Use it or choose another name."
    )

    name = fields.Char(required=True)
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    description = fields.Text(help="What somebody at each level can do on his own.")
    holder_ids = fields.One2many("psa.skill.user", "skill_id", "Who Has It")
    user_count = fields.Integer("People", compute="_compute_user_count")
    queue_ids = fields.Many2many(
        "psa.queue", "psa_skill_queue_rel", "skill_id", "queue_id", string="Queues", check_company=True,
        help="Every ticket of these queues needs the skill.",
    )
    option_ids = fields.Many2many(
        "psa.ticket.option", "psa_skill_option_rel", "skill_id", "option_id", string="Types, Categories and Modules",
        check_company=True, domain=[("attribute", "in", SKILLED_ATTRIBUTES)],
        help="Every ticket with one of these types, categories, subcategories or modules needs the skill.",
    )
    asset_type_ids = fields.Many2many(
        "psa.asset.type", "psa_skill_asset_type_rel", "skill_id", "asset_type_id", string="Asset Types",
        help="Every ticket about an asset of these types needs the skill.",
    )

    @api.depends("holder_ids")
    def _compute_user_count(self):
        counts = dict(self.env["psa.skill.user"]._read_group([("skill_id", "in", self.ids)], ["skill_id"], ["__count"]))
        for skill in self:
            skill.user_count = counts.get(skill._origin, 0)


    @api.model
    @tools.ormcache()
    def _levels_by_user(self):
        """Return {user id: {skill id: level}}, cached."""
        levels = {}
        for holder in self.env["psa.skill.user"].sudo().search_fetch([], ["user_id", "skill_id", "level"]):
            levels.setdefault(holder.user_id.id, {})[holder.skill_id.id] = int(holder.level)
        return levels

    @api.model
    @tools.ormcache("company_id")
    def _wanted_by(self, company_id):
        """Return {(kind, id): ids of the skills that queue, option or asset type wants}, and {skill id: name}; cached."""
        wanted, names = {}, {}
        for skill in self.sudo().search([("company_id", "=", company_id)]):
            names[skill.id] = skill.name
            for kind, records in (
                ("queue", skill.queue_ids), ("option", skill.option_ids), ("asset_type", skill.asset_type_ids),
            ):
                for record_id in records.ids:
                    wanted.setdefault((kind, record_id), set()).add(skill.id)
        return {key: frozenset(skill_ids) for key, skill_ids in wanted.items()}, names
