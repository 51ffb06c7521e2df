from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import share_code

FIELD_OF_KIND = {share_code.PERSON: ('user', 'user_id'), share_code.COMPANY: ('company', 'to_company_id')}
KIND_OF_TARGET = {'user': share_code.PERSON, 'company': share_code.COMPANY}


class PsaClientShare(models.Model):
    """Sharing across the wall: the giver sees nobody of other companies, so a receiver there is named by his code."""

    _inherit = 'psa.client.share'

    receiver_code = fields.Char(
        string="Receiver's Code", compute='_compute_receiver_code', readonly=False,
        help="For somebody of another service company: the sharing code he told you. A person finds it in his preferences, an "
             "owner that of the company under My Company.")

    def _compute_receiver_code(self):
        # It is typed, used up and forgotten.
        self.receiver_code = False

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [dict(vals) for vals in vals_list]
        self._psa_check_chosen(vals_list)
        self._psa_take_codes(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        if vals.get('receiver_code'):
            raise UserError(self.env._(
                "Client and receiver of a share stay as they are. Revoke it and share the client anew instead."))
        return super().write(vals)

    @api.model
    def _psa_take_codes(self, vals_list):
        """Put the receivers in place of the codes."""
        typed = []
        for vals in vals_list:
            code = (vals.pop('receiver_code', None) or '').strip()
            target = vals.get('target') or 'user'
            if not code or target == 'team':
                continue
            if vals.get(FIELD_OF_KIND[KIND_OF_TARGET[target]][1]):
                raise UserError(self.env._(
                    "Choose the receiver or type his code, not both: empty Receiver's Code, or Person and Service Company."))
            typed.append((vals, code, KIND_OF_TARGET[target]))
        receivers = self.env['psa.share.code.failure']._psa_receivers([(code, kind) for _vals, code, kind in typed])
        for (vals, _code, _kind), (kind, receiver_id) in zip(typed, receivers, strict=True):
            target, fname = FIELD_OF_KIND[kind]
            vals.update({'target': target, fname: receiver_id})

    @api.model
    def _psa_check_chosen(self, vals_list):
        """Refuse receivers the giver cannot see: whoever counts up ids would learn who has an account here."""
        if self.env.su:
            return
        users = {vals['user_id'] for vals in vals_list if vals.get('user_id')}
        companies = {vals['to_company_id'] for vals in vals_list if vals.get('to_company_id')}
        if users:
            # Who stands in was named before, by his code if need be.
            absences = self.env['psa.client.absence'].browse({vals['absence_id'] for vals in vals_list if vals.get('absence_id')})
            users -= set(absences._filtered_access('write').sudo().cover_user_id.ids)
            users -= self.env['res.users']._psa_colleague_ids(users)
        if companies:
            companies -= set(self.env['res.company'].with_context(active_test=False)._search([('id', 'in', list(companies))]))
        teams = self.env['psa.team'].browse({vals['team_id'] for vals in vals_list if vals.get('team_id')})
        if users or companies or teams - teams.exists()._filtered_access('read'):
            self.env['psa.share.code.failure']._psa_refuse_stranger()
