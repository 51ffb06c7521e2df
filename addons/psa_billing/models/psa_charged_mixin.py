from odoo import api, fields, models


class PsaChargedMixin(models.AbstractModel):
    """What charges are made on beside tickets: counted, opened and added in place.

    ``_psa_charge_field`` names the field of the charge that points to it. It is overridden with ``psa_takes_charges`` computed.
    """

    _name = "psa.charged.mixin"
    _description = "Has Charges"
    _psa_charge_field = None

    psa_charge_count = fields.Integer(
        "Charges", compute="_compute_psa_charge_count", groups="psa_crm.group_technician,psa_crm.group_billing"
    )
    psa_takes_charges = fields.Boolean(
        compute="_compute_psa_takes_charges", groups="psa_crm.group_technician,psa_crm.group_billing", export_string_translation=False
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_psa_charge_count(self):
        counts = {}
        if self.env["psa.charge"].has_access("read"):
            fname = self._psa_charge_field
            counts = dict(self.env["psa.charge"]._read_group([(fname, "in", self.ids)], [fname], ["__count"]))
        for record in self:
            record.psa_charge_count = counts.get(record._origin, 0)

    def _compute_psa_takes_charges(self):
        raise NotImplementedError

    def action_add_psa_charge(self):
        """Add a charge in a dialog."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge_add")
        action["context"] = {f"default_{self._psa_charge_field}": self.id}
        return action

    def action_view_psa_charges(self):
        """Open the charges made on these records."""
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_billing.action_psa_charge")
        action["domain"] = [(self._psa_charge_field, "in", self.ids)]
        action["context"] = {f"default_{self._psa_charge_field}": self[:1].id}
        return action
