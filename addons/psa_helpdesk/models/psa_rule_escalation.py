from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

# What may be said about a rule that a ladder keeps.
OWN_SAY = {"active", "sequence"}
# Who keeps the ladder hands this on; the context of a remote call holds plain data only, so nobody outside has it.
_LADDER = object()


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
        said = vals.keys() & {*self._exchange_schema()["rule"], "action_ids", "change_ids", "company_id"} - OWN_SAY
        for rule in self.sudo() if said and self.env.context.get("psa_ladder") is not _LADDER else ():
            owner = rule.escalation_desk_id or rule.escalation_queue_id
            if owner:
                raise UserError(self.env._(
                    "Rule “%(rule)s” follows the escalation contacts of “%(owner)s”. "
                    "Change it there, on the page Escalation, or copy it.", rule=rule.name, owner=owner.display_name,
                ))
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
                vals = owner._ladder_rule_vals(minutes)
                actions = rungs._ladder_action_vals()
                rule = kept.pop((owner.id, minutes), None)
                if rule is None:
                    vals |= {fname: owner.id, "escalation_minutes": minutes}
                    created.append({**vals, "action_ids": [Command.create(action) for action in actions]})
                    continue
                rule = rule.with_context(psa_ladder=_LADDER)
                # A rule that is written anew counts from then on only; so what stays as it is, is not written.
                changed = {name: value for name, value in vals.items() if rule._fields[name].convert_to_write(rule[name], rule) != value}
                if changed:
                    rule.write(changed)
                if rule._ladder_actions() != actions:
                    rule.write({"action_ids": [Command.clear(), *(Command.create(action) for action in actions)]})
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
