from odoo.tools import SQL

from .base import NAMED, Side


class PsaSide(Side):
    """This suite's help desk and portal."""

    name = "psa"
    modules = ("psa_helpdesk", "psa_portal")
    model = "psa.ticket"
    team_field = "desk_id"
    technician_groups = ("psa_crm.group_technician",)
    portal_groups = ("psa_crm.group_client_admin",)
    list_columns = {**Side.list_columns, "number": {}, "priority_id": NAMED, "client_id": NAMED}

    def _client_vals(self, name, company):
        return {**super()._client_vals(name, company), "psa_is_client": True}

    def _make_desks(self, env, companies, technicians):
        stages = env["psa.ticket.stage"].search([])
        desks = env["psa.desk"]
        for position, company in enumerate(companies):
            members = technicians[position * 4:(position + 1) * 4]
            queue = env["psa.queue"].with_company(company).create({"name": f"Queue of {company.name}", "company_id": company.id})
            desks += env["psa.desk"].with_company(company).create({
                "name": company.name,
                "code": f"B{position}",
                "company_id": company.id,
                "member_ids": [(6, 0, members.ids)],
                "queue_ids": [(6, 0, queue.ids)],
                "default_queue_id": queue.id,
                "alias_name": f"psa-support-{position}",
                "alias_contact": "everyone",
            })
        return {
            "team_ids": desks.ids,
            "stage_ids": stages.ids,
            "alias": desks[0].alias_name,
        }

    def _make_originals(self, env):
        tickets = super()._make_originals(env)
        # All has been said to everybody long ago.
        tickets.write({"announcement_due": False})
        return tickets

    def _copy_overrides(self, distance):
        return {
            **super()._copy_overrides(distance),
            "number": SQL("'SEED' || (t.id + k * %s)", distance),
            "origin_message_id": SQL("NULL"),
        }
