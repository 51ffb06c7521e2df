from unittest.mock import Mock, patch

from odoo.addons.psa_crm import tools
from odoo.tests import TransactionCase, tagged
from psycopg2.errors import SerializationFailure


@tagged("post_install", "-at_install")
class TestCollisions(TransactionCase):
    def _run(self, *outcomes):
        env, step = Mock(), Mock(side_effect=outcomes)
        with patch.object(tools.time, "sleep") as sleep:
            try:
                return tools.despite_collisions(env, step), env.cr.rollback.call_count
            finally:
                self.waits = [call.args[0] for call in sleep.call_args_list]

    def test_a_step_that_collides_is_taken_back_and_done_once_more(self):
        self.assertEqual(self._run(SerializationFailure(), SerializationFailure(), "done"), ("done", 2))
        self.assertEqual(len(self.waits), 2)

    def test_a_step_that_succeeds_is_done_once(self):
        self.assertEqual(self._run("done", "twice"), ("done", 0))

    def test_who_collides_again_and_again_fails_at_last(self):
        with self.assertRaises(SerializationFailure):
            self._run(*[SerializationFailure()] * 9)
        self.assertEqual(len(self.waits), tools.COLLISIONS - 1)

    def test_other_failures_are_not_for_a_second_try(self):
        with self.assertRaises(ValueError):
            self._run(ValueError())
        self.assertFalse(self.waits)
