from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common_document import DocumentCommon

# Who may read, write, create and delete what, of his own company and client.
ROLES = ('plain_user', 'technician', 'billing', 'dispatcher', 'company_admin', 'client_employee', 'client_admin', 'public')
MATRIX = {
    #                             plain  tech   billing dispatcher admin   employee  client admin  public
    'psa.document':              ('',    'rwc', 'rwc',  'rwc',     'rwcd', 'r',      'r',          ''),
    'psa.document.version':      ('',    'r',   'r',    'r',       'r',    '',       '',           ''),
    'psa.document.download':     ('',    'r',   'r',    'r',       'r',    '',       '',           ''),
    'psa.document.type':         ('',    'r',   'r',    'r',       'rwcd', '',       '',           ''),
    'psa.document.version.add':  ('',    'rwcd', 'rwcd', 'rwcd',   'rwcd', '',       '',           ''),
}

# Which documents the people of Harbour Dental see: by whose they are and where they are shown.
PORTAL = {
    #                                   employee  approver  administrator
    ('own', 'hidden'):                 (False,    False,    False),
    ('own', 'approvers'):              (False,    True,     True),
    ('own', 'everybody'):              (True,     True,     True),
    ('whole company', 'hidden'):       (False,    False,    False),
    ('whole company', 'approvers'):    (False,    True,     True),
    ('whole company', 'everybody'):    (True,     True,     True),
    ('other client', 'everybody'):     (False,    False,    False),
    ('other company', 'everybody'):    (False,    False,    False),
    ('own, archived', 'everybody'):    (False,    False,    False),
    ('own, without file', 'everybody'): (False,   False,    False),
}


@tagged('post_install', '-at_install')
class TestDocumentAccess(DocumentCommon):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        employee, administrator = cls._new_portal_users()
        una = cls._new_contact("Una Approver", 'una@harbour-dental.test')
        una.psa_portal_role = 'employee'
        cls.approver = una.user_ids
        cls.approver.write({'group_ids': [
            (3, cls.env.ref('psa_crm.group_client_employee').id), (4, cls.env.ref('psa_crm.group_client_approver').id)]})
        cls.employee, cls.client_admin = employee, administrator
        cls.users = dict(zip(ROLES, (
            cls.plain_user, cls.technician, cls.billing, cls.dispatcher, cls.company_admin, employee, administrator,
            cls.env.ref('base.public_user'),
        ), strict=True))
        cls.sla.portal_visibility = 'everybody'
        cls.env['psa.document.download']._log(cls.sla.current_version_id, 'backend', 'download')

    def test_each_role_has_exactly_its_rights_on_each_model(self):
        self._check_rights({model: dict(zip(ROLES, cells, strict=True)) for model, cells in MATRIX.items()}, self.users)

    def test_the_rights_hold_when_they_are_used(self):
        records = {
            'psa.document': self.sla, 'psa.document.version': self.sla.current_version_id,
            'psa.document.download': self.sla.download_ids,
            'psa.document.type': self.env['psa.document.type'].create({'name': "Ours", 'company_id': self.company.id}),
        }
        for model, record in records.items():
            for role, allowed in zip(ROLES, MATRIX[model], strict=True):
                own = record.with_user(self.users[role])
                with self.subTest(model=model, role=role):
                    self.env.invalidate_all()
                    self.assertEqual(own.has_access('read'), 'r' in allowed)
                    self.assertEqual(own.has_access('write'), 'w' in allowed)
                    self.assertEqual(own.has_access('unlink'), 'd' in allowed)
                    if 'r' not in allowed:
                        with self.assertRaises(AccessError):
                            own.read(['display_name'])

    def test_documents_of_another_company_are_hidden(self):
        theirs = self._new_document("Secret", client_id=self._new_client("Theirs", company_id=self.other_company.id).id)
        self.env['psa.document.download']._log(theirs.current_version_id, 'backend', 'download')
        for records in (theirs, theirs.current_version_id, theirs.download_ids):
            for role in ROLES:
                with self.subTest(model=records._name, role=role):
                    self.assertFalse(records.with_user(self.users[role]).has_access('read'))

    def test_no_document_is_pushed_into_another_company(self):
        shared_client = self._new_client("Of both")
        document = self._new_document("Mine", client_id=shared_client.id)
        with self.assertRaises(AccessError):
            document.with_user(self.technician).company_id = self.other_company

    def test_the_portal_shows_what_the_table_says(self):
        owners = {
            'own': {'client_id': self.client_dental.id},
            'whole company': {},
            'other client': {'client_id': self._new_client("Quarry", company_id=self.company.id).id},
            'other company': {'company_id': self.other_company.id},
            'own, archived': {'client_id': self.client_dental.id, 'active': False},
            'own, without file': {'client_id': self.client_dental.id},
        }
        for (owner, visibility), cells in PORTAL.items():
            document = self._new_document(
                f"{owner} {visibility}", content=None if 'without' in owner else b'x', portal_visibility=visibility, **owners[owner])
            for user, visible in zip((self.employee, self.approver, self.client_admin), cells, strict=True):
                with self.subTest(owner=owner, visibility=visibility, user=user.name):
                    self.assertEqual(document.with_user(user).has_access('read'), visible)
                    found = self.env['psa.document'].with_user(user).with_context(active_test=False).search(
                        [('id', '=', document.id)])
                    self.assertEqual(bool(found), visible)

    def test_who_loses_his_role_loses_the_documents(self):
        self.assertTrue(self.sla.with_user(self.employee).has_access('read'))

        self.zoe.psa_portal_role = 'none'

        self.assertFalse(self.sla.with_user(self.employee).has_access('read'))

    def test_clients_do_not_see_who_is_responsible_nor_who_downloaded(self):
        document = self.sla.with_user(self.client_admin)
        for field in ('responsible_id', 'version_ids', 'current_version_id', 'download_ids', 'download_count', 'reminder_date'):
            with self.subTest(field=field), self.assertRaises(AccessError):
                document.read([field])
        self.assertEqual(document.read(['name', 'validity'])[0]['name'], "SLA 2026")

    def test_the_log_cannot_be_changed_by_anybody(self):
        log = self.sla.download_ids
        for user in (self.technician, self.company_admin, self.env.ref('base.user_admin')):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    log.with_user(user).write({'user_name': "Somebody else"})
                with self.assertRaises(AccessError):
                    log.with_user(user).unlink()

    def test_a_type_of_another_company_is_not_offered(self):
        theirs = self.env['psa.document.type'].create({'name': "Theirs", 'company_id': self.other_company.id})

        self.assertNotIn(theirs, self.env['psa.document.type'].with_user(self.technician).search([]))


