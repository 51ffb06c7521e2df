from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core import share_code


class PsaClientAbsence(models.Model):
    """Somebody of another service company stands in: he is named by his sharing code."""

    _inherit = 'psa.client.absence'

    receiver_code = fields.Char(
        string="Receiver's Code", compute='_compute_receiver_code', readonly=False,
        help="For somebody of another service company: the sharing code he told you. He finds it in his preferences.")

    def _compute_receiver_code(self):
        # It is typed, used up and forgotten.
        self.receiver_code = False

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(self._psa_take_codes(vals_list))

    def write(self, vals):
        return super().write(self._psa_take_codes([vals])[0])

    @api.model
    def _psa_take_codes(self, vals_list):
        """Return the values with who stands in instead of the codes."""
        vals_list = [dict(vals) for vals in vals_list]
        Failure = self.env['psa.share.code.failure']
        chosen = {vals['cover_user_id'] for vals in vals_list if vals.get('cover_user_id')}
        # Whoever counts up ids would learn who has an account here.
        if not self.env.su and chosen - self.env['res.users']._psa_colleague_ids(chosen) - set(self.sudo().cover_user_id.ids):
            Failure._psa_refuse_stranger()
        typed = [(vals, code) for vals in vals_list if (code := (vals.pop('receiver_code', None) or '').strip())]
        for vals, code in typed:
            if vals.get('cover_user_id'):
                raise UserError(self.env._(
                    "Choose who stands in or type his code, not both: empty Who Stands In or Receiver's Code."))
            if (share_code.normalize(code) or share_code.PERSON)[0] == share_code.COMPANY:
                raise UserError(self.env._(
                    "A person stands in, but Receiver's Code is that of a company. Ask who stands in for the code in his preferences."))
        receivers = Failure._psa_receivers([(code, share_code.PERSON) for _vals, code in typed])
        for (vals, _code), (_kind, user_id) in zip(typed, receivers, strict=True):
            vals['cover_user_id'] = user_id
        return vals_list
