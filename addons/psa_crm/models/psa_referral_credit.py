from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Domain

from ..core import referral

BATCH = 100
EVERY_MINUTES = 55


class PsaReferral(models.Model):
    """What referrals earn: brings the ledger of rewards to what the invoices say today."""

    _inherit = 'psa.referral'

    @api.model
    def _cron_credit(self):
        """Look at every referral that may earn something, the longest unseen first.

        Each batch is committed with the moment it was seen, so after a crash the next run goes on with the rest.
        """
        seen_before = fields.Datetime.subtract(fields.Datetime.now(), minutes=EVERY_MINUTES)
        domain = Domain('state', 'in', ('signed_up', 'rewarded')) & (
            Domain('date_checked', '=', False) | Domain('date_checked', '<', seen_before))
        remaining = self.sudo().search_count(domain)
        while remaining:
            records = self.sudo().search(domain, limit=BATCH, order='date_checked NULLS FIRST, id').try_lock_for_update()
            if not records:
                break
            records._credit()
            remaining = max(0, remaining - len(records))
            if not self.env['ir.cron']._commit_progress(len(records), remaining=remaining):
                break

    @api.model
    def _look_again(self, moves):
        """Have the referrals whose companies these invoices went to looked at in the next minute."""
        partners = moves.commercial_partner_id
        companies = self.env['res.company'].sudo().search([('partner_id', 'in', partners.ids)])
        records = self.sudo().search([
            ('referred_company_id', 'in', companies.ids), ('state', 'in', ('signed_up', 'rewarded'))]) if companies else self
        if records:
            # Nobody's payment waits for the job: what it holds just now it looks at again within the hour.
            records.try_lock_for_update().date_checked = False
            self.env.ref('psa_crm.ir_cron_credit_referrals').sudo()._trigger()

    def _credit(self):
        """Write the rows that are missing in the ledger of these referrals. A second run finds none missing."""
        records = self.sudo()
        records.date_checked = fields.Datetime.now()
        earning = records.filtered(lambda record: record.program_id and record.referred_company_id)
        invoices = earning._paid_invoices()
        rows = self.env['psa.referral.reward'].sudo().search([('referral_id', 'in', earning.ids)], order='id')
        rows_by_referral = rows.grouped('referral_id')
        vals_list = []
        for record in earning:
            vals_list += record._missing_rewards(
                invoices[record], rows_by_referral.get(record, rows.browse()))
        created = rows.create(vals_list)
        rows = rows | created
        for record, own_rows in rows.grouped('referral_id').items():
            record._settle_state(own_rows)

    def _paid_invoices(self):
        """Return for each record the invoices that count: issued to the referred company by the one that pays, and paid.

        What was refunded is taken off the invoice that the credit note names. Credit notes in draft do not count.
        """
        partner_by_record = {record: record.referred_company_id.partner_id for record in self}
        moves = self.env['account.move'].sudo().search_fetch([
            ('move_type', 'in', ('out_invoice', 'out_refund')),
            ('state', '=', 'posted'),
            ('partner_id', 'child_of', [partner.id for partner in partner_by_record.values()]),
            ('company_id', 'in', self.program_id.company_id.ids),
        ], ['commercial_partner_id', 'company_id', 'move_type', 'payment_state', 'reversed_entry_id', 'amount_untaxed',
            'currency_id', 'invoice_date']) if self else self.env['account.move'].sudo()
        refunds = moves.filtered(lambda move: move.move_type == 'out_refund').grouped('reversed_entry_id')
        by_customer = defaultdict(list)
        for move in moves:
            if move.move_type == 'out_invoice' and move.payment_state == 'paid':
                by_customer[move.commercial_partner_id, move.company_id].append(move)
        return {
            record: [
                referral.PaidInvoice(id=move.id, date=move.invoice_date, base=sum(
                    (sign * record._in_program_currency(part) for sign, part in
                     [(1, move), *((-1, refund) for refund in refunds.get(move, ()))]), Decimal(0)))
                for move in by_customer[partner, record.program_id.company_id]
            ]
            for record, partner in partner_by_record.items()
        }

    def _in_program_currency(self, move):
        """Return the untaxed amount of a move, at the rate of its date where it is in another currency."""
        currency = self.program_id.currency_id
        amount = move.amount_untaxed
        if move.currency_id != currency:
            amount = move.currency_id._convert(amount, currency, move.company_id, move.invoice_date)
        return Decimal(repr(amount))

    def _missing_rewards(self, invoices, rows):
        """Return the values of the rows that bring this referral's ledger to what the invoices earn."""
        self.ensure_one()
        credited, numbers = defaultdict(Decimal), defaultdict(int)
        for row in rows:
            credited[row.move_id.id] += Decimal(repr(row.amount))
            numbers[row.move_id.id] = row.number + 1
        first_id = next((move_id for move_id, amount in credited.items() if amount > 0), None)
        due = referral.earned(self.program_id._terms(), invoices, first_id, self.date_first_invoice or None)
        if due and not self.date_first_invoice:
            self.date_first_invoice = min(invoice.date for invoice in invoices if invoice.id in due)
        return [
            {
                'referral_id': self.id,
                'move_id': move_id,
                'number': numbers[move_id],
                'amount': float(amount),
                'currency_id': self.program_id.currency_id.id,
            }
            for move_id, amount in referral.missing_rows(due, credited).items()
        ]

    def _settle_state(self, rows):
        """Cancel what was taken back before it was paid out, and say whether the referral has earned something."""
        currency = self.program_id.currency_id
        for own_rows in rows.grouped('move_id').values():
            unpaid = own_rows.filtered(lambda row: row.state == 'credited')
            if unpaid and currency.is_zero(sum(unpaid.mapped('amount'))):
                unpaid.state = 'cancelled'
        state = 'rewarded' if currency.compare_amounts(sum(rows.mapped('amount')), 0) > 0 else 'signed_up'
        if self.state != state:
            self.state = state
