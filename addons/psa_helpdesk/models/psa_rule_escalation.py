from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

# What may be said about a rule that a ladder keeps.
OWN_SAY = {"active", "sequence"}


class PsaRule(models.Model):
    """Rules that a desk or queue keeps by itself: one for each length of time on its escalation ladder."""

    _inherit = "psa.rule"

    _ladder_uniq = models.UniqueIndex(
        "(COALESCE(escalation_desk_id, 0), COALESCE(escalation_queue_id, 0), escalation_minutes) "
        "WHERE escalation_desk_id IS NOT NULL OR escalation_queue_id IS NOT NULL",
        "The ladder has a rule for this length of time already.",
    )

    escalation_desk_id = fields.Many2one(
        "psa.desk", "Ladder of Desk", readonly=True, copy=False, index="btree_not_null", ondelete="cascade",
        help="The desk whose escalation contacts keep this rule.",
    )
    escalation_queue_id = fields.Many2one(
        "psa.queue", "Ladder of Queue", readonly=True, copy=False, index="btree_not_null", ondelete="cascade",
        help="The queue whose escalation contacts keep this rule.",
    )
    escalation_minutes = fields.Integer(readonly=True, copy=False, aggregator=None)

    def write(self, vals):
        if not vals.keys() <= OWN_SAY:
            for rule in self.sudo():
                owner = rule.escalation_desk_id or rule.escalation_queue_id
                if owner and vals.keys() & set(self._exchange_schema()["rule"]) | vals.keys() & {"action_ids", "change_ids", "company_id"}:
                    raise UserError(self.env._(
                        "Rule “%(rule)s” follows the escalation contacts of “%(owner)s”. Change it there, on the page Escalation, or copy it.",
                        rule=rule.name, owner=owner.display_name,
                    ))
        return super().write(vals)

    def _keep_ladder(self, vals):
        """Write what the ladder says, which nobody else may."""
        return super().write(vals)

    @api.model
    def _sync_ladders(self, owners):
        """Make the rules of these desks or queues as their ladders say, changing no more than is necessary."""
        if not owners:
            return
        fname = "escalation_desk_id" if owners._name == "psa.desk" else "escalation_queue_id"
        kept = {}
        for rule in self.with_context(active_test=False).search([(fname, "in", owners.ids)]):
            kept[rule[fname].id, rule.escalation_minutes] = rule
        created = []
        for owner in owners:
            wanted = {}
            for rung in owner.sudo().escalation_contact_ids:
                minutes = round(rung.after_hours * 60)
                wanted[minutes] = wanted.get(minutes, rung.browse()) | rung
            for minutes, rungs in wanted.items():
                vals = {**owner._ladder_rule_vals(minutes), "active": owner.active}
                actions = rungs._ladder_action_vals()
                rule = kept.pop((owner.id, minutes), None)
                if rule is None:
                    created.append({
                        **vals, fname: owner.id, "escalation_minutes": minutes, "action_ids": [Command.create(action) for action in actions],
                    })
                    continue
                # A rule that is written anew counts from then on only; so what stays as it is, is not written.
                changed = {name: value for name, value in vals.items() if rule._fields[name].convert_to_write(rule[name], rule) != value}
                if changed:
                    rule._keep_ladder(changed)
                if rule._ladder_actions() != actions:
                    rule._keep_ladder({"action_ids": [Command.clear(), *(Command.create(action) for action in actions)]})
        self.create(created)
        self.browse(rule.id for rule in kept.values()).unlink()

    def _ladder_actions(self):
        """Return what the actions of a ladder's rule are, as they would be made."""
        return [
            {
                "kind": action.kind, "to_escalation": action.to_escalation, "body": action.body,
                "escalation_contact_ids": [Command.set(action.escalation_contact_ids.ids)],
            }
            for action in self.action_ids
        ]
