import json
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.rules import Outcome


class PsaRuleAction(models.Model):
    """Actions that reach beyond the ticket: the client is lent, a checklist begins, another system is called, code runs."""

    _inherit = "psa.rule.action"

    share_user_id = fields.Many2one(
        "res.users", "Share With", ondelete="restrict", index="btree_not_null", domain="[('share', '=', False)]",
        help="A person of another service company, or a colleague.",
    )
    share_team_id = fields.Many2one("psa.team", "Share With Team", ondelete="restrict", index="btree_not_null")
    share_company_id = fields.Many2one("res.company", "Share With Company", ondelete="restrict", index="btree_not_null")
    share_level = fields.Selection([("read", "Read"), ("work", "Work"), ("full", "Full")], "Level of the Share", default="work")
    share_days = fields.Integer("For Days", default=7, aggregator=None, help="0: until it is revoked.")
    plan_id = fields.Many2one(
        "mail.activity.plan", "Checklist", ondelete="restrict", index="btree_not_null", check_company=True,
        domain="[('psa_is_checklist', '=', True), ('company_id', 'in', [False, company_id])]",
    )
    webhook_id = fields.Many2one("psa.webhook", ondelete="restrict", index="btree_not_null", check_company=True)
    server_action_id = fields.Many2one(
        "ir.actions.server", ondelete="restrict", index="btree_not_null", domain="[('model_id.model', '=', 'psa.ticket')]",
        help="Only administrators of the server choose one.",
    )

    @api.constrains("kind", "share_user_id", "share_team_id", "share_company_id", "server_action_id")
    def _check_reach(self):
        for action in self.sudo():
            chosen = [record for record in (action.share_user_id, action.share_team_id, action.share_company_id) if record]
            if action.kind == "share" and len(chosen) > 1:
                raise ValidationError(self.env._(
                    "Rule “%s” shares with one person, one team or one company: clear the others.", action.rule_id.name
                ))
            if action.server_action_id and action.server_action_id.model_id.model != "psa.ticket":
                raise ValidationError(self.env._("“%s” is no server action for tickets. Choose another.", action.server_action_id.name))

    @api.model
    def _parameter_fields(self):
        return [
            *super()._parameter_fields(), "share_user_id", "share_team_id", "share_company_id", "share_level", "share_days", "plan_id",
            "webhook_id", "server_action_id",
        ]

    @api.model
    def _required_parameters(self):
        return {
            **super()._required_parameters(),
            "share": (("share_user_id", "share_team_id", "share_company_id"), "share_level"),
            "checklist": ("plan_id",),
            "webhook": ("webhook_id",),
            "server_action": ("server_action_id",),
        }

    @api.model
    def _client_of(self, ticket):
        if not ticket.client_id:
            raise UserError(self.env._("The ticket has no client."))
        return ticket.client_id.sudo()

    # Sharing

    def _receiver(self):
        action = self.sudo()
        return self._require_active(action.share_user_id or action.share_team_id or action.share_company_id)

    def _share_values(self):
        """Return the receiver as the columns of a share."""
        action = self.sudo()
        if action.share_user_id:
            return {"target": "user", "user_id": action.share_user_id.id}
        if action.share_team_id:
            return {"target": "team", "team_id": action.share_team_id.id}
        return {"target": "company", "to_company_id": action.share_company_id.id}

    def _plan_share(self, tickets, _firing):
        self._giver(self.env["res.partner"].sudo().union(*(self._client_of(ticket) for ticket in tickets)))
        receiver = self._name_of(self._receiver())
        return {
            ticket: Outcome(
                self.env._("%(client)s shared with %(receiver)s", client=self._name_of(self._client_of(ticket)), receiver=receiver),
                (receiver,),
            )
            for ticket in tickets
        }

    def _giver(self, clients):
        """Return in whose name these clients are lent: whoever set the action up, as long as he may lend them himself."""
        giver = self.sudo().write_uid or self.env["res.users"].sudo().browse(SUPERUSER_ID)
        if giver.id == SUPERUSER_ID:
            return giver
        if not giver.active:
            raise UserError(self.env._(
                "%s, who had the rule share clients, is gone. Let somebody who may share them save the action anew.", self._name_of(giver)
            ))
        clients.with_user(giver)._psa_check_may_share(self.sudo().share_user_id)
        return giver

    def _do_share(self, tickets, firing, plan):
        """Lend the clients in the name of who keeps the rule; what is lent already stays as it is."""
        Share, values, now = self.env["psa.client.share"].sudo(), self._share_values(), fields.Datetime.now()
        clients = self.env["res.partner"].sudo().union(*(self._client_of(ticket) for ticket in tickets))
        receiver = [(name, "=", value) for name, value in values.items() if name != "target"]
        lent = Share.search([("client_id", "in", clients.ids), ("state", "in", ("offered", "accepted", "active")), *receiver]).client_id
        giver = self._giver(clients)
        Share.with_user(SUPERUSER_ID).create([
            {
                **values, "client_id": client.id, "level": self.share_level, "giver_id": giver.id,
                "date_to": now + timedelta(days=self.share_days) if self.share_days else False,
                "reason": self.env._("Rule “%s”", self.rule_id.name),
            }
            for client in clients - lent
        ])
        already = Outcome(self.env._("Shared with %s already", self._name_of(self._receiver())))
        return {ticket.id: already if ticket.client_id.sudo() in lent else plan[ticket] for ticket in tickets}

    def _summary_share(self):
        action = self.sudo()
        return self._name_of(action.share_user_id or action.share_team_id or action.share_company_id)

    # Checklists

    def _plan_checklist(self, tickets, _firing):
        name = self._name_of(self._require_active(self.plan_id.sudo()))
        return {
            ticket: Outcome(self.env._("Checklist %(name)s for %(client)s", name=name, client=self._name_of(self._client_of(ticket))))
            for ticket in tickets
        }

    def _do_checklist(self, tickets, _firing, plan):
        clients = self.env["res.partner"].sudo().union(*(self._client_of(ticket) for ticket in tickets))
        started = self.plan_id.with_user(SUPERUSER_ID)._psa_start(clients.with_user(SUPERUSER_ID)).sudo().client_id
        return {
            ticket.id: plan[ticket] if ticket.client_id.sudo().id in started.ids
            else Outcome(self.env._("Checklist %s is running already, or has no items", self.plan_id.sudo().name))
            for ticket in tickets
        }

    def _summary_checklist(self):
        return self._name_of(self.sudo().plan_id)

    # Webhooks

    def _plan_webhook(self, tickets, _firing):
        return dict.fromkeys(tickets, Outcome(self.env._("Webhook: %s", self._name_of(self._require_active(self.webhook_id.sudo())))))

    def _do_webhook(self, tickets, firing, _plan):
        self.env["psa.webhook.delivery"]._enqueue([
            {
                "webhook_id": self.webhook_id.id, "ticket_id": ticket.id, "rule_id": self.rule_id.id, "rule_name": self.rule_id.name,
                "event": firing.event,
                "payload": ticket._psa_webhook_payload(firing, self.rule_id),
            }
            for ticket in tickets
        ])

    def _summary_webhook(self):
        return self._name_of(self.sudo().webhook_id)

    # Server actions

    def _plan_server_action(self, tickets, _firing):
        return dict.fromkeys(tickets, Outcome(self.env._("Server action: %s", self._name_of(self.sudo().server_action_id))))

    def _do_server_action(self, tickets, _firing, _plan):
        self.server_action_id.with_user(SUPERUSER_ID).with_context(
            active_model="psa.ticket", active_ids=tickets.ids, active_id=tickets[:1].id
        ).run()

    def _summary_server_action(self):
        return self._name_of(self.sudo().server_action_id)

    def action_preview(self):
        """Show what the action would do and say on a ticket."""
        self.ensure_one()
        self.check_access("read")
        ticket = self.env["psa.ticket"].search(
            [("company_id", "=", self.company_id.id), *([("desk_id", "=", self.desk_id.id)] if self.desk_id else [])], limit=1
        )
        return {
            "type": "ir.actions.act_window", "name": self.env._("Preview"), "res_model": "psa.rule.preview", "view_mode": "form",
            "target": "new", "context": {"default_action_id": self.id, "default_ticket_id": ticket.id},
        }


