from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .psa_signup import DEFAULTS


class ResConfigSettings(models.TransientModel):
    _inherit = 'res.config.settings'

    psa_signup_enabled = fields.Boolean(
        string="Public Sign-Up", config_parameter='psa_crm.signup_enabled',
        help="IT professionals make an account and a company of their own on the page /psa/signup.")
    psa_signup_per_network = fields.Integer(
        string="Per Network and Hour", config_parameter='psa_crm.signup_per_network', default=DEFAULTS['per_network'])
    psa_signup_per_address = fields.Integer(
        string="Per Mail Address and Day", config_parameter='psa_crm.signup_per_address', default=DEFAULTS['per_address'])
    psa_signup_overall = fields.Integer(
        string="Altogether per Hour", config_parameter='psa_crm.signup_overall', default=DEFAULTS['overall'])
    psa_signup_valid_hours = fields.Integer(
        string="Link Valid for Hours", config_parameter='psa_crm.signup_valid_hours', default=DEFAULTS['valid_hours'])
    psa_signup_keep_days = fields.Integer(
        string="Keep for Days", config_parameter='psa_crm.signup_keep_days', default=DEFAULTS['keep_days'],
        help="Requests of which nothing came are deleted after this time.")
    psa_referral_who = fields.Selection(
        [('staff', "All Staff"), ('owner', "Owners")], string="Who May Refer", config_parameter='psa_crm.referral_who',
        default='staff')

    @api.constrains(
        'psa_signup_per_network', 'psa_signup_per_address', 'psa_signup_overall', 'psa_signup_valid_hours', 'psa_signup_keep_days')
    def _check_psa_signup_numbers(self):
        names = ('psa_signup_per_network', 'psa_signup_per_address', 'psa_signup_overall', 'psa_signup_valid_hours',
                 'psa_signup_keep_days')
        for settings in self:
            for name in names:
                if settings[name] < 1:
                    raise ValidationError(self.env._(
                        "%s must be at least 1. To let nobody in, switch Public Sign-Up off.",
                        self._fields[name]._description_string(self.env)))