@tagged('post_install', '-at_install')
class TestDocumentSharing(DocumentCommon):
    """Documents follow the access to their client: rules inside the company, shares beyond it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.price_list = cls._new_document("Price list")
        cls.quarry = cls._new_client("Quarry", company_id=cls.company.id)
        cls.of_quarry = cls._new_document("Plan of the quarry", client_id=cls.quarry.id)
        cls.documents = cls.sla | cls.price_list | cls.of_quarry
        cls.rival = new_test_user(
            cls.env, 'rival_technician', groups='psa_crm.group_technician', email='rival@rival.test',
            company_id=cls.other_company.id, company_ids=[(6, 0, cls.other_company.ids)])
        for document in cls.documents:
            cls.env['psa.document.download']._log(document.current_version_id, 'backend', 'download')

    def _sees(self, user):
        documents = self.documents.with_user(user)
        found = documents.search([('id', 'in', documents.ids)])
        self.assertEqual(found, documents._filtered_access('read'))
        # Versions and log go with the document.
        for records in (self.documents.version_ids, self.documents.download_ids):
            own = records.with_user(user).search([('id', 'in', records.ids)])
            self.assertEqual(own.sudo().document_id, found.sudo())
        return found.with_user(self.env.user)

    def _share(self, **values):
        share = self.env['psa.client.share'].with_user(self.company_admin).create({
            'client_id': self.client_dental.id, **self._with_code({'user_id': self.rival.id, **values}, self.company_admin)})
        share.with_user(self.rival).action_accept()
        return share

    def test_who_is_refused_a_client_does_not_see_its_documents(self):
        self.env['psa.access.rule'].create({
            'level': 'refuse', 'company_id': self.company.id, 'user_id': self.technician.id, 'resource': 'client',
            'client_id': self.client_dental.id})

        self.assertEqual(self._sees(self.technician), self.documents - self.sla)
        self.assertEqual(self._sees(self.dispatcher), self.documents)
        with self.assertRaises(AccessError):
            self.sla.with_user(self.technician)._open_stream(self.sla.current_version_id, 'backend', True)

    def test_who_may_only_read_a_client_adds_no_version(self):
        self.env['psa.access.rule'].create({
            'level': 'read', 'company_id': self.company.id, 'user_id': self.technician.id, 'resource': 'client',
            'client_id': self.client_dental.id})

        self.assertEqual(self._sees(self.technician), self.documents)
        with self.assertRaises(AccessError):
            self.sla.with_user(self.technician)._add_version('new.pdf', b'new')
        with self.assertRaises(AccessError):
            self.sla.with_user(self.technician).write({'name': "Mine"})

    def test_a_shared_client_brings_its_documents_if_they_are_in_the_share(self):
        self.assertFalse(self._sees(self.rival))
        share = self._share()
        self.assertEqual(self._sees(self.rival), self.sla)

        share.with_user(self.company_admin).action_revoke()

        self.assertFalse(self._sees(self.rival))

    def test_access_explains_itself(self):
        explained = self.sla.with_user(self.company_admin).explain_access(self.technician.id)

        self.assertTrue(explained['can_read'])
        self.assertTrue(explained['reasons'])
