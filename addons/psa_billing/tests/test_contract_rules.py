from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestContractRules(TransactionCase):
    def test_what_belongs_to_a_contract_is_seen_and_changed_by_whom_the_contract_is(self):
        """Each model of what a contract holds has both rules: one that is added without them would be open to every client's."""
        parts = [
            name
            for name, model in self.env.registry.items()
            if name.startswith("psa.contract.")
            and model._auto
            and not model._transient
            and self.env[name]._fields.get("contract_id")
        ]
        self.assertIn("psa.contract.component", parts)
        Rule = self.env["ir.rule"].with_context(active_test=True)

        for name in sorted(parts):
            # Not of a group: whoever gets past the access list is asked.
            rules = Rule.search([("model_id.model", "=", name), ("groups", "=", False)])
            for operation, flag in (("read", "psa_can_read"), *((kind, "psa_can_write") for kind in ("write", "create", "unlink"))):
                with self.subTest(model=name, operation=operation):
                    asking = rules.filtered(lambda rule, operation=operation: rule[f"perm_{operation}"])
                    self.assertTrue(any(f"{flag}', '=', True)" in rule.domain_force for rule in asking))
