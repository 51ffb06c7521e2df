from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..core import lifecycle
from .psa_desk_admin import ADMINISTRATOR
from .psa_desk_attribute import ATTRIBUTES


class PsaDesk(models.Model):
    """The fields of a desk's tickets: their set-up, made from the company's template, and the tickets that lack some."""

    _inherit = "psa.desk"

    attribute_ids = fields.One2many("psa.desk.attribute", "desk_id", "Ticket Fields")
    incomplete_ticket_count = fields.Integer("Incomplete Tickets", compute="_compute_incomplete_ticket_count")

    def _compute_incomplete_ticket_count(self):
        counts = dict(self.env["psa.ticket"]._read_group(
            [("desk_id", "in", self.ids), ("is_incomplete", "=", True), ("state", "in", lifecycle.OPEN_STATES)],
            ["desk_id"], ["__count"],
        ))
        for desk in self:
            desk.incomplete_ticket_count = counts.get(desk._origin, 0)

    @api.model_create_multi
    def create(self, vals_list):
        desks = super().create(vals_list)
        desks.sudo()._create_attributes()
        for desk, vals in zip(desks.sudo(), vals_list, strict=True):
            desk._take_over_template(vals)
        return desks

    def copy(self, default=None):
        desks = super().copy(default)
        for source, desk in zip(self, desks, strict=True):
            desk.sudo()._copy_attributes(source.sudo())
        return desks

    def write(self, vals):
        result = super().write(vals)
        if "company_id" in vals:
            self.sudo().attribute_ids._compute_company_id()
        return result

    @api.model
    def _desk_admin_fields(self):
        return super()._desk_admin_fields() | {"attribute_ids"}

    def _create_attributes(self):
        """Make the rows these desks lack, as the template of their company has them, in one go."""
        Attribute = self.env["psa.desk.attribute"]
        templates = {}
        for row in Attribute.search([("company_id", "in", self.company_id.ids), ("desk_id", "=", False)]):
            templates[row.company_id.id, row.attribute] = row
        vals_list, sources = [], []
        for desk in self:
            present = set(desk.attribute_ids.mapped("attribute"))
            for attribute, __ in ATTRIBUTES:
                if attribute in present:
                    continue
                template = templates.get((desk.company_id.id, attribute), Attribute.browse())
                settings = template._prepare_copy_vals() if template else Attribute._usual_settings(attribute)
                vals_list.append({**settings, "desk_id": desk.id, "company_id": desk.company_id.id})
                sources.append(template)
        for row, template in zip(Attribute.create(vals_list), sources, strict=True):
            if template.label or template.help:
                row._copy_translations(template)

    def _copy_attributes(self, source):
        """Set this new desk up as another one is, with options of its own where that one has them."""
        self.ensure_one()
        copies = {}
        options = source.env["psa.ticket.option"].search([("desk_id", "=", source.id)], order="parent_id desc, rank, id")
        for option in options.sorted(lambda option: bool(option.parent_id)):
            parent = copies.get(option.parent_id, option.parent_id)
            copies[option] = option.copy({"desk_id": self.id, "parent_id": parent.id})
        rows = {row.attribute: row for row in self.attribute_ids}
        for row in source.attribute_ids:
            vals = row._prepare_copy_vals()
            if row.default_option_id.desk_id:
                vals["default_option_id"] = copies.get(row.default_option_id, row.default_option_id.browse()).id
            target = rows[row.attribute]
            target.write({name: value for name, value in vals.items() if name != "attribute"})
            target._copy_translations(row)

    def _take_over_template(self, vals):
        """Give a new desk what the template of its company has besides the attributes: own fields and stages."""
        self.ensure_one()
        company = self.company_id
        if not vals.get("properties_definition") and company.psa_ticket_properties_definition:
            self.properties_definition = company.psa_ticket_properties_definition
        if not vals.get("stage_ids") and company.psa_template_stage_ids:
            self.stage_ids = company.psa_template_stage_ids

    def action_view_tickets(self):
        action = super().action_view_tickets()
        # What is one desk's is called as the desk calls it: the web client hands only such keys on to the views.
        action["context"]["psa_desk_view_ref"] = self.id
        return action

    def action_save_as_template(self):
        """Make this desk the template with which new desks of the company start."""
        self.ensure_one()
        if not self.env.user.has_group(ADMINISTRATOR):
            raise AccessError(self.env._("Only company administrators can change the template of the company."))
        self.check_access("write")
        self.sudo().company_id._psa_take_template_from(self.sudo())
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("New desks of %(company)s start as “%(desk)s” is now.", company=self.company_id.name, desk=self.name),
            },
        }
