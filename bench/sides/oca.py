from lxml import etree
from odoo.tools import SQL

from .base import NAMED, Side
from .desk import specification


class OcaSide(Side):
    """OCA's helpdesk_mgmt with its SLA, beside OCA's contract."""

    name = "oca"
    modules = ("helpdesk_mgmt_sla", "contract")
    model = "helpdesk.ticket"
    technician_groups = ("helpdesk_mgmt.group_helpdesk_user",)
    list_columns = {**Side.list_columns, "number": {}, "priority": {}, "commercial_partner_id": NAMED}

    def _make_desks(self, env, companies, technicians):
        stages = env["helpdesk.ticket.stage"].search([])
        stages.write({"company_id": False})  # as delivered they belong to the first company only
        teams = env["helpdesk.ticket.team"]
        for position, company in enumerate(companies):
            members = technicians[position * 4:(position + 1) * 4]
            teams += env["helpdesk.ticket.team"].with_company(company).create({
                "name": company.name,
                "company_id": company.id,
                "user_ids": [(6, 0, members.ids)],
                "use_sla": True,
                "resource_calendar_id": company.resource_calendar_id.id,
                "alias_name": f"oca-support-{position}",
                "alias_contact": "everyone",
            })
        env["helpdesk.sla"].create({
            "name": "Resolve within a day",
            "team_ids": [(6, 0, teams.ids)],
            "days": 1,
            "stage_id": stages.filtered("closed")[:1].id,
        })
        return {
            "team_ids": teams.ids,
            "stage_ids": stages.ids,
            "alias": teams[0].alias_name,
        }

    def _copy_overrides(self, distance):
        return {**super()._copy_overrides(distance), "number": SQL("'SEED' || (t.id + k * %s)", distance)}

    def _copied_children(self):
        return [("helpdesk_ticket_sla", "ticket_id")]

    # Scenarios of the desk bench

    _form = None

    def prepare_bulk_edit(self):
        return (1000,)

    def do_bulk_edit(self, env, count):
        tickets = env[self.model].search([], limit=count)
        tickets.write({"priority": "3"})
        env.flush_all()
        tickets.write({"priority": "0"})

    def do_open_form(self, env):
        ticket = env[self.model].search([], limit=1, offset=40)
        if not self._form:  # the browser keeps views
            self._form = specification(ticket, etree.fromstring(ticket.get_view(view_type="form")["arch"]))
        ticket.web_read(self._form)

    def do_text_rare(self, env):
        self._text_search(env, self.world["serial"])

    def do_text_common(self, env):
        self._text_search(env, "restarted")

    def _text_search(self, env, word):
        """Their list has no search in conversations; this asks subject and description, as their search field does."""
        found = env[self.model].web_search_read(
            ["|", ("name", "ilike", word), ("description", "ilike", word)], {"number": {}, "name": {}}, limit=80, count_limit=10001)
        if not found["length"]:
            raise RuntimeError(f"{self.name}: no ticket found by {word}")
