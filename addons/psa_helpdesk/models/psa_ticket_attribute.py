from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PsaTicket(models.Model):
    """The attributes of a ticket: values its desk offers, as options of its own or of the company's template."""

    _inherit = "psa.ticket"

    type_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'type'), ('offered_desk_ids', 'in', desk_id)]",
    )
    category_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'category'), ('offered_desk_ids', 'in', desk_id)]",
    )
    subcategory_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        compute="_compute_subcategory_id", store=True, readonly=False, precompute=True,
        domain="[('attribute', '=', 'subcategory'), ('parent_id', '=', category_id), ('offered_desk_ids', 'in', desk_id)]",
    )
    severity_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'severity'), ('offered_desk_ids', 'in', desk_id)]",
    )
    priority_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True, index="btree_not_null",
        domain="[('attribute', '=', 'priority'), ('offered_desk_ids', 'in', desk_id)]",
    )
    priority_color = fields.Integer(related="priority_id.color", string="Priority Colour", aggregator=None)
    module_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'module'), ('offered_desk_ids', 'in', desk_id)]",
    )
    reported_version_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'version'), ('offered_desk_ids', 'in', desk_id)]",
    )
    resolved_version_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'version'), ('offered_desk_ids', 'in', desk_id)]",
    )
    phase_id = fields.Many2one(
        "psa.ticket.option", ondelete="restrict", tracking=True, check_company=True,
        domain="[('attribute', '=', 'phase'), ('offered_desk_ids', 'in', desk_id)]",
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
        catalog = self.env["psa.ticket.option"]._catalog()
        for ticket in self:
            desk_id = ticket.desk_id.id
            for fname, attribute in self._option_attributes().items():
                option_id = ticket[fname].id
                if option_id is False:
                    continue
                offer = catalog.get(option_id)
                if not offer or offer.attribute != attribute or (offer.desk_id or desk_id) != desk_id:
                    self._refuse_option(fname, option_id, desk_id)
            if ticket.subcategory_id and catalog[ticket.subcategory_id.id].parent_id != ticket.category_id.id:
                raise ValidationError(self.env._(
                    "“%(subcategory)s” does not belong to the ticket's %(category_label)s. Change the %(label)s or the %(category_label)s.",
                    subcategory=ticket.subcategory_id.sudo().name,
                    label=ticket._attribute_label("subcategory_id"), category_label=ticket._attribute_label("category_id"),
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
