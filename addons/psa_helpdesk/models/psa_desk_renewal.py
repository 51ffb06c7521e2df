from odoo import api, fields, models
from odoo.fields import Domain

from ..core import lifecycle

# As many open tickets of a desk are marked anew at once; of more, a scheduled action takes so many in one transaction.
AT_ONCE = 500
BATCH = 500


class PsaDesk(models.Model):
    """Which open tickets lack something, after the desk has changed its mind about what it requires.

    A few are marked anew at once, many in the background, the newest first, a batch in a transaction of its own. How far it has
    come is kept on the desk, in the same transaction: who is killed there leaves nothing half done, and the next run goes on.
    Meanwhile nobody gets around what is required: that is asked of the desk, not of the mark.
    """

    _inherit = "psa.desk"

    _unmarked_idx = models.Index("(id) WHERE unmarked_to > 0")

    unmarked_to = fields.Integer(
        readonly=True, copy=False, aggregator=None, help="Open tickets up to this id are still to be marked anew; zero: none are."
    )
    unmarked_ticket_count = fields.Integer(
        "Still to Be Looked At", compute="_compute_unmarked_ticket_count",
        help="What the desk requires was changed lately. So many open tickets have not been looked at since: more or fewer of them "
        "may be incomplete than is counted yet.",
    )

    @api.depends("unmarked_to")
    def _compute_unmarked_ticket_count(self):
        waiting = self.filtered("unmarked_to")
        counts = dict(self.env["psa.ticket"].sudo().with_context(active_test=False)._read_group(
            Domain.OR(desk._unmarked_domain() for desk in waiting), ["desk_id"], ["__count"]
        )) if waiting else {}
        for desk in self:
            desk.unmarked_ticket_count = counts.get(desk._origin, 0)

    @api.model
    def _psa_touches_cache(self, vals):
        return vals.keys() != {"unmarked_to"} and super()._psa_touches_cache(vals)

    def _unmarked_domain(self):
        return self._open_tickets_domain() & Domain("id", "<=", self.unmarked_to)

    def _open_tickets_domain(self):
        return Domain("desk_id", "in", self._origin.ids) & Domain("state", "in", lifecycle.OPEN_STATES)

    def _renew_incomplete_marks(self):
        """Mark the open tickets of these desks anew after what they require has changed."""
        if not self:
            return
        desks = self.sudo()
        Ticket = desks.env["psa.ticket"].with_context(active_test=False)
        found = {
            desk: (count, latest)
            for desk, count, latest in Ticket._read_group(desks._open_tickets_domain(), ["desk_id"], ["__count", "id:max"])
        }
        many = desks.filtered(lambda desk: found.get(desk, (0, 0))[0] > AT_ONCE)
        for desk in many:
            desk.unmarked_to = found[desk][1]
        few = desks - many
        few.filtered("unmarked_to").unmarked_to = 0
        if few:
            self.env.add_to_compute(Ticket._fields["is_incomplete"], Ticket.search(few._open_tickets_domain()))
        # The job is gone while the addon is being uninstalled.
        cron = self.env.ref("psa_helpdesk.ir_cron_renew_incomplete", raise_if_not_found=False)
        if many and cron:
            cron.sudo()._trigger()

    @api.model
    def _cron_renew_incomplete(self):
        """Mark the open tickets of desks that have changed what they require, a batch at a time."""
        Cron, Timer = self.env["ir.cron"], self.env["psa.timer"]
        desks, reached = self.sudo().with_context(active_test=False), {}
        while True:
            # Somebody may be writing the same tickets, or the desk.
            done = Timer._despite_collisions(lambda: desks._renew_batch(reached))
            left = sum(desks.search([("unmarked_to", ">", 0)]).mapped("unmarked_ticket_count"))
            if not Cron._commit_progress(done, remaining=left) or not done:
                return

    @api.model
    def _renew_batch(self, reached):
        """Mark the next tickets of the first desk that waits and return how many.

        :param reached: {desk id: how far this run has come}; where the desk says otherwise, it has changed its mind once more
        """
        desk = self.search([("unmarked_to", ">", 0)], order="id", limit=1).try_lock_for_update()
        if not desk:
            return 0
        if reached.get(desk.id) != desk.unmarked_to:
            # What the desk requires now; that it was changed may not have been told to this process yet.
            self.env.registry.clear_cache()
        Ticket = self.env["psa.ticket"].with_context(active_test=False)
        tickets = Ticket.search(desk._unmarked_domain(), order="id desc", limit=BATCH)
        changed = tickets.filtered(
            lambda ticket: ticket.is_incomplete != bool(ticket._missing_required(ticket._required_moment()))
        )
        self.env.add_to_compute(Ticket._fields["is_incomplete"], changed)
        changed.flush_recordset(["is_incomplete"])
        desk.unmarked_to = reached[desk.id] = tickets[-1].id - 1 if len(tickets) == BATCH else 0
        desk.flush_recordset(["unmarked_to"])
        return max(1, len(tickets))
