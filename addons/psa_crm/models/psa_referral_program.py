from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from ..core import referral

TERMS = ('company_id', 'method', 'amount', 'percent', 'recurrence', 'months', 'currency_id')


class PsaReferralProgram(models.Model):
    """What the platform's company gives for a referral. The program that runs on the day of the sign-up counts for good."""

    _name = 'psa.referral.program'
    _description = "Referral Program"
    _order = 'date_from desc, id desc'

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        'res.company', string="Paid By", required=True, index=True, default=lambda self: self.env.company,
        help="The company that runs the platform. Invoices it issues to a referred company count, and its billing pays the "
             "rewards out.")
    date_from = fields.Date(
        string="From", required=True, default=fields.Date.context_today, help="First day on which a sign-up counts.")
    date_to = fields.Date(string="Until", help="Last day on which a sign-up counts. Empty: until further notice.")
    method = fields.Selection(
        [('amount', "Amount"), ('percent', "Percent of the Invoice")], default='amount', required=True,
        help="Percent: of the untaxed amount of each invoice that counts, less what was refunded of it.")
    currency_id = fields.Many2one(
        'res.currency', required=True, default=lambda self: self.env.company.currency_id,
        help="Rewards are in this currency; invoices in another one are converted at the rate of their date.")
    amount = fields.Monetary(help="For each invoice that counts.")
    percent = fields.Float(digits=(5, 2))
    recurrence = fields.Selection(
        [('once', "First Paid Invoice"), ('recurring', "Each Paid Invoice")], default='once', required=True, string="For")
    months = fields.Integer(
        help="For how many months, from the date of the first paid invoice, each paid invoice counts. 0: without end.")
    note = fields.Text(help="Terms that people who refer should know; shown to them.", translate=True)
    benefit = fields.Char(compute='_compute_benefit')
    referral_ids = fields.One2many('psa.referral', 'program_id', string="Referrals")
    referral_count = fields.Integer(compute='_compute_referral_count')

    _order_idx = models.Index('(date_from DESC, id DESC)')
    _value_positive = models.Constraint(
        "CHECK((method = 'amount' AND amount > 0) OR (method = 'percent' AND percent > 0 AND percent <= 100))",
        "Enter an Amount above zero, or a Percent above zero and up to 100.")
    _dates_ordered = models.Constraint(
        'CHECK(date_to IS NULL OR date_to >= date_from)', "Until is before From. Correct one of the dates.")
    _months_positive = models.Constraint(
        'CHECK(months >= 0)', "Months cannot be negative. Enter 0 for a benefit without end.")

    @api.depends('method', 'amount', 'percent', 'recurrence', 'months', 'currency_id')
    @api.depends_context('lang')
    def _compute_benefit(self):
        for program in self:
            program.benefit = program._describe()

    def _describe(self):
        """Say the benefit in one line, in the reader's language."""
        self.ensure_one()
        value = f"{self.percent:g} %" if self.method == 'percent' else (
            self.currency_id.format(self.amount) if self.currency_id else f"{self.amount:g}")
        if self.recurrence == 'once':
            return self.env._("%(value)s for the first paid invoice", value=value)
        if self.months:
            return self.env._("%(value)s for each paid invoice of the first %(months)s months", value=value, months=self.months)
        return self.env._("%(value)s for each paid invoice", value=value)

    @api.depends('referral_ids')
    def _compute_referral_count(self):
        counts = dict(self.env['psa.referral']._read_group([('program_id', 'in', self.ids)], ['program_id'], ['__count']))
        for program in self:
            program.referral_count = counts.get(program, 0)

    @api.constrains('date_from', 'date_to', 'active')
    def _check_overlap(self):
        """Keep it certain which program counts on a day."""
        for program in self.filtered('active'):
            other = self.search(
                Domain('id', '!=', program.id) & self._running_domain(program.date_from, program.date_to), limit=1)
            if other:
                raise ValidationError(self.env._(
                    "The program “%(other)s” runs at the same time as “%(program)s”. End the one before the other begins: "
                    "set its field Until.", other=other.name, program=program.name))

    def write(self, vals):
        changed = [name for name in TERMS if name in vals]
        if changed:
            bound = self.sudo().filtered(lambda program: program.referral_ids)
            for program in bound:
                if any(program._fields[name].convert_to_write(program[name], program) != vals[name] for name in changed):
                    raise ValidationError(self.env._(
                        "People have been promised the benefit of “%s”, so it cannot change. End this program (field Until) and "
                        "make a new one.", program.name))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_promised(self):
        promised = self.sudo().filtered('referral_ids')
        if promised:
            raise ValidationError(self.env._(
                "Sign-ups count for “%s”. Archive it instead.", promised[0].name))

    def action_open_referrals(self):
        """Open the sign-ups that count for this program."""
        self.ensure_one()
        action = self.env['ir.actions.act_window']._for_xml_id('psa_crm.action_psa_referral')
        return {**action, 'domain': [('program_id', '=', self.id)], 'context': {}}

    @api.model
    def _running_domain(self, first, last=None):
        """Return the domain of the programs that run on a day, or at any time between two; without a last day for ever."""
        domain = Domain('date_to', '=', False) | Domain('date_to', '>=', first)
        return domain & Domain('date_from', '<=', last) if last else domain

    @api.model
    def _running(self, day=None):
        """Return the program that counts for a sign-up on this day, if there is one."""
        day = day or fields.Date.today()
        return self.sudo().search(self._running_domain(day, day), limit=1)

    def _terms(self):
        """Return the benefit rule for the calculation."""
        self.ensure_one()
        value = self.percent if self.method == 'percent' else self.amount
        return referral.Terms(
            value=Decimal(repr(value)),
            is_percent=self.method == 'percent',
            is_recurring=self.recurrence == 'recurring',
            months=self.months,
            rounding=Decimal(repr(self.currency_id.rounding)),
        )
