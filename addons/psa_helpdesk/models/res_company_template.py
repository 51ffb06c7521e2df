from odoo import api, fields, models

from .psa_desk_attribute import ATTRIBUTES


class ResCompany(models.Model):
    """The template of a service company's desks: what a new desk starts with, and each desk can be compared with.

    Attributes and options of the template are the rows without a desk; own fields and stages are kept here.
    """

    _inherit = "res.company"

    psa_attribute_ids = fields.One2many(
        "psa.desk.attribute", "company_id", "Ticket Fields of New Desks", domain=[("desk_id", "=", False)]
    )
    psa_ticket_properties_definition = fields.Json(
        "Own Fields of New Desks", help="Definitions of the own ticket fields with which a new desk starts."
    )
    psa_template_stage_ids = fields.Many2many(
        "psa.ticket.stage", "psa_company_template_stage_rel", "company_id", "stage_id", string="Stages of New Desks",
        help="Stages a new desk uses, next to those shared by every desk.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.sudo()._psa_create_attribute_template()
        return companies

    def _psa_create_attribute_template(self):
        """Make the rows of the template these companies lack."""
        Attribute = self.env["psa.desk.attribute"]
        present = {(row.company_id.id, row.attribute) for row in Attribute.search([
            ("company_id", "in", self.ids), ("desk_id", "=", False)
        ])}
        Attribute.create([
            {**Attribute._usual_settings(attribute), "company_id": company.id}
            for company in self
            for attribute, __ in ATTRIBUTES
            if (company.id, attribute) not in present
        ])

    def _psa_take_template_from(self, desk):
        """Make a desk the template: its settings, copies of its own options for all, its own fields and its stages."""
        self.ensure_one()
        Option = self.env["psa.ticket.option"]
        self._psa_create_attribute_template()
        here = {
            option._name_key(): option
            for option in Option.with_context(active_test=False).search([
                ("desk_id", "=", False), ("company_id", "in", [self.id, False])
            ])
        }
        copies = {}
        own = Option.search([("desk_id", "=", desk.id)])
        for option in own.sorted(lambda option: bool(option.parent_id)):
            parent = copies.get(option.parent_id, option.parent_id)
            copies[option] = here.get(option._name_key()) or option.copy({"desk_id": False, "company_id": self.id, "parent_id": parent.id})
        rows = {row.attribute: row for row in self.psa_attribute_ids}
        for row in desk.attribute_ids:
            vals = row._prepare_copy_vals()
            if row.default_option_id.desk_id:
                vals["default_option_id"] = copies[row.default_option_id].id
            target = rows[row.attribute]
            target.write({name: value for name, value in vals.items() if name != "attribute"})
            target._copy_translations(row)
        self.psa_ticket_properties_definition = [dict(definition) for definition in desk.properties_definition or []]
        self.psa_template_stage_ids = desk.stage_ids
