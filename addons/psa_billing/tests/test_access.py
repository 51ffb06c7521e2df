from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import PsaBillingCommon

# What each role may do: (c)reate, (r)ead, (w)rite, (d)elete. A word is an expectation to read aloud.
MATRIX = {
    "psa.work.type": {
        "technician": "r", "dispatcher": "r", "billing": "crw", "company_admin": "crwd", "outsider": "",
    },
    "psa.role": {
        "technician": "r", "dispatcher": "r", "billing": "crw", "company_admin": "crwd", "outsider": "",
    },
    "psa.contract": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.contract.rate": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.billing.item": {
        "technician": "r", "dispatcher": "r", "billing": "rw", "company_admin": "rw", "outsider": "",
    },
    "psa.work.timer": {
        "technician": "crwd", "dispatcher": "crwd", "billing": "", "company_admin": "crwd", "outsider": "",
    },
    "psa.time.log": {
        "technician": "crw", "dispatcher": "crw", "billing": "", "company_admin": "crw", "outsider": "",
    },
    "psa.role.rate": {
        "technician": "r", "dispatcher": "r", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.time.week": {
        "technician": "r", "dispatcher": "r", "billing": "r", "company_admin": "r", "outsider": "",
    },
    "psa.time.correct": {
        "technician": "crw", "dispatcher": "crw", "billing": "crw", "company_admin": "crw", "outsider": "",
    },
    "psa.timer.stop": {
        "technician": "crw", "dispatcher": "crw", "billing": "", "company_admin": "crw", "outsider": "",
    },
    "psa.time.refuse": {
        "technician": "", "dispatcher": "", "billing": "crw", "company_admin": "crw", "outsider": "",
    },
    "psa.billing.write.off": {
        "technician": "", "dispatcher": "", "billing": "crw", "company_admin": "crw", "outsider": "",
    },
    "psa.prepare.invoices": {
        "technician": "", "dispatcher": "", "billing": "crw", "company_admin": "crw", "outsider": "",
    },
    "psa.profitability": {
        "technician": "", "dispatcher": "", "billing": "r", "company_admin": "r", "outsider": "",
    },
    "psa.client.profit": {
        "technician": "", "dispatcher": "", "billing": "r", "company_admin": "r", "outsider": "",
    },
    "psa.work.capacity": {
        "technician": "", "dispatcher": "", "billing": "r", "company_admin": "r", "outsider": "",
    },
    "psa.conservation": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.conservation.line": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.conservation.difference": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.conservation.entry": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.what.if": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.what.if.line": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.what.if.rate": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
    "psa.what.if.offer": {
        "technician": "", "dispatcher": "", "billing": "crwd", "company_admin": "crwd", "outsider": "",
    },
}  # fmt: skip
OPERATIONS = {"c": "create", "r": "read", "w": "write", "d": "unlink"}


@tagged("post_install", "-at_install")
class TestAccess(PsaBillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outsider = new_test_user(cls.env, login="otto.outsider", groups="base.group_user")

    def test_matrix(self):
        for model, roles in MATRIX.items():
            for role, allowed in roles.items():
                for letter, operation in OPERATIONS.items():
                    with self.subTest(model=model, role=role, operation=operation):
                        env = self.env(user=getattr(self, role), su=False)
                        self.assertEqual(env[model].has_access(operation), letter in allowed)

    def test_technicians_see_and_change_their_own_time_only(self):
        own, other = self._log(), self._log(user=self.colleague)
        Line = self.env(user=self.technician, su=False)["account.analytic.line"]

        self.assertEqual(Line.search([("psa_ticket_id", "=", self.ticket.id)]), own)
        own.with_user(self.technician).name = "Mine"
        for attempt in (
            lambda: other.with_user(self.technician).write({"name": "Yours"}),
            lambda: other.with_user(self.technician).unlink(),
            lambda: other.with_user(self.technician).read(["name"]),
            lambda: other.with_user(self.technician).action_psa_submit(),
        ):
            with self.assertRaises(AccessError):
                attempt()
        with self.assertRaises(AccessError, msg="time in somebody else's name"):
            self._log(user=self.technician, user_id=self.colleague.id)

    def test_dispatchers_see_everybody_s_time_and_change_none_of_it(self):
        other = self._log(user=self.colleague)

        self.assertEqual(other.with_user(self.dispatcher).read(["name"])[0]["id"], other.id)
        with self.assertRaises(AccessError):
            other.with_user(self.dispatcher).write({"name": "Changed"})
        with self.assertRaises(AccessError):
            other.with_user(self.dispatcher).unlink()

    def test_billing_corrects_time_before_it_is_approved(self):
        line = self._log(16)

        line.with_user(self.billing).psa_billable_minutes = 15

        self.assertEqual(line.psa_billable_minutes, 15)

    def test_another_company_sees_nothing(self):
        other_company = self.env["res.company"].create({"name": "Other ITSC"})
        stranger = self._new_user("sam.stranger", "psa_crm.group_company_admin", other_company)
        line = self._log()
        item = self._approve(line)
        self.ticket.with_user(self.technician).action_timer_start()
        records = (
            line,
            item,
            self.contract,
            self.contract.rate_ids,
            self.work_type,
            self.ticket.psa_timer_ids,
        )

        env = self.env(
            user=stranger,
            su=False,
            context=dict(self.env.context, allowed_company_ids=other_company.ids),
        )
        for record in records:
            with self.subTest(model=record._name):
                self.assertFalse(env[record._name].search([("id", "in", record.ids)]))
                with self.assertRaises(AccessError):
                    record.with_env(env).check_access("read")
        with self.assertRaises(AccessError):
            line.with_env(env).action_psa_approve()
        with self.assertRaises(AccessError):
            item.with_env(env).action_approve()

    def test_methods_past_the_guards_are_closed_to_callers_outside(self):
        for model, names in {
            "account.analytic.line": ("_psa_write_approval", "_psa_refuse"),
            "psa.billing.item": ("_write_row", "_psa_add_time", "_psa_remove_time", "_psa_release"),
        }.items():
            for name in names:
                self.assertTrue(hasattr(self.env[model], name))
                self.assertTrue(name.startswith("_"), "names with an underscore are not callable by RPC")
