from odoo import models
from odoo.addons.psa_helpdesk.core import own_fields
from odoo.addons.psa_helpdesk.core.history import property_text, references


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _portal_asked_own_fields(self, desk):
        """The own fields the desk asks a client for on the portal, in its order."""
        return [
            field for field in self._own_field_definition(desk.id)
            if field.get("portal") == "asked" and field["type"] in own_fields.PORTAL_TYPES
        ]

    def _portal_create(self, user, desk, form, files=()):
        # Given as defaults, so that the ticket is created with them; they are checked as everything written is.
        with_own = self.with_context(default_properties=form.own_fields or {})
        return super(PsaTicket, with_own)._portal_create(user, desk, form, files).with_env(self.env)

    def _portal_shown_own_fields(self):
        """What the desk shows a client of this ticket's own fields.

        :return: list of pairs of label and text, in the desk's order, without those that are empty
        """
        self.ensure_one()
        definition = [
            field for field in self._own_field_definition(self.desk_id.id) if field.get("portal") in ("shown", "asked")
        ]
        values = self._own_field_values()
        names = {}
        for model, record_id in references(values, definition):
            record = self.env[model].sudo().browse(record_id).exists()
            names[model, record_id] = record.display_name if record else ""
        formats = {kind: (lambda value, kind=kind: self._history_moment(kind, value)) for kind in ("date", "datetime")}
        words = self.env._("No"), self.env._("Yes")
        shown = [
            (own_fields.label(field), property_text(values.get(field["name"]), field, names, words, formats))
            for field in definition if field["type"] != "separator"
        ]
        return [(label, text) for label, text in shown if text]
