from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import frozendict

ATTRIBUTES = [
    ("type", "Type"),
    ("category", "Category"),
    ("subcategory", "Subcategory"),
    ("severity", "Severity"),
    ("priority", "Priority"),
    ("module", "Module"),
    ("reported_version", "Reported Version"),
    ("resolved_version", "Resolved Version"),
    ("phase", "Phase"),
]
# What a client may say of his request unless a desk decides otherwise; the rest is for those who work on it.
ASKED_ON_PORTAL = ("type", "category", "priority")
# What says whose row it is.
IDENTITY = {"desk_id", "company_id", "attribute"}


class PsaDeskAttribute(models.Model):
    """How a desk uses one of the standard attributes of its tickets: its label, whether it is shown and required.

    Each desk has one row for each attribute, made with the desk. The rows without a desk are the template of the company:
    a new desk starts with them. Both are read at each ticket, so they are kept in a cache.
    """

    _name = "psa.desk.attribute"
    _description = "Ticket Attribute of a Desk"
    _order = "sequence, id"
    _check_company_auto = True

    _order_idx = models.Index("(sequence, id)")
    _attribute_uniq = models.UniqueIndex(
        "(company_id, COALESCE(desk_id, 0), attribute)", "This attribute is already set up here. Change the line there is."
    )

    desk_id = fields.Many2one(
        "psa.desk", index="btree_not_null", ondelete="cascade", check_company=True,
        help="Empty: the template with which new desks of the company start.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, compute="_compute_company_id", store=True, readonly=False, precompute=True,
    )
    attribute = fields.Selection(ATTRIBUTES, required=True)
    sequence = fields.Integer(default=10, aggregator=None, help="Order on the portal and in the list of what is missing.")
    label = fields.Char(translate=True, help="What this desk calls the attribute. Empty: its usual name.")
    shown_label = fields.Char("Shown as", compute="_compute_shown_label")
    is_shown = fields.Boolean("Shown", default=True, help="Show the attribute on the tickets of this desk.")
    required = fields.Selection(
        [("never", "Never"), ("create", "On Creation"), ("resolve", "On Resolution"), ("close", "On Closing")],
        default="never", required=True,
        help="From when on the attribute must be filled in. Tickets that come by mail or from monitoring are taken without it "
        "and marked as incomplete.",
    )
    portal = fields.Selection(
        [("hidden", "Hidden"), ("shown", "Shown"), ("asked", "Asked")], "On the Portal", default="hidden", required=True,
        help="Hidden: clients do not see it. Shown: on the page of their ticket. Asked: also when they open one.",
    )
    options_from = fields.Selection(
        [("both", "Both"), ("company", "Company"), ("own", "Desk")], "Options", default="both", required=True,
        help="Which options the desk offers: those every desk of the company has, its own, or both. "
        "Both versions share one list; the line of the reported version decides.",
    )
    default_option_id = fields.Many2one(
        "psa.ticket.option", "Default", ondelete="set null", check_company=True,
        domain="[('attribute', '=', option_attribute), ('offered_desk_ids', 'in', desk_id)]",
        help="New tickets of the desk get this option unless another is chosen.",
    )
    help = fields.Text(translate=True, help="Shown next to the field, to technicians and on the portal.")
    option_attribute = fields.Char(compute="_compute_option_attribute")
    option_count = fields.Integer("Number of Options", compute="_compute_option_count")

    @api.depends("desk_id")
    def _compute_company_id(self):
        for row in self:
            row.company_id = row.desk_id.company_id or row.company_id or self.env.company

    @api.depends("attribute", "label")
    @api.depends_context("lang")
    def _compute_shown_label(self):
        for row in self:
            row.shown_label = row.label or self._usual_label(row.attribute)

    @api.depends("shown_label")
    def _compute_display_name(self):
        for row in self:
            row.display_name = row.shown_label

    @api.depends("attribute")
    def _compute_option_attribute(self):
        for row in self:
            row.option_attribute = self._option_attribute(row.attribute)

    @api.depends("options_from")
    def _compute_option_count(self):
        Option = self.env["psa.ticket.option"]
        for row in self:
            row.option_count = len(Option._offered_ids(
                row.desk_id._origin.id, row.company_id.id, row.option_attribute, row.options_from
            ))

    @api.constrains("is_shown", "required", "portal")
    def _check_hidden(self):
        for row in self:
            if not row.is_shown and row.required != "never":
                raise ValidationError(self.env._(
                    "“%s” is hidden, so nobody could fill it in. Show it, or require it never.", row.shown_label
                ))

    @api.constrains("default_option_id", "attribute", "options_from", "desk_id")
    def _check_default_option(self):
        Option = self.env["psa.ticket.option"]
        for row in self:
            option = row.default_option_id
            if option and option.id not in Option._offered_ids(
                row.desk_id.id, row.company_id.id, row.option_attribute, row.options_from
            ):
                raise ValidationError(self.env._(
                    "“%(option)s” is not offered as %(label)s here, so it cannot be the default. Choose one that is offered.",
                    option=option.sudo().name, label=row.shown_label,
                ))

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create([
            {**self._usual_settings(vals["attribute"]), **vals} if vals.get("attribute") in dict(ATTRIBUTES) else vals for vals in vals_list
        ])
        rows._clear_caches()
        return rows

    def write(self, vals):
        if vals.keys() & IDENTITY and not self.env.su:
            self.check_access("write")
            if any(self._fields[name].convert_to_write(row[name], row) != vals[name] for row in self for name in vals.keys() & IDENTITY):
                raise UserError(self.env._(
                    "A line stays with its desk and its attribute. Change the line of the other desk instead."
                ))
        result = super().write(vals)
        self._clear_caches()
        if vals.keys() & {"is_shown", "required"}:
            self.desk_id._renew_incomplete_marks()
        if "options_from" in vals:
            self._share_version_options()
        return result

    def unlink(self):
        result = super().unlink()
        self._clear_caches()
        return result

    def _check_access(self, operation):
        return super()._check_access(operation) or self.env["psa.desk"]._refusal_to_configure(self, operation)

    def _clear_caches(self):
        # Lists and searches carry the labels, so what is known of views goes too.
        self.env.registry.clear_cache("default", "templates")

    def _share_version_options(self):
        """Both versions are chosen from one list: what the reported version says goes for the resolved one."""
        for row in self.filtered(lambda row: row.attribute == "reported_version"):
            other = self.search([
                ("company_id", "=", row.company_id.id), ("desk_id", "=", row.desk_id.id),
                ("attribute", "=", "resolved_version"), ("options_from", "!=", row.options_from),
            ])
            if other:
                other.write({"options_from": row.options_from})

    def action_view_options(self):
        """Open the options of this attribute at this desk, its own and those of the company."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_option")
        return {
            **action,
            "name": self.env._("Options of %s", self.shown_label),
            "domain": [
                ("attribute", "=", self.option_attribute),
                ("desk_id", "in", [False, self.desk_id.id]),
                ("company_id", "in", [False, self.company_id.id]),
            ],
            "context": {
                "default_attribute": self.option_attribute,
                "default_desk_id": self.desk_id.id,
                "default_company_id": self.company_id.id,
                "search_default_group_desk": 1,
                "active_test": False,
            },
        }

    @api.model
    def _option_attribute(self, attribute):
        """Return the attribute of the options that ``attribute`` takes."""
        return "version" if attribute in ("reported_version", "resolved_version") else attribute

    @api.model
    def _usual_label(self, attribute):
        return dict(self._fields["attribute"]._description_selection(self.env)).get(attribute, attribute)

    @api.model
    def _usual_settings(self, attribute):
        """Return the settings of an attribute nobody has set up yet."""
        return {
            "attribute": attribute,
            "sequence": 10 * (1 + [key for key, __ in ATTRIBUTES].index(attribute)),
            "portal": "asked" if attribute in ASKED_ON_PORTAL else "hidden",
        }

    @api.model
    def _copied_fields(self):
        """Return the settings a desk takes over from the template of its company."""
        return ["sequence", "label", "is_shown", "required", "portal", "options_from", "default_option_id", "help"]

    def _prepare_copy_vals(self):
        """Return the values of a row like this one for another desk; what only this desk offers cannot be its default."""
        self.ensure_one()
        vals = {name: self._fields[name].convert_to_write(self[name], self) for name in self._copied_fields()}
        if self.default_option_id.desk_id:
            vals["default_option_id"] = False
        return {**vals, "attribute": self.attribute}

    @api.model
    def _create_missing(self):
        """Make the rows that desks and companies lack; run when the module is installed and at each update."""
        self = self.sudo()
        self.env["res.company"].search(Domain.TRUE)._psa_create_attribute_template()
        self.env["psa.desk"].with_context(active_test=False).search(Domain.TRUE)._create_attributes()

    def _copy_translations(self, source, names=("label", "help")):
        """Take over label and help of another row in every language."""
        for name in names:
            for lang, __ in self.env["res.lang"].get_installed():
                translated = source.with_context(lang=lang)[name]
                if translated != self.with_context(lang=lang)[name]:
                    self.with_context(lang=lang)[name] = translated

    @api.model
    @tools.ormcache()
    def _settings_by_desk(self):
        """Return {desk id: {field of the ticket: settings}} of every desk, in the desk's order; cached.

        It is looked up at each ticket, so settings are plain data.
        """
        rows = self.sudo().search_fetch(
            [("desk_id", "!=", False)],
            ["desk_id", "attribute", "is_shown", "required", "portal", "options_from", "default_option_id"],
        )
        settings = {}
        for row in rows:
            settings.setdefault(row.desk_id.id, {})[f"{row.attribute}_id"] = frozendict({
                "is_shown": row.is_shown,
                "required": row.required if row.is_shown else "never",
                "portal": row.portal if row.is_shown else "hidden",
                "options_from": row.options_from,
                "default": row.default_option_id.id,
            })
        return settings

    @api.model
    @tools.ormcache("lang")
    def _labels_by_desk(self, lang):
        """Return {desk id: {field of the ticket: (label, help)}} in a language; cached. A label is never empty."""
        rows = self.sudo().with_context(lang=lang).search_fetch(
            [("desk_id", "!=", False)], ["desk_id", "attribute", "label", "help"]
        )
        usual = self.with_context(lang=lang)._usual_label
        labels = {}
        for row in rows:
            labels.setdefault(row.desk_id.id, {})[f"{row.attribute}_id"] = (row.label or usual(row.attribute), row.help or "")
        return labels

    @api.model
    @tools.ormcache()
    def _required_by_desk(self):
        """Return {desk id: {field: from when on it is required}}, without those that never are; cached."""
        return {
            desk_id: {fname: setting["required"] for fname, setting in settings.items() if setting["required"] != "never"}
            for desk_id, settings in self._settings_by_desk().items()
        }

    @api.model
    @tools.ormcache()
    def _defaults_by_desk(self):
        """Return {desk id: {field: id of the default option}}, without those that have none; cached."""
        return {
            desk_id: {fname: setting["default"] for fname, setting in settings.items() if setting["default"]}
            for desk_id, settings in self._settings_by_desk().items()
        }
