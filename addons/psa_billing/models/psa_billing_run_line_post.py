import logging

from odoo import api, models
from odoo.addons.psa_crm.tools import despite_collisions
from odoo.exceptions import RedirectWarning, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# Invoices that are made together, in one transaction: a share of what is planned, so that two workers end at the same time.
BATCH = 20
SMALL_BATCH = 5
SHARE = 4


class PsaBillingRunLine(models.Model):
    """Making the invoices: each line ends with its invoice, or with the reason why not; one never stops the others."""

    _inherit = "psa.billing.run.line"

    @api.model
    def _cron_post(self):
        """Make the invoices of what is planned, oldest first. Several may run at once: each takes what no other has taken."""
        lines, cron = self.sudo(), self.env["ir.cron"]
        # What was read before, to find the scheduled action, is not what the table is like now.
        cron._commit_progress()
        while done := despite_collisions(self.env, lines._psa_post_next):
            if not cron._commit_progress(done, remaining=lines.search_count([("state", "=", "planned")])):
                return
        despite_collisions(self.env, lines._psa_finish_runs)
        cron._commit_progress(remaining=0)

    @api.model
    def _psa_post_next(self):
        """Make the next few invoices, and return how many lines that were."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM psa_billing_run_line WHERE state = 'planned' ORDER BY id LIMIT (
                       SELECT LEAST(%s, GREATEST(%s, COUNT(*) / %s)) FROM psa_billing_run_line WHERE state = 'planned')
                      FOR UPDATE SKIP LOCKED""",
                BATCH,
                SMALL_BATCH,
                SHARE,
            )
        )
        lines = self.browse(id_ for (id_,) in rows)
        lines.invalidate_recordset()
        lines._psa_post()
        self.env.flush_all()
        return len(lines)

    @api.model
    def _psa_finish_runs(self):
        """Close the runs that have nothing left to do."""
        rows = self.env.execute_query(
            SQL("SELECT id FROM psa_billing_run WHERE state = 'running' ORDER BY id FOR UPDATE SKIP LOCKED")
        )
        self.env["psa.billing.run"].browse(id_ for (id_,) in rows)._psa_finish()

    def _psa_post(self):
        """Make the draft invoices of these lines, which are planned and locked; what fails keeps its reason."""
        for run, of_run in self.grouped("run_id").items():
            lines = of_run.with_company(run.company_id).with_context(lang=run.user_id.lang)
            if lines._psa_try_to_post() is not None and len(lines) > 1:
                for line in lines:
                    line._psa_try_to_post()

    def _psa_try_to_post(self):
        """Make the invoices of lines of one run; return None, or what went wrong after nothing was done.

        A single line keeps what went wrong as its problem.
        """
        try:
            with self.env.cr.savepoint():
                self._psa_make_moves()
            return None
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except (UserError, RedirectWarning) as error:
            problem = str(error.args[0]) if error.args else str(error)
        except Exception as error:
            if len(self) == 1:
                _logger.exception("Line %s of billing run %s could not be invoiced.", self.id, self.run_id.name)
            problem = self.env._(
                "Something unexpected went wrong (%s). Your administrator finds more in the server's log.", error
            )
        if len(self) == 1:
            self.write({"state": "failed", "error": problem})
        return problem

    def _psa_make_moves(self):
        """Make the draft invoices of lines of one run, link their rows and settle what is covered."""
        run = self.run_id
        rows_of, covered_of = self._psa_query_rows()
        to_bill = []
        for line in self:
            rows = rows_of[line.id]
            amount = sum(row.amount for row in rows)
            count = sum(len(row.ids) for row in rows)
            line.write({"item_count": count, "covered_count": len(covered_of[line.id]), "amount": float(amount)})
            if not rows and not covered_of[line.id]:
                line._psa_let_go("cancelled", self.env._("All its rows were written off, held or billed meanwhile."))
            elif not rows:
                line.write({"state": "covered", "note": self.env._("The contract covers all work of the cycle.")})
            elif amount < 0 and run.on_negative == "wait":
                line._psa_let_go(
                    "waiting",
                    self.env._("The sum is negative. It is set against the client's next invoice."),
                )
            elif problem := line._psa_find_problem():
                line.write({"state": "failed", "error": problem})
            else:
                to_bill.append(line)
        moves = self._psa_create_moves([(line, rows_of[line.id]) for line in to_bill])
        for line, move in zip(to_bill, moves, strict=True):
            line.write(
                {"state": "done", "move_id": move.id, "error": False, "note": line._psa_remarks(rows_of[line.id])}
            )
        self.env["psa.billing.item"]._psa_settle(
            {
                id_: line.move_id.id or None
                for line in self
                if line.state in ("done", "covered")
                for id_ in covered_of[line.id]
            }
        )

    def _psa_create_moves(self, rows_by_line):
        """Create the invoices in one go, and link the rows to their lines.

        :param rows_by_line: ``[(line, rows)]``
        :return: the invoices in the same order
        """
        run = self.run_id
        plans = [(line, line._psa_plan_lines(rows)) for line, rows in rows_by_line]
        texts = self._psa_read_texts(plans)
        Move = self.env["account.move"].with_user(run.user_id).with_context(allowed_company_ids=run.company_id.ids)
        vals_list = [
            line.with_context(lang=line.client_id.lang or self.env.lang)._prepare_move_vals(lines, texts)
            for line, lines in plans
        ]
        self._psa_add_common_vals(Move, vals_list)
        # Invoices log that they were made, each by itself, for a subtype nobody can follow. So do these, all at once.
        moves = Move.with_context(mail_create_nolog=True).create(vals_list).with_env(Move.env)
        moves._message_log_batch(bodies={move.id: move._creation_message() for move in moves})
        link = {}
        for (line, lines), move in zip(plans, moves, strict=True):
            move_lines = move.invoice_line_ids.filtered(lambda move_line: move_line.display_type == "product")
            for move_line, planned in zip(move_lines.sorted("sequence"), lines, strict=True):
                link[move_line.id, move.id] = planned.ids
            line._psa_check_total(move)
        self.env["psa.billing.item"].with_user(run.user_id).sudo()._psa_link(link)
        return moves

    @api.model
    def _psa_add_common_vals(self, Move, vals_list):
        """Add to the values of invoices what Odoo would look for once for each of them, or of their lines."""
        journals = {}
        has_distributions = self.env["account.analytic.distribution.model"].sudo().search_count([], limit=1)
        for vals in vals_list:
            key = (vals["move_type"], vals["currency_id"])
            if key not in journals:
                head = {name: vals[name] for name in ("move_type", "company_id", "currency_id")}
                journals[key] = Move.new(head).journal_id.id
            vals["journal_id"] = journals[key]
            if not has_distributions:
                for _command, _id, line_vals in vals["invoice_line_ids"]:
                    line_vals.setdefault("analytic_distribution", False)

    def _psa_read_texts(self, plans):
        """Return the texts of rows that have a line of their own, by row id."""
        ids = [
            planned.rows[0].id for _line, lines in plans for planned in lines if len(planned.ids) == 1
        ]
        return dict(self.env.execute_query(SQL("SELECT id, name FROM psa_billing_item WHERE id = ANY(%s)", ids)))

    def _psa_check_total(self, move):
        """Refuse an invoice that does not charge exactly what the ledger says."""
        sign = -1 if move.move_type == "out_refund" else 1
        # Amounts of lines without taxes are taken as they were handed over: what is printed of them must come to the same.
        untaxed = move.invoice_line_ids.filtered(lambda line: line.display_type == "product" and not line.tax_ids)
        amount = move.amount_untaxed + sum(line.price_subtotal + sign * line.amount_currency for line in untaxed)
        if not move.currency_id.compare_amounts(sign * amount, self.amount):
            return
        included = move.invoice_line_ids.tax_ids.flatten_taxes_hierarchy().filtered("price_include")
        if included:
            raise UserError(
                self.env._(
                    "The tax “%(tax)s” is included in prices, but the ledger's prices are without taxes. Choose a "
                    "tax that is added to the price for the product “%(product)s”.",
                    tax=included[0].name,
                    product=move.invoice_line_ids.filtered("tax_ids").product_id[:1].display_name,
                )
            )
        raise UserError(
            self.env._(
                "The invoice would come to %(invoice)s without taxes, its rows of the ledger to %(ledger)s.",
                invoice=move.currency_id.format(sign * amount),
                ledger=move.currency_id.format(self.amount),
            )
        )
