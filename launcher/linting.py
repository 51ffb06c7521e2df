"""`./psa lint`: ruff, pylint-odoo, XML well-formedness, manifests, and tests that Odoo would silently not run."""
import ast
import re
import subprocess
from xml.etree import ElementTree

from . import database, places, python_env
from .console import say, step

LICENCE = "LGPL-3"
# Descriptions are readme/ fragments, not README.rst; a large model is extended by topic, a file each.
PYLINT_ODOO = ["--disable=all", "--enable=odoolint", "--disable=missing-readme,consider-merging-classes-inherited"]
REQUIRED = {"name", "version", "author", "license", "category", "depends", "summary"}
FRAGMENTS = ["DESCRIPTION.md", "CONFIGURE.md", "USAGE.md"]
NOT_FREE = {"project_hr_skills", "certificate"}


def run(_options):
    toolchain = python_env.prepare(python_env.TEST)
    problems = []
    with step("XML and manifests"):
        for addon in database.own_addons():
            problems += check_addon(places.ADDONS / addon)
    python = str(toolchain.python)
    with step("ruff"):
        problems += _findings([python, "-m", "ruff", "check", "--output-format=concise", "."], toolchain)
    with step("pylint-odoo"):
        problems += _findings([python, "-m", "pylint", "--rcfile=.pylintrc", *PYLINT_ODOO, "-j0", "--score=n", "-f", "text",
                               *(str(places.ADDONS / addon) for addon in database.own_addons())], toolchain)
    for problem in problems:
        say(f"  {problem}")
    say(f"{len(problems)} problems" if problems else "lint: clean")
    return 1 if problems else 0


def _findings(command, toolchain):
    done = subprocess.run(command, capture_output=True, text=True, cwd=places.ROOT, env=toolchain.environment, check=False)
    if not done.returncode:
        return []
    lines = [line for line in done.stdout.splitlines() if re.match(r"\S+:\d+", line)]
    return lines or [f"{command[2]} failed: {(done.stderr or done.stdout).strip()[-2000:]}"]


def check_addon(addon):
    """Yield what is wrong with one addon's files."""
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    where = addon.name
    for key in sorted(REQUIRED - manifest.keys()):
        yield f"{where}: the manifest has no {key}"
    if manifest.get("license") != LICENCE:
        yield f"{where}: the licence is not {LICENCE}"
    if not str(manifest.get("version", "")).startswith("19.0."):
        yield f"{where}: the version does not start with 19.0."
    for name in sorted(NOT_FREE & set(manifest.get("depends", []))):
        yield f"{where}: depends on {name}, which is not free"
    listed = {*manifest.get("data", []), *manifest.get("demo", [])}
    for name in sorted(listed):
        if not (addon / name).is_file():
            yield f"{where}: the manifest lists {name}, which does not exist"
    loaded = {"views", "data", "security", "demo", "report", "wizard"}
    for file in sorted([*addon.rglob("*.xml"), *addon.glob("security/*.csv")]):
        name = str(file.relative_to(addon))
        if file.suffix == ".xml":
            try:
                ElementTree.parse(file)
            except ElementTree.ParseError as error:
                yield f"{where}/{name}: {error}"
        if name.split("/")[0] in loaded and name not in listed:
            yield f"{where}: {name} is not listed in the manifest"
    for name in ["static/description/icon.png", f"i18n/{where}.pot", *(f"readme/{part}" for part in FRAGMENTS)]:
        if not (addon / name).exists():
            yield f"{where}: {name} is missing"
    yield from check_tests(addon)


def check_tests(addon):
    """A test file that tests/__init__.py forgets never runs; nor, on a prepared database, one that is not post_install."""
    folder = addon / "tests"
    init = (folder / "__init__.py").read_text() if (folder / "__init__.py").exists() else ""
    for file in sorted(folder.glob("test_*.py")):
        if not re.search(rf"\b{file.stem}\b", init):
            yield f"{addon.name}: tests/__init__.py does not import {file.stem}"
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name.startswith("Test") and "post_install" not in ast.dump(
                    ast.List(node.decorator_list, ast.Load())):
                yield f"{addon.name}/tests/{file.name}: {node.name} is not tagged post_install"
