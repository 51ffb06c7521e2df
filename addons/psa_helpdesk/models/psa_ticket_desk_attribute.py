from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..core import required

NO_SETTINGS = {"is_shown": True, "required": "never", "portal": "hidden", "options_from": "both", "default": False}


class PsaTicket(models.Model):
    """A ticket's attributes as its desk wants them: label, shown or not, required or not, options and default.

    Everything is looked up in what ``psa.desk.attribute`` keeps in memory. The form reads it from one field,
    ``attribute_settings``, so that it follows the desk before the ticket is saved.
    """

    _inherit = "psa.ticket"

    attribute_settings = fields.Json(
        compute="_compute_attribute_settings",
        help="What the form needs of the desk: which attributes are shown, which required, and what they are called.",
    )

    @api.depends("desk_id", "state", "is_incomplete")
    @api.depends_context("lang")
    def _compute_attribute_settings(self):
        Attribute = self.env["psa.desk.attribute"]
        settings, labels = Attribute._settings_by_desk(), Attribute._labels_by_desk(self.env.lang)
        marks = {
            "create": self.env._("Needed when a ticket is created."),
            "resolve": self.env._("Needed before a ticket is resolved."),
            "close": self.env._("Needed before a ticket is closed."),
        }
        for ticket in self:
            desk_id = ticket.desk_id._origin.id
            since = {fname: setting["required"] for fname, setting in settings.get(desk_id, {}).items()}
            now = required.required_at(since, required.moment_of(ticket.state or "new"))
            # What came in without its fields can be worked on before somebody fills them in.
            is_tolerated = ticket._origin.is_incomplete
            ticket.attribute_settings = {
                "shown": [fname for fname in self._option_attributes() if settings.get(desk_id, {}).get(fname, NO_SETTINGS)["is_shown"]],
                "required": [] if is_tolerated else list(now),
                "asked": [fname for fname, moment in since.items() if moment == "create"],
                "labels": {
                    fname: {"label": label, "help": "\n".join(filter(None, (text, marks.get(since[fname])))), "mark": fname in now}
                    for fname, (label, text) in labels.get(desk_id, {}).items()
                },
            }

    @api.onchange("desk_id")
    def _onchange_desk_id_attributes(self):
        """Show at once what a move to the desk would make of the attributes, and the desk's defaults in empty ones."""
        defaults = self.env["psa.desk.attribute"]._defaults_by_desk().get(self.desk_id._origin.id, {})
        for fname, option_id in self._values_for_desk(self.desk_id._origin.id).items():
            self[fname] = option_id
        for fname, option_id in self._fitting_defaults(defaults, self.category_id._origin.id).items():
            if not self[fname] and not self._origin:
                self[fname] = option_id

    @api.model
    def _fitting_defaults(self, defaults, category_id):
        """Return {field: option id} without a subcategory that does not belong to the category the ticket will have."""
        parent_id = self.env["psa.ticket.option"]._catalog()
        subcategory_id = defaults.get("subcategory_id")
        if subcategory_id and parent_id[subcategory_id].parent_id != (category_id or defaults.get("category_id")):
            return {fname: option_id for fname, option_id in defaults.items() if fname != "subcategory_id"}
        return defaults

    def _values_for_desk(self, desk_id):
        """Return {field: option id} of the attributes whose value that desk does not offer.

        An option of the same name takes its place; without one the field is emptied.
        """
        self.ensure_one()
        Option = self.env["psa.ticket.option"]
        Attribute = self.env["psa.desk.attribute"]
        settings = Attribute._settings_by_desk().get(desk_id, {})
        desk = self.env["psa.desk"]._settings_by_desk().get(desk_id)
        if not desk:
            return {}
        catalog, values = Option._catalog(), {}
        for fname, attribute in self._option_attributes().items():
            option_id = self[fname]._origin.id
            source = settings.get(fname, NO_SETTINGS)["options_from"]
            if not option_id or Option._fits_desk(option_id, desk_id, desk["company_id"], attribute, source):
                continue
            parent_id = values.get("category_id", self.category_id._origin.id) if attribute == "subcategory" else False
            values[fname] = next(
                (
                    candidate
                    for candidate in Option._offered_ids(desk_id, desk["company_id"], attribute, source)
                    if catalog[candidate].name == catalog[option_id].name and (not parent_id or catalog[candidate].parent_id == parent_id)
                ),
                False,
            )
        return values

    def _complete_create_vals(self, vals_list):
        super()._complete_create_vals(vals_list)
        defaults_by_desk = self.env["psa.desk.attribute"]._defaults_by_desk()
        if not defaults_by_desk:
            return
        given = {key.removeprefix("default_") for key, value in self.env.context.items() if key.startswith("default_") and value}
        for vals in vals_list:
            defaults = defaults_by_desk.get(vals["desk_id"])
            if defaults:
                for fname, option_id in self._fitting_defaults(defaults, vals.get("category_id")).items():
                    if fname not in given:
                        vals.setdefault(fname, option_id)

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        for ticket, vals in zip(tickets, vals_list, strict=True):
            self._check_offered(vals, ticket.desk_id.id)
        return tickets

    def write(self, vals):
        if vals.get("desk_id"):
            for extra, tickets in self._values_of_move(vals):
                super(PsaTicket, tickets).write({**vals, **extra})
            self._check_offered(vals, vals["desk_id"])
            return True
        result = super().write(vals)
        if not vals.keys().isdisjoint(self._option_attributes()):
            for desk_id in {ticket.sudo().desk_id.id for ticket in self}:
                self._check_offered(vals, desk_id)
        return result

    def _values_of_move(self, vals):
        """Return pairs of values and tickets: a desk's new tickets take its options of the same names, unless told otherwise."""
        desk_id = vals["desk_id"]
        tickets_by_values = {}
        for ticket in self.sudo():
            values = ticket._values_for_desk(desk_id).items() if ticket.desk_id.id != desk_id else ()
            values = tuple((fname, value) for fname, value in values if fname not in vals)
            tickets_by_values.setdefault(values, []).append(ticket.id)
        return [(dict(values), self.browse(ids)) for values, ids in tickets_by_values.items()]

    @api.model
    def _check_offered(self, vals, desk_id):
        """Refuse a value that the desk does not offer. What a ticket has already is not asked: options come and go."""
        chosen = {fname: vals[fname] for fname in self._option_attributes() if vals.get(fname)}
        desk = self.env["psa.desk"]._settings_by_desk().get(desk_id)
        if not chosen or not desk:
            return
        Option = self.env["psa.ticket.option"]
        settings = self.env["psa.desk.attribute"]._settings_by_desk().get(desk_id, {})
        for fname, option_id in chosen.items():
            source = settings.get(fname, NO_SETTINGS)["options_from"]
            if not Option._fits_desk(option_id, desk_id, desk["company_id"], self._option_attributes()[fname], source):
                self._refuse_option(fname, option_id, desk_id)

    @api.model
    def _refuse_option(self, fname, option_id, desk_id):
        desk = self.env["psa.desk"].sudo().browse(desk_id)
        option = self.env["psa.ticket.option"].sudo().browse(option_id).exists()
        raise ValidationError(self.env._(
            "“%(option)s” is no %(field)s of desk “%(desk)s”. Choose one the desk offers.",
            option=option.name or option_id, field=self._desk_label(desk_id, fname), desk=desk.name,
        ))

    def _attribute_label(self, fname):
        """Return what the ticket's desk calls a field; any other field by its own label."""
        return self._desk_label(self.sudo().desk_id._origin.id if self else False, fname)

    @api.model
    def _desk_label(self, desk_id, fname):
        """Return what a desk calls a field of the ticket."""
        label, __ = self.env["psa.desk.attribute"]._labels_by_desk(self.env.lang).get(desk_id, {}).get(fname, (None, None))
        if label:
            return label
        field = self._fields.get(fname)
        return field.get_description(self.env, ["string"])["string"] if field else fname
