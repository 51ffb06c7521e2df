from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .. import item_fields
from ..core import item_index_sql
from ..tools import int_array


class PsaBillingItem(models.Model):
    """Rows on their way to an invoice, on one, and back: what billing runs and invoices do with the ledger.

    Rows are marked and linked by one statement for all of them: an invoice may have thousands.
    """

    _inherit = "psa.billing.item"

    run_line_ids = item_fields.ItemMarks(
        "psa.billing.run.line",
        item_index_sql.MARKS,
        "item_id",
        "line_id",
        "Billing Run",
        readonly=True,
        copy=False,
        groups="psa_crm.group_billing",
        help="The invoice to be that took this row, one at most; while it is planned, no other run takes it.",
    )
    settled_move_id = fields.Many2one(
        "account.move",
        "Settled With",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The invoice of the cycle in which the contract covered this row.",
    )

    @api.model
    def _psa_take(self, ids_of):
        """Mark rows as taken by lines of a run, ``{line id: row ids}``, instead of lines that took them before."""
        self.flush_model(["run_line_ids"])
        self.env.cr.execute(
            SQL(
                """INSERT INTO psa_billing_run_line_item_rel (item_id, line_id)
                   SELECT unnest(taken.ids::int[]), taken.line_id FROM unnest(%s::int[], %s::text[]) AS taken (line_id, ids)
                       ON CONFLICT (item_id) DO UPDATE SET line_id = EXCLUDED.line_id""",
                list(ids_of),
                [int_array(ids) for ids in ids_of.values()],
            )
        )
        self.invalidate_model(["run_line_ids"])
        self.env["psa.billing.run.line"].invalidate_model(["item_ids"])

    @api.model
    def _psa_link(self, ids_of):
        """Mark released rows as charged by invoice lines: ``{(line id, invoice id): row ids}``.

        Who did it stands on the run and on the invoice: another user in each row had each of them checked to be one.
        """
        if not ids_of:
            return
        self.flush_model(["state", "move_line_id", "move_id"])
        self.env.cr.execute(
            SQL(
                """UPDATE psa_billing_item AS item
                      SET state = 'invoiced', move_line_id = charged.line_id, move_id = charged.move_id,
                          write_date = now() AT TIME ZONE 'UTC'
                     FROM (SELECT line_id, move_id, unnest(ids::int[]) AS id
                             FROM unnest(%s::int[], %s::int[], %s::text[]) AS line (line_id, move_id, ids)) AS charged
                    WHERE item.id = charged.id AND item.state = 'approved'""",
                [line_id for line_id, _move_id in ids_of],
                [move_id for _line_id, move_id in ids_of],
                [int_array(ids) for ids in ids_of.values()],
            )
        )
        if self.env.cr.rowcount != sum(map(len, ids_of.values())):
            raise UserError(
                self.env._("Some of the rows have been billed, written off or held back meanwhile.")
            )
        self.invalidate_model(["state", "move_line_id", "move_id"])
        self.env["account.move"].invalidate_model(["psa_billing_item_ids"])
        self.env["account.move.line"].invalidate_model(["psa_billing_item_ids"])

    @api.model
    def _psa_settle(self, move_of):
        """Close covered rows together with the invoice of their cycle: ``{row id: invoice id or None}``."""
        if not move_of:
            return
        self.flush_model(["state", "settled_on", "settled_move_id"])
        self.env.cr.execute(
            SQL(
                """UPDATE psa_billing_item AS item SET settled_on = %s, settled_move_id = settled.move_id,
                          write_uid = %s, write_date = now() AT TIME ZONE 'UTC'
                     FROM unnest(%s::int[], %s::int[]) AS settled (id, move_id)
                    WHERE item.id = settled.id AND item.state = 'covered' AND item.settled_on IS NULL""",
                fields.Date.context_today(self),
                self.env.uid,
                list(move_of),
                list(move_of.values()),
            )
        )
        self.invalidate_model(["settled_on", "settled_move_id", "write_uid", "write_date"])

    def _psa_release(self, keep_trace=True):
        """Take rows off their invoice lines: they are to be invoiced again.

        :param keep_trace: remember the lines, unless they are about to be deleted
        """
        if not self:
            return
        for line, items in self.grouped("move_line_id").items():
            vals = {"state": "approved", "move_line_id": False, "run_line_ids": [fields.Command.clear()]}
            if keep_trace and line:
                vals["past_move_line_ids"] = [fields.Command.link(line.id)]
            items._write_row(vals)
        self.flush_recordset(["move_line_id"])

    def _psa_take_back(self, lines):
        """Have rows charged again by these lines, which charged them before."""
        free = self._locked(("approved",))
        link = defaultdict(list)
        for item in self:
            line = (item.past_move_line_ids & lines)[:1]
            if item.move_line_id == line:
                continue
            if item not in free or item.run_line_ids.state == "planned":
                raise UserError(
                    self.env._(
                        "%(invoice)s charges work that has been billed, written off or held back "
                        "since (%(text)s). Make a new invoice instead of reviving this one.",
                        invoice=line.move_id.display_name,
                        text=item.name.split("\n")[0],
                    )
                )
            item._write_row({"past_move_line_ids": [fields.Command.unlink(line.id)]})
            link[line.id, line.move_id.id].append(item.id)
        self.flush_recordset()
        self._psa_link(link)

    @api.model
    def _psa_unsettle(self, moves):
        """Open the covered rows again that were closed with these invoices, which charge nothing any more.

        They are priced again with all that their clients have open: terms, or what is left to draw, may have changed since.
        """
        settled = self.search([("settled_move_id", "in", moves.ids), ("settled_on", "!=", False)])
        if settled:
            settled._psa_take_turn(settled.client_id, settled.company_id)
            settled._write_row({"settled_on": False, "run_line_ids": [fields.Command.clear()]})
            settled._psa_rate_again()

    @api.model
    def _psa_settle_again(self, moves):
        """Close the covered rows of invoices that came back to life, unless another invoice did since."""
        opened = self.search(
            [("settled_move_id", "in", moves.ids), ("settled_on", "=", False), ("state", "=", "covered")]
        )
        opened._psa_settle({item.id: item.settled_move_id.id for item in opened})

    def _psa_details_text(self, day):
        """Return what was done, without what stands in the other columns of the work details.

        :param day: the date of the row as it is printed
        """
        lines = self.name.split("\n")
        if len(lines) > 1 and lines[0].startswith(day):
            lines = lines[1:]
        return "\n".join(lines)
