import re

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request
from werkzeug.exceptions import NotFound

from ..core.signup import EMAIL_MAX, NAME_MAX, check_form

# Survives until the visitor has made up his mind; tells nothing but through whom he came.
REFERRAL_COOKIE = 'psa_ref'
REFERRAL_COOKIE_SECONDS = 30 * 24 * 3600
# A field that people do not see; programs that fill in forms fill it in.
TRAP = 'website'
CODE = re.compile(r'[A-Za-z0-9_-]{1,64}\Z')
CONFIRMING = 'psa_signup_confirming'


class PsaSignup(http.Controller):
    """The public pages on which an IT professional makes an account and a company of his own."""

    def _check_open(self):
        if not request.env['psa.signup']._is_open():
            raise NotFound()

    def _render(self, template, **values):
        brand = request.env['psa.signup']._platform_company()
        response = request.render(f'psa_crm.{template}', {'brand': brand, **values})
        response.headers['X-Frame-Options'] = 'DENY'
        response.headers['Content-Security-Policy'] = "frame-ancestors 'none'"
        # The address of the page may hold a token: it goes nowhere, and no cache keeps the page.
        response.headers['Referrer-Policy'] = 'no-referrer'
        response.headers['Cache-Control'] = 'no-store'
        return response

    # ------------------------------------------------------------------
    # The form
    # ------------------------------------------------------------------

    @http.route('/r/<string:code>', type='http', auth='public', sitemap=False)
    def referral_link(self, code, **kwargs):
        """Follow a personal link: remember through whom the visitor came and show him the form."""
        self._check_open()
        return self._to_form(code)

    def _remembered_code(self):
        code = request.cookies.get(REFERRAL_COOKIE) or ''
        return code if CODE.match(code) else False

    def _to_form(self, code):
        """Go to the form; the cookie brings the code there, so that the address can be shown to anybody."""
        response = request.redirect('/psa/signup')
        if CODE.match(code):
            request.env['psa.referral']._by_code(code)._register_visit()
            response.set_cookie(
                REFERRAL_COOKIE, code, max_age=REFERRAL_COOKIE_SECONDS, httponly=True, samesite='Lax',
                secure=request.httprequest.scheme == 'https')
        return response

    @http.route('/psa/signup', type='http', auth='public', methods=['GET'], sitemap=False)
    def form(self, ref=None, **kwargs):
        """Show the form, or follow a personal link in its longer form."""
        self._check_open()
        if ref:
            return self._to_form(ref)
        return self._form_page({}, {})

    @http.route('/psa/signup', type='http', auth='public', methods=['POST'], sitemap=False)
    def submit(self, **post):
        """Keep the request and say the same to everybody."""
        self._check_open()
        typed = {
            'name': post.get('name') or '',
            'company_name': post.get('company_name') or '',
            'email': post.get('email') or '',
            'country_id': post.get('country_id') or '',
        }
        typed = {name: ' '.join(value.split()) for name, value in typed.items()}
        countries = self._countries()
        country = countries.filtered(lambda country: str(country.id) == typed['country_id'])
        problems = check_form(typed['name'], typed['company_name'], typed['email'], bool(country))
        if problems:
            return self._form_page(typed, problems)
        request.env['psa.signup']._request(
            {
                'name': typed['name'],
                'company_name': typed['company_name'],
                'email': typed['email'],
                'country_id': country.id,
                'lang': request.env.lang,
                'referral_code': self._remembered_code(),
            },
            request.httprequest.remote_addr,
            is_trapped=bool(post.get(TRAP)),
        )
        # A page of its own: reloading it sends nothing again.
        return request.redirect('/psa/signup/sent')

    @http.route('/psa/signup/sent', type='http', auth='public', methods=['GET'], sitemap=False)
    def sent(self, **kwargs):
        """Say what is said to everybody who sent the form."""
        self._check_open()
        return self._render('signup_sent', hours=request.env['psa.signup']._setting('valid_hours'))

    def _countries(self):
        return request.env['res.country'].sudo().search([])

    def _form_page(self, typed, problems):
        env = request.env
        messages = {
            'missing': env._("Please fill this in."),
            'long': env._("This is too long."),
            'advertising': env._("Please leave out links, addresses and special characters."),
            'address': env._("This is not a complete e-mail address."),
        }
        referral = env['psa.referral']._by_code(self._remembered_code())
        return self._render(
            'signup_form', typed=typed, errors={field: messages[problem] for field, problem in problems.items()},
            countries=self._countries(), name_max=NAME_MAX, email_max=EMAIL_MAX, trap=TRAP,
            referrer=referral.user_id.name if referral.state != 'revoked' else '')

    # ------------------------------------------------------------------
    # The confirmation
    # ------------------------------------------------------------------

    @http.route('/psa/signup/confirm/<string:token>', type='http', auth='public', methods=['GET'], sitemap=False)
    def confirm_page(self, token, **kwargs):
        """Ask once more: programs that look into mail follow links, but they press no buttons."""
        self._check_open()
        signup = request.env['psa.signup']._by_token(token)
        if not signup or not signup._is_confirmable():
            return self._dead_link()
        request.session[CONFIRMING] = signup.id
        return self._render('signup_confirm', signup=signup, company_name=signup.company_name, error='', name_max=NAME_MAX)

    @http.route('/psa/signup/confirm/<string:token>', type='http', auth='public', methods=['POST'], sitemap=False)
    def confirm(self, token, company_name='', **post):
        """Create account and company, and go on to Odoo's page for the password."""
        self._check_open()
        signup = request.env['psa.signup']._by_token(token)
        if not signup:
            return self._dead_link()
        company_name = ' '.join(company_name.split()) or signup.company_name
        if 'company_name' in check_form(signup.name, company_name, signup.email, True):
            error = request.env._("Please leave out links, addresses and special characters, and be brief.")
            return self._render('signup_confirm', signup=signup, company_name=company_name, error=error, name_max=NAME_MAX)
        try:
            with request.env.cr.savepoint():
                signup._confirm(company_name)
        except UserError as refusal:
            return self._render(
                'signup_confirm', signup=signup, company_name=company_name, error=str(refusal), name_max=NAME_MAX)
        # The second of two clicks in one browser ends where the first one does.
        if request.session.get(CONFIRMING) == signup.id and signup._awaits_password():
            response = request.redirect(signup._password_url())
            response.set_cookie(REFERRAL_COOKIE, '', max_age=0)
            return response
        return self._dead_link()

    def _dead_link(self):
        response = self._render('signup_dead_link')
        response.status_code = 410
        return response
