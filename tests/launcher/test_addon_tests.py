"""Addon tests of all kinds, run by the launcher's Odoo: set-ups are lent and taken back, processes share the classes."""
import os
import shutil
from types import SimpleNamespace

import pytest

from launcher import database, places, postgres, server, testing

SAMPLE = {
    "__init__.py": "",
    "__manifest__.py": "{'name': 'Sample', 'depends': ['base'], 'license': 'LGPL-3'}",
    "tests/__init__.py": "from . import test_lent, test_own, test_bad",
    "tests/common.py": '''
from odoo.tests import TransactionCase

NAME = "Set up"


class Common(TransactionCase):
    sort = "person"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        print("SET UP", flush=True)
        cls.seen = [NAME]
        cls.partner = cls.env["res.partner"].create({"name": NAME, "comment": cls.sort})
''',
    "tests/test_lent.py": '''
from odoo.tests import tagged

from .common import Common


class Changes:
    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found = cls.partner.name, list(cls.seen), cls.env["ir.config_parameter"].get_param("sample")
        cls.seen.append("me")
        cls.partner.name = "Mine"
        cls.env["ir.config_parameter"].set_param("sample", "mine")
        cls.user = cls.env["res.users"].create({"name": "Ada", "login": "ada"})
        cls.env.transaction.default_env = cls.env(user=cls.user)
        cls.cr.precommit.add(lambda: None)

    def test_a_class_finds_the_set_up_as_it_was_made(self):
        self.assertEqual(self.found, ("Set up", ["Set up"], False))

    def test_b_what_the_class_changed_holds_for_its_tests(self):
        self.assertEqual(self.partner.name, "Mine")
        self.assertEqual(self.env["ir.config_parameter"].get_param("sample"), "mine")
        self.partner.name = "A test's"

    def test_c_what_a_test_changed_is_gone(self):
        self.assertEqual(self.partner.name, "Mine")


@tagged("post_install", "-at_install")
class TestOne(Changes, Common):
    pass


@tagged("post_install", "-at_install")
class TestAnother(Changes, Common):
    pass


@tagged("post_install", "-at_install")
class TestLast(Common):
    def test_nothing_of_the_others_is_left(self):
        self.assertEqual(self.partner.name, "Set up")
        self.assertFalse(self.env["res.users"].search([("login", "=", "ada")]))
        self.assertEqual(self.env.transaction.default_env.uid, 1)
        self.assertFalse(self.cr.precommit)
''',
    "tests/test_own.py": '''
import gc
from unittest.mock import patch

from odoo.tests import tagged

from . import common


@tagged("post_install", "-at_install")
class TestPatchesFirst(common.Common):
    @classmethod
    def setUpClass(cls):
        cls.startClassPatcher(patch.object(common, "NAME", "Patched"))
        super().setUpClass()

    def test_its_set_up_met_the_patch(self):
        self.assertEqual(self.partner.name, "Patched")


@tagged("post_install", "-at_install")
class TestSaysOtherwise(common.Common):
    sort = "company"

    def test_its_set_up_did_as_it_says(self):
        self.assertIn("company", self.partner.comment)


@tagged("post_install", "-at_install")
class TestAsksTwice(common.Common):
    def test_as_many_queries_whenever_the_garbage_collector_comes_by(self):
        def ask():
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.partner.with_user(2).env.company.id
            gc.collect()
            return self.cr.sql_log_count - before

        ask()
        self.assertEqual(ask(), ask())
        self.assertEqual(ask(), 0)
''',
    "tests/test_bad.py": '''
import os

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestFails(TransactionCase):
    def test_is_wrong(self):
        self.assertEqual(1, 2)


@tagged("post_install", "-at_install", "deadly")
class TestDies(TransactionCase):
    def test_ends_its_process(self):
        os.kill(os.getpid(), 9)
''',
}


@pytest.fixture(scope="module")
def sample(toolchain, roomy):
    """An addon with tests that are told what becomes of them; installed in a database."""
    folder = roomy / "addons"
    for name, content in SAMPLE.items():
        file = folder / "psa_sample" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    with postgres.Cluster(toolchain, places.cache() / "testpg", throwaway=True).running() as cluster:
        odoo = server.Odoo(cluster, places.cache() / "testdata", name=f"sample_{os.getpid()}", max_cron_threads=0,
                           addons_path=f"{folder},{toolchain.odoo.addons}")
        template = f"sample_{os.getpid()}"
        try:
            database.clone(odoo, database.base_template(odoo), template)
            odoo.init(template, ["psa_sample"], log=roomy / "init.log")
            runner = testing.Runner(toolchain, roomy, SimpleNamespace(thorough=False, verbose=False, name=None))
            runner.odoo = odoo
            yield lambda tags, count: runner.addon("psa_sample", tags, template, count)
        finally:
            database.drop(odoo, template)
            odoo.config.unlink()
            shutil.rmtree(folder, ignore_errors=True)


def test_classes_take_over_a_set_up_unless_they_have_a_say_in_it(sample):
    result = sample(["/psa_sample", "-/psa_sample:TestFails", "-/psa_sample:TestDies"], 1)

    assert (result.passed, result.failed) == (10, 0), result.failures
    assert result.log.read_text().count("SET UP") == 3  # lent to four, and two of their own


def test_processes_count_together(sample):
    result = sample(["/psa_sample", "-/psa_sample:TestDies"], 2)

    assert (result.passed, result.failed) == (10, 1), result.failures
    assert "1 != 2" in "".join(result.failures)


def test_a_process_that_dies_is_a_failure(sample):
    result = sample(["/psa_sample", "-/psa_sample:TestFails"], 2)

    assert result.failed == 1
    assert "before its tests did" in "".join(result.failures)
