"""The integration guide's examples, run as they stand: all Python as one program, each shell example by bash."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parent.parent / "docs" / "integration_guide.md"


def examples(language):
    """Return the fenced examples of a language as (line number, code)."""
    text = GUIDE.read_text()
    return [
        (text.count("\n", 0, match.start()) + 2, match["code"])
        for match in re.finditer(rf"(?ms)^```{language}\n(?P<code>.*?)^```$", text)
    ]


@pytest.fixture(scope="module")
def environment(server):
    """What the guide tells its reader to export, for two users of their own."""
    server.new_user("guide.technician", "psa_crm.group_technician")
    server.new_user("guide.billing", "psa_crm.group_billing")
    return {
        **os.environ,
        "PSA_URL": server.url,
        "PSA_DB": server.db,
        "PSA_LOGIN": "guide.technician",
        "PSA_API_KEY": server.json2("guide.technician").key,
        "PSA_BILLING_KEY": server.json2("guide.billing").key,
    }


@pytest.fixture(scope="module")
def story(environment, tmp_path_factory):
    """The Python examples, run; blank lines in between keep the line numbers of the guide in error messages."""
    lines = []
    for number, code in examples("python"):
        lines += [""] * (number - 1 - len(lines))
        lines += code.splitlines()
    program = tmp_path_factory.mktemp("guide") / "integration_guide.py"
    program.write_text("\n".join([*lines, ""]))
    return subprocess.run([sys.executable, program], env=environment, capture_output=True, text=True, timeout=180)


def test_guide_has_examples_in_both_languages():
    assert len(examples("python")) >= 10
    assert len(examples("bash")) >= 2


def test_every_python_example_works(story):
    assert story.returncode == 0, story.stderr


def test_the_story_has_left_its_traces(server, story):
    assert story.returncode == 0, story.stderr
    admin = server.xmlrpc()

    (ticket,) = admin.find(
        "psa.ticket", [("name", "=", "Label printer in hall 2 is offline")], "source", "number", "user_id", "message_ids"
    )
    technician = admin.search("res.users", [("login", "=", "guide.technician")])

    assert ticket["source"] == "api"
    assert [ticket["user_id"]] == technician
    assert ticket["number"] in story.stdout
    bodies = [row["body"] for row in admin.find("mail.message", [("id", "in", ticket["message_ids"])], "body")]
    assert any("restarted the print server" in body for body in bodies)
    assert admin.count("psa.ticket", [("name", "=like", "Replace the battery of scanner %")]) == 20
    assert admin.count("psa.ticket", [("name", "=", "Subcategory without its category")]) == 0


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize(("line", "code"), examples("bash"))
def test_shell_example_works(environment, line, code):
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], env=environment, capture_output=True, text=True, timeout=180
    )

    assert done.returncode == 0, f"line {line}: {done.stderr}"
    assert done.stdout.strip()


@pytest.mark.parametrize("name", ["integration_guide.md", "administrator_guide.md"])
def test_links_lead_somewhere(name):
    page = GUIDE.parent / name

    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _sign, anchor = target.partition("#")
        other = page.parent / path if path else page
        assert other.exists(), target
        headings = {slug(heading) for heading in re.findall(r"(?m)^#+ (.+)$", other.read_text())}
        assert not anchor or anchor in headings, target


def slug(heading):
    """Return the anchor of a heading, as repositories on the web make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
