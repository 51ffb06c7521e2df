import re
from contextlib import contextmanager
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

# What may be done with a model, and the letter for it in the tables of the tests.
OPERATIONS = {'r': 'read', 'w': 'write', 'c': 'create', 'd': 'unlink'}


def spare_onboarding(test_class):
    """Leave out the task with a picture that Odoo makes for each new user; no test looks at it."""
    Users = test_class.registry['res.users']
    if hasattr(Users, '_generate_onboarding_todo'):
        test_class.startClassPatcher(patch.object(Users, '_generate_onboarding_todo', lambda users: None))


def new_test_users(env, **groups):
    """Make users as Odoo's ``new_test_user``, but all in one step: one by one they take most of a class's time.

    :param groups: the XML id of the group of each, by his login; their mailbox is at brightwater.test
    """
    return env['res.users'].with_context(no_reset_password=True).create([
        {
            'login': login,
            'name': f'{login} ({group})',
            'password': login + 'x' * (8 - len(login)),
            'email': f'{login}@brightwater.test',
            'group_ids': [Command.set(env.ref(group).ids)],
            'company_id': env.company.id,
            'company_ids': [Command.set(env.company.ids)],
            'notification_type': 'email',
        }
        for login, group in groups.items()
    ])


class PsaCrmCommon(TransactionCase):
    """One service company with its staff, a second one, and the client "Harbour Dental" with its people."""

    # Set by the few classes whose tests look at what a new service company can account with.
    loads_books = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._skip_what_is_not_tested()
        # Other addons may extend the groups; what is tested here is what these users are allowed as members of them.
        cls.company = cls.env.company
        cls.other_company = cls.env['res.company'].create({'name': "Rival IT"})
        cls.technician, cls.dispatcher, cls.billing, cls.company_admin, cls.plain_user = new_test_users(
            cls.env,
            psa_technician='psa_crm.group_technician',
            psa_dispatcher='psa_crm.group_dispatcher',
            psa_billing='psa_crm.group_billing',
            psa_company_admin='psa_crm.group_company_admin',
            psa_plain_user='base.group_user',
        )

        cls.client_dental = cls._new_client("Harbour Dental", psa_mail_domain_ids=[(0, 0, {'name': 'harbour-dental.test'})])
        cls.zoe = cls._new_contact("Zoë Marsh", 'zoe@harbour-dental.test')
        cls.omar = cls._new_contact("Omar Lund", 'omar@harbour-dental.test')

    @classmethod
    def _skip_what_is_not_tested(cls):
        """Leave out what takes seconds in each class and what no test of it looks at."""
        if not cls.loads_books:
            cls.startClassPatcher(patch.object(cls.registry['res.company'], '_psa_load_books', lambda companies: None))
        spare_onboarding(cls)

    @classmethod
    def _new_staff(cls, login, groups):
        return new_test_user(
            cls.env, login, groups=groups, email=f'{login}@brightwater.test', context={'no_reset_password': True})

    @classmethod
    def _new_client(cls, name, **values):
        return cls.env['res.partner'].create({'name': name, 'is_company': True, 'psa_is_client': True, **values})

    @classmethod
    def _new_contact(cls, name, email, client=None, **values):
        return cls.env['res.partner'].create({
            'name': name, 'email': email, 'parent_id': (client or cls.client_dental).id, **values,
        })

    @classmethod
    def _with_code(cls, values, giver):
        """Return the values of a share with the code of the receiver instead of one whom the giver cannot see."""
        values = dict(values)
        for fname in ('user_id', 'to_company_id'):
            receiver = cls.env[cls.env['psa.client.share']._fields[fname].comodel_name].browse(values.get(fname, ()))
            if receiver and not receiver.with_user(giver).has_access('read'):
                values['receiver_code'] = receiver.psa_share_code
                values.setdefault('target', 'user' if fname == 'user_id' else 'company')
                del values[fname]
        return values

    @classmethod
    def _new_portal_users(cls):
        """Give Zoë the role of an employee and Omar that of an administrator; return their users."""
        cls.zoe.psa_portal_role = 'employee'
        cls.omar.psa_portal_role = 'administrator'
        return cls.zoe.user_ids, cls.omar.user_ids

    def _check_rights(self, matrix, users):
        """Check that each role has exactly the rights of the table, which says by model and role what it may: some of "rwcd"."""
        for model, roles in matrix.items():
            for role, allowed in roles.items():
                for letter, operation in OPERATIONS.items():
                    with self.subTest(model=model, role=role, operation=operation):
                        self.assertEqual(self.env[model].with_user(users[role]).has_access(operation), letter in allowed)


class PsaSignupCommon(PsaCrmCommon):
    """Sign-up is open; "Ada Brown" of "Ada IT" wants to come in. Mail is read from the queue."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['ir.config_parameter'].set_param('psa_crm.signup_enabled', 'True')
        cls.Signup = cls.env['psa.signup']
        cls.country = cls.env.ref('base.us')

    @contextmanager
    def _refused(self, exception, reason):
        """Assert that what happens inside is refused for this reason, and leaves nothing behind."""
        with self.assertRaises(exception) as refusal:
            yield
        self.assertRegex(str(refusal.exception), reason)

    def _request(self, email='ada@ada-it.test', remote='192.0.2.1', **values):
        """Keep a request as the page does; return it."""
        before = self.Signup.search([])
        self.Signup.with_user(self.env.ref('base.public_user'))._request({
            'name': "Ada Brown", 'company_name': "Ada IT", 'email': email, 'country_id': self.country.id, **values,
        }, remote)
        return self.Signup.search([]) - before

    def _answer(self):
        """Run the scheduled action that decides and mails."""
        with self.enter_registry_test_mode():
            self.env.ref('psa_crm.ir_cron_answer_signups').method_direct_trigger()
        self.env.invalidate_all()

    def _mails_to(self, email):
        return self.env['mail.mail'].search([('email_to', '=', email)])

    def _token_to(self, email):
        """Return the token in the last mail to this address."""
        bodies = self._mails_to(email).sorted('id', reverse=True).mapped('body_html')
        return re.search(r'/psa/signup/confirm/([\w-]+)', bodies[0]).group(1)

    def _sign_up(self, email='ada@ada-it.test', **values):
        """Walk a request through mail and confirmation; return it."""
        signup = self._request(email, **values)
        self._answer()
        signup._confirm()
        return signup
