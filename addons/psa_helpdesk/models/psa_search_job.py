from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

# Tickets whose words are indexed in one transaction: about a second.
BATCH = 1000
# As many entries may be on their way while a job begins.
UNSEEN = 200


class PsaSearchJob(models.Model):
    """Tickets whose words are to be indexed anew, in batches: after an update that brought the search, or for another language."""

    _name = "psa.search.job"
    _description = "Indexing of Tickets"
    _order = "id desc"

    _open_idx = models.Index("(id) WHERE date_done IS NULL")
    _company_idx = models.Index("(company_id, id DESC)")

    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade", help="Whose tickets; those of all if empty.")
    desk_id = fields.Many2one("psa.desk", readonly=True, ondelete="cascade", help="The desk whose tickets are indexed; all if empty.")
    last_ticket = fields.Integer(readonly=True, aggregator=None, help="Tickets up to this id are done.")
    first_entry = fields.Integer(readonly=True, aggregator=None, help="Entries from this id on were added since it began.")
    ticket_count = fields.Integer("Tickets", readonly=True, help="How many there were when it began.")
    done_count = fields.Integer("Done", readonly=True)
    progress = fields.Float(compute="_compute_progress", help="In percent.")
    date_done = fields.Datetime("Finished on", readonly=True)

    @api.depends("desk_id", "company_id")
    def _compute_display_name(self):
        for job in self:
            job.display_name = job.desk_id.name or job.company_id.name or self.env._("All tickets")

    @api.depends("done_count", "ticket_count", "date_done")
    def _compute_progress(self):
        for job in self:
            job.progress = 100.0 if job.date_done else min(99.0, 100.0 * job.done_count / max(1, job.ticket_count))

    @api.model
    def action_rebuild(self):
        """Index all tickets of the current company anew."""
        if not self.env.user.has_group("psa_crm.group_company_admin"):
            raise AccessError(self.env._("Only company administrators have the index made anew."))
        self.sudo()._start(company=self.env.company)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.model
    def _start(self, desks=None, company=None):
        """Have tickets indexed by the scheduled action; what waits already is not queued twice."""
        scopes = [{"desk_id": desk.id, "company_id": desk.company_id.id} for desk in desks or ()] or [
            {"desk_id": False, "company_id": company.id if company else False}
        ]
        for scope in scopes:  # a few desks at most, by hand
            job = self.search([
                ("date_done", "=", False), ("desk_id", "=", scope["desk_id"]), ("company_id", "=", scope["company_id"])
            ], limit=1)
            if not job:
                job = self.create(scope)
            latest = self.env["psa.ticket.entry"].search([], order="id desc", limit=1)
            # Transactions that were open then may add entries of somewhat lower ids.
            job.write({"last_ticket": 0, "done_count": 0, "first_entry": max(0, latest.id - UNSEEN)})
            job.ticket_count = self.env["psa.ticket"].with_context(active_test=False).search_count(job._tickets_domain())
        self.env.ref("psa_helpdesk.ir_cron_index_tickets")._trigger()

    @api.model
    def _start_where_missing(self):
        """Have everything indexed if there are tickets from before there was a search."""
        if self.search_count([("date_done", "=", False), ("desk_id", "=", False), ("company_id", "=", False)], limit=1):
            return
        missing = self.env.execute_query(SQL(
            "SELECT 1 FROM psa_ticket ticket WHERE NOT EXISTS ("
            "SELECT FROM psa_ticket_search search WHERE search.ticket_id = ticket.id AND search.part = 0) LIMIT 1"
        ))
        if missing:
            self._start()

    def _tickets_domain(self):
        domain = []
        if self.desk_id:
            domain.append(("desk_id", "=", self.desk_id.id))
        elif self.company_id:
            domain.append(("company_id", "=", self.company_id.id))
        return domain

    @api.model
    def _cron_index_tickets(self):
        """Index the tickets of the waiting jobs, a batch at a time, each in a transaction of its own.

        Before that, what two people wrote at the same time is put together.
        """
        while folded := self.env["psa.ticket.search"].sudo()._fold(BATCH):
            if not self.env["ir.cron"]._commit_progress(folded):
                return
        while job := self.sudo().search([("date_done", "=", False)], order="id", limit=1).try_lock_for_update():
            done = job._index_batch()
            remaining = sum(max(1, waiting.ticket_count - waiting.done_count) for waiting in self.sudo().search([
                ("date_done", "=", False)]))
            if not self.env["ir.cron"]._commit_progress(done, remaining=remaining):
                return

    def _index_batch(self):
        """Index the next tickets of the job and return how many; without any left the job is finished."""
        self.ensure_one()
        tickets = self.env["psa.ticket"].with_context(active_test=False).search(
            [*self._tickets_domain(), ("id", ">", self.last_ticket)], order="id", limit=BATCH)
        if not tickets:
            self._index_meanwhile()
            self.date_done = fields.Datetime.now()
            return 0
        self.env["psa.ticket.search"]._index(tickets.ids)
        self.write({"last_ticket": tickets[-1].id, "done_count": self.done_count + len(tickets)})
        return len(tickets)

    def _index_meanwhile(self):
        """Index once more what got an entry while the job ran: the batch may not have seen it, nor it the batch."""
        entries = self.env["psa.ticket.entry"].search_fetch([("id", ">", self.first_entry)], ["ticket_id"])
        ticket_ids = entries.ticket_id.ids
        for start in range(0, len(ticket_ids), BATCH):
            self.env["psa.ticket.search"]._index(ticket_ids[start:start + BATCH])
