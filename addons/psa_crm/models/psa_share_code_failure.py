from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..core import share_code

MAX_FAILURES = 10
PERIOD = timedelta(hours=1)


class PsaShareCodeFailure(models.Model):
    """Somebody typed a sharing code that nobody has. Who does so often is guessing, and is stopped for a while."""

    _name = 'psa.share.code.failure'
    _description = "Mistyped Sharing Code"
    _order = 'id desc'

    user_id = fields.Many2one('res.users', required=True, readonly=True, ondelete='cascade')

    _user_idx = models.Index('(user_id, create_date)')
    _create_date_idx = models.Index('(create_date)')

    @api.model
    def _psa_receivers(self, typed):
        """Return the ids of the receivers with the codes that somebody typed: ``[(kind, id)]``.

        Unknown codes and those of archived or portal users are told apart by nothing: all are refused in the same words.

        :param typed: ``[(code, kind)]``; the kind is what is meant when the letter in front was left out
        """
        if not typed:
            return []
        self._psa_check_limit()
        codes = [share_code.normalize(code, kind) for code, kind in typed]
        known = self._psa_holders({code for code in codes if code})
        if any(code not in known for code in codes):
            self._psa_count()
            raise UserError(self._psa_refusal())
        return [(share_code.kind_of(code), known[code]) for code in codes]

    @api.model
    def _psa_holders(self, codes):
        domain = Domain('psa_share_code', 'in', list(codes)) & Domain('active', '=', True)
        users = self.env['res.users'].sudo().search_fetch(domain & Domain('share', '=', False), ['psa_share_code'])
        companies = self.env['res.company'].sudo().search_fetch(domain, ['psa_share_code'])
        return {holder.psa_share_code: holder.id for holders in (users, companies) for holder in holders}

    @api.model
    def _psa_refuse_stranger(self):
        """Refuse a receiver that was not chosen from what one sees; count it like a guessed code."""
        self._psa_check_limit()
        self._psa_count()
        raise UserError(self._psa_refusal())

    @api.model
    def _psa_refusal(self):
        return self.env._(
            "There is no receiver with this code. Correct Receiver's Code: it looks like P-7KQ4-XM2D for a person and "
            "C-7KQ4-XM2D for a service company. Ask the receiver for the current one; he finds it in his preferences, that of a "
            "company under My Company.")

    @api.model
    def _psa_check_limit(self):
        recent = Domain('user_id', '=', self.env.uid) & Domain('create_date', '>', fields.Datetime.now() - PERIOD)
        if self.sudo().search_count(recent, limit=MAX_FAILURES) >= MAX_FAILURES:
            raise UserError(self.env._(
                "You entered %s wrong codes in Receiver's Code within an hour. Ask the receiver for his code and try again in an "
                "hour.", MAX_FAILURES))

    @api.model
    def _psa_count(self):
        # In a transaction of its own: the refusal undoes everything else.
        with self.env.registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})[self._name].create({'user_id': self.env.uid})

    @api.autovacuum
    def _gc_failures(self):
        """Forget failures that no longer count."""
        self.env.cr.execute(SQL(
            """DELETE FROM psa_share_code_failure WHERE id IN (
                   SELECT id FROM psa_share_code_failure WHERE create_date < %s ORDER BY create_date LIMIT 10000)""",
            fields.Datetime.subtract(fields.Datetime.now(), days=1)))
        return self.env.cr.rowcount, self.env.cr.rowcount == 10000
