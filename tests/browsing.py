"""What a person does in a browser, and how wide his window is."""

from weakref import WeakKeyDictionary

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 900}
# The requests each page waits for.
waiting = WeakKeyDictionary()


def watch(page):
    """Know from now on which requests a page waits for."""
    requests = waiting[page] = set()
    page.on("request", lambda request: requests.add(request))
    for ended in ("requestfinished", "requestfailed"):
        page.on(ended, lambda request: requests.discard(request))


def sign_in(page, login, password):
    """Sign in through the form, as a person does."""
    page.goto("/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", password)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url(lambda url: "/web/login" not in url, wait_until="commit")


def web_client_is_idle(page):
    """Wait until Odoo's web client has nothing left to do and all its answers, and has shown them."""
    for _round in range(2):
        page.evaluate("new Promise((done) => requestIdleCallback(done))")
        page.wait_for_timeout(200)
        while any("/web/dataset/" in request.url or "/mail/" in request.url for request in waiting[page]):
            page.wait_for_timeout(100)
    page.wait_for_selector(".o_loading_indicator", state="detached")
