from odoo.fields import Command

from .common import HelpdeskCommon

DEFINITION = [
    {"name": "rack", "string": "Rack", "type": "char", "required": "never", "portal": "hidden", "indexed": False},
    {"name": "seats", "string": "Seats", "type": "integer", "required": "never", "portal": "hidden", "indexed": False},
    {"name": "site", "string": "Site", "type": "selection", "selection": [["n", "North"], ["s", "South"]],
     "required": "never", "portal": "hidden", "indexed": False},
    {"name": "marks", "string": "Marks", "type": "tags", "tags": [["a", "Alpha", 1], ["b", "Beta", 2]],
     "required": "never", "portal": "hidden", "indexed": False},
    {"name": "who", "string": "Who", "type": "many2one", "comodel": "res.partner",
     "required": "never", "portal": "hidden", "indexed": False},
    {"name": "story_html", "string": "Story", "type": "html", "required": "never", "portal": "hidden", "indexed": False},
]


class OwnFieldsCommon(HelpdeskCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk_admin = cls._new_staff("hd_own_admin", "psa_crm.group_technician")
        cls.desk.write({"admin_ids": [Command.link(cls.desk_admin.id)], "properties_definition": DEFINITION})
        cls.other_desk = cls.env["psa.desk"].create({"name": "Field", "company_id": cls.company.id})
        cls.ticket = cls.env["psa.ticket"].create({
            "name": "Printer jams", "desk_id": cls.desk.id, "partner_id": cls.zoe.id, "properties": {"rack": "R7", "site": "n"},
        })

    def _values(self, ticket):
        self.env.flush_all()
        self.env.cr.execute("SELECT properties FROM psa_ticket WHERE id = %s", [ticket.id])
        return self.env.cr.fetchone()[0] or {}

    def _as_form(self, ticket, **values):
        """Return what the web client sends back after somebody changed these values."""
        [read] = ticket.read(["properties"])
        return [
            {**field, "value": values[field["name"]]} if field["name"] in values else field for field in read["properties"]
        ]

    def _field(self, key):
        return self.desk.own_field_ids.filtered(lambda field: field.key == key)

    def _history(self, ticket):
        self.env.flush_all()
        rows = self.env["psa.ticket.history"].search([("ticket_id", "=", ticket.id), ("field_name", "like", "properties.%")], order="id")
        return [(row.field_label, row.old_value or "", row.new_value or "") for row in rows]
