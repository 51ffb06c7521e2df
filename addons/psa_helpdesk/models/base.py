from odoo import models

OUR_KEYS = ("required", "portal", "indexed", "help")


class Base(models.AbstractModel):
    """Own fields of desks have settings Odoo's Properties lack; those of other models are left as they are."""

    _inherit = "base"

    def _additional_allowed_keys_properties_definition(self):
        return (*super()._additional_allowed_keys_properties_definition(), *OUR_KEYS)

    def _validate_properties_definition(self, properties_definition, field):
        result = super()._validate_properties_definition(properties_definition, field)
        if field.model_name == "psa.desk":
            self.env["psa.desk"]._check_own_fields(properties_definition)
        elif any(key in entry for entry in properties_definition for key in OUR_KEYS):
            raise ValueError(f"Only own fields of desks have the keys {', '.join(OUR_KEYS)}.")
        return result
