import re

from odoo import api, models

GROUP_BY = re.compile(r"""['"]group_by['"]\s*:\s*['"](\w+)""")


class PsaDeskWordsMixin(models.AbstractModel):
    """The words of the desk for the attributes of tickets, on tickets and on whatever else shows them, where one desk is in view."""

    _name = "psa.desk.words.mixin"
    _description = "Words of the Desk"

    # The kinds of views in which the attributes a desk does not use are left out; a ticket's form does that by itself.
    _psa_desk_views = ("list", "search")

    @api.model
    def _desk_in_view(self):
        """Return the id of the desk whose words are used: the one the action is about, else the only one there is.

        Where several desks are in view it is False: their tickets share a column, so it has the common name.
        """
        Desk = self.env["psa.desk"]
        desks = Desk._settings_by_desk()
        companies = self.env.companies.ids
        # The web client asks for views with such keys of the context only; the server's own calls have the default.
        desk_id = self.env.context.get("psa_desk_view_ref") or self.env.context.get("default_desk_id")
        if not isinstance(desk_id, int) or desk_id not in desks:
            active = [key for key, desk in desks.items() if desk["active"] and desk["company_id"] in companies]
            desk_id = active[0] if len(active) == 1 else False
        if not desk_id or self.env.su:
            return desk_id
        return desk_id if desks[desk_id]["company_id"] in companies and Desk.browse(desk_id).has_access("read") else False

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        descriptions = super().fields_get(allfields, attributes)
        if descriptions.keys().isdisjoint(self._desk_word_fields()):
            return descriptions
        labels = self.env["psa.desk.attribute"]._labels_by_desk(self.env.lang).get(self._desk_in_view(), {})
        for fname, (label, text) in labels.items():
            description = descriptions.get(fname, {})
            if "string" in description:
                description["string"] = label
            if description and text and (attributes is None or "help" in attributes):
                description["help"] = text
        return descriptions

    @api.model
    def _desk_word_fields(self):
        """Return the fields that are attributes of tickets."""
        return [fname for fname in self.env["psa.ticket"]._option_attributes() if fname in self._fields]

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        key = super()._get_view_cache_key(view_id, view_type, **options)
        return (*key, ("psa_desk", self._desk_in_view())) if view_type in self._psa_desk_views else key

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        desk_id = self._desk_in_view() if view_type in self._psa_desk_views else False
        if desk_id:
            settings = self.env["psa.desk.attribute"]._settings_by_desk().get(desk_id, {})
            hidden = {fname for fname, setting in settings.items() if not setting["is_shown"]}
            if view_type == "search":
                self._name_filters(arch, desk_id, settings.keys(), hidden)
            else:
                for node in arch.xpath("./field" if view_type == "list" else "//field"):
                    if node.get("name") in hidden:
                        node.set("column_invisible" if view_type == "list" else "invisible", "True")
        return arch, view

    @api.model
    def _name_filters(self, arch, desk_id, attributes, hidden):
        """Call the groups of a search what the desk calls them, and leave out those it does not use."""
        for node in arch.xpath("//filter[@context]"):
            match = GROUP_BY.search(node.get("context"))
            if match and match[1] in hidden:
                node.getparent().remove(node)
            elif match and match[1] in attributes:
                node.set("string", self.env["psa.ticket"]._desk_label(desk_id, match[1]))
        for node in arch.xpath("//field"):
            if node.get("name") in hidden:
                node.getparent().remove(node)

    @api.model
    def _name_export_columns(self, columns, domain):
        """Return the columns of an export, called as the desk calls them when all exported rows are of one desk.

        :param columns: dicts with name and label, as the web client sends them
        """
        groups = self._read_group(domain, ["desk_id"], limit=2)
        desk_id = groups[0][0].id if len(groups) == 1 else False
        renamed = []
        for column in columns:
            fname, __, rest = column["name"].partition("/")
            label = column["label"]
            if fname in self._desk_word_fields():
                # Of a column like "Type/Name" only the first part is the desk's.
                tail = label.partition("/")[2] if rest and rest != ".id" else ""
                label = "/".join(filter(None, (self.env["psa.ticket"]._desk_label(desk_id, fname), tail)))
            renamed.append({**column, "label": label})
        return renamed
