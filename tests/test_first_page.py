"""The first visitor of a new database finds its pages built: nobody waits for scripts, nobody gets a blank page."""

import re

import requests


def _bundles(html):
    """Return the addresses of the scripts and styles that a page asks for."""
    return sorted(set(re.findall(r"/web/assets/[\w./-]+\.(?:js|css)", html)))


def test_scripts_and_styles_of_the_first_pages_are_there_before_anybody_asks(server):
    sign_in = requests.get(f"{server.url}/web/login", timeout=180).text
    backend = server.web("admin").get("/odoo").text

    wanted = _bundles(sign_in) + _bundles(backend)

    assert any("web.assets_web.min.js" in url for url in wanted), wanted
    rows = server.query("SELECT url FROM ir_attachment WHERE url = ANY(%s)", [wanted])
    missing = set(wanted) - {url for (url,) in rows}
    assert not missing, f"built only when asked for: {sorted(missing)}"
    built_later = re.findall(r"Generating a new asset bundle attachment (\S+)", server.log.read_text())
    assert not set(built_later) & set(wanted), built_later
