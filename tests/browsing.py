"""What a person does in a browser, and how wide his window is."""

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 900}


def sign_in(page, login, password):
    """Sign in through the form, as a person does."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url(lambda url: "/web/login" not in url, wait_until="commit")


def web_client_is_idle(page):
    """Wait until Odoo's web client has its answers: its loading sign appears a quarter of a second into a request."""
    page.wait_for_timeout(400)
    page.wait_for_selector(".o_loading_indicator", state="detached")
