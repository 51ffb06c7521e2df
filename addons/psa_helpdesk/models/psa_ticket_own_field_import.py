from odoo import api, models
from odoo.fields import Domain

from ..core import own_fields

PREFIX = "properties."


class PsaTicket(models.Model):
    """Imports name own fields as people do: by label, or by label and desk where several desks have one of that label."""

    _inherit = "psa.ticket"

    @api.model
    def load(self, fields, data):
        names, messages = dict.fromkeys(field for field in fields if field.startswith(PREFIX)), []
        if names:
            offered = self._own_fields_to_import()
            for field in names:
                found = offered.get(field.removeprefix(PREFIX).strip().casefold(), {})
                if len(found) == 1:
                    names[field] = PREFIX + next(iter(found))
                else:
                    messages.append(self._own_field_import_refusal(field, found))
        if messages:
            return {"ids": False, "messages": messages, "nextrow": 0}
        return super().load([names.get(field) or field for field in fields], data)

    @api.model
    def _own_fields_to_import(self):
        """Return {what a column may be called: {technical name: label and desk}} for the desks the user sees."""
        desks = self.env["psa.desk"].search(Domain.TRUE)
        offered = {}
        for desk in desks:
            for field in self._own_field_definition(desk.id):
                if field["type"] == "separator":
                    continue
                full = f"{own_fields.label(field)} ({desk.name})"
                for title in (field["name"], own_fields.label(field), full):
                    offered.setdefault(title.strip().casefold(), {}).setdefault(field["name"], full)
        return offered

    @api.model
    def _own_field_import_refusal(self, field, found):
        title = field.removeprefix(PREFIX)
        if found:
            message = self.env._(
                "Several desks have an own field “%(title)s”. Say which one you mean: %(offered)s.",
                title=title, offered=", ".join(sorted(found.values(), key=str.casefold)),
            )
        else:
            message = self.env._("No desk has an own field “%s”. Use the label or the technical name of one.", title)
        return {"type": "error", "message": message, "field": field, "rows": {"from": 0, "to": 0}, "record": 0}
