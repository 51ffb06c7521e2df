from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

UNASSIGNED_LIMIT = 80


class PsaTicket(models.Model):
    """Taking the next ticket of one's queues, and handing tickets out."""

    _inherit = "psa.ticket"

    user_id = fields.Many2one(group_expand="_read_group_user_ids", falsy_value_label="Unassigned")
    queue_id = fields.Many2one(group_expand="_read_group_queue_ids", falsy_value_label="No queue")

    def _read_group_user_ids(self, users, domain):
        """On the dispatcher's board, show everybody who works in a desk or queue, also who has no ticket."""
        if not self.env.context.get("psa_dispatch"):
            return users
        companies = [("company_id", "in", self.env.companies.ids)]
        working = self.env["psa.desk"].search(companies).member_ids | self.env["psa.queue"].search(companies).member_ids
        # Without any column the web client shows neither the board nor what it is for.
        return (users | working.filtered("active") or self.env.user).sorted("name")

    def _read_group_queue_ids(self, queues, domain):
        """On the dispatcher's board, show empty queues too."""
        if not self.env.context.get("psa_dispatch"):
            return queues
        return queues | self.env["psa.queue"].search([("company_id", "in", self.env.companies.ids)])

    @api.model
    @api.readonly
    def web_read_group(self, domain, groupby, *args, **kwargs):
        # Odoo folds the column of what has no value; on the dispatcher's board it is the one to begin with.
        if self.env.context.get("psa_dispatch") and groupby[:1] in (["user_id"], ["queue_id"]) and not kwargs.get("opening_info"):
            limit = kwargs.get("unfold_read_default_limit") or UNASSIGNED_LIMIT
            kwargs["opening_info"] = [{"value": False, "folded": False, "limit": limit, "offset": 0}]
        return super().web_read_group(domain, groupby, *args, **kwargs)

    def action_take_next(self):
        """Give the current user the most urgent ticket of his queues nobody has, and open it."""
        return self._action_take_next(self.env["psa.queue"].search([("member_ids", "in", self.env.uid)]))

    @api.model
    def _action_take_next(self, queues):
        if not queues:
            return self._nothing_to_take(self.env._("You are a member of no queue. Ask a company administrator to add you to one."))
        ticket = self._take_next(queues)
        if not ticket:
            return self._nothing_to_take(self.env._("Nothing is waiting: every ticket of %s has somebody.", ", ".join(
                queues.mapped("name"))))
        action = self.env["ir.actions.act_window"]._for_xml_id("psa_helpdesk.action_psa_ticket_my")
        return {**action, "views": [(False, "form")], "view_mode": "form", "res_id": ticket.id}

    @api.model
    def _take_next(self, queues):
        """Assign the most urgent ticket of these queues that nobody has to the current user, and return it.

        Most urgent is the lowest rank of priority, then the oldest. The row is locked while it is taken, and rows that somebody
        else is taking are passed over: two technicians never get the same ticket, and neither waits.
        """
        query = self._search(
            Domain("queue_id", "in", queues.ids) & Domain("user_id", "=", False) & Domain("state", "in", ("new", "open"))
            & Domain("psa_can_write", "=", True)
        )
        if query.is_empty():
            return self.browse()
        self.env["psa.ticket.option"].flush_model(["rank"])
        table = SQL.identifier(query.table)
        rows = self.env.execute_query(SQL(
            """%s ORDER BY (SELECT o.rank FROM psa_ticket_option o WHERE o.id = %s) NULLS LAST, %s
               LIMIT 1 FOR UPDATE OF %s SKIP LOCKED""",
            query.select(), self._field_to_sql(query.table, "priority_id", query), SQL("%s.id", table), table,
        ))
        ticket = self.browse(ticket_id for (ticket_id,) in rows)
        ticket.write({"user_id": self.env.uid})
        return ticket

    @api.model
    def _nothing_to_take(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": message, "next": {"type": "ir.actions.act_window_close"}},
        }
