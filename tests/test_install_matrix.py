"""Each addon installs with nothing but its dependencies, and goes without a trace, in every order that those allow.

The buttons of Odoo's Apps screen are pressed on a running server; the log tells whether Odoo was content, the
database whether something stayed behind.
"""

import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import Server, setting

ADDONS = ("psa_crm", "psa_assets", "psa_helpdesk", "psa_billing", "psa_portal", "psa")

# Each path starts on a fresh database that has Odoo's apps and none of ours. "+" presses Install, "-" Uninstall; what
# must be there afterwards is said by EXPECTED_AFTER.
PATHS = {
    "one by one, up and down": (
        "+psa_crm +psa_assets +psa_helpdesk +psa_portal -psa_portal -psa_helpdesk -psa_assets -psa_crm"
    ),
    "billing alone, then the floor under it": "+psa_billing -psa_assets +psa_assets -psa_crm",
    "the app, then its parts in another order": "+psa -psa_billing +psa_billing -psa_portal -psa_crm",
}

NEEDS = {
    "psa_crm": set(),
    "psa_assets": {"psa_crm"},
    "psa_helpdesk": {"psa_crm", "psa_assets"},
    "psa_billing": {"psa_crm", "psa_assets", "psa_helpdesk"},
    "psa_portal": {"psa_crm", "psa_assets", "psa_helpdesk"},
    "psa": {"psa_crm", "psa_assets", "psa_helpdesk", "psa_billing", "psa_portal"},
}

LEFT_BEHIND = """
    SELECT 'table ' || relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE nspname = 'public' AND relkind IN ('r', 'v', 'm', 'S') AND relname LIKE 'psa\\_%'
    UNION ALL
    SELECT 'column ' || table_name || '.' || column_name FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name LIKE 'psa\\_%'
    UNION ALL
    SELECT 'model ' || model FROM ir_model WHERE model LIKE 'psa.%'
    UNION ALL
    SELECT 'field ' || model || '.' || name FROM ir_model_fields WHERE name LIKE 'psa\\_%'
    UNION ALL
    SELECT 'external id ' || module || '.' || name FROM ir_model_data
     WHERE module LIKE 'psa%' OR (module = 'base' AND name LIKE '%psa\\_%' AND model <> 'ir.module.module')
    UNION ALL
    SELECT 'setting ' || key FROM ir_config_parameter WHERE key LIKE 'psa%'
    UNION ALL
    SELECT 'view ' || name FROM ir_ui_view WHERE arch_db::text LIKE '%psa\\_%'
"""

# A line of the log that an administrator would have to look at.
TROUBLE = re.compile(r"^\S+ \S+ \d+ (?:WARNING|ERROR|CRITICAL) (?P<rest>.*)$", re.MULTILINE)
# Odoo's own, on its own modules or on a machine without a network.
KNOWN = re.compile(
    r"odoo\.addons\.(?:iap|partner_autocomplete|mail\.models\.update|base\.models\.ir_attachment)"
    r"|running as user 'root'|Missing license|--workers|wkhtmltopdf"
)


@pytest.fixture(scope="module")
def walked(request, cluster, smtp_sink):
    """Walk the chosen paths, two at a time, and return what was seen on each."""
    chosen = {item.callspec.params["title"] for item in request.session.items if item.path == request.path}
    with ThreadPoolExecutor(2) as pool:
        walks = {title: pool.submit(_walk, cluster, smtp_sink, PATHS[title].split()) for title in chosen}
        return {title: walk.result() for title, walk in walks.items()}


def _walk(cluster, sink, steps):
    server = Server(
        cluster=cluster,
        template=setting("PSA_BASE_DB"),
        template_data=os.environ.get("PSA_BASE_FILESTORE") or setting("PSA_TEMPLATE_FILESTORE"),
        name=f"matrix_{os.getpid()}_{secrets.token_hex(3)}",
        sink=sink,
    )
    seen = []
    try:
        server.start()
        admin = server.xmlrpc()
        admin.call("ir.module.module", "update_list")
        start = server.log_size()
        for step in steps:
            (module_id,) = admin.search("ir.module.module", [("name", "=", step[1:])])
            button = {"+": "button_immediate_install", "-": "button_immediate_uninstall"}[step[0]]
            error = ""
            try:
                admin.button("ir.module.module", module_id, button)
            except Exception as fault:
                error = str(fault)[-2000:]
            installed = {
                row["name"]
                for row in admin.find(
                    "ir.module.module", [("name", "in", ADDONS), ("state", "=", "installed")], "name"
                )
            }
            left = {row[0] for row in server.query(LEFT_BEHIND)} if not installed else _remains(server, installed)
            trouble = [
                match.group("rest")
                for match in TROUBLE.finditer(server.log_since(start))
                if not KNOWN.search(match.group("rest"))
            ]
            start = server.log_size()
            seen.append((step, error, installed, left, trouble))
            if error:
                break
    finally:
        server.remove()
    return seen


def _remains(server, installed):
    """Return the external ids of addons that are gone while others of ours stay."""
    rows = server.query("SELECT DISTINCT module FROM ir_model_data WHERE module LIKE 'psa%'")
    return {f"external ids of {module}" for (module,) in rows if module not in installed}


def _expected_after(installed, step):
    name = step[1:]
    if step[0] == "+":
        return installed | {name} | NEEDS[name]
    return {other for other in installed if other != name and name not in NEEDS[other]}


@pytest.mark.parametrize("title", PATHS)
def test_addons_come_and_go_without_a_trace(walked, title):
    expected = set()
    for step, error, installed, left, trouble in walked[title]:
        assert not error, f"{step}: {error}"
        expected = _expected_after(expected, step)
        assert installed == expected, step
        assert not trouble, f"{step}: the log says\n" + "\n".join(trouble)
        assert not left, f"{step}: left behind: {sorted(left)}"
    assert len(walked[title]) == len(PATHS[title].split())
