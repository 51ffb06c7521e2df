from functools import partial

from odoo.exceptions import AccessError
from odoo.fields import Command
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

    def test_time_and_timers_are_of_tickets_one_may_read(self):
        closed = self.env["res.partner"].create({"name": "Closed Clinic", "is_company": True, "psa_is_client": True})
        hidden = self._new_ticket("Hidden", closed)
        self.env["psa.access.rule"].create({
            "client_id": closed.id, "level": "refuse", "user_id": self.technician.id, "company_id": self.company.id,
        })  # fmt: skip
        project = self.env["project.project"].create(
            {"name": "Private", "company_id": self.company.id, "privacy_visibility": "followers", "allow_timesheets": True}
        )
        task = self.env["project.task"].create({"name": "Hidden", "project_id": project.id})
        theirs = self._set_up_another_company()["psa.ticket"]
        own = self._log()
        Timer = self.env(user=self.technician, su=False)["psa.work.timer"]
        timer = Timer.create({"ticket_id": self.ticket.id})

        for name, work in (("ticket_id", hidden), ("ticket_id", theirs), ("task_id", task)):
            of_line = "task_id" if name == "task_id" else "psa_ticket_id"
            for attempt in (
                partial(Timer.create, {name: work.id}),
                partial(timer.write, {"ticket_id": False, name: work.id}),
                partial(self._log, **{"psa_ticket_id": False, of_line: work.id}),
                partial(own.with_user(self.technician).write, {of_line: work.id}),
            ):
                self.env.invalidate_all()
                with self.subTest(work=work), self.assertRaises(AccessError), self.cr.savepoint():
                    attempt()

    def test_what_is_for_colleagues_alone_is_kept_from_clients(self):
        portal = new_test_user(self.env, login="pia.portal", groups="psa_crm.group_client_admin")
        for model, names in {
            "psa.ticket": (
                "psa_worked_hours", "psa_billable_hours", "psa_timer_state", "psa_timer_seconds", "psa_charge_count",
                "psa_expense_count",
            ),
            "account.analytic.line": ("psa_internal_note", "psa_correction_reason", "psa_refusal_reason", "psa_flag_text"),
        }.items():  # fmt: skip
            for name in names:
                field = self.env[model]._fields[name]
                with self.subTest(field=name):
                    self.assertFalse(self.env(user=portal, su=False)[model]._has_field_access(field, "read"))
                    self.assertTrue(self.env(user=self.technician, su=False)[model]._has_field_access(field, "read"))

    def test_prices_and_derivations_are_kept_from_technicians(self):
        for model, name in (
            ("psa.billable.type", "price_unit"), ("psa.billable.type", "markup"), ("psa.billing.item", "derivation"),
        ):
            field = self.env[model]._fields[name]
            with self.subTest(field=name):
                self.assertFalse(self.env(user=self.technician, su=False)[model]._has_field_access(field, "read"))
                self.assertTrue(self.env(user=self.billing, su=False)[model]._has_field_access(field, "read"))

    def test_dispatchers_look_at_timesheets_of_their_own_company(self):
        stranger = self._set_up_another_company()["psa.time.week"].user_id
        Week = self.env(user=self.dispatcher, su=False)["psa.time.week"]

        self.assertEqual(Week.get_grid(user_id=self.technician.id)["user"]["name"], self.technician.name)
        with self.assertRaises(AccessError):
            Week.get_grid(user_id=stranger.id)

    def test_wizards_take_no_records_that_their_user_may_not_read(self):
        hidden = self._set_up_another_company()
        shared = {"res.currency", "res.users", "uom.uom"}
        tried, models = set(), set()
        for model in self._wizards():
            names = [
                name for name, field in self.env[model]._fields.items()
                if field.relational and not field.comodel_name.startswith("psa.what.if") and field.comodel_name in hidden
                and not (field.compute and field.readonly and not field.store)
            ]  # fmt: skip
            comodels = {field.comodel_name for field in self.env[model]._fields.values() if field.relational} - shared
            self.assertFalse(
                {comodel for comodel in comodels if comodel not in hidden and not self.env[comodel]._transient},
                f"{model}: the test needs rows of these",
            )
            for user in (self.technician, self.billing):
                Wizard = self.env(user=user, su=False)[model]
                if not Wizard.has_access("create"):
                    continue
                for name in names:
                    record = hidden[Wizard._fields[name].comodel_name]
                    self._try_to_name(Wizard, name, record)
                    tried.add((model, name, user.login))
                    models.add(model)

        self.assertGreater(len(models), 15)
        self.assertGreater(len(tried), 25)

    def _try_to_name(self, Wizard, name, record):
        """Name a hidden record in a wizard in every way there is."""
        value = record.id if Wizard._fields[name].type == "many2one" else [Command.set(record.ids)]
        spec = {field: {} for field in Wizard._fields if field not in ("id", "display_name")}
        for way, attempt in {
            "created": lambda: Wizard.create({name: value}),
            "default": lambda: Wizard.with_context(**{f"default_{name}": value}).create({}),
            "onchange": lambda: Wizard.onchange({name: value}, [name], spec),
            "opened": lambda: Wizard.with_context(**{f"default_{name}": value}).onchange({}, [], spec),
            "new": lambda: Wizard.new({name: value})[name].display_name,
        }.items():
            self.env.invalidate_all()
            with self.subTest(model=Wizard._name, field=name, way=way, user=Wizard.env.user.login), self.assertRaises(AccessError):
                attempt()

    def _wizards(self):
        return sorted(
            name for name, model in self.registry.items()
            if model._transient and not model._abstract and model._original_module == "psa_billing"
        )

    def _set_up_another_company(self):
        """Return a record of another company of each model that wizards work on."""
        company = self.env["res.company"].create({"name": "Kestrel"})
        technician = self._new_user("kim.kestrel", "psa_crm.group_technician", company)
        owner = self._new_user("kurt.kestrel", "psa_crm.group_company_admin", company)
        env = self.env(context=dict(self.env.context, allowed_company_ids=company.ids))
        client = env["res.partner"].create(
            {"name": "Kestrel Client", "is_company": True, "psa_is_client": True, "company_id": company.id}
        )
        contract = self._new_contract(client, [(self.role_engineer, False, 90.0)], company_id=company.id, date_start="2026-01-01")
        desk = self._new_desk(company, "Kestrel Desk")
        ticket = self._new_ticket("Kestrel Secret", client, desk)
        work_type = env["psa.work.type"].create({"name": "Kestrel Work", "company_id": company.id, "product_id": self.product.id})
        line = env(user=technician, su=False)["account.analytic.line"].create({
            "psa_ticket_id": ticket.id, "date": "2026-03-10", "unit_amount": 1.0, "name": "Kestrel Work", "psa_work_type_id": work_type.id,
        })  # fmt: skip
        line.with_env(env(user=owner, su=False)).action_psa_approve()
        ticket.with_env(env(user=technician, su=False)).action_timer_start()
        project = env["project.project"].create({"name": "Kestrel Project", "company_id": company.id})
        charge = env["psa.charge"].create({
            "ticket_id": ticket.id, "name": "Kestrel Cable", "quantity": 1, "price_unit": 7.0,
            "billable_type_id": env["psa.billable.type"].create({"name": "Kestrel Type", "company_id": company.id}).id,
        })  # fmt: skip
        records = (
            company, client, contract, desk, ticket, work_type, line, self._items_of(line), project, charge,
            line.sudo().psa_week_id, ticket.psa_timer_ids,
            env["psa.role"].create({"name": "Kestrel Role", "company_id": company.id}),
            env["project.task"].create({"name": "Kestrel Task", "project_id": project.id}),
            env["psa.accounting.export"].create({"company_id": company.id, "date_from": "2026-01-01", "date_to": "2026-01-31"}),
        )  # fmt: skip
        self.assertTrue(all(records))
        return {record._name: record for record in records}

    def test_methods_past_the_guards_are_closed_to_callers_outside(self):
        for model, names in {
            "account.analytic.line": ("_psa_write_approval", "_psa_refuse"),
            "psa.billing.item": ("_write_row", "_psa_add_time", "_psa_remove_time", "_psa_release"),
        }.items():
            for name in names:
                self.assertTrue(hasattr(self.env[model], name))
                self.assertTrue(name.startswith("_"), "names with an underscore are not callable by RPC")
