from odoo import api, models
from odoo.fields import Command


class PsaWizardMixin(models.AbstractModel):
    """A wizard works on records that whoever asks may read.

    Odoo does not check whether somebody may read what he names in a many2one or many2many: the name of the record, and what the
    wizard computes of it with full rights, would be told to anybody who may open the wizard.
    """

    _name = "psa.wizard.mixin"
    _description = "Wizard on Readable Records"

    def _add_missing_default_values(self, values):
        # Before anything is computed: an error message must not tell of the record either.
        vals = super()._add_missing_default_values(values)
        self._psa_check_named(vals)
        return vals

    def write(self, vals):
        self._psa_check_named(vals)
        return super().write(vals)

    @api.model
    def new(self, values=None, origin=None, ref=None):
        self._psa_check_named(values or {})
        return super().new(values, origin, ref)

    def onchange(self, values, field_names, fields_spec):
        # What follows from the rest is read there, not taken from the caller.
        derived = {name for name in values if name in self._fields and self._psa_is_derived(self._fields[name])}
        values = {name: value for name, value in values.items() if name not in derived}
        self._psa_check_named(values)
        if not field_names:
            self._psa_check_named(self.default_get(list(fields_spec)))
        return super().onchange(values, [name for name in field_names if name not in derived], fields_spec)

    def _psa_check_named(self, vals):
        """Make sure that the user may read the records that values name."""
        if self.env.su:
            return
        for name, value in vals.items():
            field = self._fields.get(name)
            if value and field is not None and field.relational and not self._psa_is_derived(field):
                records = self.env[field.comodel_name].browse(self._psa_named_ids(value))
                if records:
                    records.check_access("read")

    @api.model
    def _psa_is_derived(self, field):
        return bool(field.compute) and field.readonly and not field.store

    @api.model
    def _psa_named_ids(self, value):
        """Return the ids in the value of a relational field: an id, records, or commands."""
        if isinstance(value, models.BaseModel):
            return value._origin.ids
        if not isinstance(value, (list, tuple)):
            return [value] if isinstance(value, int) else []
        ids = set()
        for item in value:
            if isinstance(item, int):
                ids.add(item)
            elif isinstance(item, (list, tuple)) and item[0] == Command.SET:
                ids.update(id_ for id_ in item[2] if isinstance(id_, int))
            elif isinstance(item, (list, tuple)) and item[0] in (Command.UPDATE, Command.LINK) and isinstance(item[1], int):
                ids.add(item[1])
        return sorted(ids)
