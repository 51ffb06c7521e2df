"""`./psa test`: targets mean what they say, and a run that ran nothing is no success."""
import subprocess
from pathlib import Path

import pytest

from launcher import database, testing
from launcher.console import Refusal

ROOT = Path(__file__).resolve().parents[2]


def test_an_addon_means_its_core_and_its_odoo_tests():
    made = testing.plan(["psa_helpdesk"])

    assert made.addons == {"psa_helpdesk": ["/psa_helpdesk"]}
    assert all("psa_helpdesk/tests/core" in str(file) for file in made.core)
    assert not made.outside


def test_a_file_of_an_addon_means_the_classes_in_it():
    made = testing.plan(["addons/psa_crm/tests/test_access.py"])

    assert list(made.addons) == ["psa_crm"]
    assert all(tag.startswith("/psa_crm:Test") for tag in made.addons["psa_crm"])


def test_a_name_narrows_to_the_tests_that_bear_it():
    made = testing.plan([], "an_old_python_is_refused")

    assert [file.name for file in made.outside] == ["test_refusals.py", "test_test_command.py"]
    assert not made.addons


def test_an_unknown_target_is_refused_with_what_there_is():
    with pytest.raises(Refusal, match="neither an addon nor a test path; addons: psa"):
        testing.plan(["psa_nonsense"])


def test_nothing_to_run_is_a_failure():
    done = subprocess.run([ROOT / "psa", "test", "-k", "no_test_bears" + "_this_name"], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "nothing to run" in done.stdout


LOG = """\
2026-01-05 10:00:00,000 12 INFO t odoo.addons.psa_crm.tests.test_x: Starting TestX.test_one ...
2026-01-05 10:00:01,000 12 INFO t odoo.addons.psa_crm.tests.test_x: skipped TestX.test_two : no browser
2026-01-05 10:00:02,000 12 ERROR t odoo.addons.psa_crm.tests.test_x: FAIL: TestX.test_three
Traceback (most recent call last):
AssertionError: 1 != 2
2026-01-05 10:00:03,000 12 ERROR t odoo.tests.result: 1 failed, 0 error(s) of 3 tests when loading database 't'
"""


def test_odoos_log_is_counted_and_the_failure_kept(tmp_path):
    log = tmp_path / "log"
    log.write_text(LOG)

    result = testing.read_odoo_log("psa_crm", log, 1, 3.0)

    assert (result.passed, result.failed, result.skipped) == (1, 1, 1)
    assert "AssertionError: 1 != 2" in result.failures[0]


def test_an_odoo_that_dies_before_its_tests_is_a_failure(tmp_path):
    log = tmp_path / "log"
    log.write_text("2026-01-05 10:00:00,000 12 CRITICAL t odoo.service.server: Failed to initialize database\nTraceback: broken view\n")

    result = testing.read_odoo_log("psa_crm", log, 255, 3.0)

    assert result.failed == 1
    assert "broken view" in result.failures[0]


def test_a_pytest_that_dies_is_a_failure(tmp_path):
    log = tmp_path / "log"
    log.write_text("Segmentation fault\n")

    result = testing.read_junit("core", tmp_path / "missing.xml", -11, log, 1.0)

    assert (result.passed, result.failed) == (0, 1)


def test_the_closing_line_says_what_was_counted(capsys):
    status = testing.report([testing.Result("a", passed=3), testing.Result("b", passed=2, skipped=1)], 0.0, False)

    assert status == 0
    assert capsys.readouterr().out.splitlines()[-1] == "5 passed, 0 failed, 1 skipped"


def test_a_run_without_any_test_ends_in_failure(capsys):
    assert testing.report([testing.Result("a")], 0.0, False) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed"


def test_a_large_addon_gets_a_database_for_each_core():
    assert testing.worth_databases("psa_crm", ["/psa_crm"], 2) == 2


def test_tests_that_were_named_get_more_than_one_database_only_if_they_are_many():
    sizes, _browsing = testing.count_tests("psa_crm")
    many = [f"/psa_crm:{klass}" for klass in sizes]

    assert testing.worth_databases("psa_crm", ["/psa_crm:TestAccess"], 2) == 1
    assert testing.worth_databases("psa_crm", [f"{many[0]}.test_this", f"{many[1]}.test_that"], 2) == 1
    assert testing.worth_databases("psa_crm", many, 2) == 2


def test_an_addon_stands_on_those_it_needs_in_the_order_they_need_each_other():
    needed = database.needed_addons("psa_portal")

    assert needed.index("psa_crm") < needed.index("psa_assets") < needed.index("psa_helpdesk")
    assert "psa_portal" not in needed
    assert len(needed) == len(set(needed))
