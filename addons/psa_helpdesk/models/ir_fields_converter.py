from odoo import api, models


class IrFieldsConverter(models.AbstractModel):
    _inherit = "ir.fields.converter"

    @api.model
    def _str_to_properties(self, model, field, value, savepoint):
        """Read amounts as the decimals they are; Odoo leaves them as text."""
        if model._name == "psa.ticket" and isinstance(value, list):
            for entry in value:
                if entry.get("type") == "monetary" and isinstance(entry.get("value"), str) and entry["value"]:
                    entry["value"], __ = self._str_to_float(model, field, entry["value"], savepoint)
        return super()._str_to_properties(model, field, value, savepoint)
