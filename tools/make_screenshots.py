#!/usr/bin/env python3
"""Take the README's screenshots from a running server with demo data.

    python3 tools/make_screenshots.py http://127.0.0.1:8069

Needs Playwright for Python and a Chromium: the system's one, or another named with ``--browser``. Writes
``docs/images/ticket_kanban.png``, ``ticket_form.png`` and ``portal_list.png``.
"""

import argparse
import os
import re
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

WIDTH = 1400
HEIGHT = 860
SETTLE_MS = 900  # animations and avatars after the last request


def sign_in(browser, url, login):
    """A page of its own session, signed in as a demo user (login and password are the same)."""
    context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US")
    page = context.new_page()
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", login)
    page.click("form.oe_login_form button[type=submit]")
    page.wait_for_url(re.compile(r"/(odoo|my)"))
    return page


def settle(page, selector):
    """Wait until what is looked for is there and has stopped moving."""
    page.wait_for_selector(selector)
    # Not "networkidle": the backend keeps a connection open for its notifications.
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    page.wait_for_timeout(SETTLE_MS)


def ticket_kanban(browser, url, folder):
    """The board of all tickets, as the dispatcher sees it."""
    page = sign_in(browser, url, "dispatch")
    page.goto(f"{url}/odoo/action-psa_helpdesk.action_psa_ticket?view_type=kanban")
    settle(page, ".o_kanban_record:not(.o_kanban_ghost)")
    page.screenshot(path=folder / "ticket_kanban.png")
    return page


def ticket_form(page, url, folder):
    """One ticket with its conversation."""
    ticket_id = page.evaluate(
        """async () => {
            const answer = await fetch("/web/dataset/call_kw", {
                method: "POST",
                headers: {"Content-Type": "application/json"},
                body: JSON.stringify({jsonrpc: "2.0", method: "call", params: {
                    model: "psa.ticket", method: "search", kwargs: {},
                    args: [[["name", "=like", "Recall e-mails%"]]],
                }}),
            });
            return (await answer.json()).result[0];
        }"""
    )
    page.goto(f"{url}/odoo/action-psa_helpdesk.action_psa_ticket/{ticket_id}")
    settle(page, ".o_form_view .o-mail-Message")
    page.screenshot(path=folder / "ticket_form.png")


def portal_list(browser, url, folder):
    """The tickets of a client, as its administrator sees them."""
    page = sign_in(browser, url, "clientadmin")
    page.goto(f"{url}/my/tickets")
    settle(page, ".o_psa_ticket_row")
    page.screenshot(path=folder / "portal_list.png")


def main():
    """Take all screenshots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="address of a running server with demo data")
    parser.add_argument("--browser", default=shutil.which("chromium") or shutil.which("google-chrome"))
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "docs" / "images")
    options = parser.parse_args()
    url = options.url.rstrip("/")
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=options.browser, args=arguments)
        page = ticket_kanban(browser, url, options.out)
        ticket_form(page, url, options.out)
        portal_list(browser, url, options.out)
        browser.close()
    for path in sorted(options.out.glob("*.png")):
        print(path)


if __name__ == "__main__":
    main()
