from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PsaTicket(models.Model):
    """The attributes of a ticket: values its desk offers, as options of its own or of the company's template."""

    _inherit = "psa.ticket"

    type_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'type'), ('desk_id', 'in', [False, desk_id])]",
    )
    category_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'category'), ('desk_id', 'in', [False, desk_id])]",
    )
    subcategory_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        compute="_compute_subcategory_id", store=True, readonly=False, precompute=True,
        domain="[('attribute', '=', 'subcategory'), ('parent_id', '=', category_id), ('desk_id', 'in', [False, desk_id])]",
    )
    severity_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'severity'), ('desk_id', 'in', [False, desk_id])]",
    )
    priority_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True, index="btree_not_null",
        domain="[('attribute', '=', 'priority'), ('desk_id', 'in', [False, desk_id])]",
    )
    priority_color = fields.Integer(related="priority_id.color", string="Priority Colour", aggregator=None)
    module_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'module'), ('desk_id', 'in', [False, desk_id])]",
    )
    reported_version_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'version'), ('desk_id', 'in', [False, desk_id])]",
    )
    resolved_version_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'version'), ('desk_id', 'in', [False, desk_id])]",
    )
    phase_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'phase'), ('desk_id', 'in', [False, desk_id])]",
    )

    @api.depends("category_id")
    def _compute_subcategory_id(self):
        for ticket in self:
            belongs = ticket.subcategory_id.parent_id == ticket.category_id
            ticket.subcategory_id = ticket.subcategory_id if belongs else False

    @api.constrains(
        "type_id", "category_id", "subcategory_id", "severity_id", "priority_id", "module_id",
        "reported_version_id", "resolved_version_id", "phase_id", "desk_id",
    )
    def _check_options(self):
        for ticket in self:
            for fname, attribute in self._option_attributes().items():
                option = ticket[fname].sudo()
                if not option:
                    continue
                if option.attribute != attribute or option.desk_id not in (option.desk_id.browse(), ticket.desk_id):
                    raise ValidationError(self.env._(
                        "“%(option)s” is no %(field)s of desk “%(desk)s”. Choose one the desk offers.",
                        option=option.name, field=self._fields[fname].get_description(self.env)["string"],
                        desk=ticket.desk_id.sudo().name,
                    ))
            if ticket.subcategory_id and ticket.subcategory_id.parent_id != ticket.category_id:
                raise ValidationError(self.env._(
                    "Subcategory “%(subcategory)s” does not belong to the ticket's category. Change one of the two.",
                    subcategory=ticket.subcategory_id.name,
                ))

    @api.model
    def _option_attributes(self):
        """Return {field: attribute of the options it takes}."""
        return {
            "type_id": "type",
            "category_id": "category",
            "subcategory_id": "subcategory",
            "severity_id": "severity",
            "priority_id": "priority",
            "module_id": "module",
            "reported_version_id": "version",
            "resolved_version_id": "version",
            "phase_id": "phase",
        }