class PsaTicket(models.Model):
    _inherit = "psa.ticket"

    def _psa_webhook_payload(self, firing, rule):
        """Return what another system is told about the ticket; what the rule asks about other clients stays here."""
        self.ensure_one()
        ticket = self.sudo().with_context(lang="en_US")
        own = {
            field["name"]: {"label": field.get("string"), "value": (ticket._own_field_values() or {}).get(field["name"])}
            for field in ticket._own_field_definition(ticket.desk_id.id) if field["type"] != "separator"
        }
        payload = {
            "event": firing.event,
            "rule": rule.sudo().name,
            "at": firing.at.isoformat(),
            "ticket": {
                "id": ticket.id,
                "number": ticket.number,
                "subject": ticket.name,
                "company": ticket.company_id.name,
                "desk": ticket.desk_id.name,
                "queue": ticket.queue_id.name,
                "stage": ticket.stage_id.name,
                "state": ticket.state,
                **{kind: ticket[f"{kind}_id"].name for kind in ("type", "category", "priority", "severity")},
                "client": {"id": ticket.client_id.id, "name": ticket.client_id.name},
                "contact": {"id": ticket.partner_id.id, "name": ticket.partner_id.name, "email": ticket.partner_id.email},
                "assignee": {"id": ticket.user_id.id, "name": ticket.user_id.name},
                "tags": ticket.tag_ids.mapped("name"),
                "created": fields.Datetime.to_string(ticket.create_date),
                "deadline": fields.Datetime.to_string(ticket.date_deadline) if ticket.date_deadline else None,
                "source": ticket.source,
                "link": ticket._psa_open_link(),
                "own_fields": own,
            },
        }
        # What JSON cannot say is said as text.
        return json.loads(json.dumps(payload, default=str))
