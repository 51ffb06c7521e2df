import ast

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

# What may be said about a rule that a ladder keeps.
OWN_SAY = {"active", "sequence"}
# Whoever could write these could have rules of others pass for a ladder's, or keep a ladder from having its own.
KEPT = ("escalation_desk_id", "escalation_queue_id", "escalation_minutes", "ready_key")
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

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [{**vals, **dict.fromkeys(KEPT, False)} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and not vals.keys().isdisjoint(KEPT):
            vals = {fname: value for fname, value in vals.items() if fname not in KEPT}
        said = vals.keys() & {*self._exchange_schema()["rule"], "action_ids", "change_ids", "company_id"} - OWN_SAY
        if said:
            self._check_not_on_ladder()
        return super().write(vals)

    def _check_not_on_ladder(self):
        """Refuse to change rules that a ladder keeps, but by the ladder."""
        for rule in self.sudo() if self.env.context.get("psa_ladder") is not _LADDER else ():
            owner = rule.escalation_desk_id or rule.escalation_queue_id
            if owner:
                raise UserError(self.env._(
                    "Rule “%(rule)s” follows the escalation contacts of “%(owner)s”. "
                    "Change it there, on the page Escalation, or copy it.", rule=rule.name, owner=owner.display_name,
                ))

    @api.model
    def _sync_ladders(self, owners):
        """Make the rules of these desks or queues as their ladders say, changing no more than is necessary.

        Who may change a ladder may change what it comes to, wherever its rules are; but he asks about no more than he may read.
        """
        if not owners:
            return
        asking, self = self, self.sudo()
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
                if rule is None or rule.domain != vals["domain"]:
                    asking._check_criteria(owner)
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

    @api.model
    def _check_criteria(self, owner):
        """Refuse criteria of a ladder about what their writer may not read."""
        if not self.env.su:
            self._check_may_ask(self.env["psa.ticket"], Domain(ast.literal_eval(owner.escalation_domain or "[]")))

    def _ladder_actions(self):
        """Return what the actions of a ladder's rule are, as they would be made."""
        return [
            {
                "kind": action.kind, "to_escalation": action.to_escalation, "body": action.body,
                "escalation_contact_ids": [Command.set(action.escalation_contact_ids.ids)],
            }
            for action in self.action_ids
        ]
