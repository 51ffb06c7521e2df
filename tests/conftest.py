"""Fixtures of the outside-in tests: one real server for the whole run, one mail sink, one browser."""

import os
import secrets

import pytest
from browsing import DESK, sign_in, watch
from harness import MAIL_DOMAIN, PATIENCE_SECONDS, Cluster, MissingSetting, Server, SmtpSink, scratch, setting
from playwright.sync_api import sync_playwright

# Stories: a later chapter makes no sense when an earlier one failed.


def pytest_configure(config):
    config.addinivalue_line("markers", "story: the tests of this class build on each other, in order")


def pytest_runtest_setup(item):
    broken = getattr(item.parent, "_broken_chapter", None)
    if broken and item.get_closest_marker("story"):
        pytest.fail(f"an earlier chapter of the story failed: {broken}", pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    if item.get_closest_marker("story") and not getattr(item.parent, "_broken_chapter", None):
        item.parent._broken_chapter = item.name
    server = item.funcargs.get("server")
    if server:
        report.sections.append(("server log, last lines", server.log_tail()))
    for number, page in enumerate(item.funcargs.get("open_pages", ())):
        path = scratch("failures") / f"{item.name}_{number}.png"
        try:
            page.screenshot(path=path)
            report.sections.append(("screenshot", f"{page.url}: {path}"))
        except Exception as error:
            report.sections.append(("screenshot", f"none: {error}"))


# The server and its mail


@pytest.fixture(scope="session")
def cluster():
    """The PostgreSQL cluster of the launcher."""
    try:
        return Cluster.from_environment()
    except MissingSetting as error:
        pytest.exit(str(error), returncode=2)


@pytest.fixture(scope="session")
def smtp_sink():
    """A real SMTP server that keeps what it is sent."""
    sink = SmtpSink()
    sink.start()
    yield sink
    sink.stop()


@pytest.fixture(scope="session")
def server(cluster, smtp_sink):
    """A real server with all our addons, no demo data, its mail domain set up."""
    running = Server(
        cluster=cluster,
        template=setting("PSA_TEMPLATE_DB"),
        template_data=setting("PSA_TEMPLATE_FILESTORE"),
        name=f"outside_in_{os.getpid()}_{secrets.token_hex(3)}",
        sink=smtp_sink,
    )
    try:
        running.start()
        _set_up_mail(running)
        yield running
    finally:
        running.remove()


def _set_up_mail(server):
    admin = server.xmlrpc()
    domain_id = admin.create("mail.alias.domain", {"name": MAIL_DOMAIN})
    company_ids = admin.search("res.company", [])
    admin.write(
        "res.company",
        company_ids,
        {"name": "Brightwater IT", "alias_domain_id": domain_id, "email": f"office@{MAIL_DOMAIN}"},
    )
    for key, value in {"web.base.url": server.url, "web.base.url.freeze": "True"}.items():
        admin.call("ir.config_parameter", "set_param", key, value)


# The browser


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=setting("PSA_CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            timeout=1000 * PATIENCE_SECONDS,
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_pages():
    """The pages that this test has open, for the screenshot when it fails."""
    return []


@pytest.fixture
def new_page(browser, server, open_pages):
    """Return a function that opens a page for somebody else: own cookies, own width; script errors fail the test."""
    contexts, errors = [], []

    def open_page(viewport=DESK, login=None, password=None):
        context = browser.new_context(base_url=server.url, viewport=viewport, locale="en-US")
        context.set_default_timeout(1000 * PATIENCE_SECONDS)  # the first page of a server builds its assets
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: errors.append(f"{page.url}: {message.text}") if _is_script_error(message) else None,
        )
        open_pages.append(page)
        if login:
            sign_in(page, login, password or login)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not errors, "script errors in the browser:\n" + "\n".join(errors)


def _is_script_error(message):
    # A resource that does not load is reported in the console too; pages of ours must not have one either, but the
    # browser asks for a favicon and Odoo for its update service, which no test machine can reach.
    return message.type == "error" and "Failed to load resource" not in message.text


@pytest.fixture
def look():
    """Return a function that keeps a picture of a page and asserts that it is not wider than its window."""

    def look_at(page, name):
        page.screenshot(path=scratch("screenshots") / f"{name}.png", full_page=True)
        wide = page.evaluate(
            """() => ({
                page: document.documentElement.scrollWidth,
                content: (document.querySelector('#wrapwrap') || document.body).scrollWidth,
                window: window.innerWidth})"""
        )
        assert max(wide["page"], wide["content"]) <= wide["window"], f"{page.url} scrolls sideways: {wide}"

    return look_at
