from urllib.parse import quote, urlencode

from odoo import http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.http import request

from ..core import invitation

MODELS = {'staff': 'psa.staff', 'team': 'psa.team.invitation'}
MIN_PASSWORD_LENGTH = 8


class PsaInvitationController(http.Controller):
    """The pages behind the links of invitation mails.

    Whoever has the link has read the mail; the pages tell him, and nobody else, what his address can do. Opening a link
    changes nothing: mail scanners do that, too. Answers are posted.
    """

    @http.route('/psa/invitation/<any(staff,team):kind>/<string:token>', type='http', auth='public', sitemap=False,
                methods=['GET'])
    def show(self, kind, token, **__):
        """Show what the invitation is about and what can be done now."""
        found = self._find(kind, token)
        return self._page(kind, token, found, self._situation(kind, found))

    @http.route('/psa/invitation/<any(staff,team):kind>/<string:token>', type='http', auth='public', sitemap=False,
                methods=['POST'])
    def answer(self, kind, token, answer='', name='', password='', confirm='', **__):
        """Accept or decline the invitation. A refusal undoes everything and says what to do."""
        found = self._find(kind, token)
        situation = self._situation(kind, found)
        if situation not in ('new', 'ready') and not (situation == 'sign_in' and answer == 'decline' and kind == 'staff'):
            return self._page(kind, token, found, situation)
        try:
            with request.env.cr.savepoint():
                if answer == 'decline':
                    self._decline(kind, found)
                    done = 'declined'
                elif situation == 'new':
                    self._check_password(password, confirm)
                    found._psa_accept_new(name.strip() or found.name, password)
                    done = 'account'
                else:
                    user = request.env.user
                    (found._psa_accept_join if kind == 'staff' else found._psa_accept)(user)
                    done = 'joined'
        except (AccessError, UserError, ValidationError) as error:
            request.env.invalidate_all()
            found = self._find(kind, token)
            return self._page(kind, token, found, self._situation(kind, found), error=str(error), name=name)
        return self._page(kind, token, found.exists(), done, done=True)

    def _find(self, kind, token):
        return request.env[MODELS[kind]]._psa_find_by_token(token)

    def _decline(self, kind, found):
        if kind == 'staff':
            found._psa_decline()
        else:
            found._psa_decline(request.env.user)

    def _situation(self, kind, found):
        """Return what the visitor can do: unknown, accepted, declined, expired, cancelled, ended, new, sign_in, other or ready."""
        if not found:
            return 'unknown'
        standing = found._psa_standing()
        if standing != invitation.PENDING:
            return standing or 'unknown'
        user = request.env.user
        if kind == 'staff':
            account = found._psa_account()
            if not account.active:
                return 'new' if user._is_public() else 'other'
            is_for = account == user
        else:
            is_for = found._psa_is_for(user)
        if user._is_public():
            return 'sign_in'
        return 'ready' if is_for else 'other'

    def _check_password(self, password, confirm):
        if len(password) < MIN_PASSWORD_LENGTH:
            raise ValidationError(request.env._("The password needs at least %s characters.", MIN_PASSWORD_LENGTH))
        if password != confirm:
            raise ValidationError(request.env._("The two passwords differ. Type the same one twice."))

    def _page(self, kind, token, found, situation, error='', name='', done=False):
        url = f'/psa/invitation/{kind}/{quote(token, safe="")}'
        login = found._psa_account().login if kind == 'staff' and found else (found.email if found else '')
        company = found.company_id if found else found
        sign_in = '/web/login?' + urlencode({'redirect': '/odoo' if done else url, 'login': login or ''})
        response = request.render('psa_crm.invitation_page', {
            'kind': kind,
            'invitation': found,
            'company': company,
            'situation': situation,
            'error': error,
            'name': name or (found.name if kind == 'staff' and found else ''),
            'role': self._role_label(kind, found),
            'url': url,
            'sign_in_url': sign_in,
            'sign_out_url': '/web/session/logout?' + urlencode({'redirect': url}),
            'min_length': MIN_PASSWORD_LENGTH,
        })
        # The link is a key: no other site, cache or search engine is to see it.
        response.headers.update({
            'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store', 'X-Robots-Tag': 'noindex, nofollow',
            'X-Frame-Options': 'DENY', 'Content-Security-Policy': "frame-ancestors 'none'",
        })
        if situation == 'unknown':
            response.status_code = 404
        return response

    def _role_label(self, kind, found):
        if kind != 'staff' or not found:
            return ''
        return dict(found._fields['role']._description_selection(request.env)).get(found.role, '')
