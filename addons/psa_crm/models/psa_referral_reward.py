from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class PsaReferralReward(models.Model):
    """A ledger of what referrals earned, one signed row for each change; nobody writes into it by hand.

    A row for an invoice adds what the invoice earns; when the invoice is refunded, cancelled or no longer paid, the next
    row for it takes back what it lost. See :meth:`psa.referral._credit`.
    """

    _name = 'psa.referral.reward'
    _description = "Referral Reward"
    _order = 'date desc, id desc'
    _rec_name = 'referral_id'

    referral_id = fields.Many2one('psa.referral', required=True, readonly=True, index=True, ondelete='restrict')
    user_id = fields.Many2one(
        related='referral_id.user_id', store=True, string="Referred By", index='btree_not_null')
    company_id = fields.Many2one(
        related='referral_id.company_id', store=True, string="Earned By", index=True, help="The company of who referred.")
    payer_company_id = fields.Many2one(
        related='referral_id.program_id.company_id', store=True, string="Paid By", index='btree_not_null',
        groups='base.group_system,psa_crm.group_billing')
    referred_name = fields.Char(related='referral_id.referred_name')
    # The invoice belongs to the platform's company: who earns by it must not read it.
    move_id = fields.Many2one(
        'account.move', string="Invoice", readonly=True, required=True, ondelete='restrict', index=True,
        groups='base.group_system')
    number = fields.Integer(
        readonly=True, required=True, aggregator=None,
        help="Counts the rows for one invoice: 0 is the credit, what follows corrects it.")
    date = fields.Date(required=True, readonly=True, default=fields.Date.context_today)
    kind = fields.Selection(
        [('credit', "Credit"), ('reversal', "Reversal")], compute='_compute_kind', store=True,
        help="A reversal takes back what a refunded or cancelled invoice had brought.")
    amount = fields.Monetary(required=True, readonly=True)
    currency_id = fields.Many2one('res.currency', required=True, readonly=True)
    state = fields.Selection(
        [('credited', "Credited"), ('paid_out', "Paid Out"), ('cancelled', "Cancelled")],
        default='credited', required=True, readonly=True,
        help="Credited: to be paid out, or set off when negative. Cancelled: taken back before it was paid out.")
    date_paid_out = fields.Date(string="Paid Out On", readonly=True)
    paid_out_by_id = fields.Many2one('res.users', readonly=True, groups='base.group_system,psa_crm.group_billing')
    is_payer = fields.Boolean(compute='_compute_is_payer', help="The reader does billing for the company that pays.")
    may_pay_out = fields.Boolean(compute='_compute_is_payer')

    # Whatever runs twice or side by side, an invoice is credited once.
    _referral_move_number_uniq = models.UniqueIndex('(referral_id, move_id, number)')
    _order_idx = models.Index('(date DESC, id DESC)')

    @api.depends('amount')
    def _compute_kind(self):
        for reward in self:
            reward.kind = 'reversal' if reward.amount < 0 else 'credit'

    @api.depends('state', 'payer_company_id')
    @api.depends_context('uid', 'allowed_company_ids')
    def _compute_is_payer(self):
        is_billing = self.env.user.has_group('psa_crm.group_billing')
        companies = self.env.companies
        for reward in self:
            reward.is_payer = is_billing and reward.sudo().payer_company_id in companies
            reward.may_pay_out = reward.is_payer and reward.state == 'credited'

    def action_mark_paid_out(self):
        """Note that these rewards were paid. Billing of the company that pays says so, nobody else."""
        self.check_access('read')
        if not self.env.user.has_group('psa_crm.group_billing') or any(
            payer not in self.env.companies for payer in self.sudo().payer_company_id
        ):
            raise AccessError(self.env._("Only billing of the company that pays the rewards may mark them as paid out."))
        rewards = self.sudo()
        rewards.lock_for_update()
        done = rewards.filtered(lambda reward: reward.state != 'credited')
        if done:
            raise UserError(self.env._(
                "%(count)s of the chosen rewards are paid out or cancelled already. Choose credited ones only.", count=len(done)))
        negative = {
            (company, currency): sum(group.mapped('amount'))
            for (company, currency), group in rewards.grouped(lambda reward: (reward.company_id, reward.currency_id)).items()
        }
        owing = next((company for (company, currency), total in negative.items() if currency.compare_amounts(total, 0) < 0), None)
        if owing:
            raise UserError(self.env._(
                "The chosen rewards of %s come to less than zero. Choose credits along with the reversals, so that there is "
                "something to pay.", owing.name))
        rewards.write({
            'state': 'paid_out', 'date_paid_out': fields.Date.context_today(self), 'paid_out_by_id': self.env.uid,
        })
        return True

    def action_open_invoice(self):
        """Open the invoice for who may read it."""
        self.ensure_one()
        self.check_access('read')
        move = self.sudo().move_id.with_env(self.env)
        move.check_access('read')
        return {
            'type': 'ir.actions.act_window', 'res_model': 'account.move', 'res_id': move.id, 'views': [(False, 'form')],
        }
