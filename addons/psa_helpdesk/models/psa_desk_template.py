from typing import NamedTuple

from odoo import models
from odoo.exceptions import AccessError


class Difference(NamedTuple):
    """One thing in which a desk is not like the template of its company."""

    key: str
    kind: str  # setting, option, field or stage
    name: str
    here: str
    template: str
    # What would cost values of tickets, or what only the desk has, is shown but never taken over or away.
    can_pull: bool = True


class PsaDesk(models.Model):
    """A desk next to the template of its company: in what they differ, and how a difference is pulled in."""

    _inherit = "psa.desk"

    def action_compare_with_template(self):
        """Show in what the desk differs from the template, to pull in what is wanted."""
        self.ensure_one()
        self._check_may_configure()
        wizard = self.env["psa.desk.compare"].create({
            "desk_id": self.id,
            "line_ids": [
                (0, 0, {**difference._asdict(), "sequence": position})
                for position, difference in enumerate(self._template_differences())
            ],
        })
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%s and the Template", self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def _check_may_configure(self):
        self.check_access("write")
        if not all(desk.can_configure for desk in self):
            raise AccessError(self.env._("Only company administrators and the administrators of the desk can change its fields."))

    def _template_differences(self):
        """Return the differences between desk and template, in the order in which they can be pulled in."""
        self.ensure_one()
        return [
            *self._setting_differences(), *self._option_differences(), *self._own_field_differences(), *self._stage_differences(),
            *self._additions(),
        ]

    def _template_rows(self):
        """Return {attribute: (row of the desk, row of the template)}."""
        here = {row.attribute: row for row in self.attribute_ids}
        template = {row.attribute: row for row in self.company_id.sudo().psa_attribute_ids.sudo(False)}
        return {attribute: (here[attribute], row) for attribute, row in template.items() if attribute in here}

    def _setting_differences(self):
        rows = self._template_rows()
        for attribute, (row, template) in rows.items():
            for name in row._copied_fields():
                told = self._told_apart(row, template, name) if name != "sequence" else None
                if told:
                    yield Difference(
                        f"setting/{attribute}/{name}", "setting",
                        f"{row.shown_label}: {row._fields[name].get_description(self.env, ['string'])['string']}", *told,
                    )
        here = sorted(rows, key=lambda attribute: (rows[attribute][0].sequence, rows[attribute][0].id))
        there = sorted(rows, key=lambda attribute: (rows[attribute][1].sequence, rows[attribute][1].id))
        if here != there:
            yield Difference(
                "setting/order", "setting", self.env._("Order of the Fields"),
                ", ".join(rows[attribute][0].shown_label for attribute in here),
                ", ".join(rows[attribute][1].shown_label for attribute in there),
            )

    def _told_apart(self, row, template, name):
        """Return both values of a setting as people read them if they differ, in whichever language, else None."""
        if not row._fields[name].translate:
            return (self._told(row, name), self._told(template, name)) if row[name] != template[name] else None
        own = self.env.lang or "en_US"
        here, there = [], []
        for code, language in self.env["res.lang"].get_installed():
            mine, theirs = row.with_context(lang=code), template.with_context(lang=code)
            if mine[name] != theirs[name]:
                tail = "" if code == own else f" ({language})"
                here.append(self._told(mine, name) + tail)
                there.append(self._told(theirs, name) + tail)
        return (" / ".join(here), " / ".join(there)) if here else None

    def _told(self, row, name):
        """Return the value of a setting as people read it."""
        field, value = row._fields[name], row[name]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if field.type == "selection":
            return dict(field._description_selection(self.env))[value]
        return (value.display_name if field.type == "many2one" else value) or "–"

    def _own_options_by_name(self):
        """Return {(attribute, name of the category, name): own option}, archived ones too."""
        options = self.env["psa.ticket.option"].with_context(active_test=False).search([("desk_id", "=", self.id)])
        return {option._name_key(): option for option in options}

    def _template_options(self):
        """Return the options of the company for attributes of which this desk offers its own only."""
        Attribute = self.env["psa.desk.attribute"]
        own_only = {Attribute._option_attribute(row.attribute) for row in self.attribute_ids if row.options_from == "own"}
        return self.env["psa.ticket.option"].search([
            ("desk_id", "=", False), ("company_id", "in", [self.company_id.id, False]), ("attribute", "in", sorted(own_only)),
        ]).sorted(lambda option: bool(option.parent_id))

    def _option_differences(self):
        kinds = dict(self.env["psa.ticket.option"]._fields["attribute"]._description_selection(self.env))
        own = self._own_options_by_name()
        for option in self._template_options():
            name = f"{kinds[option.attribute]}: {option.with_context(psa_full_option_name=True).display_name}"
            mine = own.get(option._name_key())
            if not mine:
                yield Difference(f"option/{option.id}", "option", name, "–", self.env._("Offered"))
            elif not mine.active:
                yield Difference(f"option/{option.id}", "option", name, self.env._("Archived"), self.env._("Offered"))
            elif (mine.rank, mine.color) != (option.rank, option.color):
                told = self.env._("Rank %(rank)s, colour %(color)s")
                yield Difference(
                    f"option/{option.id}", "option", name,
                    told % {"rank": mine.rank, "color": mine.color}, told % {"rank": option.rank, "color": option.color},
                )

    def _own_field_differences(self):
        here = {definition["name"]: definition for definition in self.properties_definition or []}
        usual = self.env["psa.desk.field"].default_get(["required", "portal"])

        def said(definition):
            return {key: value for key, value in {**usual, **definition}.items() if value}

        for definition in self.company_id.sudo().psa_ticket_properties_definition or []:
            mine = here.get(definition["name"])
            told = f"{definition.get('string')} ({definition.get('type')})"
            if not mine:
                yield Difference(f"field/{definition['name']}", "field", definition.get("string") or "", "–", told)
            elif mine.get("type") != definition.get("type"):
                # Another type would empty the field on every ticket, so that is never pulled in.
                yield Difference(
                    f"field/{definition['name']}", "field", mine.get("string") or "",
                    f"{mine.get('string')} ({mine.get('type')})", self.env._("%s, another type: it stays as it is", told), can_pull=False,
                )
            elif said(mine) != said(definition):
                yield Difference(
                    f"field/{definition['name']}", "field", mine.get("string") or "",
                    f"{mine.get('string')} ({mine.get('type')})", self.env._("%s, set up in another way", told)
                    if mine.get("string") == definition.get("string") else told,
                )

    def _stage_differences(self):
        for stage in self.company_id.sudo().psa_template_stage_ids.filtered("active") - self.sudo().stage_ids:
            yield Difference(f"stage/{stage.id}", "stage", stage.name, "–", self.env._("Used"))

    def _additions(self):
        """Return what the desk has that the template does not: own options, own fields and stages."""
        Attribute = self.env["psa.desk.attribute"]
        kinds = dict(self.env["psa.ticket.option"]._fields["attribute"]._description_selection(self.env))
        used = {Attribute._option_attribute(row.attribute) for row in self.attribute_ids if row.options_from != "company"}
        shared = {option._name_key() for option in self.env["psa.ticket.option"].search([
            ("desk_id", "=", False), ("company_id", "in", [self.company_id.id, False]), ("attribute", "in", sorted(used)),
        ])}
        for key, option in self._own_options_by_name().items():
            if option.active and option.attribute in used and key not in shared:
                name = f"{kinds[option.attribute]}: {option.with_context(psa_full_option_name=True).display_name}"
                yield Difference(f"option/{option.id}", "option", name, self.env._("Offered"), "–", can_pull=False)
        template = {definition["name"] for definition in self.company_id.sudo().psa_ticket_properties_definition or []}
        for definition in self.properties_definition or []:
            if definition["name"] not in template:
                told = f"{definition.get('string')} ({definition.get('type')})"
                yield Difference(f"field/{definition['name']}", "field", definition.get("string") or "", told, "–", can_pull=False)
        for stage in self.sudo().stage_ids.filtered("active") - self.company_id.sudo().psa_template_stage_ids:
            yield Difference(f"stage/{stage.id}", "stage", stage.name, self.env._("Used"), "–", can_pull=False)

    def _pull_from_template(self, keys):
        """Take over those differences; a key that is no difference (any more) is left alone."""
        self.ensure_one()
        self._check_may_configure()
        wanted = [difference for difference in self._template_differences() if difference.key in keys and difference.can_pull]
        # Where options come from decides what a default may be, so it goes first.
        order = {"options_from": 0, "is_shown": 1, "required": 2}
        wanted.sort(key=lambda difference: order.get(difference.key.rpartition("/")[2], 1) if difference.kind == "setting" else 3)
        for difference in wanted:
            getattr(self, f"_pull_{difference.kind}")(*difference.key.split("/")[1:])
        return wanted

    def _pull_setting(self, attribute, name=None):
        rows = self._template_rows()
        if attribute == "order":
            for row, template in rows.values():
                row.sequence = template.sequence
            return
        row, template = rows[attribute]
        row.write({name: row._fields[name].convert_to_write(template[name], template)})
        if row._fields[name].translate:
            row._copy_translations(template, [name])

    def _pull_option(self, option_id):
        self._own_copy(self.env["psa.ticket.option"].browse(int(option_id)))

    def _own_copy(self, option):
        """Return the desk's own option like this one of the template, made or brought up to date."""
        mine = self._own_options_by_name().get(option._name_key())
        if mine:
            mine.write({"rank": option.rank, "color": option.color, "active": True})
            return mine
        parent = option.parent_id
        categories = self.attribute_ids.filtered(lambda row: row.attribute == "category")
        if parent and categories.options_from == "own":
            parent = self._own_copy(parent)
        return option.copy({"desk_id": self.id, "company_id": self.company_id.id, "parent_id": parent.id})

    def _pull_field(self, name):
        template = {
            definition["name"]: dict(definition) for definition in self.company_id.sudo().psa_ticket_properties_definition
        }
        definitions = [dict(definition) for definition in self.properties_definition or []]
        if name in {definition["name"] for definition in definitions}:
            definitions = [template[name] if definition["name"] == name else definition for definition in definitions]
        else:
            definitions.append(template[name])
        self.properties_definition = definitions

    def _pull_stage(self, stage_id):
        # Desk administrators cannot take shared stages away from others; this one is offered to each desk.
        self.env["psa.ticket.stage"].sudo().browse(int(stage_id)).write({"desk_ids": [(4, self.id)]})
