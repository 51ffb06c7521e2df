from odoo import api, fields, models
from odoo.exceptions import ValidationError

ATTRIBUTES = [
    ("type", "Type"),
    ("category", "Category"),
    ("subcategory", "Subcategory"),
    ("severity", "Severity"),
    ("priority", "Priority"),
    ("module", "Module"),
    ("version", "Version"),
    ("phase", "Phase"),
]


class PsaTicketOption(models.Model):
    """One value a ticket's standard attribute can take.

    An option without desk is the template every desk of the company (or of all companies) offers; an option with a
    desk is offered by that desk only. Ranks make values comparable between desks.
    """

    _name = "psa.ticket.option"
    _description = "Ticket Option"
    _inherit = ["psa.cached.mixin"]
    _order = "attribute, rank, id"
    _psa_shipped_rows_are_fixed = True
    _check_company_auto = True

    _order_idx = models.Index("(attribute, rank, id)")
    _name_uniq = models.UniqueIndex(
        "(attribute, COALESCE(desk_id, 0), COALESCE(company_id, 0), COALESCE(parent_id, 0), lower(name->>'en_US'))",
        "This attribute already has an option of that name here. Use it or choose another name.",
    )

    attribute = fields.Selection(ATTRIBUTES, required=True, index=True)
    name = fields.Char(required=True, translate=True)
    rank = fields.Integer(
        default=10, aggregator=None,
        help="Order of the options; the lowest rank comes first. For priority and severity, the lowest rank is the most urgent."
    )
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", ondelete="cascade", check_company=True,
        help="Only this desk offers the option. Empty: every desk does.",
    )
    company_id = fields.Many2one(
        "res.company", index=True, compute="_compute_company_id", store=True, readonly=False, precompute=True,
        help="Empty: every company uses the option.",
    )
    parent_id = fields.Many2one(
        "psa.ticket.option", "Category", index="btree_not_null", ondelete="cascade", check_company=True,
        domain="[('attribute', '=', 'category')]", help="The category a subcategory belongs to.",
    )
    child_ids = fields.One2many("psa.ticket.option", "parent_id", "Subcategories")

    @api.depends("desk_id", "parent_id")
    def _compute_company_id(self):
        for option in self:
            owner = option.desk_id or option.parent_id
            if owner.company_id:
                option.company_id = owner.company_id

    @api.constrains("attribute", "parent_id")
    def _check_parent(self):
        for option in self:
            if option.attribute == "subcategory" and not option.parent_id:
                raise ValidationError(self.env._("Subcategory “%s” needs a category: set the field Category.", option.name))
            if option.parent_id and (option.attribute != "subcategory" or option.parent_id.attribute != "category"):
                raise ValidationError(self.env._(
                    "Only a subcategory has a parent, and the parent is a category. Clear or change the Category of “%s”.",
                    option.name,
                ))

    @api.constrains("attribute")
    def _check_attribute_unused(self):
        # An option that moves to another attribute would leave tickets with a value of the wrong kind.
        tickets = self.env["psa.ticket"].sudo().with_context(active_test=False)
        for fname, attribute in tickets._option_attributes().items():
            wrong = self.filtered(lambda option, attribute=attribute: option.attribute != attribute)
            if wrong and tickets.search_count([(fname, "in", wrong.ids)], limit=1):
                raise ValidationError(self.env._(
                    "Tickets already use this option as %s, so its attribute cannot change. Archive it and create a new one.",
                    tickets._fields[fname].get_description(self.env)["string"],
                ))

    @api.depends("parent_id.name")
    @api.depends_context("psa_full_option_name")
    def _compute_display_name(self):
        for option in self:
            name = option.name or ""
            if option.parent_id and self.env.context.get("psa_full_option_name"):
                name = f"{option.parent_id.name} / {name}"
            option.display_name = name
