"""What a person does in a browser, and how wide his window is."""

import contextlib
from weakref import WeakKeyDictionary

from harness import PATIENCE_SECONDS
from playwright.sync_api import Error

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1400, "height": 900}
# The requests each page waits for.
waiting = WeakKeyDictionary()


def watch(page):
    """Know from now on which requests a page waits for."""
    requests = waiting[page] = set()

    def begin(request):
        requests.add(request)

    def end(request):
        requests.discard(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)


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
        with contextlib.suppress(Error):  # the page goes elsewhere meanwhile
            page.evaluate("new Promise((done) => requestIdleCallback(done, {timeout: 10000}))")
        page.wait_for_timeout(200)
        for _tenth in range(10 * PATIENCE_SECONDS):
            if not any("/web/dataset/" in request.url or "/mail/" in request.url for request in waiting[page]):
                break
            page.wait_for_timeout(100)
    page.wait_for_selector(".o_loading_indicator", state="detached")
