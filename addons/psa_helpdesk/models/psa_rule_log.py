from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .psa_rule import EVENTS, TURNS

OUTCOMES = [
    ("done", "Done"),
    ("failed", "Failed"),
    ("bound", "Chain ended"),
]
COLUMNS = (
    "rule_id", "rule_name", "ticket_id", "desk_id", "company_id", "date", "event", "reason", "outcome", "actions", "recipients", "error",
    "depth", "chain", "is_late", "is_settled", "cycle", "turn",
)


class PsaRuleLog(models.Model):
    """What a rule did to a ticket, or could not do. Rows are made by the engine only."""

    _name = "psa.rule.log"
    _description = "Rule Log"
    _order = "id desc"
    _rec_name = "rule_name"
    _log_access = False

    _company_idx = models.Index("(company_id, id DESC)")
    _rule_idx = models.Index("(rule_id, id DESC)")
    _ticket_idx = models.Index("(ticket_id, id DESC)")
    _attention_idx = models.Index("(company_id, id DESC) WHERE outcome <> 'done' AND is_settled IS NOT TRUE")
    _turn_uniq = models.UniqueIndex(
        "(rule_id, ticket_id, cycle, turn) WHERE cycle IS NOT NULL", "The rule has acted on this ticket for this moment."
    )

    rule_id = fields.Many2one("psa.rule", readonly=True, ondelete="set null", help="Empty once the rule is deleted.")
    rule_name = fields.Char("Name of the Rule", readonly=True, help="As it was called then.")
    ticket_id = fields.Many2one("psa.ticket", readonly=True, ondelete="cascade", help="Empty where the rule could not be asked at all.")
    desk_id = fields.Many2one("psa.desk", readonly=True, ondelete="cascade", index="btree_not_null")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    date = fields.Datetime(required=True, readonly=True)
    event = fields.Selection(EVENTS, readonly=True)
    reason = fields.Text("Condition Met", readonly=True)
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True)
    actions = fields.Text(readonly=True, help="What the rule did.")
    recipients = fields.Text("Told", readonly=True, help="Whom the rule told.")
    error = fields.Text(readonly=True)
    depth = fields.Integer(readonly=True, aggregator=None, help="0: something happened; above: so many rules led here.")
    chain = fields.Char("Led Here By", readonly=True, help="The rules that led here, the first one first.")
    is_late = fields.Boolean("Late", readonly=True, help="The moment had passed long before, for example while the server was down.")
    is_settled = fields.Boolean("Settled", readonly=True, help="Somebody has seen to it.")
    cycle = fields.Integer(readonly=True, aggregator=None)
    turn = fields.Integer(readonly=True, aggregator=None)
    repetition = fields.Integer(compute="_compute_repetition", help="0: the first time.")

    @api.depends("turn")
    def _compute_repetition(self):
        for row in self:
            row.repetition = row.turn % TURNS

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        self._refuse()

    def write(self, vals):
        if not self.env.su or vals.keys() - {"is_settled"}:
            self._refuse()
        return super().write(vals)

    def unlink(self):
        if not self.env.su:
            self._refuse()
        return super().unlink()

    def _refuse(self):
        raise AccessError(self.env._("The log of rules is written by the rules themselves. Use Settle for what you have seen to."))

    def action_settle(self):
        """Take what somebody has seen to off the list of what needs attention."""
        self.check_access("read")
        rules = self.rule_id
        rules.check_access("write")
        if self.filtered(lambda row: not row.rule_id) and not self.env.user.has_group("psa_crm.group_company_admin"):
            self._refuse()
        self.sudo().write({"is_settled": True})
        rules._settle_activities()
        return True

    def action_open_ticket(self):
        """Open the ticket."""
        self.ensure_one()
        return self.ticket_id.get_formview_action()

    def action_open_rule(self):
        """Open the rule."""
        self.ensure_one()
        return self.rule_id.get_formview_action()

    @api.model
    def _append(self, rule, firing, rows):
        """Add rows in one statement; those of a cycle were claimed before and are completed.

        :param rows: dictionaries with ``ticket`` and what applies of ``outcome``, ``actions``, ``recipients``, ``error``,
            ``cycle``
        """
        names = dict(self._names(firing.chain))
        values = [
            {
                **row, "rule_id": rule.id, "rule_name": rule.name, "ticket_id": row["ticket"].id or None,
                "desk_id": (row["ticket"] or rule).desk_id.id or None, "company_id": rule.company_id.id,
                "date": fields.Datetime.now(), "event": firing.event, "reason": row.get("reason") or firing.reason, "depth": firing.depth,
                "chain": " → ".join(names.get(rule_id, str(rule_id)) for rule_id in firing.chain), "is_late": firing.late,
                "is_settled": False, "turn": rule._turn_key(firing.turn),
            }
            for row in rows
        ]
        columns = SQL(", ").join(map(SQL.identifier, COLUMNS))
        self.env.cr.execute(SQL(
            """
            INSERT INTO psa_rule_log (%(columns)s) VALUES %(values)s
            ON CONFLICT (rule_id, ticket_id, cycle, turn) WHERE cycle IS NOT NULL DO UPDATE SET
                outcome = EXCLUDED.outcome, actions = EXCLUDED.actions, recipients = EXCLUDED.recipients, error = EXCLUDED.error,
                reason = EXCLUDED.reason, is_late = EXCLUDED.is_late
            """,
            columns=columns,
            values=SQL(", ").join(
                SQL("(%s)", SQL(", ").join(SQL("%s", self._column(row, column)) for column in COLUMNS)) for row in values
            ),
        ))
        self.invalidate_model()

    @api.model
    def _claim(self, rule, tickets, cycles, turn):
        """Return those of the tickets on which the rule has not acted for this moment, and note that it does now."""
        claimed = self.env.execute_query(SQL(
            """
            INSERT INTO psa_rule_log (rule_id, rule_name, ticket_id, desk_id, company_id, date, event, outcome, depth, cycle, turn)
            SELECT %(rule)s, %(name)s, ticket.id, ticket.desk_id, ticket.company_id, %(now)s, %(event)s, 'done', 0,
                wanted.cycle, %(turn)s
            FROM unnest(%(tickets)s::int[], %(cycles)s::int[]) AS wanted (ticket_id, cycle)
            JOIN psa_ticket ticket ON ticket.id = wanted.ticket_id
            ON CONFLICT (rule_id, ticket_id, cycle, turn) WHERE cycle IS NOT NULL DO NOTHING
            RETURNING ticket_id
            """,
            rule=rule.id, name=rule.name, now=fields.Datetime.now(), event=rule.event, turn=rule._turn_key(turn),
            tickets=list(tickets._ids), cycles=[cycles[ticket_id] for ticket_id in tickets._ids],
        ))
        ids = {ticket_id for ticket_id, in claimed}
        return tickets.filtered(lambda ticket: ticket.id in ids)

    @api.model
    def _column(self, row, column):
        value = row.get(column)
        return value if value not in ("", None) else None

    @api.model
    def _names(self, rule_ids):
        return [(rule.id, rule.name) for rule in self.env["psa.rule"].sudo().browse(rule_ids)]
